import { map, of } from 'rxjs';
import { readUntil, type IncompleteReadError } from '../../src/index.js';
import { checkCases } from '../diagrams/checkCases.js';
import { readUntilCases } from '../diagrams/operators.js';
import { bytes, record, text } from '../streams/record.js';

describe('readUntil', () => {
  checkCases(readUntilCases);

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
    expect(() => readUntil('\n', 5 as never)).toThrowError(TypeError, 'options must be an object, not 5');
  });
});
