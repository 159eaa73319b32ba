import { Observable, take, tap, type MonoTypeOperatorFunction } from 'rxjs';
import type { ConnectionCore } from '../streams/ConnectionCore.js';

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
      const forget = (): void => signal.removeEventListener('abort', abort);
      signal.addEventListener('abort', abort);
      subscriber.add(forget);
      // From the value on the signal is the business of whoever gets it, also inside `next`.
      source.pipe(take(1), tap(forget)).subscribe(subscriber);
    });
}

/** Aborts the connection with the signal, for as long as it is there. @internal */
export function abortWith(core: ConnectionCore, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const abort = (): void => core.abort(signal.reason);
  signal.addEventListener('abort', abort);
  core.onGone(() => signal.removeEventListener('abort', abort));
}
