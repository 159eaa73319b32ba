/** Who hears of what listeners throw. @internal */
export interface Reporter {
  report(error: unknown): void;
}

/**
 * Those who are to be told of something. Each of them is told, whatever the others do: unsubscribe, come anew (these
 * are told the next time), or throw, which is reported.
 *
 * @internal
 */
export class Listeners {
  // Most often there is one, and the table of a set costs as much as all else of it.
  #only: (() => void) | undefined;
  #others: Set<() => void> | undefined;

  /** Returns what takes it back. */
  add(listener: () => void): () => void {
    if (this.#only === undefined && this.#others === undefined) this.#only = listener;
    else (this.#others ??= new Set()).add(listener);
    return () => {
      if (this.#only === listener) this.#only = undefined;
      else this.#others?.delete(listener);
    };
  }

  tell(reporter: Reporter): void {
    for (const listener of [this.#only, ...(this.#others ?? [])]) {
      if (listener === undefined || !(listener === this.#only || this.#others?.has(listener))) continue;
      try {
        listener();
      } catch (error) {
        reporter.report(error);
      }
    }
  }
}
