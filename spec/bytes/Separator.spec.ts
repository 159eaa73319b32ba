import fc from 'fast-check';
import { compileSeparator, type Separator } from '../../src/bytes/Separator.js';
import { bytes } from '../streams/record.js';

/** Runs the automaton over chunks: where the first match ends, and how long it is. */
function search(
  separator: Separator,
  chunks: readonly Uint8Array[],
): { end: number; length: number } | undefined {
  const automaton = compileSeparator(separator);
  let state = 0;
  let base = 0;
  for (const chunk of chunks) {
    state = automaton.scan(chunk, 0, state);
    const length = automaton.matchLength[state]!;
    if (length > 0) return { end: base + automaton.end, length };
    base += chunk.length;
  }
  return undefined;
}

/** The same by trying every place: the definition. */
function searchPlainly(
  patterns: readonly string[],
  haystack: string,
): { end: number; length: number } | undefined {
  for (let end = 1; end <= haystack.length; end++) {
    const matching = patterns.filter((pattern) => haystack.slice(0, end).endsWith(pattern));
    if (matching.length > 0) return { end, length: Math.min(...matching.map((pattern) => pattern.length)) };
  }
  return undefined;
}

describe('compileSeparator', () => {
  it('finds what trying every place finds, however the bytes are cut', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 5 });
    const haystacks = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), haystacks, (patterns, chunks) => {
        expect(search(patterns, chunks.map(bytes)))
          .withContext(`${JSON.stringify(patterns)} in ${JSON.stringify(chunks)}`)
          .toEqual(searchPlainly(patterns, chunks.join('')));
      }),
      { numRuns: 1000 },
    );
  });

  it('finds a separator of 16 bytes split at every position', () => {
    const separator = '0123456789abcdef';
    for (let at = 0; at <= separator.length; at++) {
      const chunks = [bytes(`xx0123${separator.slice(0, at)}`), bytes(`${separator.slice(at)}yy`)];
      expect(search(separator, chunks)).withContext(`split at ${at}`).toEqual({ end: 22, length: 16 });
    }
  });

  it('makes the automaton of a spelling once', () => {
    expect(compileSeparator('\r\n')).toBe(compileSeparator('\r\n'));
    const list = ['\r', '\n'];
    expect(compileSeparator(list)).toBe(compileSeparator(list));
  });

  it('notices that a separator was changed after its first use', () => {
    const separator = bytes('ab');
    expect(search(separator, [bytes('xxab')])).toEqual({ end: 4, length: 2 });
    separator[1] = 'c'.charCodeAt(0);
    expect(search(separator, [bytes('xxabxac')])).toEqual({ end: 7, length: 2 });
  });

  it('does not keep the automata of ever new separators', () => {
    const first = compileSeparator('boundary 0');
    for (let i = 1; i < 200; i++) compileSeparator(`boundary ${i}`);
    expect(compileSeparator('boundary 0')).not.toBe(first);
  });

  it('refuses an empty list, an empty separator and what is neither text nor bytes', () => {
    expect(() => compileSeparator([])).toThrowError(RangeError, /at least one element/);
    expect(() => compileSeparator('')).toThrowError(RangeError, /at least one byte/);
    expect(() => compileSeparator(new Uint8Array(0))).toThrowError(RangeError, /at least one byte/);
    expect(() => compileSeparator(['a', ''])).toThrowError(RangeError, /at least one byte/);
    expect(() => compileSeparator(10 as never)).toThrowError(TypeError, /not 10/);
    expect(() => compileSeparator(null as never)).toThrowError(TypeError, /not null/);
    expect(() => compileSeparator([undefined] as never)).toThrowError(TypeError, /not undefined/);
  });
});
