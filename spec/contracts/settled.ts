import { setImmediate } from 'node:timers/promises';

/**
 * A number that does not change any more: not in many turns, in each of which bytes would have moved if they could.
 * Where another process has to move them, a turn is something that it takes part in.
 */
export async function settled(
  read: () => number,
  turn: () => Promise<unknown> = setImmediate,
  many = 1000,
): Promise<number> {
  let value = read();
  for (let turns = 0; turns < many; turns++) {
    await turn();
    if (read() !== value) turns = 0;
    value = read();
  }
  return value;
}
