import { TestScheduler } from 'rxjs/testing';

/** Actions of one moment: more of them are taken for a loop without an end. */
const MOST_AT_ONCE = 100_000;

/** Virtual time that is let pass bit by bit, also where something repeats without an end. @internal */
export class SteppedScheduler extends TestScheduler {
  constructor() {
    super(() => undefined);
  }

  /** Calls in virtual time: all of RxJS's schedulers follow it. What is scheduled when the call returns is dropped. */
  inTime<T>(callback: () => T): T {
    return this.run(() => {
      try {
        return callback();
      } finally {
        // `run` would run all that is left, and a pipeline may have an interval.
        this.actions.length = 0;
      }
    });
  }

  /** Runs what comes next, however long it takes. False: nothing comes. */
  next(): boolean {
    const [action] = this.actions;
    if (action === undefined) return false;
    this.advance(action.delay - this.frame);
    return true;
  }

  advance(milliseconds: number): void {
    const { actions } = this;
    const until = this.frame + milliseconds;
    for (let count = 0; count < MOST_AT_ONCE; count++) {
      const [action] = actions;
      if (action === undefined || action.delay > until) break;
      actions.shift();
      this.frame = action.delay;
      // What was thrown, or else nothing.
      const error = action.execute(action.state, action.delay) as Error | undefined;
      if (error !== undefined) throw error;
    }
    this.frame = until;
  }
}
