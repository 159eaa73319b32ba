import type { ByteQueue } from '../bytes/ByteQueue.js';
import { checkCount } from '../bytes/check.js';
import { takeTextUntil } from '../bytes/takeTextUntil.js';
import type { TextEncoding } from '../bytes/text.js';

/**
 * What a verb of `DecoderBytes` returns: `yield*` in front of it waits for the bytes and gives the value.
 * See {@link decoder}.
 */
export interface Take<T> {
  /** What `yield*` calls. */
  [Symbol.iterator](): Iterator<undefined, T, unknown>;
}

/** A verb that is not one of the queue's own: so `Connection` comes without it. */
type FreeVerb = (queue: ByteQueue, ...values: never[]) => unknown;

const MISSING: IteratorYieldResult<undefined> = { done: false, value: undefined };

/**
 * The one verb that is under way. A generator does one thing at a time, so one object and one result serve all its
 * verbs, and nothing is allocated for them.
 *
 * @internal
 */
export class CurrentTake implements Iterator<undefined, unknown, unknown> {
  /** Begun, and `yield*` has not handed its value on yet. */
  pending = false;
  /** The generator is suspended in it: at `yield*`, and in no other place. */
  waiting = false;
  /** The stream has ended: no more bytes come. */
  ended = false;
  readonly #queue: ByteQueue;
  readonly #result: IteratorReturnResult<unknown> = { done: true, value: undefined };
  #verb: string | FreeVerb = '';
  #first: unknown;
  #second: unknown;
  #third: unknown;

  constructor(queue: ByteQueue) {
    this.#queue = queue;
  }

  /**
   * The caller has tried the verb already, as its call can be inlined and one by name can not; `value`
   * is what it gave.
   */
  begin(
    value: unknown,
    verb: keyof ByteQueue | 'atEnd' | 'discard' | 'line' | FreeVerb,
    first?: unknown,
    second?: unknown,
    third?: unknown,
  ): Take<never> {
    if (this.pending) throw forgottenYield();
    this.pending = true;
    this.waiting = false;
    this.#result.value = value;
    if (value === undefined) {
      this.#verb = verb;
      // That of `discard` is what is left to drop.
      if (verb !== 'discard') this.#first = first;
      this.#second = second;
      this.#third = third;
    }
    return this as Iterator<undefined, unknown, unknown> as unknown as Take<never>;
  }

  atEnd(): boolean | undefined {
    return this.#queue.length > 0 ? false : this.ended || undefined;
  }

  /** Without its terminator; at the end of the stream the unterminated rest. */
  line(limit: number, encoding?: TextEncoding): string | undefined {
    const queue = this.#queue;
    const line = takeTextUntil(queue, '\n', limit, encoding);
    if (line !== undefined) return line.endsWith('\r') ? line.slice(0, -1) : line;
    return this.ended && queue.length > 0 ? queue.takeText(queue.length, encoding) : undefined;
  }

  /** Drops as many of `n` bytes as there are; the rest is for the next time. */
  discard(n: number): true | undefined {
    const queue = this.#queue;
    checkCount(n);
    const now = Math.min(n, queue.length);
    queue.skip(now);
    queue.commit();
    this.#first = n - now;
    return now === n || undefined;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<undefined, unknown> {
    const result = this.#result;
    if (result.value === undefined) {
      // If it throws it is over too, and the generator may catch that.
      this.pending = this.waiting = false;
      result.value = this.#retry();
      this.pending = this.waiting = result.value === undefined;
      if (this.waiting) return MISSING;
    }
    this.pending = false;
    return result;
  }

  #retry(): unknown {
    if (typeof this.#verb === 'function')
      return this.#verb(this.#queue, this.#first as never, this.#second as never, this.#third as never);
    if (this.#verb === 'atEnd') return this.atEnd();
    if (this.#verb === 'discard') return this.discard(this.#first as number);
    if (this.#verb === 'line') return this.line(this.#first as number, this.#second as TextEncoding);
    const verbs = this.#queue as unknown as Record<string, (...values: unknown[]) => unknown>;
    const value = verbs[this.#verb]!(this.#first, this.#second, this.#third);
    return value === false ? undefined : value;
  }
}

/** @internal */
export function forgottenYield(): TypeError {
  return new TypeError(
    'Every call on the bytes needs `yield*`, not `yield`, right in front of it: `yield* bytes.skip(2)`',
  );
}
