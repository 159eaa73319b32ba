/**
 * Those who are to be told of something. Each of them is told, whatever the others do: unsubscribe, come anew (these
 * are told the next time), or throw, which is reported.
 *
 * @internal
 */
export class Listeners {
  readonly #report: (error: unknown) => void;
  // Made when it is needed: most connections are never asked, and each would keep it for its whole life.
  #listeners: Set<() => void> | undefined;

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Returns what takes it back. */
  add(listener: () => void): () => void {
    const listeners = (this.#listeners ??= new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  tell(): void {
    const listeners = this.#listeners;
    if (listeners === undefined) return;
    for (const listener of [...listeners]) {
      if (!listeners.has(listener)) continue;
      try {
        listener();
      } catch (error) {
        this.#report(error);
      }
    }
  }
}
