import { Observable, type Subscriber } from 'rxjs';

/** Which connections are to be told to reconnect. */
export class Goodbyes {
  readonly #waiting = new Set<Subscriber<void>>();

  /** For one connection each. **Emits** when its client is to go, and completes. */
  readonly goodbye$ = new Observable<void>((subscriber) => {
    this.#waiting.add(subscriber);
    subscriber.add(() => this.#waiting.delete(subscriber));
  });

  /** As many as connections that were not told yet. */
  get count(): number {
    return this.#waiting.size;
  }

  /** Tells so many, those that have been here longest first. */
  tell(count: number): void {
    for (const subscriber of [...this.#waiting].slice(0, count)) {
      subscriber.next();
      subscriber.complete();
    }
  }
}
