import { config } from 'rxjs';

/**
 * Tells of an error that nobody is there to be told of: as RxJS does, from a call of its own, so that it harms nothing
 * under way. `config.onUnhandledError` hears of it; without that it is an uncaught exception.
 *
 * @internal
 */
export function reportError(error: unknown): void {
  setTimeout(() => {
    const { onUnhandledError } = config;
    if (onUnhandledError === null) throw error;
    onUnhandledError(error);
  });
}

/** Calls what is not ours, for somebody whose error must not keep the others from being told. @internal */
export function attempt(call: () => void, report = reportError): void {
  try {
    call();
  } catch (error) {
    report(error);
  }
}
