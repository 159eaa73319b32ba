/** Which blocks of code the inputs so far have run, and about how often in one run. */
export class Coverage {
  /** By block a bit for each class of counts that has been seen. */
  readonly #seen: Uint8Array;

  constructor(readonly counters: Uint32Array) {
    this.#seen = new Uint8Array(counters.length);
  }

  /** Blocks that have been run. */
  get blocks(): number {
    return this.#seen.reduce((sum, bits) => sum + (bits > 0 ? 1 : 0), 0);
  }

  /** What the last run has shown that no run before has, as pairs of a block and a bit. */
  news(): number[] {
    const news: number[] = [];
    const { counters } = this;
    for (let block = 0; block < counters.length; block++) {
      const count = counters[block]!;
      if (count === 0) continue;
      const bit = 1 << magnitude(count);
      if ((this.#seen[block]! & bit) === 0) news.push(block, bit);
    }
    return news;
  }

  /** Whether the last run has shown all of these too. */
  shows(news: readonly number[]): boolean {
    for (let i = 0; i < news.length; i += 2) {
      const count = this.counters[news[i]!]!;
      if (count === 0 || 1 << magnitude(count) !== news[i + 1]) return false;
    }
    return true;
  }

  keep(news: readonly number[]): void {
    for (let i = 0; i < news.length; i += 2) this.#seen[news[i]!]! |= news[i + 1]!;
  }
}

/** 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more. */
function magnitude(count: number): number {
  if (count < 4) return count - 1;
  if (count < 32) return 29 - Math.clz32(count) + 2;
  return count < 128 ? 6 : 7;
}
