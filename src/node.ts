/**
 * TCP, TLS, Unix sockets and streams of Node.js, for Node, Bun and Deno: connections to be made, and servers.
 *
 * @packageDocumentation
 */

export type {
  ClientOptions,
  ConnectOptions,
  ConnectTarget,
  FileDescriptorTarget,
  PathTarget,
  SocketTarget,
  TcpTarget,
} from './observables/ConnectOptions.js';
export { fromConnection } from './observables/fromConnection.js';
export { fromDuplex, type DuplexSource, type StreamPair } from './observables/fromDuplex.js';
export { fromUnixConnection } from './observables/fromUnixConnection.js';
export { openConnection } from './observables/openConnection.js';
export { fromServer } from './server/fromServer.js';
export type { ProxyProtocolOptions } from './server/ProxyProtocolOptions.js';
export { Server } from './server/Server.js';
export type { DurationStats, PauseStats, ServerStats } from './server/ServerStatistics.js';
export {
  serverConnections$,
  type OnListening,
  type ServerConnectionsOptions,
} from './server/serverConnections.js';
export { unixServerConnections$, type UnixServerOptions } from './server/unixServerConnections.js';
export {
  connectionChannels,
  type CloseMessage,
  type ConnectionIdentity,
  type ConnectionMessages,
  type ErrorMessage,
  type OpenMessage,
  type PauseMessage,
  type RefuseMessage,
  type SecureMessage,
} from './transports/node/diagnostics.js';
export type {
  ClientTlsOptions,
  ServerTlsOptions,
  NodeStartTlsOptions,
  TlsTimeouts,
} from './transports/node/tlsOptions.js';
export type {
  AcceptOptions,
  ListenOnFileDescriptor,
  ListenOnPath,
  ListenOnPort,
  ListenTarget,
  ServerOptions,
} from './server/ServerOptions.js';
