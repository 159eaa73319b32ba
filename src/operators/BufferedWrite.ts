import type { Observer, Subscriber } from 'rxjs';
import { WriteOverflowError } from '../streams/errors.js';
import type { Data } from '../bytes/Separator.js';
import { Reentrant, rethrow } from '../streams/Reentrant.js';
import type { StreamWriter } from '../streams/StreamWriter.js';
import { described } from '../bytes/check.js';
import { encodeText } from '../bytes/text.js';
import { endWhenDrained } from './followWriter.js';
import { Queue } from '../bytes/Queue.js';

const STRATEGIES = ['buffer', 'dropNewest', 'dropOldest', 'error'] as const;

/**
 * What becomes of a value that comes while the writer is paused: see `WriteToOptions`. See {@link writeTo}.
 *
 * @useDeclaredType
 */
export type OverflowStrategy = (typeof STRATEGIES)[number];

/** @internal */
export function checkOverflow(overflow: string): void {
  if (!(STRATEGIES as readonly string[]).includes(overflow)) {
    throw new RangeError(`overflow must be one of ${STRATEGIES.join(', ')}, not ${described(overflow)}`);
  }
}

/** Writes what a source gives, and keeps what comes while the writer is paused: one run of `writeTo`. @internal */
export class BufferedWrite implements Observer<Data> {
  readonly #waiting = new Queue<Uint8Array>();
  readonly #writing = new Reentrant(() => this.#work(), rethrow);
  #bytes = 0;
  // What need not wait.
  #direct: Data | undefined;
  #source: 'open' | 'completed' | 'failed' = 'open';
  #error: unknown;

  constructor(
    readonly writer: StreamWriter,
    readonly subscriber: Subscriber<never>,
    readonly overflow: OverflowStrategy,
    readonly limit: number,
  ) {}

  next(value: Data): void {
    if (this.#writing.running || this.#waiting.length > 0 || this.writer.paused) this.#wait(value);
    else this.#direct = value;
    this.advance();
  }

  error(error: unknown): void {
    this.#source = 'failed';
    this.#error = error;
    this.advance();
  }

  complete(): void {
    this.#source = 'completed';
    this.advance();
  }

  /** Writes what waits, as long as the writer is not paused. */
  advance(): void {
    this.#writing.run();
  }

  #work(): void {
    const direct = this.#direct;
    this.#direct = undefined;
    if (direct !== undefined) this.#write(direct);
    // After an error nothing comes to wait for: what came before it is written.
    while (
      this.#waiting.length > 0 &&
      !this.subscriber.closed &&
      (this.#source === 'failed' || !this.writer.paused)
    ) {
      this.#write(this.#take());
    }
    if (this.#source === 'failed') this.subscriber.error(this.#error);
    else if (this.#source === 'completed' && this.#waiting.length === 0)
      endWhenDrained(this.writer, this.subscriber);
  }

  #write(data: Data): void {
    try {
      this.writer.write(data);
    } catch (error) {
      this.subscriber.error(error);
    }
  }

  #wait(value: Data): void {
    const data = typeof value === 'string' ? encodeText(value) : value;
    if (!ArrayBuffer.isView(data)) {
      this.error(notData(this.writer, data));
      return;
    }
    if (data.byteLength === 0) return;
    // Not paused: it has come from inside a write, or before the drain signal, and is written in a moment.
    if (this.writer.paused && !this.#makeRoom(data.byteLength)) return;
    this.#waiting.push(data);
    this.#bytes += data.byteLength;
  }

  #makeRoom(size: number): boolean {
    const { overflow } = this;
    const limit = overflow === 'error' ? 0 : this.limit;
    if (overflow === 'dropOldest' && size <= limit) while (this.#bytes + size > limit) this.#take();
    if (this.#bytes + size <= limit) return true;
    if (overflow === 'buffer' || overflow === 'error')
      this.subscriber.error(new WriteOverflowError(size, this.#bytes, limit));
    return false;
  }

  #take(): Uint8Array {
    const data = this.#waiting.shift()!;
    this.#bytes -= data.byteLength;
    return data;
  }
}

/** What `write` throws at it. */
function notData(writer: StreamWriter, value: never): unknown {
  try {
    writer.write(value);
  } catch (error) {
    return error;
  }
  return undefined;
}
