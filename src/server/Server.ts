import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { map, Observable, startWith, Subject } from 'rxjs';
import { whenAborted } from '../observables/abortSignal.js';
import { withoutUndefined } from '../observables/checkConnectOptions.js';
import { connectionOn } from '../observables/connectionOn.js';
import { warnIfLeaked } from '../observables/warnIfLeaked.js';
import type { Connection } from '../streams/Connection.js';
import type { ConnectionCore } from '../streams/ConnectionCore.js';
import { ConnectionSettings } from '../streams/ConnectionSettings.js';
import { attempt } from '../streams/reportError.js';
import type { SocketAddress, Transport } from '../streams/Transport.js';
import { DuplexTransport, type DuplexTransportOptions } from '../transports/node/DuplexTransport.js';
import { safeServerCallbacks } from '../transports/node/tlsCallbacks.js';
import { handshakeError } from '../transports/node/tlsHandshake.js';
import { checkTlsTimeouts, type ServerTlsOptions } from '../transports/node/tlsOptions.js';
import { ProxyGate } from './ProxyGate.js';
import type { AcceptOptions } from './ServerOptions.js';
import { ServerStatistics, type ServerStats } from './ServerStatistics.js';
import type { SocketFile } from './SocketFile.js';
import { Untaken } from './Untaken.js';

/**
 * A server that listens: asyncio's `Server`. `fromServer` makes it.
 *
 * @example
 * ```ts
 * import { fromServer } from 'rxjs-net/node';
 *
 * fromServer({ host: '127.0.0.1', port: 0 }).subscribe((server) => {
 *   console.log(server.isServing, server.addresses[0]?.family); // true IPv4
 *   server.connections$.subscribe(({ writer }) => writer.write('hello\n'));
 *   server.waitClosed().subscribe(() => console.log(server.isServing)); // false
 *   server.close();
 * });
 * ```
 */
export class Server {
  /** Where it listens: with port 0 the port that it got. Empty for a Unix socket. */
  readonly addresses: readonly SocketAddress[];

  /** The path of the Unix socket it listens on. */
  readonly path: string | undefined;

  /**
   * The connections as they are accepted, hot; each belongs to whoever takes it. Those that come while nobody is
   * subscribed wait for the next subscriber; one that is lost meanwhile is not handed out any more. Completes when the
   * server stops listening.
   */
  readonly connections$: Observable<Connection>;

  /**
   * How many connections are open, whoever has taken them: at once, and whenever it changes. One counts until its socket
   * is gone: with TLS that may be later than `writer.waitClosed()`, when the peer has ended as well, or after
   * `shutdownTimeout`. Completes when the server has stopped listening and the last one is gone.
   */
  readonly active$: Observable<number>;

  /**
   * Connections that could not be set up, and are destroyed: Node's error where the TLS handshake failed, or a
   * `HandshakeTimeoutError`; a `ProxyProtocolError`; what `wrap` or a callback of TLS has thrown (as the `cause`, unless it
   * is an `Error`); an error of the system's at accepting. Nobody else is told of them, and no other connection is touched.
   * Completes when the server stops listening.
   */
  readonly handshakeErrors$: Observable<Error>;

  /**
   * `stats()` at once, then every second, by the server's scheduler; the last one when it has stopped listening and all
   * connections are gone, upon which it completes.
   */
  readonly stats$: Observable<ServerStats>;

  readonly #server: NetServer;
  readonly #options: AcceptOptions;
  // Of all connections, which need not keep some of their own.
  readonly #settings: ConnectionSettings;
  readonly #transportOptions: DuplexTransportOptions;
  readonly #file: SocketFile | undefined;
  readonly #gate: ProxyGate | undefined;
  readonly #accepted = new Subject<Connection>();
  readonly #handshakeErrors = new Subject<Error>();
  readonly #closed = new Subject<never>();
  // Not the connections themselves: a user who loses one is to be warned.
  readonly #active = new Set<ConnectionCore>();
  // Of connections that are closed, and wait for their peers to end as well.
  readonly #lingering = new Set<Transport>();
  readonly #activeChanged = new Subject<void>();
  readonly #setupEnded = new Subject<void>();
  readonly #untaken = new Untaken();
  readonly #statistics: ServerStatistics;
  // Those whose handshake is under way.
  readonly #securing = new Set<Socket>();
  // One that is stopped waits for the handshakes and headers that are under way.
  #phase: 'open' | 'stopped' | 'closed' | 'settled' = 'open';
  #forgetSignal: (() => void) | undefined;

