import fc from 'fast-check';
import { Queue } from '../../src/bytes/Queue.js';
import { runs } from '../contracts/runs.js';

/** How often an array is copied: a spy cannot tell, as jasmine itself copies arrays. */
function slices(work: () => void): number {
  const { slice } = Array.prototype;
  let calls = 0;
  Array.prototype.slice = function (this: unknown[], ...args): unknown[] {
    calls++;
    return slice.apply(this, args);
  };
  try {
    work();
  } finally {
    Array.prototype.slice = slice;
  }
  return calls;
}

describe('Queue', () => {
  it('is an array with push and shift', () => {
    const operation = fc.oneof(
      { weight: 4, arbitrary: fc.constant('push') },
      { weight: 3, arbitrary: fc.constant('shift') },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const queue = new Queue<number>();
        const model: number[] = [];
        for (const [i, name] of operations.entries()) {
          if (name === 'push') {
            queue.push(i);
            model.push(i);
          } else {
            expect(queue.shift()).toBe(model.shift());
          }
          expect(queue.length).toBe(model.length);
          expect(queue.first).toBe(model[0]);
        }
      }),
      runs(500),
    );
  });

  it('keeps the order when it is long, and when it is never empty', () => {
    const queue = new Queue<number>();
    let next = 0;
    let expected = 0;
    for (; next < 1500; next++) queue.push(next);
    for (; next < 10_000; next++) {
      queue.push(next);
      if (queue.shift() !== expected++) throw new Error(`not ${expected - 1}`);
    }
    while (queue.length > 0) if (queue.shift() !== expected++) throw new Error(`not ${expected - 1}`);
    expect(expected).toBe(10_000);
  });

  it('drops the places of what was taken when they are a thousand and half of all, and when none is left', () => {
    const taken = (length: number, count: number): number => {
      const queue = new Queue<number>();
      for (let i = 0; i < length; i++) queue.push(i);
      const calls = slices(() => {
        for (let i = 0; i < count; i++) queue.shift();
      });
      expect([queue.length, queue.first]).toEqual([length - count, length === count ? undefined : count]);
      return calls;
    };
    expect(taken(2048, 1023)).toBe(0);
    expect(taken(2048, 1024)).toBe(1);
    expect(taken(2049, 1024)).toBe(0);
    expect(taken(2049, 1025)).toBe(1);
    expect(taken(100, 99)).toBe(0);
    expect(taken(1000, 1000)).toBe(0);
    const queue = new Queue<number>();
    const calls = slices(() => {
      for (let i = 0; i < 3000; i++) {
        queue.push(i);
        queue.shift();
      }
    });
    expect(calls).toBe(0);
  });
});
