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
export {
  serverConnections$,
  type OnListening,
  type ServerConnectionsOptions,
} from './server/serverConnections.js';
export { unixServerConnections$, type UnixServerOptions } from './server/unixServerConnections.js';
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
