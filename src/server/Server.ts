import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { map, Observable, startWith, Subject } from 'rxjs';
import { whenAborted } from '../observables/abortSignal.js';
import { warnIfLeaked } from '../observables/warnIfLeaked.js';
import { Connection } from '../streams/Connection.js';
import type { ConnectionCore } from '../streams/ConnectionCore.js';
import type { SocketAddress } from '../streams/Transport.js';
import { DuplexTransport, type DuplexTransportOptions } from '../transports/node/DuplexTransport.js';
import { checkTlsTimeouts, handshakeError, type ServerTlsOptions } from '../transports/node/tlsHandshake.js';
import type { AcceptOptions } from './ServerOptions.js';

/** A server that listens: asyncio's `Server`. `fromServer` makes it. */
export class Server {
  /** Where it listens: with port 0 the port that it got. Empty for a Unix socket. */
  readonly addresses: readonly SocketAddress[];

  /** The path of the Unix socket it listens on. */
  readonly path: string | undefined;

  /**
   * The connections as they are accepted, hot; each belongs to whoever takes it. Those that come while nobody is
   * subscribed wait for the next subscriber. Completes when the server stops listening.
   */
  readonly connections$: Observable<Connection>;

  /**
   * How many connections are open, whoever has taken them: at once, and whenever it changes. Completes when the server
   * has stopped listening and the last one is gone.
   */
  readonly active$: Observable<number>;

  /**
   * TLS handshakes that failed: Node's error, or a `HandshakeTimeoutError`. Nobody else is told of them, and no other
   * connection is touched. Completes when the server stops listening.
   */
  readonly handshakeErrors$: Observable<Error>;

  readonly #server: NetServer;
  readonly #options: AcceptOptions;
  readonly #accepted = new Subject<Connection>();
  readonly #handshakeErrors = new Subject<Error>();
  readonly #closed = new Subject<never>();
  // Not the connections themselves: a user who loses one is to be warned.
  readonly #active = new Set<ConnectionCore>();
  readonly #activeChanged = new Subject<void>();
  readonly #untaken: Connection[] = [];
  // Sockets whose handshake is under way, by their addresses.
  readonly #securing = new Map<string, Socket>();
  #stopped = false;
  #settled = false;
  #forgetSignal: (() => void) | undefined;

