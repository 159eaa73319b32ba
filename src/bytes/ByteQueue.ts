import { checkBoolean, checkBound, checkBytes, checkCount } from './check.js';
import { ChunkQueue } from './ChunkQueue.js';
import { LimitOverrunError } from './errors.js';
import { longest, type Pattern } from './Pattern.js';
import { compileSeparator, type Separator } from './Separator.js';
import { SeparatorSearch } from './SeparatorSearch.js';
import { takeInteger } from './takeInteger.js';
import { checkEncoding, decodePart, decodeText, type TextEncoding } from './text.js';

/** Of a chunk up to this many bytes the text is kept, to cut from: of a large one each text would keep all of it. */
const SMALL_TEXT = 4096;
// One scratch for all queues: filled and read within one call.
const scratch = new Uint8Array(8);
const scratchView = new DataView(scratch.buffer);
type NumberVerb = Extract<keyof DataView, `get${string}`>;

/**
 * The bytes that were received and not yet read: the one place where they wait, and what a `Decoder` reads from.
 *
 * Every verb either succeeds, or takes nothing and returns `undefined` (`-1`, `false`) because bytes are missing.
 * The same verb can then be called again when more have come: nothing is scanned twice for the same separator.
 *
 * Bytes come out as views into the received chunks where they lie within one, as copies where they span several.
 * They are never overwritten. A small view keeps its whole chunk in memory: copy (`slice`) what you keep for long.
 *
 * @example
 * ```ts
 * import { ByteQueue } from 'rxjs-net';
 *
 * const queue = new ByteQueue();
 * queue.push(Uint8Array.of(0, 3, 0x61, 0x62));
 * console.log(queue.takeUint16()); // 3
 * console.log(queue.takeText(3)); // undefined: one byte is missing, nothing was taken
 * queue.push(Uint8Array.of(0x63));
 * console.log(queue.takeText(3)); // abc
 * ```
 */
export class ByteQueue extends ChunkQueue {
  readonly #search = new SeparatorSearch();

  /** Adds a received chunk, without a copy unless it is small. The queue keeps it: do not write to it afterwards. */
  push(chunk: Uint8Array): void {
    // A Buffer would make the class of what is read depend on where the chunks were cut.
    if ((chunk as Uint8Array | undefined)?.constructor !== Uint8Array) {
      const { buffer, byteOffset, byteLength } = checkBytes('A chunk must be', chunk);
      chunk = new Uint8Array(buffer, byteOffset, byteLength);
    }
    if (chunk.length > 0) this.append(chunk);
  }

