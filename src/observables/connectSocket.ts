import { connect, Socket, type SocketConnectOpts } from 'node:net';
import { asyncScheduler, concatMap, map, Observable, of, type SchedulerLike } from 'rxjs';
import { checkTimeout } from '../streams/check.js';
import { checkUnixPath } from '../transports/node/unixPath.js';
import { abortWith, firstUnlessAborted } from './abortSignal.js';
import { warnIfLeaked } from './warnIfLeaked.js';
import { checkConnectionOptions, Connection, type ConnectionOptions } from '../streams/Connection.js';
import { ConnectTimeoutError } from '../streams/errors.js';
import { DuplexTransport } from '../transports/node/DuplexTransport.js';
import {
  checkIdentity,
  checkTlsTimeouts,
  clientHandshake,
  type ClientTlsOptions,
} from '../transports/node/tlsHandshake.js';

/** A TCP connection to be made. */
export interface TcpTarget {
  /** Default: `localhost`. */
  host?: string;
  /** 1 to 65535. */
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

/** A Unix socket, or a named pipe on Windows. */
export interface PathTarget {
  path: string;
  host?: never;
  port?: never;
  socket?: never;
  fd?: never;
}

/** A socket that is connected, or connecting, already. */
export interface SocketTarget {
  socket: Socket;
  host?: never;
  port?: never;
  path?: never;
  fd?: never;
}

/** An open file descriptor of a socket or a pipe; the connection closes it. */
export interface FileDescriptorTarget {
  fd: number;
  host?: never;
  port?: never;
  path?: never;
  socket?: never;
}

/** Where to connect to. */
export type ConnectTarget = TcpTarget | PathTarget | SocketTarget | FileDescriptorTarget;

/** Options of every client connection, whatever it connects to. */
export interface ClientOptions extends ConnectionOptions {
  /** Encrypt: with Node's defaults, which verify the server's certificate, or with options. Default: false. */
  tls?: boolean | ClientTlsOptions;
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

export type ConnectOptions = ConnectTarget & ClientOptions;

/** Throws what is wrong with the options. @internal */
export function checkConnectOptions(options: ConnectOptions): void {
  checkConnectionOptions(options);
  checkTarget(options);
  checkNoStrayTls(options);
  const { port, path, fd, connectTimeout, tls } = options;
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65535)) {
    throw new RangeError(`port must be an integer from 1 to 65535, not ${String(port)}`);
  }
  if (path !== undefined) checkUnixPath(path);
  if (fd !== undefined) checkFileDescriptor(fd);
  if (connectTimeout !== undefined) checkTimeout('connectTimeout', connectTimeout);
  if (tls === undefined || tls === false) return;
  checkTlsTimeouts(tls === true ? {} : tls);
  // A socket that is connected already knows its host, unless somebody else has made it.
  if (port === undefined) checkIdentity(tls === true ? {} : tls);
}

/** @internal */
export function checkFileDescriptor(fd: number): void {
  if (!(Number.isInteger(fd) && fd >= 0)) {
    throw new RangeError(`fd must be a non-negative integer, not ${String(fd)}`);
  }
}

function checkTarget({ port, path, socket, fd }: ConnectOptions): void {
  const targets = Object.entries({ port, path, socket, fd }).filter(([, value]) => value !== undefined);
  if (targets.length === 1) return;
  const found = targets.length === 0 ? 'none' : targets.map(([name]) => name).join(' and ');
  throw new TypeError(
    `One of port (and host), path, socket and fd says where to connect to, here ${found} does`,
  );
}

const TLS_ONLY = [
  ...['servername', 'ca', 'cert', 'key', 'pfx', 'passphrase', 'ALPNProtocols', 'rejectUnauthorized'],
  ...[
    'checkServerIdentity',
    'secureContext',
    'SNICallback',
    'requestCert',
    'handshakeTimeout',
    'shutdownTimeout',
  ],
];

/** Node has these beside the others; here they would be ignored, and a connection be less safe than it looks. @internal */
export function checkNoStrayTls(options: object): void {
  const stray = TLS_ONLY.find((name) => (options as Record<string, unknown>)[name] !== undefined);
  if (stray !== undefined) throw new TypeError(`${stray} is an option of TLS: tls: { ${stray}: … }`);
}

/** Emits a connection that nobody owns yet, once it is there. Unsubscribing before cancels the attempt. @internal */
export function connectSocket(options: ConnectOptions): Observable<Connection> {
  const { tls = false, scheduler = asyncScheduler, path } = options;
  const host = options.port === undefined ? undefined : (options.host ?? 'localhost');
  return connectPlain(options, scheduler).pipe(
    concatMap((raw) => {
      const common = { host, peername: path, sockname: path === undefined ? undefined : '', scheduler };
      if (tls === false) return of(new DuplexTransport(raw, common));
      const tlsOptions = tls === true ? {} : tls;
      const { shutdownTimeout } = checkTlsTimeouts(tlsOptions);
      return clientHandshake(raw, { host, ...tlsOptions }, scheduler).pipe(
        map((secured) => new DuplexTransport(secured, { ...common, raw, shutdownTimeout })),
      );
    }),
    firstUnlessAborted(options.signal),
    map((transport) => {
      const connection = new Connection(transport, options);
      abortWith(connection.core, options.signal);
      warnIfLeaked(connection);
      return connection;
    }),
  );
}

function connectPlain(options: ConnectOptions, scheduler: SchedulerLike): Observable<Socket> {
  const { noDelay = true, keepAlive = false, keepAliveInitialDelay = 0, connectTimeout } = options;
  return new Observable((subscriber) => {
    const socket = openSocket(options);
    const onConnect = (): void => {
      socket.setNoDelay(noDelay);
      if (keepAlive) socket.setKeepAlive(true, keepAliveInitialDelay);
      subscriber.next(socket);
      subscriber.complete();
    };
    const onError = (error: Error): void => subscriber.error(error);
    if (!socket.connecting) {
      if (socket.pending || socket.destroyed)
        onError(new TypeError('The socket is neither connected nor connecting'));
      else onConnect();
      return undefined;
    }
    socket.once('connect', onConnect).once('error', onError);
    if (connectTimeout !== undefined) {
      const expire = (): void => onError(new ConnectTimeoutError(connectTimeout));
      subscriber.add(scheduler.schedule(expire, connectTimeout));
    }
    return () => {
      socket.off('connect', onConnect).off('error', onError);
      if (!socket.connecting) return;
      // An attempt that fails while it is being cancelled is nobody's business any more.
      socket.on('error', () => undefined).destroy();
    };
  });
}

function openSocket(options: ConnectOptions): Socket {
  if (options.socket !== undefined) return options.socket;
  const allowHalfOpen = true;
  if (options.fd !== undefined)
    return new Socket({ fd: options.fd, readable: true, writable: true, allowHalfOpen });
  if (options.path !== undefined) return connect({ path: options.path, allowHalfOpen });
  const { host = 'localhost', port, family, localAddress, localPort, lookup } = options;
  const { autoSelectFamily, autoSelectFamilyAttemptTimeout } = options;
  const given = { family, localAddress, localPort, lookup, autoSelectFamily, autoSelectFamilyAttemptTimeout };
  return connect({ host, port, allowHalfOpen, ...withoutUndefined(given) });
}

/** Node takes an option that is there but undefined for one that is given. @internal */
export function withoutUndefined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
