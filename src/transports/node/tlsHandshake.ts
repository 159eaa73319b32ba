import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { asyncScheduler, Observable, type SchedulerLike } from 'rxjs';
import { HandshakeTimeoutError } from '../../streams/errors.js';
import { checkTlsTimeouts, type ClientHandshakeOptions, type ServerTlsOptions } from './tlsOptions.js';

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
    const socket = connect({ host, ...name, ...rest, socket: raw });
    const fail = (error: Error): void => subscriber.error(error);
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
    subscriber.add(
      scheduler.schedule(() => fail(new HandshakeTimeoutError(handshakeTimeout)), handshakeTimeout),
    );
    subscriber.add(() => {
      if (socket.listenerCount('secureConnect', secured) === 0) return;
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
    const server = createServer({ ...options, handshakeTimeout });
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
