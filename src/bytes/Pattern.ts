import { decodePart } from './text.js';

/**
 * One separator made ready for the search: Knuth–Morris–Pratt, which looks at each byte once and keeps its place across
 * chunk borders in one number, the bytes that match so far.
 *
 * @internal
 */
export class Pattern {
  /** Where the last `scan` left off: just after the match, or at the end of the chunk. */
  end = 0;
  /** The same for the same separator, also when it is made anew. */
  readonly key: string;
  // By matched bytes, less one: how many still match when the next one does not.
  readonly #fallback: Uint32Array;

  constructor(readonly bytes: Uint8Array) {
    const { length } = bytes;
    if (length === 0) throw new RangeError('Separator should be at least one byte long');
    this.key = patternKey(bytes);
    this.#fallback = new Uint32Array(length);
    for (let at = 1; at < length; at++) this.#fallback[at] = this.#step(this.#fallback[at - 1]!, bytes[at]!);
  }

  /** Runs over `chunk` from `from` on, `matched` bytes matching before it; returns how many do at its end. */
  scan(chunk: Uint8Array, from: number, matched: number): number {
    const { bytes } = this;
    const first = bytes[0]!;
    let at = from;
    while (at < chunk.length && matched < bytes.length) {
      if (matched === 0) {
        at = chunk.indexOf(first, at);
        if (at === -1) break;
      }
      matched = this.#step(matched, chunk[at++]!);
    }
    this.end = at === -1 ? chunk.length : at;
    return matched;
  }

  #step(matched: number, byte: number): number {
    const { bytes } = this;
    while (matched > 0 && bytes[matched] !== byte) matched = this.#fallback[matched - 1]!;
    return bytes[matched] === byte ? matched + 1 : 0;
  }
}

/** @internal */
export function patternKey(bytes: Uint8Array): string {
  return decodePart(bytes, 0, bytes.length, 'latin1');
}

/** @internal */
export function longest(patterns: readonly Pattern[]): number {
  return patterns.reduce((most, { bytes: { length } }) => Math.max(most, length), 0);
}
