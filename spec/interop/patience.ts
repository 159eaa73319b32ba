import { firstValueFrom, from, throwError, timeout, type ObservableInput } from 'rxjs';

/** For what another program has a part in: on a busy machine it may take its time to start. */
export const PATIENCE_MS = 15_000;

/** The first value of the source. Where it does not come, the failure says what the spec was waiting for. */
export function patiently<T>(what: string, source: ObservableInput<T>): Promise<T> {
  const inVain = (): Error => new Error(`Waited ${PATIENCE_MS} ms in vain for ${what}`);
  return firstValueFrom(from(source).pipe(timeout({ first: PATIENCE_MS, with: () => throwError(inVain) })));
}
