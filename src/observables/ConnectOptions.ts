import type { Socket, SocketConnectOpts } from 'node:net';
import type { ProxyHeader } from '../decoders/proxyFormat.js';
import type { ConnectionOptions } from '../streams/ConnectionSettings.js';
import type { ClientTlsOptions } from '../transports/node/tlsOptions.js';

/** A TCP connection to be made. See {@link fromConnection}. */
export interface TcpTarget {
  /** Default: `localhost`. */
  host?: string;
  /** The port, 1 to 65535. */
  port: number;
  /** 4 or 6: addresses of that version of IP only. Default: 0, both. */
  family?: 0 | 4 | 6;
  /** The local address to connect from. Default: the system's choice. */
  localAddress?: string;
  /** The local port to connect from. Default: a free one. */
  localPort?: number;
  /** Looks names up in place of `dns.lookup`. */
  lookup?: Extract<SocketConnectOpts, { port: number }>['lookup'];
  /** Try the addresses of a name in turn, IPv6 and IPv4 (happy eyeballs, RFC 8305). Default: Node's, true. */
  autoSelectFamily?: boolean;
  /** Milliseconds before the next address is tried as well, 10 or more. Default: Node's, 250. */
  autoSelectFamilyAttemptTimeout?: number;
  path?: never;
  socket?: never;
  fd?: never;
}

/** A Unix socket, or a named pipe on Windows. See {@link fromUnixConnection}. */
export interface PathTarget {
  /** The path of the socket: at most 107 bytes on Linux, 103 on macOS. */
  path: string;
  host?: never;
  port?: never;
  socket?: never;
  fd?: never;
}

/** A socket that is connected, or connecting, already. See {@link fromConnection}. */
export interface SocketTarget {
  /** The socket. The connection owns it from here on, and closes it. */
  socket: Socket;
  host?: never;
  port?: never;
  path?: never;
  fd?: never;
}

/** An open file descriptor of a socket or a pipe; the connection closes it. See {@link fromConnection}. */
export interface FileDescriptorTarget {
  /** The number of the file descriptor. */
  fd: number;
  host?: never;
  port?: never;
  path?: never;
  socket?: never;
}

/** Where to connect to. See {@link fromConnection}. */
export type ConnectTarget = TcpTarget | PathTarget | SocketTarget | FileDescriptorTarget;

/** Options of every client connection, whatever it connects to. See {@link fromConnection}. */
export interface ClientOptions extends ConnectionOptions {
  /** Encrypt: with Node's defaults, which verify the server's certificate, or with options. Default: false. */
  tls?: boolean | ClientTlsOptions;
  /**
   * Write a header of the PROXY protocol before all else, also before TLS: whose connection this really is. Without `source`
   * and `destination` they are those of the socket itself; with `command: 'LOCAL'` there are none. Default: no header.
   */
  proxyProtocol?: Partial<ProxyHeader>;
  /** Milliseconds for looking the name up and connecting, more than 0. Default: as long as the system tries. */
  connectTimeout?: number;
  /** Cancels the attempt, and later aborts the connection. */
  signal?: AbortSignal;
  /** Send small writes at once (TCP_NODELAY). Default: true. */
  noDelay?: boolean;
  /** Have the system find out when the peer is gone (SO_KEEPALIVE). Default: false. */
  keepAlive?: boolean;
  /** Milliseconds of silence before it begins to. Default: the system's, often 2 hours. */
  keepAliveInitialDelay?: number;
}

/** Where to connect to, and how. See {@link fromConnection}. */
export type ConnectOptions = ConnectTarget & ClientOptions;
