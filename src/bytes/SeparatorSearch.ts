import type { ChunkQueue } from './ChunkQueue.js';
import type { Pattern } from './Pattern.js';

/** A search that began at `from` and has come to `to`, where so many bytes of the separator match: all if it was found. */
interface Search {
  readonly from: number;
  to: number;
  matched: number;
}

/** Of one separator so many searches are remembered: a decoder may look for the first and for the one after it. */
const REMEMBERED = 4;
/** A match that was found farther ahead than this is remembered: a nearer one is found as fast. */
const FAR = 256;

/**
 * Searches in the waiting bytes, and how far they have come: the same search, asked for again when more bytes are
 * there, goes on from that place. Places are counted from the first byte ever received.
 *
 * @internal
 */
export class SeparatorSearch {
  /** The length of the last match. */
  matchLength = 0;
  #searches: Map<string, Search[]> | undefined;
  #most = 8;

  /** Where the first match ends that begins at `start` or later, or -1. */
  run(queue: ChunkQueue, patterns: readonly Pattern[], start: number): number {
    // Whoever waits with nothing there remembers nothing.
    if (queue.length === 0) this.#searches = undefined;
    let first = -1;
    // Each separator by itself, and to the end: so the bytes are searched once for each, however often that is asked for.
    for (const pattern of patterns) {
      const { length } = pattern.bytes;
      const end = this.#find(queue, pattern, start);
      if (end === -1 || (first !== -1 && (end > first || (end === first && length > this.matchLength))))
        continue;
      first = end;
      this.matchLength = length;
    }
    return first;
  }

  #find(queue: ChunkQueue, pattern: Pattern, start: number): number {
    const known = this.#known(pattern.key, start);
    const matched = queue.scan(pattern, known?.to ?? start, known?.matched ?? 0);
    const to = pattern.end;
    const isFound = matched === pattern.bytes.length;
    if (known !== undefined) {
      known.to = to;
      known.matched = matched;
    } else if (to - start > (isFound ? FAR : 0)) {
      this.#remember(pattern.key, { from: start, to, matched }, queue.position);
    }
    return isFound ? to : -1;
  }

  // One that has passed over nothing that would be a match from `start` on.
  #known(key: string, start: number): Search | undefined {
    const searches = this.#searches?.get(key) ?? [];
    for (let i = 0; i < searches.length; i++) {
      const search = searches[i]!;
      if (search.from > start || start > search.to - search.matched) continue;
      // The last one used comes first, and the one not used for longest is forgotten.
      if (i > 0) searches.unshift(...searches.splice(i, 1));
      return search;
    }
    return undefined;
  }

  #remember(key: string, search: Search, position: number): void {
    const all = (this.#searches ??= new Map<string, Search[]>());
    const searches = all.get(key) ?? [];
    if (searches.unshift(search) > REMEMBERED) searches.pop();
    all.set(key, searches);
    if (all.size <= this.#most) return;
    // Only of bytes that have been taken: as many separators as are looked for in the same bytes keep theirs.
    for (const [other, { [0]: last }] of all) if (last!.to <= position) all.delete(other);
    this.#most = 8 + 2 * all.size;
  }
}
