import { checkCount } from './check.js';
import { DecodeError, LimitOverrunError } from './errors.js';
import { compileSeparator, type Separator, type SeparatorAutomaton } from './Separator.js';
import { decodePart, decodeText, type TextEncoding } from './text.js';

/** Chunks up to this many bytes are copied together while they wait, so that a trickle costs bytes, not objects. */
const SMALL = 256;
const ARENA = 4096;
const EMPTY = new Uint8Array(0);
// One scratch for all queues: filled and read within one call.
const scratch = new Uint8Array(8);
const scratchView = new DataView(scratch.buffer);

/** How far an unsuccessful search came, so that the next one goes on from there. Offsets count from the first byte ever. */
interface SearchMemo {
  readonly from: number;
  readonly to: number;
  readonly state: number;
}

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
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  // The chunk that reading stands in (also by itself: most of what is taken lies in it), and the first still kept.
  #index = 0;
  #chunk: Uint8Array = EMPTY;
  #text: string | undefined;
  #hadText = false;
  #kept = 0;
  // Bytes counted from the first ever received: taking then moves one number, which is what most calls come down to.
  #position = 0;
  #received = 0;
  #chunkStart = 0;
  #chunkEnd = 0;
  #holding = false;
  #heldPosition = 0;
  #heldIndex = 0;
  #heldStart = 0;
  // Small chunks are gathered here; what has been written once is never written again, as views of it may be out.
  #arena = EMPTY;
  #arenaFrom = 0;
  #arenaTo = 0;
  #searches: Map<SeparatorAutomaton, SearchMemo> | undefined;
  #matchLength = 0;

  /** The number of bytes that can be taken. */
  get length(): number {
    return this.#received - this.#position;
  }

  /** Adds a received chunk, without a copy unless it is small. The queue keeps it: do not write to it afterwards. */
  push(chunk: Uint8Array): void {
    if (!ArrayBuffer.isView(chunk)) throw new TypeError(`A chunk must be a Uint8Array, not ${String(chunk)}`);
    if (chunk.length === 0) return;
    const chunks = this.#chunks;
    if (chunks.length > 0 && chunk.length <= SMALL) {
      this.#pushSmall(chunk);
    } else {
      // A Buffer would make the class of what is read depend on where the chunks were cut.
      const plain = chunk.constructor === Uint8Array;
      chunks.push(plain ? chunk : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    }
    this.#received += chunk.length;
    this.#enter();
  }

  /** Takes exactly `n` bytes. */
  takeExactly(n: number): Uint8Array | undefined {
    checkCount(n);
    if (n > this.length) return undefined;
    if (n === 0) return EMPTY;
    const bytes = this.#view(n);
    this.advance(n);
    return bytes;
  }

  /**
   * Takes everything up to the separator, and the separator. More than `limit` bytes in front of it are a
   * `LimitOverrunError`. Default: no limit.
   */
  takeUntil(separator: Separator, limit = Infinity): Uint8Array | undefined {
    return this.takeWithin(compileSeparator(separator), limit);
  }

  /** @internal The order of its checks is that of CPython's `StreamReader.readuntil`. */
  takeWithin(automaton: SeparatorAutomaton, limit: number): Uint8Array | undefined {
    const end = this.findEnd(automaton);
    if (end === -1) {
      // As in CPython: bytes that may still turn out to be the front of a separator do not count.
      const consumed = this.length + 1 - automaton.maxLength;
      if (this.length >= automaton.minLength && consumed > limit) {
        throw new LimitOverrunError(
          `Separator is not found, and ${this.length} bytes exceed the limit of ${limit}`,
          consumed,
        );
      }
      return undefined;
    }
    const consumed = end - this.#matchLength;
    if (consumed > limit) {
      throw new LimitOverrunError(
        `Separator is found, but behind ${consumed} bytes, over the limit of ${limit}`,
        consumed,
      );
    }
    return this.takeExactly(end);
  }

  /** Takes `n` bytes as text. Default encoding: `utf-8`. */
  takeText(n: number, encoding: TextEncoding = 'utf-8'): string | undefined {
    checkCount(n);
    if (n > this.length) return undefined;
    if (n === 0) return '';
    const from = this.#position - this.#chunkStart;
    const to = from + n;
    let text: string | undefined;
    if (to > this.#chunk.length) text = decodeText(this.#gather(n), encoding);
    else if (encoding === 'utf-8') text = this.#chunkText()?.slice(from, to);
    text ??= decodePart(this.#chunk, from, to, encoding);
    this.advance(n);
    return text;
  }

  /**
   * Takes an ASCII decimal integer, its sign if it has one, and the terminator behind it. Anything else there, or a
   * number beyond ±(2^53 − 1), is a `DecodeError`.
   */
  takeInteger(terminator: Separator): number | undefined {
    const automaton = compileSeparator(terminator);
    const chunk = this.#chunk;
    const from = this.#position - this.#chunkStart;
    let to = from;
    // Most numbers lie in one chunk, and a number of up to 15 digits needs no care: read in place. What is left, and
    // whatever is wrong, is for the general way.
    let number = 0;
    for (; to < chunk.length; to++) {
      const digit = chunk[to]! - 0x30;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
    }
    if (to > from && to - from <= 15) {
      const end = automaton.endOfMatch(chunk, to);
      if (end !== -1) {
        this.advance(end - from);
        return number;
      }
    }
    return this.#takeAnyInteger(automaton);
  }

  #takeAnyInteger(automaton: SeparatorAutomaton): number | undefined {
    const sign = this.#byteAt(0);
    const start = sign === 0x2d || sign === 0x2b ? 1 : 0;
    let value = 0;
    let at = start;
    let byte = this.#byteAt(at);
    for (; byte !== undefined && byte >= 0x30 && byte <= 0x39; byte = this.#byteAt(++at)) {
      value = value * 10 + (byte - 0x30);
      if (value > Number.MAX_SAFE_INTEGER || at - start === 16) throw this.#notAnInteger(at + 1);
    }
    if (byte === undefined) return undefined;
    const digitsEnd = at;
    let state = 0;
    for (; byte !== undefined; byte = this.#byteAt(++at)) {
      state = automaton.step(state, byte);
      // A shallower state means that the match, if any, began later: something stands between number and terminator.
      if (automaton.depth[state] !== at + 1 - digitsEnd || digitsEnd === start) {
        throw this.#notAnInteger(at + 1);
      }
      if (automaton.matchLength[state] === at + 1 - digitsEnd) {
        this.advance(at + 1);
        return sign === 0x2d ? 0 - value : value;
      }
    }
    return undefined;
  }

  /** Takes an unsigned 8-bit integer. */
  takeUint8(): number | undefined {
    if (this.length === 0) return undefined;
    const byte = this.#chunk[this.#position - this.#chunkStart];
    this.advance(1);
    return byte;
  }

  /** Takes a signed 8-bit integer. */
  takeInt8(): number | undefined {
    return this.#load(1) ? scratchView.getInt8(0) : undefined;
  }

  /** Takes an unsigned 16-bit integer, in network byte order (big-endian) unless `littleEndian`. */
  takeUint16(littleEndian = false): number | undefined {
    return this.#load(2) ? scratchView.getUint16(0, littleEndian) : undefined;
  }

  /** Takes a signed 16-bit integer, big-endian unless `littleEndian`. */
  takeInt16(littleEndian = false): number | undefined {
    return this.#load(2) ? scratchView.getInt16(0, littleEndian) : undefined;
  }

  /** Takes an unsigned 32-bit integer, big-endian unless `littleEndian`. */
  takeUint32(littleEndian = false): number | undefined {
    return this.#load(4) ? scratchView.getUint32(0, littleEndian) : undefined;
  }

  /** Takes a signed 32-bit integer, big-endian unless `littleEndian`. */
  takeInt32(littleEndian = false): number | undefined {
    return this.#load(4) ? scratchView.getInt32(0, littleEndian) : undefined;
  }

  /** Takes an unsigned 64-bit integer, big-endian unless `littleEndian`. */
  takeBigUint64(littleEndian = false): bigint | undefined {
    return this.#load(8) ? scratchView.getBigUint64(0, littleEndian) : undefined;
  }

  /** Takes a signed 64-bit integer, big-endian unless `littleEndian`. */
  takeBigInt64(littleEndian = false): bigint | undefined {
    return this.#load(8) ? scratchView.getBigInt64(0, littleEndian) : undefined;
  }

  /** Takes an IEEE 754 single, big-endian unless `littleEndian`. */
  takeFloat32(littleEndian = false): number | undefined {
    return this.#load(4) ? scratchView.getFloat32(0, littleEndian) : undefined;
  }

  /** Takes an IEEE 754 double, big-endian unless `littleEndian`. */
  takeFloat64(littleEndian = false): number | undefined {
    return this.#load(8) ? scratchView.getFloat64(0, littleEndian) : undefined;
  }

  /** The byte `offset` bytes ahead, left where it is. */
  peek(offset = 0): number | undefined {
    checkCount(offset);
    return this.#byteAt(offset);
  }

  /** Where the separator begins, at `from` or later; -1 while it is not there. */
  indexOf(separator: Separator, from = 0): number {
    checkCount(from);
    const end = this.findEnd(compileSeparator(separator), from);
    return end === -1 ? -1 : end - this.#matchLength;
  }

  /** Drops `n` bytes, or returns false and drops none while fewer are there. */
  skip(n: number): boolean {
    checkCount(n);
    if (n > this.length) return false;
    if (n > 0) this.advance(n);
    return true;
  }

  /** Takes 1 to `n` bytes, `n` being 1 or more: as many as lie in one piece at the front. */
  takeUpTo(n: number): Uint8Array | undefined {
    checkCount(n);
    if (n === 0) throw new RangeError('takeUpTo(0) would take nothing, for ever');
    return this.length === 0 ? undefined : this.takeExactly(Math.min(n, this.#chunkEnd - this.#position));
  }

  /** Takes what lies in one piece at the front: a received chunk, or the rest of one. */
  takeChunk(): Uint8Array | undefined {
    return this.length === 0 ? undefined : this.takeExactly(this.#chunkEnd - this.#position);
  }

  /** @internal What `takeChunk` would take. */
  peekChunk(): Uint8Array {
    return this.length === 0 ? EMPTY : this.#view(this.#chunkEnd - this.#position);
  }

  /** @internal How many bytes have been taken since the queue was made. */
  get position(): number {
    return this.#position;
  }

  /** @internal How many bytes were taken since `hold`, and could still be put back. */
  get held(): number {
    return this.#holding ? this.#position - this.#heldPosition : 0;
  }

  /** @internal From here on everything taken is kept, until `commit` lets it go or `rollback` puts it back. */
  hold(): void {
    if (this.#holding) return;
    this.#holding = true;
    this.#heldPosition = this.#position;
    this.#heldIndex = this.#index;
    this.#heldStart = this.#chunkStart;
  }

  /** @internal */
  commit(): void {
    this.#holding = false;
    if (this.#kept !== this.#index) this.#release();
  }

  /** @internal */
  rollback(): void {
    if (!this.#holding) return;
    this.#holding = false;
    this.#position = this.#heldPosition;
    this.#index = this.#heldIndex;
    this.#chunkStart = this.#heldStart;
    this.#enter();
  }

  /** @internal The length of the last match that `findEnd` found. */
  get matchLength(): number {
    return this.#matchLength;
  }

  /** @internal How many bytes ahead the first match behind `from` ends, or -1. */
  findEnd(automaton: SeparatorAutomaton, from = 0): number {
    const start = this.#position + from;
    let searchedFrom = start;
    let state = 0;
    let index = this.#index;
    let chunkStart = this.#chunkStart;
    let at = start;
    const memo = this.#searches?.get(automaton);
    // A match that is under way counts only if it began at `start` or later.
    if (memo !== undefined && memo.from <= start && start <= memo.to - automaton.depth[memo.state]!) {
      // What was searched ends near the tail, and what came since is behind it: walk there from the end.
      searchedFrom = memo.from;
      state = memo.state;
      index = this.#chunks.length;
      chunkStart = this.#received;
      while (chunkStart > memo.to) chunkStart -= this.#chunks[--index]!.length;
      at = memo.to;
    }
    for (; index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!;
      if (at < chunkStart + chunk.length) {
        state = automaton.scan(chunk, at - chunkStart, state);
        if (automaton.matchLength[state] !== 0) {
          if (memo !== undefined) this.#searches!.delete(automaton);
          this.#matchLength = automaton.matchLength[state]!;
          return chunkStart + automaton.end - this.#position;
        }
        at = chunkStart + chunk.length;
      }
      chunkStart += chunk.length;
    }
    // A protocol has few separators; a memo too many is a search of its own begun anew.
    this.#searches ??= new Map();
    if (this.#searches.size >= 8) this.#searches.clear();
    if (start <= this.#received)
      this.#searches.set(automaton, { from: searchedFrom, to: this.#received, state });
    return -1;
  }

  #byteAt(offset: number): number | undefined {
    if (offset >= this.length) return undefined;
    let index = this.#index;
    let at = this.#position + offset - this.#chunkStart;
    let chunk = this.#chunk;
    while (at >= chunk.length) {
      at -= chunk.length;
      chunk = this.#chunks[++index]!;
    }
    return chunk[at];
  }

  #pushSmall(chunk: Uint8Array): void {
    const chunks = this.#chunks;
    const last = chunks.length - 1;
    if (this.#arenaTo + chunk.length > this.#arena.length) {
      this.#arena = new Uint8Array(ARENA);
      this.#arenaFrom = this.#arenaTo = 0;
    }
    this.#arena.set(chunk, this.#arenaTo);
    const to = this.#arenaTo + chunk.length;
    // The last piece grows if it ends where this one begins and reading has not gone past it.
    const grows =
      this.#arenaTo > this.#arenaFrom && this.#index <= last && chunks[last]!.buffer === this.#arena.buffer;
    if (grows) {
      chunks[last] = this.#arena.subarray(this.#arenaFrom, to);
    } else {
      this.#arenaFrom = this.#arenaTo;
      chunks.push(this.#arena.subarray(this.#arenaFrom, to));
    }
    this.#arenaTo = to;
  }

  // The whole chunk as text, to cut from: for the second text in a small chunk and those behind it, as a conversion
  // costs more by the call than by the byte. Not of a large chunk, which each text would keep in memory.
  #chunkText(): string | undefined {
    if (this.#chunk.length > ARENA || !this.#hadText) {
      this.#hadText = true;
      return undefined;
    }
    if (this.#text === undefined) {
      const text = decodeText(this.#chunk, 'utf-8');
      // As long as the bytes: no character has more than one of them.
      this.#text = text.length === this.#chunk.length ? text : '';
    }
    return this.#text === '' ? undefined : this.#text;
  }

  // The next `n` bytes, at least one, left where they are: a view, or a copy if they span chunks.
  #view(n: number): Uint8Array {
    const chunk = this.#chunk;
    const from = this.#position - this.#chunkStart;
    const to = from + n;
    if (to > chunk.length) return this.#gather(n);
    return from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to);
  }

  #gather(n: number): Uint8Array {
    const bytes = new Uint8Array(n);
    let index = this.#index;
    let from = this.#position - this.#chunkStart;
    for (let filled = 0; filled < n; index++, from = 0) {
      const chunk = this.#chunks[index]!;
      const to = Math.min(chunk.length, from + n - filled);
      bytes.set(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to), filled);
      filled += to - from;
    }
    return bytes;
  }

  #load(n: number): boolean {
    if (n > this.length) return false;
    const chunk = this.#chunk;
    const from = this.#position - this.#chunkStart;
    const inChunk = from + n <= chunk.length;
    for (let i = 0; i < n; i++) scratch[i] = inChunk ? chunk[from + i]! : this.#byteAt(i)!;
    this.advance(n);
    return true;
  }

  /** @internal Drops `n` bytes that are there, at least one. */
  advance(n: number): void {
    this.#position += n;
    if (this.#position < this.#chunkEnd) return;
    do {
      this.#index++;
      this.#chunkStart = this.#chunkEnd;
      this.#enter();
    } while (this.#position >= this.#chunkEnd && this.#index < this.#chunks.length);
    if (!this.#holding) this.#release();
  }

  // Sets the end of the chunk that reading stands in; behind the last one there is none.
  #enter(): void {
    const chunk = this.#chunks[this.#index] ?? EMPTY;
    if (chunk !== this.#chunk) {
      this.#chunk = chunk;
      this.#text = undefined;
      this.#hadText = false;
    }
    this.#chunkEnd = this.#chunkStart + this.#chunk.length;
  }

  // Lets go of the chunks in front of the one that reading stands in.
  #release(): void {
    const chunks = this.#chunks;
    if (this.#index === chunks.length) {
      chunks.length = 0;
    } else if (this.#index >= 32 && this.#index * 2 >= chunks.length) {
      chunks.splice(0, this.#index);
    } else {
      // Moving the rest to the front for every chunk would cost the square of their number.
      chunks.fill(EMPTY, this.#kept, this.#index);
      this.#kept = this.#index;
      return;
    }
    this.#index = this.#kept = 0;
  }

  #notAnInteger(end: number): DecodeError {
    const found = decodeText(this.#gather(Math.min(end, this.length)), 'latin1');
    return new DecodeError(
      `Expected a decimal integer of at most ±(2^53 - 1), found ${JSON.stringify(found)}`,
    );
  }
}
