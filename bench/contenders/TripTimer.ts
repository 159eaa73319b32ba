/** The clock of a run of round trips. */
export class TripTimer {
  readonly #times: Float64Array;
  #trips = 0;
  #start = 0;

  constructor(trips: number) {
    this.#times = new Float64Array(trips);
  }

  start(): void {
    this.#start = performance.now();
  }

  stop(): void {
    this.#times[this.#trips++] = (performance.now() - this.#start) * 1000;
  }

  /** How many have been timed. */
  get trips(): number {
    return this.#trips;
  }

  /** In microseconds. */
  percentiles(): { p50: number; p99: number; p999: number } {
    const sorted = this.#times.slice().sort();
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)]!;
    return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
  }
}
