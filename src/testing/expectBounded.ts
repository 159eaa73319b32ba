import { firstValueFrom, timer } from 'rxjs';
import { checkFunction, checkOptions, checkWhole } from '../bytes/check.js';
import { boundedCheck } from './boundedCheck.js';
import { BoundedSettings, type ExpectBoundedOptions, type Patience } from './BoundedSettings.js';
import type { BoundedPipeline, Passing } from './BoundedTrial.js';
import { SteppedScheduler } from './SteppedScheduler.js';

export type { ExpectBoundedOptions } from './BoundedSettings.js';
export type { BoundedContext, BoundedPipeline } from './BoundedTrial.js';

/**
 * Options of {@link expectBoundedAsync}.
 *
 * @experimental
 */
export interface ExpectBoundedAsyncOptions extends ExpectBoundedOptions {
  /**
   * Turns of the event loop, of a millisecond or more, in which nothing happens before it counts as standing still: more
   * than the slowest work takes. Default: 100.
   */
  patience?: number;
}

/** Milliseconds of virtual time that pass between a bit of input and the next. */
const STEP = 100;

/** Events in which what was unsubscribed may still come to its end. */
const LAST_EVENTS = 1000;

/**
 * Checks that nothing between reader and writer queues without a bound: that a pipeline stops reading when what comes of it
 * is not let out.
 *
 * ```text
 * the peer sends       aaaaaaaaaaaaaaaaaaaa…     without an end, and reads nothing
 * consume and send     aaaaa                     stops: the writer is full, then the reader
 * lines and concatMap  aaaaaaaaaaaaaaaaaaaa…     reads on: concatMap queues
 * ```
 *
 * The pipeline is what a handler of `serve` or `useConnection` is. It is called anew, with a connection of its own, for each
 * of up to seven runs: in the first all that is written is taken, in others nothing is, or little; all at once, or over
 * minutes. The work of `context.work` is held up in the same way. A pipeline is bounded
 * - if it stops reading, when it holds `2 × limit` bytes in the reader, the high water mark in the writer, the chunk and the
 *   write that go above, and `allowed` bytes besides;
 * - or if it reads on and drops what it reads: when it is let, no more comes out after more input.
 *
 * Everything runs in virtual time, within the call: all of RxJS's schedulers and timers follow it, as in
 * `TestScheduler.run`, inside of which it cannot be called. Promises and other timers stand still: for them there is
 * `expectBoundedAsync`.
 *
 * What it cannot see: a queue that nothing comes out of any more, while the rest passes (a `shareReplay` without a size, an
 * array that the program keeps). And it takes for a queue what holds a burst for a time only (`delay`, `observeOn`,
 * `bufferTime`): nothing stops a fast peer there.
 *
 * @experimental
 *
 * @throws `UnboundedError` with the bytes, where they wait, and what to take instead; `PipelineCheckError` when the pipeline
 * reads nothing, stands still or fails though all that it writes is taken, or goes on when it is unsubscribed from;
 * `TypeError` or `RangeError` for options that are none
 *
 * @example
 * ```ts
 * import { lines } from 'rxjs-net';
 * import { expectBounded } from 'rxjs-net/testing';
 * import { concatMap } from 'rxjs';
 *
 * expectBounded(({ reader, writer }) => reader.consume(lines(), (line) => writer.send(`${line}\n`)));
 *
 * try {
 *   expectBounded(({ reader, writer }) => reader.lines().pipe(concatMap((line) => writer.send(`${line}\n`))));
 * } catch (error) {
 *   console.log(String(error)); // UnboundedError: The pipeline queues without a bound: it reads on …
 * }
 * ```
 */
export function expectBounded(pipeline: BoundedPipeline, options: ExpectBoundedOptions = {}): void {
  checkFunction('pipeline', pipeline);
  inVirtualTime(boundedCheck(pipeline, new BoundedSettings(options, VIRTUAL)));
}

/**
 * As `expectBounded`, for pipelines that wait for promises, async functions and iterators, or timers of the platform. It takes
 * about a second: time is real, and what nothing happens to for `patience` turns of the event loop is taken to stand still.
 *
 * A pipeline that is a promise or an async iterable is ended by the loss of its connection.
 *
 * @returns a promise that rejects as `expectBounded` throws; options that are none throw at the call
 *
 * @experimental
 *
 * @example
 * ```ts
 * import { expectBoundedAsync } from 'rxjs-net/testing';
 * import { firstValueFrom } from 'rxjs';
 *
 * await expectBoundedAsync(async ({ reader, writer }) => {
 *   for await (const line of reader) {
 *     writer.write(line);
 *     await firstValueFrom(writer.drain());
 *   }
 * });
 * ```
 */
export function expectBoundedAsync(
  pipeline: BoundedPipeline,
  options: ExpectBoundedAsyncOptions = {},
): Promise<void> {
  checkFunction('pipeline', pipeline);
  checkOptions(options);
  const { patience = 100, ...rest } = options;
  checkWhole('patience', patience, 1);
  return inRealTime(boundedCheck(pipeline, new BoundedSettings(rest, real(patience))));
}

const VIRTUAL: Patience = {
  frames: 1024,
  idleEvents: 2000,
  events: 20_000,
  isEndlessQueue: false,
  advice:
    'for promises there is expectBoundedAsync; where it waits for some other input, give that as `input`',
};

function real(turns: number): Patience {
  return {
    frames: 256,
    idleEvents: turns,
    events: 3 * turns,
    isEndlessQueue: true,
    advice: 'slow work needs more `patience`; where it waits for some other input, give that as `input`',
  };
}

function inVirtualTime(passing: Passing<void>): void {
  const scheduler = new SteppedScheduler();
  const pass = (pause: 'step' | 'event' | 'rest'): boolean => {
    if (pause === 'event') return scheduler.next();
    if (pause === 'step') scheduler.advance(STEP);
    else for (let events = 0; events < LAST_EVENTS && scheduler.next(); events++);
    return scheduler.actions.length > 0;
  };
  scheduler.inTime(() => {
    let next = passing.next();
    while (!next.done) {
      let happened: boolean;
      try {
        happened = pass(next.value);
      } catch (error) {
        // What nobody has caught is thrown by a timer: the trial has to be cleared away first.
        passing.throw(error);
        throw error;
      }
      next = passing.next(happened);
    }
  });
}

async function inRealTime(passing: Passing<void>): Promise<void> {
  for (let next = passing.next(); !next.done;) {
    await firstValueFrom(timer(1));
    // Of the timers nobody knows.
    next = passing.next(next.value === 'event');
  }
}
