import { attempt } from '../../streams/reportError.js';

/** What a pump needs of a `ReadableStreamDefaultReader`, or of something that reads like one. @internal */
export interface ChunkReader<Chunk> {
  read(): Promise<ReadableStreamReadResult<Chunk>>;
  cancel(reason?: unknown): Promise<unknown>;
  releaseLock(): void;
}

/** What a pump tells. Every call may come back into the pump before it returns; what it throws is reported. @internal */
export interface ReadablePumpReceiver<Chunk> {
  chunk(chunk: Chunk): void;
  /** The stream has ended. Nothing is told after it. */
  ended(): void;
  /** The stream broke. Nothing is told after it. */
  failed(error: unknown): void;
}

type Phase = 'paused' | 'reading' | 'holding' | 'held' | 'delivering' | 'over';

/**
 * Takes a `ReadableStream` chunk by chunk, as long as somebody wants them: a pause stops the pulls, and so the source. It
 * begins paused.
 *
 * | phase        | a read is under way | `pause`   | `resume`                    | what was read            | an error                   |
 * | ------------ | ------------------- | --------- | --------------------------- | ------------------------ | -------------------------- |
 * | `paused`     | no                  | –         | reads: `reading`            |                          |                            |
 * | `reading`    | yes                 | `holding` | –                           | `delivering`             | told, `over`               |
 * | `holding`    | yes                 | –         | `reading`                   | kept: `held`             | told, `over`               |
 * | `held`       | no                  | –         | delivers it: `delivering`   |                          |                            |
 * | `delivering` | no                  | `paused`  | –                           | then reads on: `reading` |                            |
 * | `over`       | no                  | –         | –                           | dropped                  | dropped                    |
 *
 * The end that is read is told, or kept, as a chunk is. `cancel` leads to `over` from every phase. In `over` the stream
 * is no longer locked.
 *
 * @internal
 */
export class ReadablePump<Chunk> {
  readonly #reader: ChunkReader<Chunk>;
  readonly #receiver: ReadablePumpReceiver<Chunk>;
  #phase: Phase = 'paused';
  #held: ReadableStreamReadResult<Chunk> | undefined;
  // One of each for all reads.
  readonly #onRead = (result: ReadableStreamReadResult<Chunk>): void => this.#read(result);
  readonly #onError = (error: unknown): void => this.#fail(error);

  /** @param reader of a stream that is the pump's alone from here on */
  constructor(reader: ChunkReader<Chunk>, receiver: ReadablePumpReceiver<Chunk>) {
    this.#reader = reader;
    this.#receiver = receiver;
  }

  /** Whether it has ended, has failed, or was cancelled. */
  get isOver(): boolean {
    return this.#is('over');
  }

  /** Reads nothing more. What a read under way gives is kept for `resume`. */
  pause(): void {
    if (this.#is('reading')) this.#phase = 'holding';
    else if (this.#is('delivering')) this.#phase = 'paused';
  }

  /** Delivers what was kept, within the call, and reads on. */
  resume(): void {
    if (this.#is('paused')) {
      this.#pull();
    } else if (this.#is('holding')) {
      this.#phase = 'reading';
    } else if (this.#is('held')) {
      const result = this.#held!;
      this.#held = undefined;
      this.#deliver(result);
    }
  }

  /** Tells the source that no more is wanted, and drops what was kept. Nothing is told from here on. */
  cancel(reason?: unknown): void {
    if (this.isOver) return;
    this.#held = undefined;
    this.#drop(reason);
  }

  #pull(): void {
    this.#phase = 'reading';
    try {
      this.#reader.read().then(this.#onRead, this.#onError);
    } catch (error) {
      this.#fail(error);
    }
  }

  #read(result: ReadableStreamReadResult<Chunk>): void {
    if (this.#is('reading')) {
      this.#deliver(result);
    } else if (this.#is('holding')) {
      this.#phase = 'held';
      this.#held = result;
    }
  }

  #deliver(result: ReadableStreamReadResult<Chunk>): void {
    if (result.done) {
      this.#phase = 'over';
      this.#release();
      attempt(() => this.#receiver.ended());
      return;
    }
    this.#phase = 'delivering';
    attempt(() => this.#receiver.chunk(result.value));
    if (this.#is('delivering')) this.#pull();
  }

  #fail(error: unknown): void {
    if (this.isOver) return;
    // It may be the reader's, and the stream know nothing of it.
    this.#drop(error);
    attempt(() => this.#receiver.failed(error));
  }

  #drop(reason: unknown): void {
    this.#phase = 'over';
    try {
      // It has been given up: what its source says to that changes nothing any more.
      this.#reader.cancel(reason).catch(ignore);
    } catch {
      // As little.
    }
    this.#release();
  }

  #release(): void {
    try {
      this.#reader.releaseLock();
    } catch {
      // It stays locked: there is nothing more that could be done with it.
    }
  }

  #is(phase: Phase): boolean {
    return this.#phase === phase;
  }
}

function ignore(): void {}
