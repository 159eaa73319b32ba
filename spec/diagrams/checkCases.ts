import { catchError, throwError } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import type { MarbleCase } from './MarbleCase.js';

/** A spec for each case. Errors are compared by their code, those without one by their message. */
export function checkCases(cases: readonly MarbleCase[]): void {
  for (const { name, outputs, run } of cases) {
    it(
      name,
      marbles((m) => {
        const seen = run(m);
        expect(seen.length).toBe(outputs.length);
        for (const [i, { marbles: expected, values, error }] of outputs.entries()) {
          const output$ = seen[i]!.pipe(catchError((e: unknown) => throwError(() => nameOf(e))));
          m.expect(output$).toBeObservable(expected, values, error);
        }
      }),
    );
  }
}

function nameOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return 'code' in error ? error.code : error.message;
}
