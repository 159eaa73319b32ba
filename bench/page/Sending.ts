import { patternPieces } from './Pattern.js';
import { described, type EndState } from './Receiving.js';

/** The sending end: counts what it has written. */
export class Sending {
  #phase: EndState['phase'] = 'waiting';
  #written = 0;
  #failure: string | undefined;
  readonly #total: number;
  readonly #waiting: () => number;

  /** @param waiting how many of the bytes that were written are still in this process */
  constructor(total: number, waiting: () => number) {
    this.#total = total;
    this.#waiting = waiting;
  }

  get state(): EndState {
    return {
      phase: this.#phase,
      bytes: Math.max(0, this.#written - this.#waiting()),
      seconds: NaN,
      failure: this.#failure,
    };
  }

  /** What is to be written: a piece is taken when there is room for it. */
  *pieces(): Generator<Uint8Array<ArrayBuffer>, void> {
    this.#phase = 'running';
    for (const piece of patternPieces(this.#total)) {
      yield piece;
      this.#written += piece.length;
    }
  }

  complete(): void {
    if (this.#phase !== 'failed') this.#phase = 'complete';
  }

  fail(error: unknown): void {
    if (this.#phase === 'complete' || this.#phase === 'failed') return;
    this.#phase = 'failed';
    this.#failure = described(error);
  }
}
