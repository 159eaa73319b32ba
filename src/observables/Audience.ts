import type { FrameSubscriber } from '../streams/FrameRead.js';

/** Who is told: each until it is closed, in the order in which they came. @internal */
export class Audience<L extends Pick<FrameSubscriber<never>, 'add'>> {
  readonly #listeners = new Set<L>();
  #all: readonly L[] | undefined;

  add(listener: L): void {
    this.#listeners.add(listener);
    this.#all = undefined;
    listener.add(() => {
      this.#listeners.delete(listener);
      this.#all = undefined;
    });
  }

  /** Those of now: who comes or goes later does not change it. */
  get all(): readonly L[] {
    return (this.#all ??= [...this.#listeners]);
  }
}
