import fc from 'fast-check';
import { Queue } from '../../src/bytes/Queue.js';
import { runs } from '../contracts/runs.js';

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
});
