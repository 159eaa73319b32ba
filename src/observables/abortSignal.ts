import { Observable, take, tap, type MonoTypeOperatorFunction } from 'rxjs';
import type { ConnectionCore } from '../streams/ConnectionCore.js';
import { reportError } from '../streams/reportError.js';

// Node warns of many listeners on one signal, which connections, attempts and servers may well share.
const listeners = new WeakMap<AbortSignal, SignalListener>();

/** The one listener that a signal has, for all who wait for it; only while there are any. */
class SignalListener {
  readonly #signal: AbortSignal;
  readonly #callbacks = new Set<() => void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Returns the way to take it back. */
  add(aborted: () => void): () => void {
    // Of its own, as one function may wait twice.
    const callback = (): void => aborted();
    this.#callbacks.add(callback);
    // Adds nothing where it is there already.
    this.#signal.addEventListener('abort', this.#onAbort);
    return () => {
      this.#callbacks.delete(callback);
      if (this.#callbacks.size === 0) this.#signal.removeEventListener('abort', this.#onAbort);
    };
  }

  // Whoever is told may take others back: these are not told.
  readonly #onAbort = (): void => {
    for (const callback of this.#callbacks) {
      this.#callbacks.delete(callback);
      try {
        callback();
      } catch (error) {
        reportError(error);
      }
    }
    this.#signal.removeEventListener('abort', this.#onAbort);
  };
}

/** Calls once the signal is aborted. Whatever the call throws is reported. Returns the way to take it back. @internal */
export function whenAborted(signal: AbortSignal, aborted: () => void): () => void {
  let listener = listeners.get(signal);
  if (listener === undefined) listeners.set(signal, (listener = new SignalListener(signal)));
  return listener.add(aborted);
}

/** The first value of the source; errors with the signal's reason if that is aborted before. @internal */
export function firstUnlessAborted<T>(signal: AbortSignal | undefined): MonoTypeOperatorFunction<T> {
  return (source) =>
    new Observable((subscriber) => {
      if (signal === undefined) {
        source.subscribe(subscriber);
        return;
      }
      const abort = (): void => subscriber.error(signal.reason);
      if (signal.aborted) {
        abort();
        return;
      }
      const forget = whenAborted(signal, abort);
      subscriber.add(forget);
      // From the value on the signal is the business of whoever gets it, also inside `next`.
      source.pipe(take(1), tap(forget)).subscribe(subscriber);
    });
}

/** Aborts the connection with the signal, for as long as it is there. @internal */
export function abortWith(core: ConnectionCore, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  core.onGone(whenAborted(signal, () => core.abort(signal.reason)));
}
