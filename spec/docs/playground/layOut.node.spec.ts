import { examples } from '../../../docs/.vitepress/theme/playground/examples.js';
import { duration, layOut } from '../../../docs/.vitepress/theme/playground/layOut.js';
import { playMarbles } from '../../../docs/.vitepress/theme/playground/playMarbles.js';

describe('layOut', () => {
  const marbles = examples.filter(({ live }) => live !== true);

  for (const example of marbles) {
    it(`lets no two marbles of a lane overlap: ${example.name}`, () => {
      for (const room of [0, 340, 900]) {
        const { lanes, width } = layOut(playMarbles(example), 1, room);
        expect(width).toBeGreaterThanOrEqual(room);
        for (const { pills, top, height } of lanes) {
          for (const [i, one] of pills.entries()) {
            expect(one.x - one.width / 2).toBeGreaterThanOrEqual(0);
            expect(one.x + one.width / 2).toBeLessThanOrEqual(width);
            expect(one.y + 12).toBeLessThanOrEqual(top + height);
            for (const other of pills.slice(i + 1)) {
              const apart = Math.abs(one.x - other.x) >= (one.width + other.width) / 2 - 0.01;
              expect(apart || one.y !== other.y)
                .withContext(`${one.label} and ${other.label}`)
                .toBeTrue();
            }
          }
        }
      }
    });
  }

  it('draws time from left to right, and leaves out where nothing happens for long', () => {
    const { stops, gaps, ticks } = layOut(playMarbles(examples.find(({ name }) => name === 'Time-out')!));
    expect(stops.map(({ x }) => x)).toEqual(stops.map(({ x }) => x).sort((a, b) => a - b));
    expect(gaps.map(({ label }) => label)).toEqual(['30 s', '10 s']);
    expect(ticks.map(({ label }) => label)).toContain('30 s');
  });

  it('links what was sent with where it was taken, also late', () => {
    const { links } = layOut(playMarbles(examples.find(({ name }) => name === 'Slow reader')!));
    expect(links.map(({ late }) => late)).toEqual([false, false, false, false, true, true]);
    for (const { from, to, late } of links) expect(to[0] > from[0]).toBe(late);
  });

  it('has the lanes of what there is', () => {
    const names = marbles.map((example) =>
      layOut(playMarbles(example))
        .lanes.map(({ name }) => name)
        .join(' '),
    );
    expect(names).toEqual([
      'peer reader handler',
      'peer reader handler',
      'peer reader handler',
      'handler writer queue taken',
      'peer reader handler writer',
      'peer reader handler writer',
    ]);
  });

  it('draws a playback in which nothing happens', () => {
    const { lanes, width } = layOut({ happenings: [], moments: [], until: 0, limit: 1, highWaterMark: 1 });
    expect(lanes.map(({ name }) => name)).toEqual(['peer', 'handler']);
    expect(width).toBeGreaterThan(0);
  });
});

describe('duration', () => {
  it('has a unit that fits', () => {
    expect([0, 999, 1000, 40_002, 90_000, 600_000].map(duration)).toEqual([
      '0 ms',
      '999 ms',
      '1 s',
      '40 s',
      '90 s',
      '10 min',
    ]);
  });
});
