import { longest, Pattern, patternKey } from '../../src/bytes/Pattern.js';
import { bytes } from '../streams/record.js';

describe('Pattern', () => {
  it('says how many bytes match at the end of a chunk, and goes on in the next one', () => {
    const pattern = new Pattern(bytes('aab'));
    expect([pattern.scan(bytes('xxaa'), 0, 0), pattern.end]).toEqual([2, 4]);
    expect([pattern.scan(bytes('ab--'), 0, 2), pattern.end]).toEqual([3, 2]);
    expect([pattern.scan(bytes('xyz'), 0, 2), pattern.end]).toEqual([0, 3]);
  });

  it('begins where it is told to', () => {
    const pattern = new Pattern(bytes('ab'));
    expect([pattern.scan(bytes('ab-ab'), 1, 0), pattern.end]).toEqual([2, 5]);
    expect([pattern.scan(bytes('ab'), 2, 1), pattern.end]).toEqual([1, 2]);
  });

  it('falls back to the longest start that still matches', () => {
    const pattern = new Pattern(bytes('abcabd'));
    expect(pattern.scan(bytes('abcabcabd!'), 0, 0)).toBe(6);
    expect(pattern.end).toBe(9);
    expect(new Pattern(bytes('aaab')).scan(bytes('aaaaab'), 0, 0)).toBe(4);
    expect(new Pattern(bytes('abab')).scan(bytes('abacabab'), 0, 0)).toBe(4);
  });

  it('looks for its first byte without a step for each other one', () => {
    const indexOf = spyOn(Uint8Array.prototype, 'indexOf').and.callThrough();
    const pattern = new Pattern(bytes('!?'));
    expect([pattern.scan(bytes('x'.repeat(50)), 0, 0), pattern.end]).toEqual([0, 50]);
    expect(indexOf).toHaveBeenCalledOnceWith(33, 0);
  });

  it('has the same key for the same bytes, and no other', () => {
    expect(new Pattern(bytes('ab')).key).toBe('ab');
    expect(patternKey(Uint8Array.of(0xff))).toBe('\u00ff');
    expect(patternKey(Uint8Array.of(0xc3, 0xbf))).not.toBe(patternKey(Uint8Array.of(0xff)));
  });

  it('is at least one byte long', () => {
    expect(() => new Pattern(new Uint8Array(0))).toThrowError(
      RangeError,
      'Separator should be at least one byte long',
    );
    expect(longest([])).toBe(0);
    expect(longest(['ab', 'abc', 'a'].map((text) => new Pattern(bytes(text))))).toBe(3);
  });
});
