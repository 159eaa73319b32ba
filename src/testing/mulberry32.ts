/**
 * Numbers from 0 to below 1, the same for the same seed on every machine and runtime: mulberry32 by Tommy Ettinger
 * (2017, public domain), https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
 *
 * @internal
 */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
