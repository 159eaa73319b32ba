import { catchError, map, of, throwError } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { readUntil, type IncompleteReadError, type StreamError } from '../../src/index.js';
import { bytes, record, text } from '../streams/FakeTransport.js';

describe('readUntil', () => {
  const chunks = { a: 'a', b: 'b\n', c: 'c\nd\n', e: '12345' };
  const cases: [name: string, source: string, expected: string, error?: string][] = [
    ['cuts behind each separator', '--a-b-c-----|', '----x-(cd)--|'],
    ['errors when the source completes elsewhere', '--b-a--|', '--b----#', 'ERR_INCOMPLETE_READ'],
    ['errors as soon as the limit is overrun', '--b-e-b-|', '--b-#', 'ERR_LIMIT_OVERRUN'],
  ];
  for (const [name, source, expected, error] of cases) {
    it(
      name,
      marbles((m) => {
        const pieces$ = m.cold(source, chunks).pipe(
          map(bytes),
          readUntil('\n', { limit: 4 }),
          map(text),
          catchError((e: StreamError) => throwError(() => e.code)),
        );
        m.expect(pieces$).toBeObservable(expected, { x: 'ab\n', b: 'b\n', c: 'c\n', d: 'd\n' }, error);
      }),
    );
  }

  it('knows several separators, and bytes', () => {
    expect(record(of('a,b;').pipe(map(bytes), readUntil([',', bytes(';')]))).log).toEqual(['a,', 'b;', '|']);
  });

  it('hands over the rest with the error', () => {
    let rest = '';
    of('a\nbc')
      .pipe(map(bytes), readUntil())
      .subscribe({ error: (error: IncompleteReadError) => (rest = text(error.partial)) });
    expect(rest).toBe('bc');
  });

  it('refuses senseless arguments at the call', () => {
    expect(() => readUntil('')).toThrowError(RangeError, /Separator/);
    expect(() => readUntil('\n', { limit: 0 })).toThrowError(RangeError, /not 0/);
  });
});
