import { Standstill } from '../../src/streams/Standstill.js';

describe('Standstill', () => {
  it('counts how often, and for how long, now and in all', () => {
    const standstill = new Standstill();
    const seen = (now: number): unknown[] => [
      standstill.isNow,
      standstill.count,
      standstill.current(now),
      standstill.total(now),
    ];
    expect(seen(5)).toEqual([false, 0, 0, 0]);
    standstill.begin(10);
    expect(seen(10)).toEqual([true, 1, 0, 0]);
    expect(seen(14)).toEqual([true, 1, 4, 4]);
    expect(standstill.end(15)).toBe(5);
    expect(seen(100)).toEqual([false, 1, 0, 5]);
    standstill.begin(100);
    expect(seen(107)).toEqual([true, 2, 7, 12]);
    expect(standstill.end(110)).toBe(10);
    expect(seen(200)).toEqual([false, 2, 0, 15]);
  });
});
