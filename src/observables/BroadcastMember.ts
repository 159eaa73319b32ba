import type { Subscriber, Subscription, TeardownLogic } from 'rxjs';
import type { Data } from '../bytes/Separator.js';
import { encodeText } from '../bytes/text.js';
import { SlowConsumerError } from '../streams/errors.js';
import { Listeners } from '../streams/Listeners.js';
import { reportError } from '../streams/reportError.js';
import type { StreamWriter } from '../streams/StreamWriter.js';
import type { SlowPolicy } from './BroadcastOptions.js';

/** One value, encoded: the same bytes for all who take bytes. @internal */
export class BroadcastMessage {
  readonly #data: Data;
  #bytes: Uint8Array | undefined;

  constructor(data: Data) {
    this.#data = data;
  }

  /** In message mode text stays what it is, as it is another message than its bytes. */
  for({ transport }: StreamWriter): Data {
    const data = this.#data;
    if (typeof data !== 'string' || transport.messages) return data;
    return (this.#bytes ??= encodeText(data));
  }
}

/**
 * A writer that has joined a broadcast.
 *
 * | policy       | a value comes                 | while the writer is paused      | when it has drained          |
 * | ------------ | ----------------------------- | ------------------------------- | ---------------------------- |
 * | `wait`       | is written                    | is written, and its sender waits | senders go on                |
 * | `drop`       | is written                    | is kept, instead of one before  | what is kept is written      |
 * | `disconnect` | is written; with too much waiting it is lost, and the connection aborted | the same |           |
 *
 * @internal
 */
export class BroadcastMember {
  readonly #subscriber: Subscriber<never>;
  readonly #slow: SlowPolicy;
  readonly #limit: number;
  // The newest of the values that came while the writer was paused.
  #kept: BroadcastMessage | undefined;
  // The senders that wait.
  #senders: Listeners | undefined;
  // While it is paused, and somebody waits for it.
  #drain: Subscription | undefined;

  constructor(
    readonly writer: StreamWriter,
    subscriber: Subscriber<never>,
    slow: SlowPolicy,
    limit: number,
  ) {
    this.#subscriber = subscriber;
    this.#slow = slow;
    this.#limit = limit;
    subscriber.add(() => {
      this.#drain?.unsubscribe();
      this.#senders?.tell(this);
    });
  }

  get closed(): boolean {
    return this.#subscriber.closed;
  }

  /** Whether its senders have to wait. */
  get isFull(): boolean {
    return this.#slow === 'wait' && !this.closed && this.writer.paused;
  }

  add(teardown: TeardownLogic): void {
    this.#subscriber.add(teardown);
  }

  report(error: unknown): void {
    reportError(error);
  }

  /** Calls when it is full no longer, or has left. Returns what takes it back. */
  onRoom(listener: () => void): () => void {
    this.#followDrain();
    return (this.#senders ??= new Listeners()).add(listener);
  }

  take(message: BroadcastMessage): void {
    const { writer } = this;
    const waiting = writer.transport.writeQueueSize;
    if (this.#slow === 'disconnect' && waiting > this.#limit) {
      this.#disconnect(new SlowConsumerError(waiting, this.#limit));
    } else if (this.#slow === 'drop' && writer.paused) {
      this.#kept = message;
      this.#followDrain();
    } else {
      // Older than this one, if it is still there.
      this.#kept = undefined;
      this.#write(message);
    }
  }

  #write(message: BroadcastMessage): void {
    try {
      this.writer.write(message.for(this.writer));
    } catch (error) {
      this.#subscriber.error(error);
    }
  }

  #disconnect(error: SlowConsumerError): void {
    try {
      this.#subscriber.error(error);
    } finally {
      this.writer.abort(error);
    }
  }

  #followDrain(): void {
    this.#drain ??= this.writer.drain().subscribe({
      // Told by whoever follows the connection.
      error: () => undefined,
      complete: () => {
        this.#drain = undefined;
        this.#writeKept();
        this.#senders?.tell(this);
      },
    });
  }

  #writeKept(): void {
    const kept = this.#kept;
    if (kept === undefined) return;
    // Somebody else was told of the drain before, and has written.
    if (this.writer.paused) {
      this.#followDrain();
      return;
    }
    this.#kept = undefined;
    this.#write(kept);
  }
}
