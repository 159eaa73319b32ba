import type { Data } from '../src/index.js';

/** Something that takes any bytes, and the rules that it has to keep with all of them. */
export interface FuzzTarget {
  /** The name of its corpus's folder, and of `--target`. */
  readonly name: string;
  /** What stands in inputs of interest, for the mutators to insert. */
  readonly dictionary: readonly Data[];
  /** Inputs to begin with. */
  readonly seeds: readonly Uint8Array[];
  /** Blocks of code that one byte of the input may run, at most: more of them is a cost that is not linear. */
  readonly stepsPerByte: number;
  /** Throws when a rule is broken. What it does must depend on the input alone. */
  run(input: Uint8Array): void;
}
