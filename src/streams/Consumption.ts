import { from, Observable, take, type ObservableInput, type Subscriber, type TeardownLogic } from 'rxjs';
import { checkFunction, checkOptions, checkWhole } from '../bytes/check.js';
import type { FrameSubscriber } from './FrameRead.js';
import type { StreamWriter } from './StreamWriter.js';

/**
 * What is done with a frame of `consume`: something to wait for, or, when it is done already, nothing.
 * See {@link StreamReader.consume}.
 */
export type FrameConsumer<T, R> = (frame: T) => ObservableInput<R> | void;

/** Work that is not done at once: on which frame, the first being 1, and since when, by the scheduler's clock. */
interface Work {
  readonly frame: number;
  since: number;
  done: boolean;
}

/** Options of {@link StreamReader.consume}. */
export interface ConsumeOptions {
  /** Pieces of work that may be under way at the same time, 1 or more. Default: 1, so the work keeps the order of the frames. */
  concurrency?: number;
  /**
   * When it emits, no further frame is decoded: the work under way goes on, then `consume` completes, and what is not
   * decoded stays in the reader, also the bytes of a frame that has not come whole. An error of it is one of `consume`.
   * Default: up to the end of the stream.
   */
  until?: ObservableInput<unknown> | undefined;
}

/**
 * One subscription to `consume`: stands between a read and its subscriber, runs the work on each frame, and closes
 * the gate of the read while as much work as allowed is under way.
 *
 * The gate stays closed when no further frame is wanted: the read keeps its place until the work under way is done, and
 * what it holds of an unfinished frame goes back when it is unsubscribed by the completion.
 *
 * @internal
 */
export class Consumption<T, R> implements FrameSubscriber<T> {
  readonly #project: FrameConsumer<T, R>;
  readonly #output: Subscriber<R>;
  readonly #concurrency: number;
  readonly #atEnd: (() => void) | undefined;
  // What is under way, the oldest first: a set only where there may be several, as it costs more than all else.
  #work: Work | undefined;
  readonly #works: Set<Work> | undefined;
  #room!: { full: boolean };
  #reads!: { serve(): void; now(): number };
  #frames = 0;
  #active = 0;
  #ended = false;

  constructor(
    project: FrameConsumer<T, R>,
    output: Subscriber<R>,
    concurrency: number,
    /** What is done after the last work, before the completion. */
    atEnd?: () => void,
    /** Whose room the work waits for. */
    readonly writer?: StreamWriter,
  ) {
    this.#project = project;
    this.#output = output;
    this.#concurrency = concurrency;
    this.#atEnd = atEnd;
    if (concurrency > 1) this.#works = new Set();
  }

  /** What is under way, the oldest first. */
  get works(): readonly Work[] {
    if (this.#works !== undefined) return [...this.#works];
    return this.#work === undefined ? [] : [this.#work];
  }

  /**
   * @param room is closed while as much work as allowed is under way
   * @param reads are served when there is room again
   * @param until ends it, after the work under way
   */
  start(
    room: { full: boolean },
    reads: { serve(): void; now(): number },
    until?: ObservableInput<unknown>,
  ): void {
    this.#room = room;
    this.#reads = reads;
    if (until === undefined) return;
    this.#output.add(
      from(until)
        .pipe(take(1))
        .subscribe({
          next: () => {
            room.full = true;
            this.complete();
          },
          error: (error: unknown) => this.#output.error(error),
        }),
    );
  }

  get closed(): boolean {
    return this.#output.closed;
  }

  next(frame: T): void {
    let work: Observable<R> | undefined;
    this.#frames++;
    // From inside it may be told to end: what is begun here is waited for.
    this.#active++;
    try {
      const input = this.#project(frame);
      if (input !== undefined) work = from(input);
    } catch (error) {
      this.#output.error(error);
    }
    if (work !== undefined && !this.#output.closed) this.#run(work);
    else if (--this.#active === 0 && this.#ended) this.#complete();
  }

  error(error: unknown): void {
    this.#output.error(error);
  }

  complete(): void {
    this.#ended = true;
    if (this.#active === 0) this.#complete();
  }

  add(teardown: TeardownLogic): void {
    this.#output.add(teardown);
  }

  #run(work: Observable<R>): void {
    const output = this.#output;
    const entry: Work = { frame: this.#frames, since: 0, done: false };
    this.#room.full = this.#ended || this.#active >= this.#concurrency;
    new Observable<R>((inner) => {
      // Before the work begins: work that emits without end, and synchronously, has to be stoppable.
      output.add(inner);
      work.subscribe(inner);
    }).subscribe({
      next: (value) => output.next(value),
      error: (error: unknown) => output.error(error),
      complete: () => {
        entry.done = true;
        this.#work = undefined;
        this.#works?.delete(entry);
        this.#done();
      },
    });
    if (entry.done) return;
    entry.since = this.#reads.now();
    this.#work = entry;
    this.#works?.add(entry);
  }

  #done(): void {
    this.#active--;
    if (this.#ended) {
      if (this.#active === 0) this.#complete();
    } else {
      this.#room.full = false;
      this.#reads.serve();
    }
  }

  #complete(): void {
    try {
      this.#atEnd?.();
    } catch (error) {
      this.#output.error(error);
    }
    this.#output.complete();
  }
}

/** @internal */
export function checkConsume(
  project: unknown,
  options: number | ConsumeOptions,
): ConsumeOptions & { concurrency: number } {
  checkFunction('project', project);
  if (typeof options !== 'object') options = { concurrency: options };
  checkOptions(options);
  const { concurrency = 1, until } = options;
  checkWhole('concurrency', concurrency, 1);
  // Throws where it is no input of an Observable.
  if (until !== undefined) void from(until);
  return { concurrency, until };
}
