import type { Corpus } from './Corpus.js';
import { Coverage } from './Coverage.js';
import type { FuzzTarget } from './FuzzTarget.js';
import { Mutator } from './mutate.js';
import { mulberry32 } from '../src/testing/mulberry32.js';

/** Runs of one input that look for a shorter one. */
const TRIES = 300;
/** Bytes that any input may cost besides its own. */
const START = 100;

export interface Finding {
  readonly input: Uint8Array;
  readonly message: string;
}

export interface Progress {
  readonly runs: number;
  readonly blocks: number;
  readonly inputs: number;
  /** The most blocks that a run has gone through, by its bytes. */
  readonly stepsPerByte: number;
}

/** Runs a target with one input after the other, and keeps those that show something new. */
export class Fuzzer {
  runs = 0;
  stepsPerByte = 0;
  readonly #coverage: Coverage;
  readonly #mutator: Mutator;
  readonly #inputs: Uint8Array[] = [];
  readonly #known = new Set<string>();

  constructor(
    readonly target: FuzzTarget,
    readonly counters: Uint32Array,
    readonly corpus: Corpus,
    readonly options: { seed: number; maxLength: number },
    /** Told of each input before it is run: it may be the last thing that is heard of it. */
    readonly announce: (input: Uint8Array) => void,
    readonly found: (finding: Finding) => void,
  ) {
    this.#coverage = new Coverage(counters);
    this.#mutator = new Mutator(mulberry32(options.seed), target.dictionary, options.maxLength);
  }

  get progress(): Progress {
    const { runs, stepsPerByte } = this;
    return { runs, blocks: this.#coverage.blocks, inputs: this.#inputs.length, stepsPerByte };
  }

  /** What is known already. */
  load(inputs: readonly Uint8Array[]): void {
    for (const input of [new Uint8Array(0), ...this.target.seeds, ...inputs]) this.#try(input, false);
  }

  /** One new input. */
  step(): Uint8Array {
    const input = this.#mutator.mutate(this.#pick(), this.#pick());
    this.#try(input, true);
    return input;
  }

  /** The shortest of these that show all that they show together. */
  smallest(inputs: readonly Uint8Array[]): Uint8Array[] {
    const coverage = new Coverage(this.counters);
    const byLength = [...this.target.seeds, ...inputs].sort((one, other) => one.length - other.length);
    const kept: Uint8Array[] = [];
    for (const input of byLength) {
      if (this.failure(input) !== undefined) continue;
      const news = coverage.news();
      if (news.length === 0) continue;
      const shortest = this.#shortened(input, () => coverage.shows(news));
      this.failure(shortest);
      coverage.keep(coverage.news());
      kept.push(shortest);
    }
    return kept;
  }

  /** Runs the target; what it throws, or that it has cost too much. */
  failure(input: Uint8Array): string | undefined {
    this.announce(input);
    this.runs++;
    this.counters.fill(0);
    try {
      this.target.run(input);
    } catch (error) {
      return error instanceof Error ? (error.stack ?? String(error)) : String(error);
    }
    const steps = this.counters.reduce((sum, count) => sum + count, 0);
    const perByte = steps / (input.length + START);
    this.stepsPerByte = Math.max(this.stepsPerByte, perByte);
    if (perByte <= this.target.stepsPerByte) return undefined;
    return `Error: cost: ${steps} blocks for ${input.length} bytes are more than ${this.target.stepsPerByte} a byte`;
  }

  // The later ones show what is rare; any of them may be a step to something new.
  #pick(): Uint8Array {
    const { length } = this.#inputs;
    const from = this.#mutator.below(3) === 0 ? Math.floor(length * 0.8) : 0;
    return this.#inputs[from + this.#mutator.below(length - from)] ?? new Uint8Array(0);
  }

  #try(input: Uint8Array, isNew: boolean): void {
    const failure = this.failure(input);
    if (failure !== undefined) {
      this.#fail(input, failure);
      return;
    }
    const news = this.#coverage.news();
    if (news.length === 0) return;
    const kept = isNew ? this.#shortened(input, () => this.#coverage.shows(news)) : input;
    // What the longer one has shown besides is for another.
    this.failure(kept);
    this.#coverage.keep(this.#coverage.news());
    this.#inputs.push(kept);
    if (isNew) this.corpus.add(kept);
  }

  #fail(input: Uint8Array, message: string): void {
    const key = keyOf(message);
    if (this.#known.has(key)) return;
    this.#known.add(key);
    const fails = (shorter: Uint8Array): boolean => keyOf(this.failure(shorter) ?? '') === key;
    let shortest = input;
    for (let before = -1; before !== shortest.length;) {
      before = shortest.length;
      shortest = shortened(shortest, fails, 5 * TRIES);
    }
    this.found({ input: shortest, message: this.failure(shortest) ?? message });
  }

  #shortened(input: Uint8Array, shows: () => boolean): Uint8Array {
    return shortened(input, (shorter) => this.failure(shorter) === undefined && shows(), TRIES);
  }
}

/** Leaves out parts of the input, large ones first, as long as it stays what it is. */
function shortened(input: Uint8Array, isStill: (input: Uint8Array) => boolean, tries: number): Uint8Array {
  let shortest = input;
  for (let size = shortest.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < shortest.length && tries > 0; tries--) {
      const shorter = new Uint8Array(Math.max(0, shortest.length - size));
      shorter.set(shortest.subarray(0, Math.min(at, shorter.length)));
      if (at + size < shortest.length) shorter.set(shortest.subarray(at + size), at);
      if (isStill(shorter)) shortest = shorter;
      else at += size;
    }
  }
  return shortest;
}

/** Findings of one kind are one: whatever numbers are in their messages. */
function keyOf(message: string): string {
  return message.split('\n', 1)[0]!.replace(/\d+/g, 'N');
}
