import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { Observable, Subject } from 'rxjs';
import { Connection, type ConnectionOptions } from '../streams/Connection.js';
import type { SocketAddress } from '../streams/Transport.js';
import { DuplexTransport } from '../transports/DuplexTransport.js';

/** A server that listens: asyncio's `Server`. `fromServer` makes it. */
export class Server {
  /** Where it listens: with port 0 the port that it got. */
  readonly addresses: readonly SocketAddress[];

  /**
   * The connections as they are accepted, hot; each belongs to whoever takes it. Those that come while nobody is
   * subscribed wait for the next subscriber. Completes when the server stops listening.
   */
  readonly connections$: Observable<Connection>;

  readonly #server: NetServer;
  readonly #accepted = new Subject<Connection>();
  readonly #closed = new Subject<never>();
  readonly #untaken: Connection[] = [];

  /** @internal */
  constructor(server: NetServer, options: ConnectionOptions & { noDelay?: boolean }) {
    this.#server = server;
    // A server on a port has an AddressInfo; a string is for pipes.
    this.addresses = [server.address() as AddressInfo];
    this.connections$ = new Observable((subscriber) => {
      const subscription = this.#accepted.subscribe(subscriber);
      // One at a time: a subscriber that has enough leaves the rest to the next one.
      while (this.#accepted.observed && this.#untaken.length > 0) this.#accepted.next(this.#untaken.shift()!);
      return subscription;
    });
    server.on('connection', (socket: Socket) => {
      const connection = new Connection(new DuplexTransport(socket), options);
      if (this.#accepted.observed) this.#accepted.next(connection);
      else this.#untaken.push(connection);
    });
  }

  /** Whether it accepts connections. */
  get isServing(): boolean {
    return this.#server.listening;
  }

  /** Stops listening. Connections that were taken go on; those that nobody took are aborted. */
  close(): void {
    this.#server.close();
    for (const connection of this.#untaken.splice(0)) connection.writer.abort();
    this.#accepted.complete();
    this.#closed.complete();
  }

  /** @internal Completes when it has stopped listening. */
  get closed$(): Observable<never> {
    return this.#closed;
  }
}
