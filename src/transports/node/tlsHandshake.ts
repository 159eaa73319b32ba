import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { asyncScheduler, Observable, throwError, type SchedulerLike } from 'rxjs';
import { HandshakeTimeoutError } from '../../streams/errors.js';
import { readableTlsError } from './readableTlsError.js';
import { safeClientCallbacks, safeServerCallbacks } from './tlsCallbacks.js';
import {
  checkTlsTimeouts,
  type ClientHandshakeOptions,
  type NodeStartTlsOptions,
  type ServerTlsOptions,
} from './tlsOptions.js';

/** Either side of it, on a connection that was in use in plain. @internal */
export function tlsHandshake(
  raw: Duplex,
  { host, ...options }: NodeStartTlsOptions & { host?: string | undefined },
  scheduler: SchedulerLike | undefined,
): Observable<TLSSocket> {
  if (raw.readableEnded) return throwError(peerEnded);
  return options.isServer
    ? serverHandshake(raw, options)
    : clientHandshake(raw, { host, ...options }, scheduler);
}

/** @internal */
export function peerEnded(): Error {
  return new Error('The peer has ended the stream in place of a TLS handshake');
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
    const fail = (error: unknown): void => subscriber.error(readableTlsError(error));
    let socket: TLSSocket;
    try {
      socket = connect({ host, ...name, ...safeClientCallbacks(rest, fail), socket: raw });
    } catch (error) {
      // A certificate or a key that is none.
      raw.on('error', ignore).destroy();
      fail(error);
      return;
    }
    const cut = (): void => fail(new Error('The connection was closed during the TLS handshake'));
    let isSecure = false;
    socket.once('error', fail).once('close', cut);
    // Without a listener of its own an error below would be an uncaught one.
    raw.on('error', fail);
    const secured = (): void => {
      isSecure = true;
      // Whoever takes it listens as well.
      socket.off('error', fail).off('close', cut).on('error', ignore);
      raw.off('error', fail).on('error', ignore);
      subscriber.next(socket);
      subscriber.complete();
    };
    socket.once('secureConnect', secured);
    subscriber.add(
      scheduler.schedule(() => fail(new HandshakeTimeoutError(handshakeTimeout)), handshakeTimeout),
    );
    subscriber.add(() => {
      if (isSecure) return;
      socket.off('secureConnect', secured).on('error', ignore).destroy();
      raw.on('error', ignore).destroy();
    });
  });
}

/** The other side of it, for a socket that was accepted in plain. @internal */
export function serverHandshake(raw: Duplex, options: ServerTlsOptions): Observable<TLSSocket> {
  const { handshakeTimeout } = checkTlsTimeouts(options);
  return new Observable((subscriber) => {
    // A server that never listens: it knows all there is to a handshake (SNI, ALPN, client certificates).
    let server: Server;
    let secured = false;
    subscriber.add(() => {
      if (!secured) raw.on('error', ignore).destroy();
    });
    try {
      server = createServer({ ...safeServerCallbacks(options), handshakeTimeout });
    } catch (error) {
      subscriber.error(readableTlsError(error));
      return;
    }
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
  });
}

/** Node's own error, readable; but for the timeout, which is the same on both sides. @internal */
export function handshakeError(error: Error, handshakeTimeout: number): Error {
  const timedOut = (error as NodeJS.ErrnoException).code === 'ERR_TLS_HANDSHAKE_TIMEOUT';
  return timedOut ? new HandshakeTimeoutError(handshakeTimeout, error) : readableTlsError(error);
}

function ignore(): void {
  // The encrypted socket tells of it.
}
