import { encodeText } from './text.js';

/** What can be written: bytes, or a string, which goes out as UTF-8. */
export type Data = Uint8Array | string;

/** One separator or several. Of several, the match that ends first wins; of those that end together, the shortest. */
export type Separator = Data | readonly Data[];

/**
 * One or several separators made ready for the search: an Aho–Corasick automaton, which looks at each byte once,
 * keeps its place across chunk borders in one number, and finds the match that ends first whatever the number of
 * separators.
 *
 * @internal
 */
export class SeparatorAutomaton {
  readonly minLength: number;
  readonly maxLength: number;
  /** By state: the length of the shortest separator that ends here, 0 where none does. */
  readonly matchLength: Uint32Array;
  /** By state: how many bytes have been matched. */
  readonly depth: Uint32Array;
  /** Where the last `scan` left off: just behind the match, or at the end of the chunk. */
  end = 0;
  // The byte every separator starts with, so that indexOf can skip to it; -1 where they differ.
  readonly #first: number;
  // Bytes that occur in no separator share class 0, which keeps the table small.
  readonly #classes = new Uint16Array(256);
  readonly #classCount: number;
  readonly #next: Uint32Array;

  constructor(readonly patterns: readonly Uint8Array[]) {
    const lengths = patterns.map((pattern) => pattern.length);
    if (lengths.length === 0) throw new RangeError('Separator should contain at least one element');
    this.minLength = Math.min(...lengths);
    this.maxLength = Math.max(...lengths);
    if (this.minLength === 0) throw new RangeError('Separator should be at least one byte long');
    const first = patterns[0]![0]!;
    this.#first = patterns.every((pattern) => pattern[0] === first) ? first : -1;
    let classCount = 1;
    for (const pattern of patterns) {
      for (const byte of pattern) this.#classes[byte] ||= classCount++;
    }
    this.#classCount = classCount;
    const states = lengths.reduce((sum, length) => sum + length, 1);
    this.matchLength = new Uint32Array(states);
    this.depth = new Uint32Array(states);
    this.#next = new Uint32Array(states * classCount);
    this.#completeTransitions(this.#buildTrie());
  }

  /** Runs over `chunk` from `from` on, starting in `state`; returns the state it stops in, `end` says where. */
  scan(chunk: Uint8Array, from: number, state: number): number {
    const first = this.#first;
    const classes = this.#classes;
    const classCount = this.#classCount;
    const next = this.#next;
    const matchLength = this.matchLength;
    let at = from;
    while (at < chunk.length) {
      if (state === 0 && first !== -1) {
        at = chunk.indexOf(first, at);
        if (at === -1) break;
      }
      state = next[state * classCount + classes[chunk[at++]!]!]!;
      if (matchLength[state] !== 0) {
        this.end = at;
        return state;
      }
    }
    this.end = chunk.length;
    return state;
  }

  /** Where the match ends that begins at `from` and lies in the chunk; -1 also where it takes more than a look. */
  endOfMatch(chunk: Uint8Array, from: number): number {
    const pattern = this.patterns[0]!;
    const to = from + pattern.length;
    if (this.patterns.length > 1 || to > chunk.length) return -1;
    for (let at = from; at < to; at++) if (chunk[at] !== pattern[at - from]) return -1;
    return to;
  }

  step(state: number, byte: number): number {
    return this.#next[state * this.#classCount + this.#classes[byte]!]!;
  }

  #buildTrie(): number {
    let count = 1;
    for (const pattern of this.patterns) {
      let state = 0;
      for (const byte of pattern) {
        const edge = state * this.#classCount + this.#classes[byte]!;
        if (this.#next[edge] === 0) {
          this.#next[edge] = count;
          this.depth[count++] = this.depth[state]! + 1;
        }
        state = this.#next[edge]!;
      }
      this.matchLength[state] = pattern.length;
    }
    return count;
  }

  // Breadth first, so that the state for the longest proper suffix is always complete before it is needed.
  #completeTransitions(count: number): void {
    const suffix = new Uint32Array(count);
    const order = [0];
    for (const state of order) {
      const shorter = this.matchLength[suffix[state]!]!;
      if (shorter !== 0) this.matchLength[state] = shorter;
      for (let byteClass = 1; byteClass < this.#classCount; byteClass++) {
        const edge = state * this.#classCount + byteClass;
        const viaSuffix = state === 0 ? 0 : this.#next[suffix[state]! * this.#classCount + byteClass]!;
        const target = this.#next[edge]!;
        if (target === 0) {
          this.#next[edge] = viaSuffix;
        } else {
          suffix[target] = viaSuffix;
          order.push(target);
        }
      }
    }
  }
}

const EMPTY = new Uint8Array(0);
const bySpelling = new Map<string, SeparatorAutomaton>();
const byObject = new WeakMap<object, SeparatorAutomaton>();
let lastSpelling: string | undefined;
let lastAutomaton: SeparatorAutomaton | undefined;

/**
 * The automaton for a separator, made once for each spelling: frames are cut by the same few separators.
 *
 * @internal
 */
export function compileSeparator(separator: Separator): SeparatorAutomaton {
  // The same one again is what a protocol mostly asks for.
  if (separator === lastSpelling) return lastAutomaton!;
  if (typeof separator === 'string') {
    let automaton = bySpelling.get(separator);
    if (automaton === undefined) {
      automaton = new SeparatorAutomaton([encodeText(separator)]);
      // A protocol has a handful; separators made up as one goes (multipart boundaries) must not pile up.
      if (bySpelling.size >= 64) bySpelling.clear();
      bySpelling.set(separator, automaton);
    }
    lastSpelling = separator;
    lastAutomaton = automaton;
    return automaton;
  }
  const known = byObject.get(separator);
  const patterns = isList(separator) ? separator : [separator];
  // An array may have been changed since: then its automaton is for something else.
  if (known !== undefined && samePatterns(known.patterns, patterns)) return known;
  const automaton = new SeparatorAutomaton(patterns.map((pattern) => Uint8Array.from(toBytes(pattern))));
  byObject.set(separator, automaton);
  return automaton;
}

function isList(separator: Separator): separator is readonly Data[] {
  return Array.isArray(separator);
}

function toBytes(data: Data): Uint8Array {
  // An empty string is left to the automaton's own check, beside all the others.
  if (typeof data === 'string') return data === '' ? EMPTY : compileSeparator(data).patterns[0]!;
  if (ArrayBuffer.isView(data)) return data;
  throw new TypeError(`A separator must be a string or a Uint8Array, not ${String(data)}`);
}

function samePatterns(known: readonly Uint8Array[], patterns: readonly Data[]): boolean {
  if (known.length !== patterns.length) return false;
  return known.every((bytes, i) => {
    const pattern = toBytes(patterns[i]!);
    return bytes.length === pattern.length && bytes.every((byte, at) => byte === pattern[at]);
  });
}
