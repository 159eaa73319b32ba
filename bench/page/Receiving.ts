import { PatternCheck } from './Pattern.js';

/** How far an end of a transfer has come. */
export interface EndState {
  /** `stalled`: it takes nothing, until it is told to go on. */
  readonly phase: 'waiting' | 'running' | 'stalled' | 'complete' | 'failed';
  /** Bytes that were received, each of them right; or that were written and are not in this process any more. */
  readonly bytes: number;
  /** How long it took so far, without the stall. */
  readonly seconds: number;
  /** Why it failed. */
  readonly failure?: string | undefined;
}

/** What is to be transferred. */
export interface TransferSize {
  readonly bytes: number;
  /** Where the receiving end stalls: behind so many bytes, if they are not all. */
  readonly stallAt: number;
}

/** The receiving end: checks each byte, and stalls once. */
export class Receiving {
  readonly #size: TransferSize;
  readonly #check = new PatternCheck();
  #phase: EndState['phase'] = 'waiting';
  #failure: string | undefined;
  /** When it began, or went on. */
  #since = 0;
  #milliseconds = 0;
  #goOn: (() => void) | undefined;

  constructor(size: TransferSize) {
    this.#size = size;
  }

  get state(): EndState {
    const { count } = this.#check;
    return {
      phase: this.#phase,
      bytes: count,
      seconds:
        (this.#milliseconds + (this.#phase === 'running' ? performance.now() - this.#since : 0)) / 1000,
      failure: this.#failure,
    };
  }

  get hasAll(): boolean {
    return this.#check.count === this.#size.bytes;
  }

  /** Where this is the end that stalls, the promise is fulfilled when it goes on. Nothing else is to be received before. */
  take(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#phase === 'waiting') this.#run();
    const before = this.#check.count;
    this.#check.next(chunk);
    const { bytes, stallAt } = this.#size;
    if (stallAt === bytes || before >= stallAt || this.#check.count < stallAt) return undefined;
    this.#stop('stalled');
    return new Promise((resolve) => (this.#goOn = resolve));
  }

  goOn(): void {
    if (this.#phase !== 'stalled') return;
    this.#run();
    this.#goOn?.();
  }

  /** The stream has ended. */
  end(): void {
    if (this.hasAll) this.#stop('complete');
    else this.fail(new Error(`${this.#check.count} bytes came, and ${this.#size.bytes} should have`));
  }

  fail(error: unknown): void {
    if (this.#phase === 'complete' || this.#phase === 'failed') return;
    this.#stop('failed');
    this.#failure = described(error);
  }

  #run(): void {
    this.#phase = 'running';
    this.#since = performance.now();
  }

  #stop(phase: EndState['phase']): void {
    if (this.#phase === 'running') this.#milliseconds += performance.now() - this.#since;
    this.#phase = phase;
  }
}

/** An error, and what caused it. */
export function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = `${error.name}: ${error.message}`;
  return error.cause === undefined ? text : `${text} ← ${described(error.cause)}`;
}
