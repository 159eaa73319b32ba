import fc from 'fast-check';
import { ByteQueue } from '../../src/bytes/ByteQueue.js';
import { compileSeparator, type Separator } from '../../src/bytes/Separator.js';
import { runs } from '../contracts/runs.js';
import { work } from '../contracts/work.js';
import { bytes } from '../streams/record.js';

/** Searches chunks as they come: where the first match ends, and how long it is. */
function search(
  separator: Separator,
  chunks: readonly Uint8Array[],
): { end: number; length: number } | undefined {
  const queue = new ByteQueue();
  for (const chunk of chunks) {
    queue.push(chunk);
    const at = queue.indexOf(separator);
    if (at === -1) continue;
    const end = queue.takeUntil(separator)!.length;
    return { end, length: end - at };
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
      runs(1000),
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
    const one = compileSeparator('\r\n');
    compileSeparator('\n');
    expect(compileSeparator('\r\n')).toBe(one);
    expect(compileSeparator(['\r\n', 'x'])[0]).toBe(one[0]);
    expect(compileSeparator(bytes('ab'))).toBe(compileSeparator(bytes('ab')));
    expect(compileSeparator([bytes('ab')])[0]).toBe(compileSeparator(bytes('ab'))[0]);
  });

  it('notices that a separator was changed after its first use', () => {
    const separator = bytes('ab');
    expect(search(separator, [bytes('xxab')])).toEqual({ end: 4, length: 2 });
    separator[1] = 'c'.charCodeAt(0);
    expect(search(separator, [bytes('xxabxac')])).toEqual({ end: 7, length: 2 });
  });

  it('does not keep the automata of ever new separators', () => {
    const first = compileSeparator('boundary 0');
    for (let i = 1; i < 1000; i++) compileSeparator(`boundary ${i}`);
    expect(compileSeparator('boundary 0')).not.toBe(first);
  });

  it('bounds what it keeps in bytes: one that is very long puts out all others', () => {
    for (const long of ['x'.repeat(100_000), new Uint8Array(100_000)]) {
      const short = compileSeparator('a boundary');
      compileSeparator(long);
      compileSeparator('\n');
      expect(compileSeparator('a boundary')).not.toBe(short);
    }
  });

  it('does not take text for bytes that read the same', () => {
    compileSeparator(Uint8Array.of(0xe9));
    expect(compileSeparator('\u00e9')[0]!.bytes.length).toBe(2);
    compileSeparator('\u00ff');
    expect(compileSeparator(Uint8Array.of(0xff))[0]!.bytes.length).toBe(1);
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

  it('refuses views that are not of bytes, and lists of anything else', () => {
    for (const wrong of [
      new Uint16Array(1),
      new Int8Array(1),
      new Uint8ClampedArray(1),
      new DataView(new ArrayBuffer(1)),
      new ArrayBuffer(1),
      new Set(['a']),
      { length: 1, 0: 10 },
      10n,
    ]) {
      expect(() => compileSeparator(wrong as never)).toThrowError(TypeError, /separator must be/);
      expect(() => compileSeparator(['a', wrong] as never)).toThrowError(TypeError, /separator must be/);
    }
    expect(() => compileSeparator([['a']] as never)).toThrowError(TypeError, /separator must be/);
    // eslint-disable-next-line no-sparse-arrays
    expect(() => new ByteQueue().takeUntil(['a', , 'b'] as never)).toThrowError(TypeError);
  });

  describe('cost', () => {
    const trickle = (length: number, look: (queue: ByteQueue) => void, size = 1): number =>
      work(() => {
        const queue = new ByteQueue();
        for (let at = 0; at < length; at += size) {
          queue.push(new Uint8Array(size).fill(120));
          look(queue);
        }
      });
    const lists: Record<string, () => Separator> = {
      'a list of two': () => ['\r\n', '\n'],
      'a list of bytes': () => [Uint8Array.of(13, 10), Uint8Array.of(10)],
      bytes: () => Uint8Array.of(13, 10),
      'a text made anew': () => ['\r', '\n'].join(''),
    };
    for (const [name, make] of Object.entries(lists)) {
      it(`of ${name}, written anew for each call, is linear`, () => {
        const look = (queue: ByteQueue): void => expect(queue.takeUntil(make())).toBeUndefined();
        expect(trickle(4000, look) / trickle(1000, look)).toBeLessThan(6);
        expect(trickle(4000, look)).toBeLessThan(5 * 4000);
      });
    }

    for (const count of [2, 8, 10, 50]) {
      it(`of ${count} separators searched in turn is one search for each`, () => {
        const separators = Array.from({ length: count }, (_, i) => `${i}!`);
        const look = (queue: ByteQueue): void => {
          for (const separator of separators) expect(queue.indexOf(separator)).toBe(-1);
        };
        expect(trickle(1000, look)).toBeLessThan(count * 1000 + 5000);
      });
    }

    it('of searches from several places on is one for each', () => {
      const places: ((queue: ByteQueue) => number[])[] = [
        () => [0, 100, 7],
        (queue) => [queue.length - 1, 0],
        (queue) => [0, queue.length - 3, queue.length],
        (queue) => [queue.length >> 1, 0],
      ];
      for (const from of places) {
        for (const size of [1, 2, 300]) {
          let found = 0;
          // Not an expectation for each of millions of searches.
          const look = (queue: ByteQueue): void => {
            for (const at of from(queue)) if (queue.indexOf('!!', Math.max(0, at)) !== -1) found++;
          };
          const length = runs(30_000).numRuns;
          const [once, again] = [trickle(length, look, size), trickle(4 * length, look, size)];
          expect(found).toBe(0);
          expect(again / once)
            .withContext(`${from.toString()} by ${size}`)
            .toBeLessThan(6);
        }
      }
    });

    it('of a search for the one behind the first, and of the first again and again, is linear', () => {
      const cost = (length: number): number =>
        work(() => {
          const queue = new ByteQueue();
          queue.push(bytes(`${'x'.repeat(length)}!`));
          for (let i = 0; i < length; i++) {
            queue.push(bytes('y'));
            const first = queue.indexOf(['!', '?']);
            expect(first).toBe(length);
            expect(queue.indexOf(['!', '?'], first + 1)).toBe(-1);
          }
        });
      expect(cost(8000) / cost(2000)).toBeLessThan(6);
    });

    it('of a partial match that fails over and over is linear', () => {
      const separator = `${'a'.repeat(200)}b`;
      const cost = (length: number): number =>
        work(() => {
          const queue = new ByteQueue();
          for (let i = 0; i < length; i++) {
            queue.push(bytes('a'));
            expect(queue.takeUntil(separator)).toBeUndefined();
          }
        });
      expect(cost(8000)).toBeLessThan(2 * 8000 + 1000);
    });
  });
});
