import fc from 'fast-check';
import { ByteQueue, DecodeError, LimitOverrunError, takeTextUntil } from '../../src/index.js';
import { work } from '../contracts/work.js';
import { bytes } from '../streams/record.js';

function queueOf(wire: string | Uint8Array, size = 1e9): ByteQueue {
  const queue = new ByteQueue();
  const all = typeof wire === 'string' ? bytes(wire) : wire;
  for (let at = 0; at < all.length; at += size) queue.push(all.slice(at, at + size));
  return queue;
}

describe('takeTextUntil', () => {
  it('takes the text before the separator, and drops the separator, in whatever pieces they come', () => {
    const wire = fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', ';', '\r', '\n'), maxLength: 60 });
    fc.assert(
      fc.property(wire, fc.integer({ min: 1, max: 9 }), (value, size) => {
        const expected = value.split(/\r\n|\n|;/).slice(0, -1);
        const queue = queueOf(value, size);
        const taken: string[] = [];
        for (;;) {
          const text = takeTextUntil(queue, ['\n', '\r\n', ';']);
          if (text === undefined) break;
          taken.push(text);
        }
        expect(taken).toEqual(expected);
        expect(queue.length).toBe(bytes(value.split(/\r\n|\n|;/).at(-1)!).length);
      }),
    );
  });

  it('drops the longest of the separators that end at the same byte, in any order, and no byte before the text', () => {
    for (const separators of [
      ['b', 'ab', 'xab'],
      ['xab', 'b', 'ab'],
    ]) {
      expect(takeTextUntil(queueOf('1xab2', 1), separators)).toBe('1');
      expect(takeTextUntil(queueOf('ab', 1), separators)).toBe('');
      expect(takeTextUntil(queueOf('bab', 1), separators)).toBe('');
    }
  });

  it('turns bytes into text by the encoding, and takes nothing where one does not fit', () => {
    expect(takeTextUntil(queueOf(Uint8Array.of(0xe9, 0x80, 10)), '\n', 9, 'latin1')).toBe('\u00e9\u0080');
    const queue = queueOf(Uint8Array.of(0x61, 0xe9, 10));
    expect(() => takeTextUntil(queue, '\n', 9, 'ascii')).toThrowError(DecodeError);
    expect(queue.length).toBe(3);
  });

  it('bounds the bytes before the separator', () => {
    expect(takeTextUntil(queueOf('abc;'), ';', 3)).toBe('abc');
    for (const wire of ['abcd;', 'abcd']) {
      const queue = queueOf(wire);
      expect(() => takeTextUntil(queue, ';', 3)).toThrowError(LimitOverrunError);
      expect(queue.length).toBe(wire.length);
    }
    expect(takeTextUntil(queueOf('abc'), ';', 3)).toBeUndefined();
  });

  it('refuses arguments that are none, whatever is there', () => {
    const queue = queueOf('');
    expect(() => takeTextUntil(queue, '')).toThrowError(RangeError);
    expect(() => takeTextUntil(queue, [])).toThrowError(RangeError);
    expect(() => takeTextUntil(queue, ';', 1.5)).toThrowError(RangeError);
    expect(() => takeTextUntil(queue, ';', 1, 'utf-16' as never)).toThrowError(RangeError);
  });

  it('looks at each byte once, though it is asked again for every chunk', () => {
    const queue = new ByteQueue();
    const n = 20_000;
    const cost = work(() => {
      for (let i = 0; i < n; i++) {
        queue.push(Uint8Array.of(0x61));
        takeTextUntil(queue, ['\r\n', '\n']);
      }
    });
    expect(cost).toBeLessThan(12 * n);
  });

  it('takes no byte for a part of the separator that was taken before', () => {
    const queue = queueOf('xab;');
    queue.skip(1);
    expect(takeTextUntil(queue, ['b', 'xab'])).toBe('a');
    expect(queue.length).toBe(1);
  });
});
