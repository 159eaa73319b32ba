import type { ConnectionOptions } from '../streams/ConnectionSettings.js';
import type { ServerTlsOptions } from '../transports/node/tlsOptions.js';
import type { ProxyProtocolOptions } from './ProxyProtocolOptions.js';

/** A TCP port to listen on. See {@link fromServer}. */
export interface ListenOnPort {
  /** The address to listen on. Default: all of this machine's, IPv6 and IPv4. */
  host?: string;
  /** The port, 0 to 65535; 0 takes a free one: see `Server.addresses`. */
  port: number;
  /** On an IPv6 address, refuse IPv4. Default: false. */
  ipv6Only?: boolean;
  /** Let several processes listen on the port, and the system spread the connections. Node.js 22.12 or later. */
  reusePort?: boolean;
  path?: never;
  fd?: never;
}

/** A Unix socket, or a named pipe on Windows. See {@link unixServerConnections$}. */
export interface ListenOnPath {
  /**
   * Made when listening begins, removed when it ends if it is still the same file. On Linux a name that begins with `\0` is
   * one without a file.
   */
  path: string;
  /**
   * Remove the socket file of a server that is no more. Default: false, a `StaleSocketError`. (asyncio removes any socket
   * file, also that of a server that listens.)
   */
  replaceStale?: boolean;
  /** Let every user read from it. Default: false, the rights of the process's umask. */
  readableAll?: boolean;
  /** Let every user write to it. Default: false, the rights of the process's umask. */
  writableAll?: boolean;
  host?: never;
  port?: never;
  fd?: never;
}

/** An open file descriptor of a socket that listens, from systemd for example. See {@link fromServer}. */
export interface ListenOnFileDescriptor {
  /** The number of the file descriptor. */
  fd: number;
  host?: never;
  port?: never;
  path?: never;
}

/** Where to listen. See {@link fromServer}. */
export type ListenTarget = ListenOnPort | ListenOnPath | ListenOnFileDescriptor;

/** How connections are accepted: the options of a connection are those of each of them. See {@link fromServer}. */
export interface AcceptOptions extends ConnectionOptions {
  /** Encrypt: `key` and `cert`, and whatever else `tls.createServer` takes. Default: no encryption. */
  tls?: ServerTlsOptions | false;
  /** Take only connections that begin with a header of the PROXY protocol, before TLS. Default: none has one. */
  proxyProtocol?: ProxyProtocolOptions;
  /** Send small writes at once (TCP_NODELAY). Default: true. */
  noDelay?: boolean;
  /** Have the system find out when a peer is gone (SO_KEEPALIVE). Default: false. */
  keepAlive?: boolean;
  /** Milliseconds of silence before it begins to. Default: the system's, often 2 hours. */
  keepAliveInitialDelay?: number;
  /** How many connections the system holds that are not accepted yet. Default: Node's, 511. */
  backlog?: number;
  /** Stops listening, and aborts all connections. */
  signal?: AbortSignal;
}

/** Options of {@link fromServer}. */
export type ServerOptions = ListenTarget & AcceptOptions;
