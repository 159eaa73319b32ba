import { catchError, map, throwError } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { readExactly, type StreamError } from '../../src/index.js';
import { bytes, text } from '../streams/FakeTransport.js';

describe('readExactly', () => {
  const chunks = { a: 'ab', c: 'cde', f: 'f' };
  const cases: [name: string, source: string, expected: string, error?: string][] = [
    ['cuts blocks', '--a--c---f--|', '--x--y---z--|'],
    [
      'errors when the source completes inside a block',
      '--a--c---|',
      '--x--y---#',
      'ERR_INCOMPLETE_READ 1 of 2',
    ],
  ];
  for (const [name, source, expected, error] of cases) {
    it(
      name,
      marbles((m) => {
        const blocks$ = m.cold(source, chunks).pipe(
          map(bytes),
          readExactly(2),
          map(text),
          catchError((e: StreamError & { partial: Uint8Array; expected: number }) =>
            throwError(() => `${e.code} ${e.partial.length} of ${e.expected}`),
          ),
        );
        m.expect(blocks$).toBeObservable(expected, { x: 'ab', y: 'cd', z: 'ef' }, error);
      }),
    );
  }

  it('refuses a size that is no positive integer, at the call', () => {
    for (const n of [0, -1, 1.5, NaN])
      expect(() => readExactly(n)).toThrowError(RangeError, new RegExp(`not ${n}`));
  });
});
