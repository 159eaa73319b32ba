import { defer, isObservable, type Observable, type ObservableInput, type Subscription } from 'rxjs';
import { Connection } from '../streams/Connection.js';
import { ReaderBusyError } from '../streams/errors.js';
import type { TrialMark, TrialReport, Totals } from './TrialReport.js';
import { PipelineCheckError } from './UnboundedError.js';
import type { BoundedSettings } from './BoundedSettings.js';
import { HeldWork } from './HeldWork.js';
import { noteReads, ONE_SHOT, type ReadName } from './noteReads.js';
import { PressedTransport } from './PressedTransport.js';
import { weightOf } from './weightOf.js';

/**
 * What a pipeline is given besides its connection. Both may be taken apart: `(client, { work }) => …`.
 * See {@link expectBounded}.
 *
 * @experimental
 */
export interface BoundedContext {
  /**
   * Stands in for slow work, a query of a database for example: emits the value and completes when the check lets it. In
   * some of the runs it never does.
   */
  work<T>(value: T): Observable<T>;
  /** Another connection with a peer of the same kind: the other side of a proxy. */
  connect(): Connection;
}

/**
 * The code that is checked: what a handler of `serve` or `useConnection` is. See {@link expectBounded}.
 *
 * @experimental
 */
export type BoundedPipeline = (connection: Connection, context: BoundedContext) => ObservableInput<unknown>;

/**
 * How long a trial wants time to pass: a `step` of a fixed length, up to the next `event`, or until all is at `rest`. It is
 * told whether there was such an event, or whether something is left that never comes to rest.
 *
 * @internal
 */
export type Passing<T> = Generator<'step' | 'event' | 'rest', T, boolean>;

/** What is done to a pipeline. @internal */
export interface TrialCourse {
  /** The trial is of interest only if a reader has taken so many. */
  readonly bytes: number;
  /** Whether all that comes out is let out at once. Default: false, nothing is, before the end. */
  readonly flows?: boolean;
  /**
   * With each step of time `frames` come, and `drain` bytes are let out; with any, one piece of work as well. Default: all
   * bytes come at once.
   */
  readonly pace?: { readonly steps: number; readonly frames: number; readonly drain: number };
}

/**
 * One run of a pipeline. Its input has no end; its output, and its work, are held back or flow.
 *
 * @internal
 */
export class BoundedTrial {
  readonly #pipeline: BoundedPipeline;
  readonly #settings: BoundedSettings;
  readonly #sides: { readonly connection: Connection; readonly transport: PressedTransport }[] = [];
  readonly #reads = new Set<ReadName>();
  #subscription: Subscription | undefined;
  #work = new HeldWork(false);
  #isReleased = false;
  #isOver = false;
  #isEndless = false;
  #isObservable = true;
  #error: { reason: unknown } | undefined;
  #emissions = 0;
  #weight = 0;

  constructor(pipeline: BoundedPipeline, settings: BoundedSettings) {
    this.#pipeline = pipeline;
    this.#settings = settings;
  }

