import type { SchedulerLike, Subscription } from 'rxjs';

/**
 * Tells when nothing has come for so long.
 *
 * @internal
 */
export class Silence {
  #isOver = false;
  // How many bytes have ever come, as far as is known here.
  #received = -1;
  #timer: Subscription | undefined;

  constructor(
    readonly milliseconds: number,
    readonly scheduler: SchedulerLike,
    /** The pause has been long enough: `after` tells so now. */
    readonly wake: () => void,
  ) {}

  /** Whether it has been silent for long enough after so many bytes in all. More of them begin the pause anew. */
  after(received: number): boolean {
    if (received !== this.#received) {
      this.stop();
      this.#received = received;
      this.#timer = this.scheduler.schedule(() => this.#look(), this.milliseconds);
    }
    return this.#isOver;
  }

  stop(): void {
    this.#timer?.unsubscribe();
    this.#isOver = false;
    this.#received = -1;
  }

  // After a program was busy its timers come before the bytes that wait for it: those are heard first.
  #look(): void {
    this.#timer = this.scheduler.schedule(() => {
      this.#isOver = true;
      this.wake();
    });
  }
}
