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
  readonly #listeners = new Set<() => void>();

  /** Returns what takes it back. */
  add(listener: () => void): () => void {
    const listeners = this.#listeners;
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  tell(reporter: Reporter): void {
    const listeners = this.#listeners;
    for (const listener of [...listeners]) {
      if (!listeners.has(listener)) continue;
      try {
        listener();
      } catch (error) {
        reporter.report(error);
      }
    }
  }
}
