import type { Consumer, ConsumerConfig, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { VirtualTimeScheduler } from 'rxjs';

/** Until all that can happen without time has happened. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

/** Time that passes when it is told to, and what promises bring about in between. */
export class Clock extends VirtualTimeScheduler {
  async passTo(time: number): Promise<void> {
    await turns();
    while (this.actions.length > 0) {
      const next = Math.min(...this.actions.map(({ delay }) => delay));
      if (next > time) break;
      this.maxFrames = next;
      this.flush();
      await turns();
    }
    this.frame = time;
  }
}

/** A pull consumer that gives what it is told to; what happens is in its log. */
export class FakeConsumer {
  readonly log: string[] = [];
  readonly requests: FakeRequest[] = [];
  config: Partial<ConsumerConfig> = { ack_policy: 'explicit', ack_wait: 30e9, max_ack_pending: 1000 };
  /** What `info()` says, or fails with. */
  pending = 0;
  ackPending = 0;
  failure: Error | undefined;
  /** Whether acks are confirmed at once. */
  confirms = true;
  readonly #messages = new Map<number, FakeMessage>();

  get consumer(): Pick<Consumer, 'fetch' | 'info'> {
    return this as unknown as Consumer;
  }

  get request(): FakeRequest {
    return this.requests.at(-1)!;
  }

  message(seq: number): FakeMessage {
    return this.#messages.get(seq)!;
  }

  async info(cached = false): Promise<unknown> {
    if (!cached) this.log.push('info');
    if (this.failure !== undefined && !cached) throw this.failure;
    return {
      name: 'workers',
      stream_name: 'FRAMES',
      config: this.config,
      num_pending: this.pending,
      num_ack_pending: this.ackPending,
    };
  }

  async fetch(options: { max_messages: number }): Promise<FakeRequest> {
    this.log.push(`fetch ${options.max_messages}`);
    const request = new FakeRequest(this.log);
    this.requests.push(request);
    return request;
  }

  /** Delivers messages by the request that is open. */
  deliver(...sequences: number[]): void {
    for (const seq of sequences) this.request.push(this.make(seq));
  }

  make(seq: number, deliveryCount = 1): JsMsg {
    const message = new FakeMessage(this, seq, deliveryCount);
    this.#messages.set(seq, message);
    return message as unknown as JsMsg;
  }
}

export class FakeRequest implements Pick<ConsumerMessages, 'close'> {
  readonly #items: (JsMsg | Error | 'end')[] = [];
  #wake: () => void = () => {};

  constructor(readonly log: string[]) {}

  push(item: JsMsg | Error | 'end'): void {
    this.#items.push(item);
    this.#wake();
  }

  async close(): Promise<void> {
    this.log.push('close');
    this.push('end');
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<JsMsg> {
    for (;;) {
      const item = this.#items.shift();
      if (item === 'end') return;
      if (item instanceof Error) throw item;
      if (item !== undefined) yield item;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

class FakeMessage {
  readonly subject = 'frames.in';
  readonly data: Uint8Array;
  readonly headers = undefined;
  readonly info: object;
  confirm!: (confirmed: boolean) => void;
  refuse!: (error: unknown) => void;

  constructor(
    readonly consumer: FakeConsumer,
    readonly seq: number,
    deliveryCount: number,
  ) {
    this.data = new Uint8Array([seq]);
    this.info = { stream: 'FRAMES', consumer: 'workers', deliveryCount };
  }

  async ackAck(): Promise<boolean> {
    this.#tell('ackAck');
    if (this.consumer.confirms) return true;
    return new Promise((resolve, reject) => {
      this.confirm = resolve;
      this.refuse = reject;
    });
  }

  ack(): void {
    this.#tell('ack');
  }

  nak(delay?: number): void {
    this.#tell(delay === undefined ? 'nak' : `nak in ${delay}:`);
  }

  working(): void {
    this.#tell('working');
  }

  term(): void {
    this.#tell('term');
  }

  #tell(what: string): void {
    this.consumer.log.push(`${what} ${this.seq}`);
  }
}
