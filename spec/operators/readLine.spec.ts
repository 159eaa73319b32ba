import { catchError, map, throwError } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { readLine, type StreamError } from '../../src/index.js';
import { bytes, text } from '../streams/FakeTransport.js';

describe('readLine', () => {
  const chunks = { a: 'ab', c: 'c\nd\n', e: 'e', l: '12345' };
  const cases: [name: string, source: string, expected: string, error?: string][] = [
    ['cuts lines, at the end the rest', '--a--c-----e--|', '-----(xy)-----(e|)'],
    ['completes behind the last newline', '--a--c-----|', '-----(xy)--|'],
    ['errors at a line beyond the limit', '--c------l--|', '--(zy)---#', 'ERR_LIMIT_OVERRUN'],
  ];
  for (const [name, source, expected, error] of cases) {
    it(
      name,
      marbles((m) => {
        const lines$ = m.cold(source, chunks).pipe(
          map(bytes),
          readLine({ limit: 4 }),
          map(text),
          catchError((e: StreamError) => throwError(() => e.code)),
        );
        m.expect(lines$).toBeObservable(expected, { x: 'abc\n', y: 'd\n', z: 'c\n', e: 'e' }, error);
      }),
    );
  }

  it('refuses a senseless limit at the call', () => {
    expect(() => readLine({ limit: -1 })).toThrowError(RangeError, /not -1/);
  });
});
