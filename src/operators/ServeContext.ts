import { Observable } from 'rxjs';
import { Listeners } from '../streams/Listeners.js';
import { reportError } from '../streams/reportError.js';

/** What `serve` tells its handlers besides their connection: one object for all of them. See {@link serve}. */
export interface ServeContext {
  /**
   * Emits once, and completes, when `stop` has emitted; at once if it has already. A protocol that keeps its connections
   * then says goodbye, for which it has the `grace`. Not when only the source completes, as its handlers go on. When
   * serving ends in any other way, whoever still listens is told after the handlers are unsubscribed.
   */
  readonly stopping$: Observable<void>;
  /** The same as a signal, for functions that take one, and to look at: `stopping.aborted`. */
  readonly stopping: AbortSignal;
}

/**
 * Whoever comes and goes costs the same, however many there are: with a subject it would be the square of their number.
 *
 * @internal
 */
export class Stopping implements ServeContext {
  readonly #listeners = new Listeners();
  #controller: AbortController | undefined;
  #begun = false;

  readonly stopping$ = new Observable<void>((subscriber) => {
    const tell = (): void => {
      subscriber.next();
      subscriber.complete();
    };
    if (this.#begun) tell();
    else subscriber.add(this.#listeners.add(tell));
  });

  get stopping(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      allowManyListeners(this.#controller.signal);
      if (this.#begun) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#controller?.abort();
    this.#listeners.tell({ report: reportError });
  }
}

// Every connection may listen to it, and Node warns of more than ten.
function allowManyListeners(signal: AbortSignal): void {
  interface Events {
    setMaxListeners(count: number, signal: AbortSignal): void;
  }
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): Events | undefined } };
  process?.getBuiltinModule?.('node:events')?.setMaxListeners(0, signal);
}
