import { firstValueFrom, from, throwError, timeout, type ObservableInput } from 'rxjs';

// Only a spec that fails waits so long. A busy machine may need more than a few seconds.
const PATIENCE_MS = 10_000;

/** The first value of the source. Where it does not come, the failure says what the spec was waiting for. */
export function eventually<T>(what: string, source: ObservableInput<T>): Promise<T> {
  const inVain = (): Error => new Error(`Waited ${PATIENCE_MS} ms in vain for ${what}`);
  return firstValueFrom(from(source).pipe(timeout({ first: PATIENCE_MS, with: () => throwError(inVain) })));
}

/** The error that the source ends with. */
export async function failureOf(what: string, source: ObservableInput<unknown>): Promise<unknown> {
  try {
    await eventually(what, from(source));
  } catch (error) {
    return error;
  }
  throw new Error(`${what}: expected an error, but it emitted a value`);
}
