import { mulberry32 } from './mulberry32.js';
import { messageOf, showValue } from './showValue.js';

/** What goes wrong how often: probabilities from 0 (never) to 1 (always). See {@link chaos}. */
export interface ChaosRates {
  /** 0 to 1, for each piece: it has another size than what was written, the bytes arrive split or joined. Default: 0.5. */
  pieces?: number;
  /** 0 to 1, when both directions have something to deliver: the one that is not due first goes first. Default: 0.5. */
  turns?: number;
  /** 0 to 1, for each piece: it, and what is after it, is late by up to `maxDelay`. Default: 0. */
  delays?: number;
  /** Milliseconds, more than 0 and below 2^31. Default: 100. */
  maxDelay?: number;
  /** 0 to 1, for each piece: the connection is reset in its place, for both ends. Default: 0. */
  resets?: number;
  /** 0 to 1, for each piece: its direction ends in its place, the piece and what would follow are lost. Default: 0. */
  halfCloses?: number;
}

const DEFAULT_RATES = { pieces: 0.5, turns: 0.5, delays: 0, maxDelay: 100, resets: 0, halfCloses: 0 };

/**
 * What goes wrong on a network, decision by decision. It goes on where the last decision was: take a new one, with the
 * same seed or list, to see the same again.
 *
 * @example
 * ```ts
 * import { chaos } from 'rxjs-net/testing';
 *
 * const { seed, replay } = chaos(42, { resets: 0.1 });
 * console.log(seed, replay); // 42 chaos(42, {"resets":0.1})
 * ```
 */
export class Chaos {
  /** The seed, or `undefined` where the decisions come from a list. */
  readonly seed: number | undefined;
  /** How to make it again: `chaos(42)`. It stands in the message of every error that the chaos causes. */
  readonly replay: string;
  readonly #draw: () => number;
  readonly #rates: Required<ChaosRates>;

  /** @internal */
  constructor(draw: () => number, rates: ChaosRates, seed: number | undefined, name: string) {
    this.#rates = checkRates(rates);
    this.#draw = draw;
    this.seed = seed;
    this.replay = Object.keys(rates).length === 0 ? name : name.replace(/\)$/, `, ${JSON.stringify(rates)})`);
  }

  /** @internal Whether pieces may have other sizes than what was written. */
  get resizes(): boolean {
    return this.#rates.pieces > 0;
  }

  /** @internal How many of the bytes that could arrive at once do so; without trouble it is the `first` piece. */
  piece(first: number, available: number): number {
    const { pieces } = this.#rates;
    const trouble = available < 2 || pieces === 0 ? undefined : this.#trouble(pieces);
    if (trouble === undefined) return first;
    const size = available - Math.floor(trouble * (available - 1));
    return size > first ? size : size - 1;
  }

  /** @internal Whether the direction that is not due first goes first. */
  turn(): boolean {
    return this.#happens(this.#rates.turns);
  }

  /** @internal Milliseconds by which a piece is late. */
  delay(): number {
    const { delays, maxDelay } = this.#rates;
    const trouble = delays === 0 ? undefined : this.#trouble(delays);
    return trouble === undefined ? 0 : Math.min(maxDelay, 1 + Math.floor(trouble * maxDelay));
  }

  /** @internal What becomes of a piece. */
  fate(): 'arrives' | 'reset' | 'halfClose' {
    if (this.#happens(this.#rates.resets)) return 'reset';
    return this.#happens(this.#rates.halfCloses) ? 'halfClose' : 'arrives';
  }

  // Without a draw where there is nothing to decide: a list of decisions stays as short as it can be.
  #happens(rate: number): boolean {
    return rate > 0 && this.#trouble(rate) !== undefined;
  }

  // The draws from the top of [0, 1) are the trouble, so that a list shrinks towards none; spread over [0, 1) anew.
  #trouble(rate: number): number | undefined {
    const draw = this.#draw();
    return draw < 1 - rate ? undefined : (draw - (1 - rate)) / rate;
  }
}

/**
 * Decides what goes wrong on a `networkPair`, the same for the same seed.
 *
 * Without rates, bytes arrive in pieces of random sizes and the two directions take random turns: things that happen on
 * every network, and that no program may notice. Pieces do not keep to the borders of writes: with a `latency`, what
 * was written in several calls at one time may also arrive joined. The bytes of one direction never change their order.
 * Delays, resets and half-closes come when their rates say so. A reset has the seed in its message.
 *
 * The numbers are mulberry32's (Tommy Ettinger, 2017, public domain): the same on every machine and runtime.
 *
 * @example
 * ```ts
 * import { chaos, networkPair } from 'rxjs-net/testing';
 *
 * const [client, server] = networkPair({ chaos: chaos(42) });
 * server.reader.chunks().subscribe((chunk) => console.log(chunk.length)); // pieces of 20 bytes
 * client.writer.write('twenty bytes of text');
 * client.writer.close();
 * ```
 *
 * @param seed an integer from 0 to 2^32 - 1
 * @throws `RangeError` for another seed, and for a rate that is not from 0 to 1
 */
