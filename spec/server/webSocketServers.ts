import { filter, ReplaySubject, startWith, Subject, takeUntil, type Subscription } from 'rxjs';
import { webSocketServerConnections$ } from '../../src/server/webSocketServerConnections.js';
import type {
  WebSocketAcceptOptions,
  WebSocketServerConnectionsOptions,
  WebSocketsOnPort,
} from '../../src/server/WebSocketServerOptions.js';
import type { Connection } from '../../src/streams/Connection.js';
import { eventually } from '../contracts/eventually.js';

export const host = '127.0.0.1';

/** A source under test, and what it has told. */
export class WebSocketServing {
  readonly connections: Connection[] = [];
  readonly ends: unknown[] = [];
  /** Where it listens; undefined until it does. */
  port = 0;
  readonly subscription: Subscription;
  readonly #listening = new ReplaySubject<void>(1);
  readonly #accepted = new Subject<void>();
  #taken = 0;

  constructor(options: object, finish: Subject<void>) {
    const all = {
      onListening: ({ addresses }) => {
        this.port = addresses[0]?.port ?? 0;
        this.#listening.next();
      },
      ...options,
    } as WebSocketServerConnectionsOptions;
    this.subscription = webSocketServerConnections$(all)
      .pipe(takeUntil(finish))
      .subscribe({
        next: (connection) => {
          this.connections.push(connection);
          this.#accepted.next();
        },
        error: (error: unknown) => {
          this.ends.push(error);
          this.#listening.error(error);
        },
        complete: () => this.ends.push('complete'),
      });
  }

  get url(): string {
    return `ws://${host}:${this.port}`;
  }

  async listens(): Promise<this> {
    await eventually('the source to listen', this.#listening);
    return this;
  }

  /** The next connection that nobody has asked for here yet. */
  async next(): Promise<Connection> {
    const index = this.#taken++;
    const isThere = this.#accepted.pipe(
      startWith(undefined),
      filter(() => this.connections.length > index),
    );
    await eventually(`connection ${index}`, isThere);
    return this.connections[index]!;
  }
}

export interface WebSocketServers {
  /** Serves on a port of its own, until the end of the spec; resolves when it listens. */
  serve(options?: Omit<WebSocketsOnPort, 'port'> & WebSocketAcceptOptions): Promise<WebSocketServing>;
  /** The same, without waiting, and with nothing but these options. */
  start(options: WebSocketServerConnectionsOptions): WebSocketServing;
}

/** Call it in a `describe`: after each spec all sources end, and their connections are aborted. */
export function webSocketServers(): WebSocketServers {
  const finish = new Subject<void>();
  const all: WebSocketServing[] = [];

  afterEach(async () => {
    finish.next();
    for (const { connections } of all.splice(0)) {
      for (const { writer } of connections) {
        writer.abort();
        await eventually('the end of the connection', writer.waitClosed()).catch(() => undefined);
      }
    }
  });

  function start(options: object): WebSocketServing {
    const serving = new WebSocketServing(options, finish);
    all.push(serving);
    return serving;
  }

  return {
    start,
    serve: (options = {}) => start({ host, port: 0, ...options }).listens(),
  };
}
