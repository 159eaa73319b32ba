import { from, take, type ObservableInput, type Subscription } from 'rxjs';
import type { Take } from '../decoders/CurrentTake.js';
import type { ConversationStep } from './ConversationStep.js';

/**
 * A step that is given up when the notifier emits first: `undefined` then. It is not begun where the notifier emits at
 * once; else it comes first, as it may be met by what is there.
 *
 * @internal
 */
export function* stepUnless<T>(
  step: ConversationStep,
  notifier: ObservableInput<unknown>,
  begin: () => Take<T>,
): Generator<undefined, T | undefined> {
  const notice = new Notice(notifier, step);
  let inner: Iterator<undefined, T, unknown> | undefined;
  try {
    if (!notice.isGiven()) {
      inner = begin()[Symbol.iterator]();
      let result = inner.next();
      // It may be given from inside, or while the step waits.
      while (result.done !== true && !notice.isGiven()) {
        yield result.value;
        if (!notice.isGiven()) result = inner.next();
      }
      if (result.done === true) return result.value;
      step.cancel();
      // Its `finally` blocks may still have something to say, and to wait for.
      for (let left = inner.return?.(); left?.done === false; left = inner.next()) yield left.value;
    }
    notice.check();
    return undefined;
  } finally {
    notice.unsubscribe();
    // Where it is not over by itself, the conversation is, and so is what is inside it.
    inner?.return?.();
  }
}

/** Whether a notifier has emitted, or failed. */
class Notice {
  #given = false;
  #failure: { readonly error: unknown } | undefined;
  readonly #subscription: Subscription;

  constructor(notifier: ObservableInput<unknown>, step: ConversationStep) {
    let within = true;
    const give = (): void => {
      this.#given = true;
      // Within the subscription it is seen at once.
      if (!within) step.wake();
    };
    this.#subscription = from(notifier)
      .pipe(take(1))
      .subscribe({
        next: give,
        error: (error: unknown) => {
          this.#failure = { error };
          give();
        },
      });
    within = false;
  }

  isGiven(): boolean {
    return this.#given;
  }

  /** Throws the error of the notifier. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  unsubscribe(): void {
    this.#subscription.unsubscribe();
  }
}
