import { Arena } from './Arena.js';
import type { Pattern } from './Pattern.js';

/** Chunks up to this many bytes are copied together while they wait. */
const SMALL = 256;
/** @internal */
export const EMPTY = new Uint8Array(0);

/** Where it ends, so that a place is found by halving, however many wait. */
interface Chunk {
  readonly bytes: Uint8Array;
  readonly end: number;
}
const RELEASED: Chunk = { bytes: EMPTY, end: 0 };

/**
 * The chunks that were received and not yet taken, and the place that reading has come to: what `ByteQueue` puts its
 * verbs on.
 *
 * Places are counted from the first byte ever received: so taking moves one number, which is what most calls come down
 * to, and a place stays what it is whatever is taken.
 *
 * | call       | what was taken since `hold`                       |
 * | ---------- | ------------------------------------------------- |
 * | `hold`     | from here on it is kept; a second call does nothing |
 * | `commit`   | is let go of; what is taken from here on is kept  |
 * | `rollback` | is put back, and nothing is kept any more         |
 */
export class ChunkQueue {
  /** The chunk that reading stands in as text, or what is known of it: forgotten with the chunk. @internal */
  protected frontText: string | null | undefined;
  #chunks: Chunk[] = [];
  // The first chunk that is still kept, and the one that reading stands in: also by itself, as most is taken from it.
  #kept = 0;
  #index = 0;
  #front: Uint8Array = EMPTY;
  #frontStart = 0;
  #frontEnd = 0;
  #position = 0;
  #received = 0;
  // Where the hold began, or -1.
  #heldFrom = -1;
  #arena: Arena | undefined;

  /** The number of bytes that can be taken. */
  get length(): number {
    return this.#received - this.#position;
  }

  /** @internal How many bytes have been taken since the queue was made. */
  get position(): number {
    return this.#position;
  }

  /** @internal The chunk that reading stands in; no bytes at the end. */
  get front(): Uint8Array {
    return this.#front;
  }

  /** @internal Where reading stands in that chunk. */
  get offset(): number {
    return this.#position - this.#frontStart;
  }

  /** @internal How many bytes were taken since `hold`, and could still be put back. */
  get held(): number {
    return this.#heldFrom === -1 ? 0 : this.#position - this.#heldFrom;
  }

  /** @internal */
  protected append(bytes: Uint8Array): void {
    const chunks = this.#chunks;
    const last = chunks.length - 1;
    const end = (this.#received += bytes.length);
    if (last >= 0 && bytes.length <= SMALL) {
      this.#arena ??= new Arena();
      // After the last chunk there is none that could grow.
      const piece = this.#arena.append(bytes, this.#index > last ? undefined : chunks[last]!.bytes);
      if (piece.length > bytes.length) chunks.pop();
      bytes = piece;
    }
    chunks.push({ bytes, end });
    if (this.#index >= last) this.#enter(this.#index);
  }

  /** @internal Drops `n` bytes that are there. */
  advance(n: number): void {
    this.#position += n;
    if (this.#position < this.#frontEnd) return;
    let index = this.#index;
    while (index < this.#chunks.length && this.#chunks[index]!.end <= this.#position) index++;
    this.#enter(index);
    if (this.#heldFrom === -1) this.#release();
  }

  /** @internal The next `n` bytes, left where they are: a view, or a copy if they span chunks. */
  view(n: number): Uint8Array {
    const { offset } = this;
    const front = this.#front;
    if (offset + n > front.length) return this.gather(n);
    return n === front.length ? front : front.subarray(offset, offset + n);
  }

  /** @internal A copy of the next `n` bytes. */
  gather(n: number): Uint8Array {
    const bytes = new Uint8Array(n);
    let index = this.#index;
    for (let at = 0, from = this.offset; at < n; from = 0) {
      const part = this.#chunks[index++]!.bytes.subarray(from, from + n - at);
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** @internal The byte `offset` bytes ahead. */
  byteAt(offset: number): number | undefined {
    const byte = this.#front[this.offset + offset];
    if (byte !== undefined || offset >= this.length) return byte;
    const place = this.#position + offset;
    const { bytes, end } = this.#chunks[this.#find(place)]!;
    return bytes.at(place - end);
  }

  /** @internal Searches on from a place where `matched` bytes match; returns how many do at `pattern.end`. */
  scan(pattern: Pattern, from: number, matched: number): number {
    const chunks = this.#chunks;
    pattern.end = from;
    for (let index = this.#find(from); index < chunks.length && matched < pattern.bytes.length; index++) {
      const { bytes, end } = chunks[index]!;
      const start = end - bytes.length;
      matched = pattern.scan(bytes, Math.max(0, from - start), matched);
      pattern.end += start;
    }
    return matched;
  }

  /** @internal From here on everything taken is kept, until `commit` lets it go or `rollback` puts it back. */
  hold(): void {
    if (this.#heldFrom === -1) this.#heldFrom = this.#position;
  }

  /**
   * Lets go of what was taken for the frame under way: its memory is free, and it is not put back when the read is
   * unsubscribed or fails. Whoever reads next then begins in the middle of the frame. For what is skipped, and for
   * frames that are larger than memory.
   */
  commit(): void {
    if (this.#heldFrom === -1) return;
    this.#heldFrom = this.#position;
    this.#release();
  }

  /** @internal */
  rollback(): void {
    if (this.#heldFrom === -1) return;
    this.#position = this.#heldFrom;
    this.#heldFrom = -1;
    this.#enter(this.#find(this.#position, this.#kept));
  }

  // The chunk that a place lies in, from `low` on; the number of chunks if it has not come yet.
  #find(place: number, low = this.#index): number {
    let high = this.#chunks.length;
    if (place < this.#frontEnd && place >= this.#frontStart) return this.#index;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#chunks[middle]!.end > place) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #enter(index: number): void {
    const { bytes: front, end } = this.#chunks[index] ?? { bytes: EMPTY, end: this.#received };
    this.#index = index;
    this.#frontEnd = end;
    this.#frontStart = this.#frontEnd - front.length;
    if (front === this.#front) return;
    this.#front = front;
    this.frontText = undefined;
  }

  // Lets go of the chunks before the one that reading stands in.
  #release(): void {
    const index = this.#index;
    const chunks = this.#chunks;
    if (index === chunks.length) {
      chunks.length = 0;
    } else if (index >= 32 && index * 2 >= chunks.length) {
      this.#chunks = chunks.slice(index);
    } else {
      // Moving the rest to the front for every chunk would cost the square of their number.
      if (this.#kept !== index) chunks.fill(RELEASED, this.#kept, index);
      this.#kept = index;
      return;
    }
    this.#index = this.#kept = 0;
  }
}