  /** @internal */
  constructor(server: NetServer, options: AcceptOptions) {
    this.#server = server;
    this.#options = options;
    const address: AddressInfo | string | null = server.address();
    this.addresses = typeof address === 'object' && address !== null ? [address] : [];
    this.path = typeof address === 'string' ? address : undefined;
    this.handshakeErrors$ = this.#handshakeErrors.asObservable();
    this.active$ = this.#activeChanged.pipe(
      startWith(undefined),
      map(() => this.#active.size),
    );
    this.connections$ = new Observable((subscriber) => {
      const subscription = this.#accepted.subscribe(subscriber);
      // One at a time: a subscriber that has enough leaves the rest to the next one.
      while (this.#accepted.observed && this.#untaken.length > 0) this.#accepted.next(this.#untaken.shift()!);
      return subscription;
    });
    const { tls, signal } = options;
    if (signal !== undefined) this.#forgetSignal = whenAborted(signal, this.#onAbort);
    if (tls === undefined) server.on('connection', (socket: Socket) => this.#accept(socket));
    else this.#acceptEncrypted(tls);
  }

  /** Whether it accepts connections. */
  get isServing(): boolean {
    return this.#server.listening;
  }

  /**
   * Stops listening, and removes the file of a Unix socket. Connections that were taken go on; those that nobody took,
   * or whose TLS handshake is under way, are aborted.
   */
  close(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#server.close();
    for (const socket of this.#securing.values()) socket.destroy();
    for (const connection of this.#untaken.splice(0)) connection.writer.abort();
    this.#accepted.complete();
    this.#handshakeErrors.complete();
    this.#closed.complete();
    this.#settle();
  }

  /**
   * Closes all open connections: what was written is sent, within their `closeTimeout`. As asyncio's `close_clients`
   * (3.13): `close()` the server first, so that no new ones come.
   */
  closeClients(): void {
    for (const core of [...this.#active]) core.release();
  }

  /** Aborts all open connections. As asyncio's `abort_clients` (3.13): `close()` the server first. */
  abortClients(reason?: unknown): void {
    for (const { writes } of [...this.#active]) writes.abort(reason);
  }

  /**
   * Waits until the server has stopped listening and all its connections are gone. Closes nothing itself. As asyncio's
   * `wait_closed` (3.12).
   *
   * - **Emits** one value and completes.
   */
  waitClosed(): Observable<void> {
    return new Observable((subscriber) => {
      const done = (): void => {
        subscriber.next();
        subscriber.complete();
      };
      if (this.#settled) done();
      else subscriber.add(this.#activeChanged.subscribe({ error: done, complete: done }));
    });
  }

  /** @internal Completes when it has stopped listening. */
  get closed$(): Observable<never> {
    return this.#closed;
  }

  readonly #onAbort = (): void => {
    this.close();
    this.abortClients(this.#options.signal!.reason);
  };

  #acceptEncrypted(tls: ServerTlsOptions): void {
    const { handshakeTimeout, shutdownTimeout } = checkTlsTimeouts(tls);
    // It does not listen itself: the socket below has to be known, as only that can be reset.
    const handshakes = createTlsServer({ ...tls, handshakeTimeout });
    this.#server.on('connection', (raw: Socket) => {
      // The encrypted socket tells of its errors, or the handshake did.
      raw.on('error', () => undefined);
      const addresses = addressesOf(raw);
      if (addresses !== undefined) {
        this.#securing.set(addresses, raw);
        raw.once('close', () => this.#securing.delete(addresses));
      }
      handshakes.emit('connection', raw);
    });
    // A step later: the session tickets are still being written then, and a close would cut off its close_notify.
    handshakes.on('secureConnection', (socket) =>
      setImmediate(
        secured,
        socket.on('error', () => undefined),
      ),
    );
    const secured = (socket: TLSSocket): void => {
      const addresses = addressesOf(socket) ?? '';
      const raw = this.#securing.get(addresses);
      this.#securing.delete(addresses);
      if (this.#stopped) socket.destroy();
      else this.#accept(socket, { raw, shutdownTimeout });
    };
    handshakes.on('tlsClientError', (error, socket) => {
      // Node leaves one open that was too slow.
      socket.destroy();
      this.#handshakeErrors.next(handshakeError(error, handshakeTimeout));
    });
  }

  #accept(socket: Socket, encrypted: DuplexTransportOptions = {}): void {
    const { path } = this;
    const addresses = path === undefined ? {} : { sockname: path, peername: '' };
    const { scheduler } = this.#options;
    const transport = new DuplexTransport(socket, { ...addresses, ...encrypted, scheduler });
    const connection = new Connection(transport, this.#options);
    warnIfLeaked(connection);
    this.#follow(connection.core);
    if (this.#accepted.observed) this.#accepted.next(connection);
    else this.#untaken.push(connection);
  }

  #follow(core: ConnectionCore): void {
    this.#active.add(core);
    this.#activeChanged.next();
    core.onClosed(() => {
      this.#active.delete(core);
      this.#activeChanged.next();
      this.#settle();
    });
  }

  #settle(): void {
    if (!this.#stopped || this.#active.size > 0 || this.#settled) return;
    this.#settled = true;
    this.#forgetSignal?.();
    this.#activeChanged.complete();
  }
}

// No other open connection of this server has the same; those on a Unix socket have none.
function addressesOf({ remoteAddress, remotePort, localAddress }: Socket): string | undefined {
  return remotePort === undefined ? undefined : `${remoteAddress!} ${remotePort} ${localAddress!}`;
}
