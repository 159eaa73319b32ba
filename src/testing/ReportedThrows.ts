import { config, firstValueFrom, ReplaySubject, timer } from 'rxjs';

/** Counts how often one error is reported to RxJS's `config.onUnhandledError`; other errors pass by. @internal */
export class ReportedThrows {
  count = 0;
  readonly #reported = new ReplaySubject<void>(1);
  readonly reported$ = this.#reported.asObservable();
  readonly #before = config.onUnhandledError;
  readonly #listener: (error: unknown) => void;

  constructor(expected: unknown) {
    this.#listener = (error) => {
      if (error === expected) {
        this.count++;
        this.#reported.next();
      } else if (this.#before === null) {
        throw error;
      } else {
        this.#before(error);
      }
    };
    config.onUnhandledError = this.#listener;
  }

  /** Reports are made from timers of their own: those that were set before now are over then. */
  async settle(): Promise<void> {
    await firstValueFrom(timer(1));
  }

  stop(): void {
    if (config.onUnhandledError === this.#listener) config.onUnhandledError = this.#before;
  }
}
