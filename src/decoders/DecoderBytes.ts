import type { ByteQueue } from '../bytes/ByteQueue.js';
import { checkCount } from '../bytes/check.js';
import type { Separator } from '../bytes/Separator.js';
import type { TextEncoding } from '../bytes/text.js';

/** What a verb of `DecoderBytes` returns: after `yield*` it waits for the bytes, and gives the value. */
export interface Take<T> {
  [Symbol.iterator](): Iterator<undefined, T, unknown>;
}

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
  #verb: string | (() => unknown) = '';
  #first: unknown;
  #second: unknown;

  constructor(queue: ByteQueue) {
    this.#queue = queue;
  }

  /**
   * The caller has tried the verb of the queue already, as its call can be inlined and one by name can not; `value`
   * is what it gave.
   */
  begin(
    value: unknown,
    verb: keyof ByteQueue | 'atEnd' | 'discard' | (() => unknown),
    first?: unknown,
    second?: unknown,
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
    }
    return this as Iterator<undefined, unknown, unknown> as unknown as Take<never>;
  }

  atEnd(): boolean | undefined {
    return this.#queue.length > 0 ? false : this.ended || undefined;
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
    if (typeof this.#verb === 'function') return this.#verb();
    if (this.#verb === 'atEnd') return this.atEnd();
    if (this.#verb === 'discard') return this.discard(this.#first as number);
    const verbs = this.#queue as unknown as Record<string, (first: unknown, second: unknown) => unknown>;
    const value = verbs[this.#verb]!(this.#first, this.#second);
    return value === false ? undefined : value;
  }
}

/** @internal */
export function forgottenYield(): TypeError {
  return new TypeError(
    'Every call on the bytes needs `yield*`, not `yield`, right in front of it: `yield* bytes.skip(2)`',
  );
}

/**
 * What the generator of a `decoder` takes its bytes from: the verbs of `ByteQueue`, without `take`. Each one waits,
 * after `yield*`, until it can be met.
 *
 * `yield*` belongs right before each call; one that was forgotten is a `TypeError` at the next call.
 */
export class DecoderBytes {
  readonly #queue: ByteQueue;
  readonly #take: CurrentTake;

  /** @internal */
  constructor(queue: ByteQueue, take: CurrentTake) {
    this.#queue = queue;
    this.#take = take;
  }

  /** Takes exactly `n` bytes. */
  exactly(n: number): Take<Uint8Array> {
    return this.#take.begin(this.#queue.takeExactly(n), 'takeExactly', n);
  }

  /**
   * Takes everything up to the separator, and the separator. More than `limit` bytes before it are a
   * `LimitOverrunError`. Default limit: 64 KiB.
   */
  until(separator: Separator, limit = 65536): Take<Uint8Array> {
    return this.#take.begin(this.#queue.takeUntil(separator, limit), 'takeUntil', separator, limit);
  }

  /** Takes `n` bytes as text. Default encoding: `utf-8`. */
  text(n: number, encoding?: TextEncoding): Take<string> {
    return this.#take.begin(this.#queue.takeText(n, encoding), 'takeText', n, encoding);
  }

  /**
   * Takes an ASCII decimal integer, its sign if it has one, and the terminator after it. Anything else there is a
   * `DecodeError`. For a length, which has no sign, take `unsignedInteger`.
   */
  integer(terminator: Separator): Take<number> {
    return this.#take.begin(this.#queue.takeInteger(terminator), 'takeInteger', terminator);
  }

  /** As `integer`, but a sign is a `DecodeError`: for lengths and counts. */
  unsignedInteger(terminator: Separator): Take<number> {
    return this.#take.begin(this.#queue.takeUnsignedInteger(terminator), 'takeUnsignedInteger', terminator);
  }

  /** Takes an unsigned 8-bit integer. */
  uint8(): Take<number> {
    return this.#take.begin(this.#queue.takeUint8(), 'takeUint8');
  }

  /** Takes a signed 8-bit integer. */
  int8(): Take<number> {
    return this.#take.begin(this.#queue.takeInt8(), 'takeInt8');
  }

  /** Takes an unsigned 16-bit integer, in network byte order (big-endian) unless `littleEndian`. */
  uint16(littleEndian = false): Take<number> {
    return this.#take.begin(this.#queue.takeUint16(littleEndian), 'takeUint16', littleEndian);
  }

  /** Takes a signed 16-bit integer, in network byte order (big-endian) unless `littleEndian`. */
  int16(littleEndian = false): Take<number> {
    return this.#take.begin(this.#queue.takeInt16(littleEndian), 'takeInt16', littleEndian);
  }

  /** Takes an unsigned 32-bit integer, in network byte order (big-endian) unless `littleEndian`. */
  uint32(littleEndian = false): Take<number> {
    return this.#take.begin(this.#queue.takeUint32(littleEndian), 'takeUint32', littleEndian);
  }

  /** Takes a signed 32-bit integer, in network byte order (big-endian) unless `littleEndian`. */
  int32(littleEndian = false): Take<number> {
    return this.#take.begin(this.#queue.takeInt32(littleEndian), 'takeInt32', littleEndian);
  }

  /** Takes an unsigned 64-bit integer, in network byte order (big-endian) unless `littleEndian`. */
  bigUint64(littleEndian = false): Take<bigint> {
    return this.#take.begin(this.#queue.takeBigUint64(littleEndian), 'takeBigUint64', littleEndian);
  }

  /** Takes a signed 64-bit integer, in network byte order (big-endian) unless `littleEndian`. */
  bigInt64(littleEndian = false): Take<bigint> {
    return this.#take.begin(this.#queue.takeBigInt64(littleEndian), 'takeBigInt64', littleEndian);
  }

  /** Takes an IEEE 754 single, in network byte order (big-endian) unless `littleEndian`. */
  float32(littleEndian = false): Take<number> {
    return this.#take.begin(this.#queue.takeFloat32(littleEndian), 'takeFloat32', littleEndian);
  }

  /** Takes an IEEE 754 double, in network byte order (big-endian) unless `littleEndian`. */
  float64(littleEndian = false): Take<number> {
    return this.#take.begin(this.#queue.takeFloat64(littleEndian), 'takeFloat64', littleEndian);
  }

  /** Drops `n` bytes, once all of them are there: if the frame is not finished, they are put back with the rest of it. */
  skip(n: number): Take<true> {
    return this.#take.begin(this.#queue.skip(n) || undefined, 'skip', n);
  }

  /**
   * Drops `n` bytes as they come, so that they take no memory however many they are: a body that nobody wants.
   *
   * They are not put back, nor is what was taken for the frame before them: after an unsubscription in the middle the
   * next read finds what had not come by then.
   */
  discard(n: number): Take<true> {
    return this.#take.begin(this.#take.discard(n), 'discard');
  }

  /**
   * Lets go of what was taken for the frame so far, so that it takes no memory: for frames that are worked off piece by
   * piece. It is not put back when the read is unsubscribed or fails; the next read finds what comes after it.
   */
  commit(): Take<true> {
    this.#queue.commit();
    return this.#take.begin(true, 'commit');
  }

  /** The byte `offset` bytes ahead, left where it is. */
  peek(offset = 0): Take<number> {
    return this.#take.begin(this.#queue.peek(offset), 'peek', offset);
  }

  /** Takes 1 to `n` bytes, as many as are there in one piece: for what need not come whole. */
  upTo(n: number): Take<Uint8Array> {
    return this.#take.begin(this.#queue.takeUpTo(n), 'takeUpTo', n);
  }

  /** Takes what lies in one piece at the front, at least one byte: a received chunk, or the rest of one. */
  chunk(): Take<Uint8Array> {
    return this.#take.begin(this.#queue.takeChunk(), 'takeChunk');
  }

  /** False as soon as there is a byte, true when the stream has ended: for frames that go on to its end. */
  atEnd(): Take<boolean> {
    return this.#take.begin(this.#take.atEnd(), 'atEnd');
  }
}
