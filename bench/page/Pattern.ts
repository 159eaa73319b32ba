/**
 * Bytes that can be told at each offset, for both ends of a transfer. They repeat after a prime number of words: whatever is
 * lost, doubled or out of order, by 64 KiB or by any other size, is seen at the next byte.
 */
const WORDS = 262_147;
const PERIOD = 4 * WORDS;
/** Bytes in a piece of what is sent. */
const PIECE = 65_536;

/** The pattern once, from its beginning. */
function period(): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(WORDS);
  // A linear congruential generator: the constants are those of Knuth's MMIX in 32 bits.
  let word = 1;
  for (let i = 0; i < WORDS; i++) words[i] = word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
  return new Uint8Array(words.buffer);
}

/** So many bytes of it, piece by piece. */
export function* patternPieces(total: number): Generator<Uint8Array<ArrayBuffer>, void> {
  const pattern = period();
  let size: number;
  for (let offset = 0; offset < total; offset += size) {
    const at = offset % PERIOD;
    size = Math.min(PIECE, total - offset, PERIOD - at);
    yield pattern.subarray(at, at + size);
  }
}

/** Compares what comes with what has to come, four bytes at a time. */
export class PatternCheck {
  /** Bytes that have come, each of them right. */
  count = 0;
  readonly #wanted = period();
  // What comes is put where it belongs, between bytes that are right: so its words lie as those of the pattern do.
  readonly #actual = period();
  readonly #wantedWords = new Uint32Array(this.#wanted.buffer);
  readonly #actualWords = new Uint32Array(this.#actual.buffer);

  /** @throws `Error` that tells the first wrong byte */
  next(chunk: Uint8Array): void {
    for (let done = 0; done < chunk.length;) {
      const at = this.count % PERIOD;
      const size = Math.min(chunk.length - done, PERIOD - at);
      this.#actual.set(chunk.subarray(done, done + size), at);
      this.#compare(at, at + size);
      this.count += size;
      done += size;
    }
  }

  #compare(from: number, to: number): void {
    const [wanted, actual] = [this.#wantedWords, this.#actualWords];
    const end = Math.ceil(to / 4);
    for (let i = from >> 2; i < end; i++) if (wanted[i] !== actual[i]) this.#fail(from);
  }

  #fail(from: number): never {
    const wrong = this.#actual.findIndex((byte, i) => i >= from && byte !== this.#wanted[i]);
    throw new Error(
      `Byte ${this.count + wrong - from} is ${this.#actual[wrong]!}, and should be ${this.#wanted[wrong]!}`,
    );
  }
}