  /** @internal */
  constructor(server: NetServer, options: AcceptOptions & { path?: string }, file?: SocketFile) {
    this.#server = server;
    this.#options = options;
    this.#file = file;
    const address: AddressInfo | string | null = server.address();
    this.addresses = typeof address === 'object' && address !== null ? [address] : [];
    this.path = options.path;
    this.#settings = ConnectionSettings.of(options);
    const names = options.path === undefined ? {} : { sockname: options.path, peername: '' };
    this.#transportOptions = { ...names, scheduler: options.scheduler };
    this.handshakeErrors$ = this.#handshakeErrors.asObservable();
    this.#statistics = new ServerStatistics(this.#active, this.#lingering, this.#settings.scheduler);
    this.stats$ = this.#statistics.stats$(this.waitClosed());
    this.active$ = this.#activeChanged.pipe(
      startWith(undefined),
      map(() => this.#active.size + this.#lingering.size),
    );
    this.connections$ = new Observable((subscriber) => {
      const subscription = this.#accepted.subscribe(subscriber);
      // One at a time: a subscriber that has enough leaves the rest to the next one.
      while (this.#accepted.observed) {
        const connection = this.#untaken.take();
        if (connection === undefined) break;
        this.#accepted.next(connection);
      }
      return subscription;
    });
    const { tls = false, signal, proxyProtocol } = options;
    if (signal !== undefined) this.#forgetSignal = whenAborted(signal, this.#onAbort);
    const accept =
      tls === false
        ? (socket: Socket): void => this.#accept(socket, this.#gate?.infoOf(socket))
        : this.#acceptEncrypted(tls);
    if (proxyProtocol === undefined) {
      server.on('connection', accept);
    } else {
      const refused = (error: unknown): void => {
        this.setupFailed(error);
        this.#setupEnded.next();
      };
      const gate = new ProxyGate({ ...options, proxyProtocol }, this.addresses.length === 0, refused);
      const admitted = (socket: Socket): void => {
        accept(socket);
        this.#setupEnded.next();
      };
      server.on('connection', (socket: Socket) => gate.admit(socket, admitted));
      this.#gate = gate;
    }
  }

  /** Whether it accepts connections. */
  get isServing(): boolean {
    return this.#server.listening;
  }

