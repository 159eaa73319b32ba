import type { Outcome } from '../../examples/cluster/Outcome.js';

type Protocol = Outcome['protocol'];

/** The outcomes of a part of a run. */
export class Tally {
  readonly failures: Outcome[] = [];
  readonly #answered = { short: new Map<number, number>(), lines: new Map<number, number>() };
  readonly #milliseconds: number[] = [];
  readonly #start = performance.now();
  #seconds: number | undefined;

  constructor(readonly name: string) {}

  add(outcome: Outcome): void {
    const { protocol, worker = NaN, error, begun, ended } = outcome;
    if (error !== undefined) this.failures.push(outcome);
    else {
      const counts = this.#answered[protocol];
      counts.set(worker, (counts.get(worker) ?? 0) + 1);
      this.#milliseconds.push(ended - begun);
    }
  }

  end(): void {
    this.#seconds ??= (performance.now() - this.#start) / 1000;
  }

  answered(protocol: Protocol): number {
    return sum(this.#answered[protocol].values());
  }

  failed(protocol: Protocol): number {
    return this.failures.filter((failure) => failure.protocol === protocol).length;
  }

  /** Answers a second. */
  get rate(): number {
    return this.#milliseconds.length / (this.#seconds ?? NaN);
  }

  /** Milliseconds that so many of a hundred answers took, at most. */
  percentile(percent: number): number {
    const sorted = this.#milliseconds.sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? NaN;
  }

  /** How many each of the workers has answered, of the protocols together or of one. */
  shares(protocols: readonly Protocol[] = ['short', 'lines']): number[] {
    const workers = new Set(protocols.flatMap((protocol) => [...this.#answered[protocol].keys()]));
    return [...workers].map((worker) =>
      sum(protocols.map((protocol) => this.#answered[protocol].get(worker) ?? 0)),
    );
  }

  /** How far the one that is farthest is from the mean, as a part of it. */
  unevenness(protocols?: readonly Protocol[]): number {
    const shares = this.shares(protocols);
    const mean = sum(shares) / shares.length;
    return Math.max(...shares.map((share) => Math.abs(share - mean))) / mean;
  }
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