  /** Takes exactly `n` bytes. */
  takeExactly(n: number): Uint8Array | undefined {
    if (!this.#has(n)) return undefined;
    const bytes = this.view(n);
    this.advance(n);
    return bytes;
  }

  /**
   * Takes everything up to the separator, and the separator. More than `limit` bytes before it are a
   * `LimitOverrunError`. Default: no limit. Below 0 nothing fits: what is left of a budget.
   */
  takeUntil(separator: Separator, limit = Infinity): Uint8Array | undefined {
    checkBound(limit);
    return this.takeWithin(compileSeparator(separator), limit);
  }

  /** @internal */
  takeWithin(patterns: readonly Pattern[], limit: number): Uint8Array | undefined {
    const end = this.findWithin(patterns, limit);
    return end === -1 ? undefined : this.takeExactly(end);
  }

  /** @internal Where the separator ends, or -1. The order of its checks is that of CPython's `StreamReader.readuntil`. */
  findWithin(patterns: readonly Pattern[], limit: number): number {
    const { length } = this;
    const end = this.#findEnd(patterns, 0);
    const isFound = end !== -1;
    let consumed = end - this.#search.matchLength;
    // As in CPython: bytes that may still turn out to be the front of a separator do not count.
    if (!isFound) consumed = length > limit ? length + 1 - longest(patterns) : 0;
    if (consumed > limit) {
      throw new LimitOverrunError(
        `Separator is ${isFound ? `found, but behind ${consumed}` : `not found in ${length}`} bytes, over the limit of ${limit}`,
        consumed,
      );
    }
    return end;
  }

  /** Takes `n` bytes as text. Default encoding: `utf-8`. */
  takeText(n: number, encoding: TextEncoding = 'utf-8'): string | undefined {
    if (encoding !== 'utf-8') checkEncoding(encoding);
    if (!this.#has(n)) return undefined;
    const { front, offset } = this;
    const to = offset + n;
    let text: string | undefined;
    if (to > front.length) text = decodeText(this.gather(n), encoding);
    else if (encoding === 'utf-8') text = this.#textOfFront()?.slice(offset, to);
    text ??= decodePart(front, offset, to, encoding);
    this.advance(n);
    return text;
  }

  /**
   * Takes an ASCII decimal integer, its sign if it has one, and the terminator after it. Anything else there, or a
   * number beyond ±(2^53 − 1), is a `DecodeError`. For a length, which has no sign, take `takeUnsignedInteger`.
   */
  takeInteger(terminator: Separator): number | undefined {
    return takeInteger(this, compileSeparator(terminator), true);
  }

  /** As `takeInteger`, but a sign is a `DecodeError`: for lengths and counts. */
  takeUnsignedInteger(terminator: Separator): number | undefined {
    return takeInteger(this, compileSeparator(terminator), false);
  }

  /** Takes an unsigned 8-bit integer. */
  takeUint8(): number | undefined {
    return this.#number(1, 'getUint8');
  }

  /** Takes a signed 8-bit integer. */
  takeInt8(): number | undefined {
    return this.#number(1, 'getInt8');
  }

  /** Takes an unsigned 16-bit integer, in network byte order (big-endian) unless `littleEndian`. */
  takeUint16(littleEndian?: boolean): number | undefined {
    return this.#number(2, 'getUint16', littleEndian);
  }

  /** Takes a signed 16-bit integer, big-endian unless `littleEndian`. */
  takeInt16(littleEndian?: boolean): number | undefined {
    return this.#number(2, 'getInt16', littleEndian);
  }

  /** Takes an unsigned 32-bit integer, big-endian unless `littleEndian`. */
  takeUint32(littleEndian?: boolean): number | undefined {
    return this.#number(4, 'getUint32', littleEndian);
  }

  /** Takes a signed 32-bit integer, big-endian unless `littleEndian`. */
  takeInt32(littleEndian?: boolean): number | undefined {
    return this.#number(4, 'getInt32', littleEndian);
  }

  /** Takes an unsigned 64-bit integer, big-endian unless `littleEndian`. */
  takeBigUint64(littleEndian?: boolean): bigint | undefined {
    return this.#number(8, 'getBigUint64', littleEndian);
  }

  /** Takes a signed 64-bit integer, big-endian unless `littleEndian`. */
  takeBigInt64(littleEndian?: boolean): bigint | undefined {
    return this.#number(8, 'getBigInt64', littleEndian);
  }

  /** Takes an IEEE 754 single, big-endian unless `littleEndian`. */
  takeFloat32(littleEndian?: boolean): number | undefined {
    return this.#number(4, 'getFloat32', littleEndian);
  }

  /** Takes an IEEE 754 double, big-endian unless `littleEndian`. */
  takeFloat64(littleEndian?: boolean): number | undefined {
    return this.#number(8, 'getFloat64', littleEndian);
  }

  /** The byte `offset` bytes ahead, left where it is. */
  peek(offset = 0): number | undefined {
    checkCount(offset);
    return this.byteAt(offset);
  }

  /** Where the separator begins, at `from` or later; -1 while it is not there. */
  indexOf(separator: Separator, from = 0): number {
    checkCount(from);
    const end = this.#findEnd(compileSeparator(separator), from);
    return end === -1 ? -1 : end - this.#search.matchLength;
  }

  /** Drops `n` bytes, or returns false and drops none while fewer are there. */
  skip(n: number): boolean {
    const isThere = this.#has(n);
    if (isThere) this.advance(n);
    return isThere;
  }

  /** Takes 1 to `n` bytes, `n` being 1 or more: as many as lie in one piece at the front. */
  takeUpTo(n: number): Uint8Array | undefined {
    checkCount(n);
    if (n === 0) throw new RangeError('takeUpTo(0) would take nothing, for ever');
    return this.length === 0 ? undefined : this.takeExactly(Math.min(n, this.front.length - this.offset));
  }

  /** Takes what lies in one piece at the front: a received chunk, or the rest of one. */
  takeChunk(): Uint8Array | undefined {
    return this.takeUpTo(this.length || 1);
  }

  // How many bytes ahead the first match ends that begins at `from` or later, or -1.
  #findEnd(patterns: readonly Pattern[], from: number): number {
    const end = this.#search.run(this, patterns, this.position + from);
    return end === -1 ? -1 : end - this.position;
  }

  // For the second text in a small chunk and those after it, as a conversion costs more by the call than by the byte.
  #textOfFront(): string | undefined {
    const { front } = this;
    if (front.length > SMALL_TEXT) return undefined;
    if (this.frontText === undefined) {
      this.frontText = null;
      return undefined;
    }
    if (this.frontText === null) {
      const text = decodeText(front, 'utf-8');
      // As long as the bytes: no character has more than one of them.
      this.frontText = text.length === front.length ? text : '';
    }
    return this.frontText || undefined;
  }

  #number<V extends NumberVerb>(
    n: number,
    verb: V,
    littleEndian = false,
  ): ReturnType<DataView[V]> | undefined {
    checkBoolean('littleEndian', littleEndian);
    if (n > this.length) return undefined;
    const { front, offset } = this;
    const isInFront = offset + n <= front.length;
    for (let i = 0; i < n; i++) scratch[i] = isInFront ? front[offset + i]! : this.byteAt(i)!;
    this.advance(n);
    return scratchView[verb](0, littleEndian) as ReturnType<DataView[V]>;
  }

  #has(n: number): boolean {
    checkCount(n);
    return n <= this.length;
  }
}
