import type { Data } from '../src/index.js';
import { encodeText } from '../src/bytes/text.js';

/** The ends of ranges, which is where mistakes are made. */
const BYTES = [0, 1, 0x0a, 0x0d, 0x20, 0x30, 0x39, 0x7f, 0x80, 0xbf, 0xc0, 0xfe, 0xff];
const WORDS = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff];
const LONG_WORDS = [...WORDS, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

/** Makes new inputs of old ones: a few small changes at once, chosen by `random`. */
export class Mutator {
  readonly #dictionary: readonly Uint8Array[];

  constructor(
    readonly random: () => number,
    dictionary: readonly Data[],
    readonly maxLength: number,
  ) {
    this.#dictionary = dictionary.map((token) => (typeof token === 'string' ? encodeText(token) : token));
  }

  /** 0 to `n - 1`. */
  below(n: number): number {
    return Math.floor(this.random() * n);
  }

  mutate(input: Uint8Array, other: Uint8Array): Uint8Array {
    let mutated = input;
    for (let times = 1 + this.below(1 + this.below(8)); times > 0; times--)
      mutated = this.#change(mutated, other);
    return mutated.slice(0, this.maxLength);
  }

  #change(input: Uint8Array, other: Uint8Array): Uint8Array {
    const at = this.below(input.length + 1);
    switch (this.below(14)) {
      case 0:
        return replaced(input, at, 1, [(input[at] ?? 0) ^ (1 << this.below(8))]);
      case 1:
        return replaced(input, at, 1, [this.#byte()]);
      case 2:
        return replaced(input, at, 0, [this.#byte()]);
      case 3:
        return replaced(input, at, 1 + this.below(4), []);
      case 4:
        return replaced(input, at, this.below(input.length), []);
      case 5:
        return replaced(input, at, 1, [(input[at] ?? 0) + this.below(33) - 16]);
      case 6:
        return replaced(input, at, this.#zeroOr(2), this.#integer(2, WORDS));
      case 7:
        return replaced(input, at, this.#zeroOr(4), this.#integer(4, LONG_WORDS));
      case 8:
        return replaced(input, at, 0, new Uint8Array(1 + this.below(64)).fill(this.#byte()));
      case 9:
        return replaced(input, at, this.#zeroOr(8), this.#piece(input));
      case 10:
        return replaced(input, at, this.#zeroOr(8), this.#piece(other));
      case 11:
        return replaced(other, this.below(other.length + 1), other.length, input.subarray(at));
      default: {
        const token = this.#dictionary[this.below(this.#dictionary.length)] ?? [];
        return replaced(input, at, this.#zeroOr(token.length), token);
      }
    }
  }

  #byte(): number {
    return this.below(2) === 0 ? this.below(256) : BYTES[this.below(BYTES.length)]!;
  }

  // To be inserted, or to be written over as many bytes.
  #zeroOr(n: number): number {
    return this.below(2) * n;
  }

  #integer(width: 2 | 4, from: readonly number[]): Uint8Array {
    const bytes = new Uint8Array(width);
    const view = new DataView(bytes.buffer);
    const value = from[this.below(from.length)]!;
    if (width === 2) view.setUint16(0, value, this.below(2) === 0);
    else view.setUint32(0, value, this.below(2) === 0);
    return bytes;
  }

  #piece(of: Uint8Array): Uint8Array {
    const at = this.below(of.length);
    return of.subarray(at, at + 1 + this.below(32));
  }
}

function replaced(input: Uint8Array, at: number, count: number, by: ArrayLike<number>): Uint8Array {
  const end = Math.min(input.length, at + count);
  const bytes = new Uint8Array(input.length - (end - at) + by.length);
  bytes.set(input.subarray(0, at));
  bytes.set(by, at);
  bytes.set(input.subarray(end), at + by.length);
  return bytes;
}
