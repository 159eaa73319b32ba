import { Untaken } from '../../src/server/Untaken.js';
import type { Connection } from '../../src/streams/Connection.js';
import { manualConnection } from '../../src/testing.js';

describe('Untaken', () => {
  let untaken: Untaken;

  beforeEach(() => (untaken = new Untaken()));

  function add(count: number): Connection[] {
    const connections = Array.from({ length: count }, () => manualConnection());
    for (const connection of connections) untaken.add(connection);
    return connections;
  }

  it('gives them out in the order in which they came', () => {
    expect(untaken.take()).toBeUndefined();
    const [a, b] = add(2);
    expect(untaken.take()).toBe(a);
    const [c] = add(1);
    expect(untaken.take()).toBe(b);
    expect(untaken.take()).toBe(c);
    expect(untaken.take()).toBeUndefined();
    const [d] = add(1);
    expect(untaken.take()).toBe(d);
    expect(untaken.take()).toBeUndefined();
  });

  it('has them wait for somebody to take them', () => {
    const connections = add(2);
    const waits = (): unknown[] => connections.map(({ core }) => core.waitsFor?.what);
    const what = 'somebody to take it from connections$';
    expect(waits()).toEqual([what, what]);
    untaken.take();
    expect(waits()).toEqual([undefined, what]);
  });

  it('leaves out those that have gone: the first, the middle, the last', () => {
    for (const gone of [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]]) {
      const connections = add(3);
      for (const index of gone) untaken.remove(connections[index]!.core);
      const left = connections.filter((_, index) => !gone.includes(index));
      expect([...left.map(() => untaken.take()), untaken.take()])
        .withContext(`without ${gone.join()}`)
        .toEqual([...left, undefined]);
    }
  });

  it('bears the removal of one that was taken, or was never there', () => {
    const [a, b] = add(2);
    untaken.take();
    untaken.remove(a!.core);
    untaken.remove(manualConnection().core);
    expect(untaken.take()).toBe(b);
  });

  it('looks at each of a thousand once, however they go', () => {
    const next = spyOn(
      Object.getPrototypeOf(new Map().entries()) as Iterator<unknown>,
      'next',
    ).and.callThrough();
    const connections = add(1000);
    for (let i = 0; i < 1000; i += 2) untaken.remove(connections[i]!.core);
    next.calls.reset();
    let taken = 0;
    while (untaken.take() !== undefined) taken++;
    expect(taken).toBe(500);
    expect(next.calls.count()).toBe(501);
  });
});
