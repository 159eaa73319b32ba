import { setImmediate } from 'node:timers/promises';
import { firstValueFrom, fromEvent, Subject, takeUntil, type Subscription } from 'rxjs';
import { WebSocket, type ClientOptions } from 'ws';
import { AllowList } from '../../../examples/gateway/AllowList.js';
import { gateway, type GatewayOptions } from '../../../examples/gateway/gateway.js';
import type { Connection } from '../../../src/index.js';
import { fromWebSocket, type WebSocketLike } from '../../../src/web.js';
import { joined } from '../../contracts/bytes.js';
import { eventually } from '../../contracts/eventually.js';

/** A gateway in this process: on a free port, and stopped after the spec. */
export class RunningGateway {
  readonly lines: string[] = [];
  readonly #stop = new Subject<void>();
  isOver = false;
  #port: number | undefined;
  readonly #news = new Subject<void>();
  readonly #subscription: Subscription;

  constructor(entries: readonly string[], options: Partial<GatewayOptions>) {
    this.#subscription = gateway({
      port: 0,
      targets: new AllowList(entries),
      stop$: this.#stop,
      onListening: ({ addresses }) => (this.#port = addresses[0]!.port),
      ...options,
    }).subscribe({
      next: (line) => {
        this.lines.push(line);
        this.#news.next();
      },
      complete: () => (this.isOver = true),
    });
  }

  async listening(): Promise<this> {
    while (this.#port === undefined) await setImmediate();
    return this;
  }

  url(query: string): string {
    return `ws://127.0.0.1:${this.#port}/${query}`;
  }

  /** Waits for so many lines that match, and returns the last of them. */
  async printed(pattern: RegExp, count = 1): Promise<string> {
    for (;;) {
      const found = this.lines.filter((line) => pattern.test(line));
      if (found.length >= count) return found[count - 1]!;
      await eventually(`the gateway to print ${String(pattern)}: ${this.lines.join('; ')}`, this.#news);
    }
  }

  stop(): void {
    this.#stop.next();
  }

  end(): void {
    this.#subscription.unsubscribe();
  }
}

export interface GatewayPeers {
  start(entries: readonly string[], options?: Partial<GatewayOptions>): Promise<RunningGateway>;
  /** A client as anybody has one. */
  open(url: string, options?: ClientOptions): Promise<PlainClient>;
  /** A client of ours, with credits. */
  connect(url: string): Promise<Connection>;
}

/** Call it in a `describe`: after each spec all of them are ended. */
export function gatewayPeers(): GatewayPeers {
  const gateways = new Set<RunningGateway>();
  const clients = new Set<WebSocket>();
  const done$ = new Subject<void>();

  afterEach(() => {
    for (const client of clients) client.terminate();
    done$.next();
    for (const one of gateways) one.end();
    clients.clear();
    gateways.clear();
  });

  return {
    start(entries, options = {}) {
      const one = new RunningGateway(entries, options);
      gateways.add(one);
      return one.listening();
    },
    async open(url, options = {}) {
      const client = new PlainClient(url, options);
      clients.add(client.socket);
      await client.opened;
      return client;
    },
    connect: (url) =>
      eventually(
        'our client to connect',
        new Promise<Connection>((resolve, reject) => {
          const socket = (protocols: string[]): WebSocketLike =>
            new WebSocket(url, protocols, { perMessageDeflate: false });
          // The subscription owns the connection: it lasts as long as the spec.
          fromWebSocket(socket, { credits: true })
            .pipe(takeUntil(done$))
            .subscribe({ next: resolve, error: reject });
        }),
      ),
  };
}

/** A WebSocket of the package `ws`. */
export class PlainClient {
  readonly socket: WebSocket;
  readonly opened: Promise<unknown>;
  receivedBytes = 0;
  readonly #messages: Uint8Array[] = [];
  readonly #closed: Promise<string>;

  constructor(url: string, options: ClientOptions) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.socket.on('message', (message: Buffer) => {
      this.#messages.push(message);
      this.receivedBytes += message.length;
    });
    this.#closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve(`${code} ${String(reason)}`.trim()));
    });
    // What happens to it is told by its close.
    this.socket.on('error', () => undefined);
    this.opened = firstValueFrom(
      fromEvent(this.socket, 'open').pipe(takeUntil(fromEvent(this.socket, 'close'))),
      {
        defaultValue: undefined,
      },
    );
  }

  get received(): Uint8Array {
    return joined(this.#messages);
  }

  /** The code and the reason of its close. */
  closed(): Promise<string> {
    return eventually('the client to be closed', this.#closed);
  }
}

/** The status that an upgrade is refused with. */
export function statusOf(url: string, options: ClientOptions = {}): Promise<number> {
  const socket = new WebSocket(url, options).on('error', () => undefined);
  return eventually(
    'a refusal',
    new Promise<number>((resolve) => {
      socket.on('unexpected-response', (_, response) => {
        response.resume();
        socket.terminate();
        resolve(response.statusCode!);
      });
    }),
  );
}
