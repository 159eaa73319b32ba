import { PUSHING } from './noteReads.js';
import type { TrialReport } from './TrialReport.js';

/** What was queued when the pressure was taken off, as it came out then. */
function backlog({ mark, end }: TrialReport): { counts: number[]; bytes: number[] } {
  return {
    counts: [end.writes - mark.writes, end.emissions - mark.emissions, mark.working + end.works - mark.works],
    bytes: [end.written - mark.written, end.weight],
  };
}

/**
 * Whether more was queued the second time, when there was more input: more than `noise` frames, or the bytes of them where
 * they were put together, or more than the writer holds.
 *
 * @internal
 */
export function backlogGrew(
  first: TrialReport,
  second: TrialReport,
  noise: { readonly frames: number; readonly bytes: number },
  highWaterMark: number,
): boolean {
  const [one, two] = [backlog(first), backlog(second)];
  const grew = (values: readonly number[], before: readonly number[], most: number): boolean =>
    values.some((value, index) => value - before[index]! > most);
  const queued = second.connections * (highWaterMark + second.largestWrite);
  return (
    grew(two.counts, one.counts, noise.frames) ||
    grew(two.bytes, one.bytes, noise.bytes) ||
    second.mark.queued - first.mark.queued > queued
  );
}

/** Whether all of it was read, by a read that waits for nobody, and never anything came of it. @internal */
export function letsNothingOut({ end, reads }: TrialReport): boolean {
  return end.writes + end.emissions + end.works === 0 && PUSHING.some((name) => reads.has(name));
}
