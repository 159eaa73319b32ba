import { Observable } from 'rxjs';

/** Stands in for slow work: none of it ends before it is let. @internal */
export class HeldWork {
  /** Pieces that have begun. */
  begun = 0;
  readonly #held = new Set<() => void>();

  /** @param flows whether each ends as soon as it begins */
  constructor(readonly flows: boolean) {}

  /** Pieces under way. */
  get held(): number {
    return this.#held.size;
  }

  on<T>(value: T): Observable<T> {
    return new Observable((subscriber) => {
      this.begun++;
      const finish = (): void => {
        this.#held.delete(finish);
        subscriber.next(value);
        subscriber.complete();
      };
      if (this.flows) {
        finish();
        return;
      }
      this.#held.add(finish);
      subscriber.add(() => this.#held.delete(finish));
    });
  }

  /** Ends what has been under way longest: so many pieces, and none that begin meanwhile. */
  finish(pieces: number): void {
    for (const finish of [...this.#held].slice(0, pieces)) finish();
  }
}
