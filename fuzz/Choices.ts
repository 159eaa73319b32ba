/**
 * Choices that an input makes: they are taken from its end, so that what is in front of them stays where it is, whatever
 * is chosen. An input that has no more bytes chooses 0.
 */
export class Choices {
  #end: number;

  constructor(readonly input: Uint8Array) {
    this.#end = input.length;
  }

  /** 0 to 255. */
  byte(): number {
    return this.#end > 0 ? this.input[--this.#end]! : 0;
  }

  /** 0 to `n - 1`, `n` being 256 or less. */
  below(n: number): number {
    return this.byte() % n;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  /** What no choice has taken yet. */
  get payload(): Uint8Array {
    return this.input.subarray(0, this.#end);
  }
}

/** Each of the payloads with each of the choices: inputs to begin with. Of the choices the first is made first. */
export function seeded(
  payloads: readonly Uint8Array[],
  choices: readonly (readonly number[])[],
): Uint8Array[] {
  return payloads.flatMap((payload) =>
    choices.map((made) => Uint8Array.of(...payload, ...[...made].reverse())),
  );
}
