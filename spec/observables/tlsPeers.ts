import type { Socket } from 'node:net';
import { connect, createServer, type ConnectionOptions, type TlsOptions, type TLSSocket } from 'node:tls';
import { fromEvent, mergeMap, race, ReplaySubject, throwError, type Observable } from 'rxjs';
import { eventually } from '../contracts/eventually.js';
import { authority, server as certificate } from '../transports/node/certificates.js';
import type { PlainPeers } from './plainPeers.js';

export interface TlsPeer {
  readonly port: number;
  /** Those whose handshake is over. */
  readonly secured: Observable<TLSSocket>;
  /** Handshakes that failed. */
  readonly errors: Observable<Error>;
  /** What was accepted, in plain. */
  readonly accepted: Observable<Socket>;
}

/** A plain `node:tls` server, on sockets that go with the other plain peers. */
export async function listenTls(
  peers: PlainPeers,
  options: TlsOptions = certificate,
  path?: string,
): Promise<TlsPeer> {
  const secured = new ReplaySubject<TLSSocket>(Infinity);
  const errors = new ReplaySubject<Error>(Infinity);
  const accepted = new ReplaySubject<Socket>(Infinity);
  const handshakes = createServer(options, (socket) => {
    socket.allowHalfOpen = true;
    socket.on('error', () => undefined);
    secured.next(socket);
  });
  handshakes.on('tlsClientError', (error) => errors.next(error));
  const onSocket = (raw: Socket): void => {
    // So that it notices a client that ends in the middle of the handshake.
    raw.allowHalfOpen = false;
    handshakes.emit('connection', raw);
    accepted.next(raw);
  };
  const port = path === undefined ? await peers.listen(onSocket) : 0;
  if (path !== undefined) await peers.listenOnPath(path, onSocket);
  return { port, secured, errors, accepted };
}

/** A plain `node:tls` client; it trusts the authority of the specs. */
export async function connectTls(raw: Socket, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ ca: authority, host: 'localhost', ...options, socket: raw });
  const failed = fromEvent(socket, 'error').pipe(mergeMap((error) => throwError(() => error)));
  await eventually('the handshake of the plain client', race(fromEvent(socket, 'secureConnect'), failed));
  return socket.on('error', () => undefined);
}