  /**
   * Stops listening, and removes the file of a Unix socket, unless that is another one by now. Connections that were taken
   * go on; those that nobody took, or whose TLS handshake or PROXY header is under way, are aborted.
   */
  close(): void {
    if (this.#phase === 'closed' || this.#phase === 'settled') return;
    this.#stopAccepting();
    this.#phase = 'closed';
    this.#gate?.close();
    for (const socket of this.#securing) socket.destroy();
    for (let one = this.#untaken.take(); one !== undefined; one = this.#untaken.take()) abort(one.core);
    this.#accepted.complete();
    this.#handshakeErrors.complete();
    this.#setupEnded.complete();
    this.#closed.complete();
    this.#settle();
  }

  /**
   * Stops listening when it is subscribed to, but not the handshakes and PROXY headers that are under way: what comes
   * through is still handed out by `connections$`, and when none is left the server is closed, as by `close()`. So one
   * whose place another has taken loses no client. It lasts no longer than `handshakeTimeout` and `proxyProtocol.timeout`;
   * `close()` ends it at once.
   *
   * - **Emits** one value and completes, when it is closed.
   */
  stopListening(): Observable<void> {
    return new Observable((subscriber) => {
      if (this.#phase === 'open') {
        this.#stopAccepting();
        this.#phase = 'stopped';
      }
      const look = (): void => {
        if (this.#phase === 'stopped') {
          if (this.#securing.size + (this.#gate?.size ?? 0) > 0) return;
          this.close();
        }
        subscriber.next();
        subscriber.complete();
      };
      subscriber.add(this.#setupEnded.subscribe({ next: look, error: look, complete: look }));
      look();
    });
  }

  #stopAccepting(): void {
    if (this.#phase !== 'open') return;
    this.#file?.remove();
    this.#server.close();
  }

  /**
   * Closes all open connections: what was written is sent, within their `closeTimeout`. As asyncio's `close_clients`
   * (3.13): `close()` the server first, so that no new ones come.
   */
  closeClients(): void {
    for (const core of [...this.#active]) attempt(() => core.release());
  }

  /**
   * Aborts all open connections, and those that are closed but whose sockets wait for the end of TLS. As asyncio's
   * `abort_clients` (3.13): `close()` the server first.
   */
  abortClients(reason?: unknown): void {
    for (const transport of [...this.#lingering]) attempt(() => transport.abort(reason));
    for (const core of [...this.#active]) abort(core, reason);
  }

  /**
   * Waits until the server has stopped listening and all its connections are gone, as `active$` counts them. Closes
   * nothing itself. As asyncio's `wait_closed` (3.12).
   *
   * - **Emits** one value and completes.
   */
  waitClosed(): Observable<void> {
    return new Observable((subscriber) => {
      const done = (): void => {
        subscriber.next();
        subscriber.complete();
      };
      if (this.#phase === 'settled') done();
      else subscriber.add(this.#activeChanged.subscribe({ error: done, complete: done }));
    });
  }

  /**
   * What it has seen so far, as plain data. Costs a look at each connection that is open.
   *
   * @example
   * ```ts
   * import { fromServer } from 'rxjs-net/node';
   * import { take } from 'rxjs';
   *
   * fromServer({ host: '127.0.0.1', port: 0 })
   *   .pipe(take(1))
   *   .subscribe((server) => {
   *     const { accepted, active, bytesRead } = server.stats();
   *     console.log(accepted, active, bytesRead); // 0 0 0
   *   });
   * ```
   */
  stats(): ServerStats {
    return this.#statistics.stats();
  }

  /** @internal Completes when it has stopped listening. */
  get closed$(): Observable<never> {
    return this.#closed;
  }

  /** @internal Tells of a connection that could not be set up. */
  setupFailed(error: unknown): void {
    this.#handshakeErrors.next(this.#statistics.notSetUp(error));
  }

  readonly #onAbort = (): void => {
    this.close();
    this.abortClients(this.#options.signal!.reason);
  };

  #acceptEncrypted(tls: ServerTlsOptions): (raw: Socket) => void {
    const { handshakeTimeout, shutdownTimeout } = checkTlsTimeouts(tls);
    // It does not listen itself: the socket below has to be known, as only that can be reset.
    const handshakes = createTlsServer({ ...safeServerCallbacks(withoutUndefined(tls)), handshakeTimeout });
    const secure = (raw: Socket): void => {
      this.#securing.add(raw);
      // The encrypted socket tells of its errors, or the handshake did.
      raw
        .on('error', () => undefined)
        .once('close', () => {
          if (this.#securing.delete(raw)) this.#setupEnded.next();
        });
      try {
        handshakes.emit('connection', raw);
      } catch (error) {
        raw.destroy();
        this.setupFailed(error);
      }
    };
    const secured = (socket: TLSSocket): void => {
      const raw = socketBelow(socket);
      if (raw !== undefined) this.#securing.delete(raw);
      if (this.#phase === 'closed' || this.#phase === 'settled') socket.destroy();
      else if (!socket.destroyed) this.#accept(socket, { raw, shutdownTimeout, ...this.#gate?.infoOf(raw) });
      else if (socket.errored !== null) this.setupFailed(socket.errored);
      this.#setupEnded.next();
    };
    // A step later: the session tickets are still being written then, and a close would cut off its close_notify.
    handshakes.on('secureConnection', (socket) =>
      setImmediate(
        secured,
        socket.on('error', () => undefined),
      ),
    );
    handshakes.on('tlsClientError', (error, socket) => {
      // Node leaves one open that was too slow.
      socket.destroy();
      this.setupFailed(handshakeError(error, handshakeTimeout));
    });
    return secure;
  }

  #accept(socket: Socket, more?: DuplexTransportOptions): void {
    const common = this.#transportOptions;
    const transport = new DuplexTransport(socket, more === undefined ? common : { ...common, ...more });
    let connection: Connection;
    try {
      connection = connectionOn(transport, this.#settings);
    } catch (error) {
      this.setupFailed(error);
      return;
    }
    const { core } = connection;
    // Gone before it was there: nobody could do anything with it.
    if (core.lifecycle.phase === 'gone') return;
    warnIfLeaked(connection);
    this.#statistics.opened(core);
    this.#follow(core, transport);
    if (this.#accepted.observed) this.#accepted.next(connection);
    else this.#untaken.add(connection);
  }

  // By the transport of the socket, whatever a `wrap` has put before it.
  #follow(core: ConnectionCore, transport: Transport): void {
    this.#active.add(core);
    this.#activeChanged.next();
    core.onGone(() => {
      this.#untaken.remove(core);
      this.#active.delete(core);
      this.#lingering.add(transport);
      const released = (): void => {
        this.#lingering.delete(transport);
        this.#activeChanged.next();
        this.#settle();
      };
      if (transport.onReleased === undefined) released();
      else transport.onReleased(released);
    });
  }

  #settle(): void {
    if (this.#phase !== 'closed' || this.#active.size + this.#lingering.size > 0) return;
    this.#phase = 'settled';
    this.#forgetSignal?.();
    this.#activeChanged.complete();
  }
}

// What a `wrap` throws is no reason to leave out the others.
function abort(core: ConnectionCore, reason?: unknown): void {
  attempt(() => core.abort(reason));
}

// Node's name for it since ever; the two have no addresses in common on a Unix socket.
function socketBelow(socket: TLSSocket): Socket | undefined {
  return (socket as { _parent?: Socket })._parent;
}
