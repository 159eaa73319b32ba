import type { BoundedSettings } from './BoundedSettings.js';
import { BoundedTrial, type BoundedPipeline, type Passing, type TrialCourse } from './BoundedTrial.js';
import { backlogGrew, letsNothingOut } from './backlogGrew.js';
import type { TrialReport } from './TrialReport.js';
import { PipelineCheckError } from './UnboundedError.js';
import { explainUnbounded } from './explainUnbounded.js';

/** Frames that come after the bound is reached, and once more the second time. */
const BEYOND = 256;

/** Steps of the trials in which time passes. */
const STEPS = 128;

/**
 * All trials of a pipeline. One that stops reading while nothing is let out is bounded. One that reads on drops what it
 * reads, or queues it, and what is queued comes out when it is let: so it is tried twice, the second time with more input,
 * and only of a queue without a bound more comes out then.
 *
 * | trial   | input                     | output and work                            | stops reading |
 * | ------- | ------------------------- | ------------------------------------------ | ------------- |
 * | flowing | a little                  | are let out at once: it has to read it all |               |
 * | burst   | more than the bound       | are held back                              | is bounded    |
 * | stalled | the same, as time passes  | are held back                              | is bounded    |
 * | slow    | the same, as time passes  | are let out, slower than the input comes   | says nothing  |
 *
 * @internal
 */
export function* boundedCheck(pipeline: BoundedPipeline, settings: BoundedSettings): Passing<void> {
  const { bound, frame, held } = settings;
  const { limit, highWaterMark } = settings.connection;
  const trial = (): BoundedTrial => new BoundedTrial(pipeline, settings);

  const flowing = yield* trial().run({ bytes: 2 * held, flows: true });
  checkFlow(flowing, settings.patience.advice);

  const reply = Math.ceil(flowing.end.written / flowing.end.frames);
  // What reader and writer hold, and what thus comes out at the end, goes up and down while they are used.
  const paced = 8 + Math.ceil((2 * limit + highWaterMark) / frame);
  const frames = Math.ceil(bound / frame / STEPS) + Math.ceil(paced / 16);
  const atPace = (steps: number, drain: number): TrialCourse => ({
    bytes: drain === 0 ? bound : 0,
    pace: { steps, frames, drain },
  });
  const courses: [once: TrialCourse, twice: TrialCourse, noise: number][] = [
    [{ bytes: bound + BEYOND * frame }, { bytes: bound + 2 * BEYOND * frame }, 8],
    [atPace(STEPS, 0), atPace(2 * STEPS, 0), 8],
    [atPace(STEPS, Math.max(1, reply)), atPace(2 * STEPS, Math.max(1, reply)), paced],
  ];
  for (const [once, twice, noise] of courses) {
    const first = yield* trial().run(once);
    if (!first.tookAll || first.isOver) continue;
    if (first.isEndless && settings.patience.isEndlessQueue) throw explainUnbounded(first, flowing, settings);
    const noises = { frames: noise, bytes: noise * Math.max(frame, reply) };
    const grew = (second: TrialReport): boolean => backlogGrew(first, second, noises, highWaterMark);
    const second = yield* trial().run(twice, grew);
    if (grew(second) || letsNothingOut(second)) throw explainUnbounded(second, flowing, settings);
  }
}

function checkFlow({ error, tookAll, isOver, reads, end }: TrialReport, advice: string): void {
  if (error !== undefined) throw new PipelineCheckError('failed', String(error.reason), error.reason);
  if (tookAll || isOver) return;
  if (reads.size === 0)
    throw new PipelineCheckError('reads-nothing', 'it has to ask the reader for something');
  throw new PipelineCheckError('stands-still', `it took ${end.taken} bytes and no more; ${advice}`);
}
