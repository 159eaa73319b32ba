import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, createServer, type ConnectionOptions, type TlsOptions, type TLSSocket } from 'node:tls';
import { asyncScheduler, Observable, type SchedulerLike } from 'rxjs';
import { checkTimeout } from '../../streams/check.js';
import { HandshakeTimeoutError } from '../../streams/errors.js';
import { safeClientCallbacks, safeServerCallbacks } from './tlsCallbacks.js';

/** How long TLS may take to come and to go. */
export interface TlsTimeouts {
  /** Milliseconds for the handshake, more than 0. Default: 60 s, as asyncio's `ssl_handshake_timeout`. */
  handshakeTimeout?: number;
  /** Milliseconds for the end of TLS at `close()`, more than 0. Default: 30 s, as asyncio's `ssl_shutdown_timeout`. */
  shutdownTimeout?: number;
}

/** TLS for a client: Node's own options of `tls.connect`, and the timeouts. The server's certificate is verified. */
export type ClientTlsOptions = TlsTimeouts &
  Omit<ConnectionOptions, 'host' | 'port' | 'path' | 'socket' | 'timeout' | 'lookup' | 'allowHalfOpen'>;

/** TLS for a server: Node's own options of `tls.createServer`, and the timeouts. */
export type ServerTlsOptions = TlsTimeouts &
  Omit<TlsOptions, 'handshakeTimeout' | 'allowHalfOpen' | 'pauseOnConnect'>;

/** As a client by default; with `isServer: true` as a server. */
export type NodeStartTlsOptions =
  ({ isServer?: false } & ClientTlsOptions) | ({ isServer: true } & ServerTlsOptions);

export const DEFAULT_HANDSHAKE_TIMEOUT = 60_000;
export const DEFAULT_SHUTDOWN_TIMEOUT = 30_000;

/** @internal */
export function checkTlsTimeouts({
  handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT,
  shutdownTimeout = DEFAULT_SHUTDOWN_TIMEOUT,
}: TlsTimeouts): Required<TlsTimeouts> {
  checkTimeout('handshakeTimeout', handshakeTimeout);
  checkTimeout('shutdownTimeout', shutdownTimeout);
  return { handshakeTimeout, shutdownTimeout };
}

/** What a client has to know besides: the host it is connected to. @internal */
export type ClientHandshakeOptions = ClientTlsOptions & { host?: string | undefined };

/**
 * Throws when there is nobody for the server to prove to be: Node would then have it prove to be `localhost`.
 *
 * @internal
 */
export function checkIdentity({
  host,
  servername,
  rejectUnauthorized,
  checkServerIdentity,
}: ClientHandshakeOptions): void {
  if (host !== undefined || servername !== undefined) return;
  if (rejectUnauthorized === false || checkServerIdentity !== undefined) return;
  throw new TypeError(
    'tls.servername is needed where there is no host: the name in the certificate to be expected',
  );
}

/** Emits the encrypted socket once the server has proved who it is. Unsubscribing before destroys both. @internal */
export function clientHandshake(
  raw: Duplex,
  options: ClientHandshakeOptions,
  scheduler: SchedulerLike = asyncScheduler,
): Observable<TLSSocket> {
  const { handshakeTimeout } = checkTlsTimeouts(options);
  return new Observable((subscriber) => {
    // Node takes an option that is there but undefined for one that is given.
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    const { host = '', ...rest } = Object.fromEntries(given) as ClientHandshakeOptions;
    // Node checks the certificate against the host, but tells the server of it only if it is asked to.
    const name = host === '' || isIP(host) ? {} : { servername: host };
    const fail = (error: unknown): void => subscriber.error(error);
    let socket: TLSSocket;
    try {
      socket = connect({ host, ...name, ...safeClientCallbacks(rest, fail), socket: raw });
    } catch (error) {
      // Of options that it cannot make sense of; the socket below would be nobody's.
      raw.on('error', ignore).destroy();
      throw error;
    }
    const cut = (): void => fail(new Error('The connection was closed during the TLS handshake'));
    socket.once('error', fail).once('close', cut);
    // Without a listener of its own an error below would be an uncaught one.
    raw.on('error', fail);
    const secured = (): void => {
      // Whoever takes it listens as well.
      socket.off('error', fail).off('close', cut).on('error', ignore);
      raw.off('error', fail).on('error', ignore);
      subscriber.next(socket);
      subscriber.complete();
    };
    socket.once('secureConnect', secured);
    subscriber.add(() => {
      if (socket.listenerCount('secureConnect', secured) === 0) return;
      socket.off('secureConnect', secured).on('error', ignore).destroy();
      raw.on('error', ignore).destroy();
    });
    subscriber.add(
      scheduler.schedule(() => fail(new HandshakeTimeoutError(handshakeTimeout)), handshakeTimeout),
    );
  });
}

/** The other side of it, for a socket that was accepted in plain. @internal */
export function serverHandshake(raw: Duplex, options: ServerTlsOptions): Observable<TLSSocket> {
  const { handshakeTimeout } = checkTlsTimeouts(options);
  return new Observable((subscriber) => {
    // A server that never listens: it knows all there is to a handshake (SNI, ALPN, client certificates).
    const server = createServer({ ...safeServerCallbacks(options), handshakeTimeout });
    let secured = false;
    server.on('secureConnection', (socket) => {
      secured = true;
      raw.on('error', ignore);
      socket.on('error', ignore);
      // A step later: the session tickets are still being written, and a close would cut off its close_notify.
      setImmediate(() => {
        subscriber.next(socket);
        subscriber.complete();
      });
    });
    server.on('tlsClientError', (error) => subscriber.error(handshakeError(error, handshakeTimeout)));
    // Or a client that ends in the middle of it would not be noticed.
    raw.allowHalfOpen = false;
    server.emit('connection', raw);
    subscriber.add(() => {
      if (!secured) raw.on('error', ignore).destroy();
    });
  });
}

/** Node's own error, but for the timeout, which is the same on both sides. @internal */
export function handshakeError(error: Error, handshakeTimeout: number): Error {
  const timedOut = (error as NodeJS.ErrnoException).code === 'ERR_TLS_HANDSHAKE_TIMEOUT';
  return timedOut ? new HandshakeTimeoutError(handshakeTimeout, error) : error;
}

function ignore(): void {
  // The encrypted socket tells of it.
}
