import { Observable, type Subscriber } from 'rxjs';

/** Who is to be told to reconnect: all of them from some time on, or some of them. */
export class Goodbyes {
  readonly #waiting = new Set<Subscriber<void>>();
  #all = false;

  /** Those that wait: as many as connections of the keep-alive protocol that were not told yet. */
  get count(): number {
    return this.#waiting.size;
  }

  /** For one connection each. **Emits** when its client is to go, and completes. */
  readonly goodbye$ = new Observable<void>((subscriber) => {
    if (this.#all) say(subscriber);
    else {
      this.#waiting.add(subscriber);
      subscriber.add(() => this.#waiting.delete(subscriber));
    }
  });

  /** To so many, those that have been here longest first. */
  some(count: number): void {
    for (const subscriber of [...this.#waiting].slice(0, count)) say(subscriber);
  }

  /** To all, also to those that come later. */
  all(): void {
    this.#all = true;
    this.some(this.#waiting.size);
  }
}

function say(subscriber: Subscriber<void>): void {
  subscriber.next();
  subscriber.complete();
}