export function chaos(seed: number, rates: ChaosRates = {}): Chaos {
  checkSeed(seed);
  return new Chaos(mulberry32(seed), rates, seed, `chaos(${seed})`);
}

/**
 * Chaos by a list of decisions, each a number from 0 (nothing goes wrong) to below 1; after the end of the list nothing
 * goes wrong any more.
 *
 * For property-based testing: a generator of such lists shrinks a failure to the few decisions that matter. Each place
 * where something may go wrong takes one number from the list, and a rate of 0 takes none.
 *
 * @throws `RangeError` for a number, or a rate, that is not in its range
 *
 * @example
 * ```ts
 * import { chaosFrom, networkPair } from 'rxjs-net/testing';
 *
 * // In fast-check: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
 * const [client, server] = networkPair({ chaos: chaosFrom([0.75]) });
 * server.reader.chunks().subscribe((chunk) => console.log(chunk.length)); // 2, 3
 * client.writer.write('hello');
 * client.writer.close();
 * ```
 */
export function chaosFrom(decisions: readonly number[], rates: ChaosRates = {}): Chaos {
  // A copy: what becomes of the list afterwards must not change what `replay` promises.
  const list = Array.from(decisions);
  for (const decision of list) {
    if (!isWithin(decision, 0, 1) || decision === 1) {
      throw new RangeError(`A decision must be a number from 0 to below 1, not ${showValue(decision)}`);
    }
  }
  let next = 0;
  return new Chaos(() => list[next++] ?? 0, rates, undefined, `chaosFrom(${JSON.stringify(list)})`);
}

/** Options of {@link withChaos}. */
export interface WithChaosOptions {
  /** How many times the test body runs, each with the next seed; a positive integer. Default: 100. */
  runs?: number;
  /** The first seed, an integer from 0 to 2^32 - 1. Default: 1. */
  seed?: number;
  /** What goes wrong how often. Default: chunking and turns only. */
  rates?: ChaosRates;
}

/**
 * Runs a test body once for each of many seeds, and says which seed it failed with.
 *
 * The body is synchronous: it makes its network, on a scheduler of virtual time if it needs one, plays it to the end and
 * throws when something is wrong, as `node:assert` and most frameworks' `expect` do. The error that comes out has the
 * body's as its `cause`, and in its message the seed and the call that runs the body with this one again.
 *
 * @example
 * ```ts
 * import { networkPair, withChaos } from 'rxjs-net/testing';
 *
 * withChaos((chaos) => {
 *   const [client, server] = networkPair({ chaos });
 *   const lines: string[] = [];
 *   server.reader.lines().subscribe((line) => lines.push(line));
 *   client.writer.write('one\ntwo\n');
 *   if (lines.join() !== 'one,two') throw new Error(`got ${lines.join()}`);
 * });
 * console.log('the same for 100 seeds');
 * ```
 */
export function withChaos(run: (chaos: Chaos) => unknown, options: WithChaosOptions = {}): void {
  const { runs = 100, seed: first = 1, rates } = options;
  if (typeof run !== 'function')
    throw new TypeError(`withChaos() needs a body to run, not ${showValue(run)}`);
  if (!Number.isInteger(runs) || runs < 1) {
    throw new RangeError(`runs must be a positive integer, not ${showValue(runs)}`);
  }
  checkSeed(first);
  for (let i = 0; i < runs; i++) {
    const seed = (first + i) >>> 0;
    const inRun = chaos(seed, rates);
    let result: unknown;
    try {
      result = run(inRun);
    } catch (cause) {
      const shownRates = rates === undefined ? '' : `, rates: ${JSON.stringify(rates)}`;
      throw new Error(
        `Fails with ${inRun.replay} (run ${i + 1} of ${runs}): ${messageOf(cause)}\n` +
          `To run just this one again: withChaos(run, { seed: ${seed}, runs: 1${shownRates} })`,
        { cause },
      );
    }
    if (typeof (result as PromiseLike<unknown> | null | undefined)?.then === 'function') {
      throw new TypeError('withChaos() needs a synchronous body, not one that returns a promise');
    }
  }
}

function checkSeed(seed: number): void {
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new RangeError(`seed must be an integer from 0 to 2^32 - 1, not ${showValue(seed)}`);
  }
}

function isWithin(value: number, from: number, to: number): boolean {
  return typeof value === 'number' && value >= from && value <= to;
}

function checkRates(rates: ChaosRates): Required<ChaosRates> {
  if (typeof rates !== 'object' || (rates as unknown) === null) {
    throw new TypeError(`rates must be an object, not ${showValue(rates)}`);
  }
  const all = { ...DEFAULT_RATES, ...rates };
  for (const name of ['pieces', 'turns', 'delays', 'resets', 'halfCloses'] as const) {
    if (!isWithin(all[name], 0, 1)) {
      throw new RangeError(`${name} must be a probability from 0 to 1, not ${showValue(all[name])}`);
    }
  }
  if (!isWithin(all.maxDelay, Number.MIN_VALUE, 2 ** 31 - 1)) {
    throw new RangeError(
      `maxDelay must be more than 0 and below 2^31 milliseconds, not ${showValue(all.maxDelay)}`,
    );
  }
  return all;
}
