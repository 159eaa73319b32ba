import { reportError } from './reportError.js';

/**
 * Work that may be asked for from inside itself, as subscribers read, write and feed inside `next`. The call under way
 * goes on with it: so values never overtake each other, and the stack stays flat.
 *
 * | asked for           | then                                                   |
 * | ------------------- | ------------------------------------------------------ |
 * | while nothing runs  | it is done                                             |
 * | from inside         | it is done once more after the call under way          |
 *
 * The work calls code that is not ours, which may throw at any call (a teardown, a stack that is full). The error is
 * reported, and the work is done once more for everybody it had not come to. So it has to have finished with whoever it
 * calls before it calls, or it would fail for ever.
 *
 * @internal
 */
export abstract class ReentrantWork {
  #state: 'idle' | 'running' | 'again' = 'idle';

  protected abstract work(): void;
  protected abstract report(error: unknown): void;

  get running(): boolean {
    return this.#state !== 'idle';
  }

  run(): void {
    if (this.#state !== 'idle') {
      this.#state = 'again';
      return;
    }
    try {
      do {
        this.#state = 'running';
        this.#attempt();
      } while (this.#askedAgain());
    } finally {
      // Also when the report fails, as it does where the stack is full.
      this.#state = 'idle';
    }
  }

  #attempt(): void {
    try {
      this.work();
    } catch (error) {
      this.#state = 'again';
      this.report(error);
    }
  }

  #askedAgain(): boolean {
    return this.#state === 'again';
  }
}

/** The same, made of functions. @internal */
export class Reentrant extends ReentrantWork {
  constructor(
    protected readonly work: () => void,
    protected readonly report = reportError,
  ) {
    super();
  }
}

/**
 * The report of what has one subscriber only: a teardown of its that throws has ended it, and the error goes to whoever
 * made it, as RxJS has it.
 *
 * @internal
 */
export function rethrow(error: unknown): never {
  throw error;
}