  /** `isEnough` is asked, while things come out at the end, whether the rest is of no interest. */
  *run(course: TrialCourse, isEnough: (report: TrialReport) => boolean = () => false): Passing<TrialReport> {
    const { bytes, pace, flows = false } = course;
    this.#work = new HeldWork(flows);
    try {
      this.#subscribe();
      if (pace === undefined) yield* this.#feedUntil(bytes);
      else yield* this.#feedAt(pace);
      const tookAll = this.#sides.some(({ transport }) => transport.taken >= bytes);
      return tookAll && !flows
        ? yield* this.#letOut(isEnough, pace === undefined || pace.drain === 0)
        : yield* this.#stop(tookAll);
    } finally {
      this.#subscription?.unsubscribe();
      for (const { transport } of this.#sides) transport.lose();
    }
  }

  #subscribe(): void {
    const connection = this.#connect();
    const context: BoundedContext = {
      work: (value) => this.#work.on(value),
      connect: () => this.#connect(),
    };
    const output$ = defer(() => {
      const output = this.#pipeline(connection, context);
      this.#isObservable = isObservable(output);
      return output;
    });
    this.#subscription = output$.subscribe({
      next: (value) => {
        this.#emissions++;
        if (this.#isReleased) this.#weight += weightOf(value);
      },
      error: (reason: unknown) => {
        this.#error = { reason };
        this.#isOver = true;
      },
      complete: () => {
        this.#isOver = true;
      },
    });
  }

  #connect(): Connection {
    const { transport: options, connection: settings } = this.#settings;
    const transport = new PressedTransport({ ...options, holdWrites: true });
    if (this.#work.flows) transport.flow();
    const connection = new Connection(transport, settings);
    noteReads(connection.reader, this.#reads);
    this.#sides.push({ connection, transport });
    return connection;
  }

  /** Each reader is given frames in turn, as long as it takes them and has not taken so many bytes, or frames, already. */
  #feed(bytes: number, frames = Infinity): void {
    let sides = [...this.#sides];
    for (let count = 0; count < frames && sides.length > 0; count++) {
      sides = sides.filter(({ transport }) => {
        if (transport.taken >= bytes) return false;
        return transport.offer(this.#settings.input(transport.frames));
      });
    }
  }

  *#feedUntil(bytes: number): Passing<void> {
    const tookAll = (): boolean => this.#sides.every(({ transport }) => transport.taken >= bytes);
    this.#feed(bytes);
    yield* this.#wait(
      () => this.#isOver || tookAll(),
      () => {
        this.#feed(bytes);
        return false;
      },
    );
  }

  /** Lets time pass until something is so, or nothing happens any more; what is done meanwhile may tell that something does. */
  *#wait(isSo: () => boolean, meanwhile: () => boolean): Passing<void> {
    const { idleEvents, events: most } = this.#settings.patience;
    let idle = 0;
    let last = this.#activity;
    for (let events = 0; idle < idleEvents; events++) {
      this.#isEndless = events >= most;
      if (this.#isEndless || isSo()) return;
      const hasTimers = yield 'event';
      if (!meanwhile() && !hasTimers) return;
      const now = this.#activity;
      idle = now === last ? idle + 1 : 0;
      last = now;
    }
  }

  *#feedAt({ steps, frames, drain }: NonNullable<TrialCourse['pace']>): Passing<void> {
    for (let step = 0; step < steps && !this.#isOver; step++) {
      this.#feed(Infinity, frames);
      yield 'step';
      if (drain === 0) continue;
      for (const { transport } of this.#sides) transport.drain(drain);
      this.#work.finish(1);
    }
  }

  /** Takes the pressure off, and sees what comes out, also at the end of the input. */
  *#letOut(isEnough: (report: TrialReport) => boolean, endsInput: boolean): Passing<TrialReport> {
    const [mark, isOver] = [this.#mark(), this.#isOver];
    const report = (): TrialReport => this.#report(mark, true, isOver);
    this.#isReleased = true;
    this.#letGo();
    // What is read one by one, and repeated, may go round and round at the end of the stream.
    if (endsInput && !ONE_SHOT.some((name) => this.#reads.has(name))) {
      for (const { transport } of this.#sides) transport.receiveEof();
    }
    yield* this.#wait(
      () => isEnough(report()),
      () => this.#letGo(),
    );
    return report();
  }

  /** Unsubscribes, and sees that nothing goes on. */
  *#stop(tookAll: boolean): Passing<TrialReport> {
    const report = this.#report(this.#mark(), tookAll, this.#isOver);
    this.#subscription?.unsubscribe();
    // What is no Observable cannot be unsubscribed from: the loss of the connection ends it.
    if (!this.#isObservable) return report;
    yield 'step';
    this.#checkReaders();
    const before = this.#doings;
    this.#letGo();
    this.#feed(Infinity, 1);
    if (this.#doings !== before)
      throw new PipelineCheckError('left-subscribed', 'it goes on writing, or working');
    for (const { transport } of this.#sides) transport.lose();
    if (yield 'rest') throw new PipelineCheckError('left-subscribed', 'a timer of it goes on');
    return report;
  }

  #checkReaders(): void {
    if (this.#settings.transport.mode === 'messages') return;
    for (const { connection } of this.#sides) {
      const heard: unknown[] = [];
      // Of no bytes: that takes nothing, and waits only behind another read.
      const hear = (value: unknown): void => void heard.push(value);
      connection.reader.read(0).subscribe({ next: hear, error: hear }).unsubscribe();
      if (heard.length === 0 || heard[0] instanceof ReaderBusyError)
        throw new PipelineCheckError('left-subscribed', 'a read of it goes on');
    }
  }

  /**
   * Lets out what is held back, and holds what comes of that: where a long queue moves up at once, RxJS's operators fill the
   * stack. False: there was nothing.
   */
  #letGo(): boolean {
    const isHeld = this.#queued > 0 || this.#work.held > 0;
    for (const { transport } of this.#sides) transport.drain();
    this.#work.finish(Infinity);
    return isHeld;
  }

  get #totals(): Totals {
    const sum = (name: 'taken' | 'frames' | 'written' | 'writes'): number =>
      this.#sides.reduce((total, { transport }) => total + transport[name], 0);
    return {
      taken: sum('taken'),
      frames: sum('frames'),
      written: sum('written'),
      writes: sum('writes'),
      emissions: this.#emissions,
      weight: this.#weight,
      works: this.#work.begun,
    };
  }

  #mark(): TrialMark {
    return {
      ...this.#totals,
      buffered: this.#sides.reduce((total, { connection }) => total + connection.reader.bufferedBytes, 0),
      queued: this.#queued,
      working: this.#work.held,
    };
  }

  get #queued(): number {
    return this.#sides.reduce((total, { transport }) => total + transport.writeQueueSize, 0);
  }

  /** Changes with everything that the pipeline does. */
  get #doings(): number {
    const { writes, emissions, works } = this.#totals;
    return writes + emissions + works;
  }

  get #activity(): number {
    return this.#doings + this.#totals.taken - this.#queued - this.#work.held;
  }

  #report(mark: TrialMark, tookAll: boolean, isOver: boolean): TrialReport {
    return {
      mark,
      end: this.#totals,
      largestWrite: Math.max(...this.#sides.map(({ transport }) => transport.largestWrite)),
      tookAll,
      isOver,
      isEndless: this.#isEndless,
      error: this.#error,
      reads: new Set(this.#reads),
      connections: this.#sides.length,
    };
  }
}
