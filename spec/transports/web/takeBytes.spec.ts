import fc from 'fast-check';
import { Queue } from '../../../src/bytes/Queue.js';
import { takeBytes } from '../../../src/transports/web/takeBytes.js';
import type { Outgoing } from '../../../src/transports/web/WritablePump.js';
import { bytes, difference, joined, seededBytes, text } from '../../contracts/bytes.js';

function queueOf(...chunks: Uint8Array[]): Queue<Outgoing<Uint8Array>> {
  const queue = new Queue<Outgoing<Uint8Array>>();
  for (const chunk of chunks) queue.push({ chunk, size: chunk.length });
  return queue;
}

function takeAll(...chunks: Uint8Array[]): Uint8Array[] {
  const queue = queueOf(...chunks);
  let waiting = joined(chunks).length;
  const taken: Uint8Array[] = [];
  while (queue.length > 0) {
    const { chunk, size } = takeBytes(queue, waiting);
    expect(chunk.length).toBe(size);
    waiting -= size;
    taken.push(chunk);
  }
  expect(waiting).toBe(0);
  return taken;
}

describe('takeBytes', () => {
  it('joins small writes', () => {
    expect(takeAll(bytes('one '), bytes('two '), bytes('three')).map(text)).toEqual(['one two three']);
  });

  it('cuts a large write into pieces of 64 KiB', () => {
    expect(takeAll(new Uint8Array(150_000)).map(({ length }) => length)).toEqual([65536, 65536, 18928]);
  });

  it('gives what was written, wherever it is cut', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 99_999 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(sizes, (lengths) => {
        const chunks = lengths.map((length, i) => seededBytes(i, length));
        const taken = takeAll(...chunks);
        expect(difference(joined(taken), joined(chunks))).toBe('none');
        expect(taken.slice(0, -1).every(({ length }) => length === 65536)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('copies: neither the sink nor the one who wrote sees what the other does with the memory', () => {
    for (const written of [bytes('one'), bytes('a one').subarray(2)]) {
      const [taken] = takeAll(written);
      written.fill(0);
      expect(text(taken!)).toBe('one');
      expect(taken!.buffer).not.toBe(written.buffer);
    }
  });

  it('throws when the memory of what was written has been transferred', () => {
    const written = bytes('one');
    const queue = queueOf(written);
    structuredClone(written, { transfer: [written.buffer] });
    expect(() => takeBytes(queue, 3)).toThrowError(/Of 3 bytes that were written 0 are left/);
  });
});
