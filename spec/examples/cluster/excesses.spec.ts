import { excesses } from '../../../examples/cluster/excesses.js';

describe('examples: the connections that a worker has too many of', () => {
  const of = (...counts: number[]): number[][] => [...excesses(new Map(counts.entries()))];

  it('are those above the mean', () => {
    expect(of(36, 30, 22, 12)).toEqual([
      [0, 11],
      [1, 5],
    ]);
  });

  it('are none where the shares are as even as they can be, or nearly', () => {
    expect(of(25, 25, 25, 25)).toEqual([]);
    expect(of(13, 12, 13, 12)).toEqual([]);
    expect(of(103, 99, 99, 99)).toEqual([]);
    expect(of(0, 0)).toEqual([]);
    expect(of(7)).toEqual([]);
  });

  it('spread anew over all workers, each time, they are even after a few times', () => {
    let counts = [100, 0, 0, 0];
    let rounds = 0;
    for (
      let left = excesses(new Map(counts.entries()));
      left.size > 0;
      left = excesses(new Map(counts.entries()))
    ) {
      let moved = 0;
      for (const [worker, count] of left) {
        counts[worker]! -= count;
        moved += count;
      }
      counts = counts.map((count, worker) => count + Math.floor((moved + 3 - worker) / 4));
      rounds++;
    }
    expect(rounds).toBeLessThan(8);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThan(4);
  });
});
