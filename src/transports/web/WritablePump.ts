import { Queue } from '../../bytes/Queue.js';
import { attempt } from '../../streams/reportError.js';

/** What a pump needs of a `WritableStreamDefaultWriter`, or of something that writes like one. @internal */
export interface ChunkWriter<Chunk> {
  readonly closed: Promise<unknown>;
  readonly desiredSize: number | null;
  // Optional as in the platform's types: else its chunks would be taken for optional.
  write(chunk?: Chunk): Promise<unknown>;
  close(): Promise<unknown>;
  abort(reason?: unknown): Promise<unknown>;
  releaseLock(): void;
}

/** What a pump tells. Every call may come back into the pump before it returns; what it throws is reported. @internal */
export interface WritablePumpReceiver {
  /** `queuedBytes` went down. */
  flushed(): void;
  /** All that was written has been taken, and the stream is closed. Nothing is told after it. */
  closed(): void;
  /**
   * The stream broke. Nothing is told after it.
   *
   * @param pending whether something was left undone: `queuedBytes` were not taken, or it was being closed
   */
  failed(error: unknown, pending: boolean): void;
}

/** A chunk, and for how many bytes it counts. @internal */
export interface Outgoing<Chunk> {
  chunk: Chunk;
  size: number;
}

/**
 * Takes from the queue, which is not empty, what goes out as one chunk.
 *
 * @param waiting the bytes of all that is in the queue
 * @internal
 */
export type TakeOutgoing<Chunk> = (queue: Queue<Outgoing<Chunk>>, waiting: number) => Outgoing<Chunk>;

type Phase = 'open' | 'ending' | 'closing' | 'over';

/**
 * Gives a `WritableStream` what is written, as fast as the stream takes it. What it does not take yet waits here, where an
 * abort still can drop it.
 *
 * | phase     | `write`      | `close`   | `abort` | all that was written is handed on | the stream is closed | the stream broke |
 * | --------- | ------------ | --------- | ------- | --------------------------------- | -------------------- | ---------------- |
 * | `open`    | queued, sent | `ending`  | `over`  |                                   | as broken            | told, `over`     |
 * | `ending`  | –            | –         | `over`  | closes the stream: `closing`      | as broken            | told, `over`     |
 * | `closing` | –            | –         | `over`  |                                   | told, `over`         | told, `over`     |
 * | `over`    | –            | –         | –       |                                   | –                    | –                |
 *
 * What is written in one turn is handed on at its end, in a microtask: so that it can leave together. In `over` the stream
 * is no longer locked.
 *
 * @internal
 */
export class WritablePump<Chunk> {
  readonly #writer: ChunkWriter<Chunk>;
  readonly #receiver: WritablePumpReceiver;
  readonly #take: TakeOutgoing<Chunk>;
  #phase: Phase = 'open';
  #queue = new Queue<Outgoing<Chunk>>();
  /** The bytes in the queue. */
  #waiting = 0;
  /** The sizes of what the stream was given and has not taken yet, in order. */
  readonly #underWay = new Queue<number>();
  #bytesUnderWay = 0;
  #sendIsDue = false;
  // One of each for all writes.
  readonly #onTaken = (): void => this.#taken();
  readonly #onError = (error: unknown): void => this.#fail(error);
  readonly #onTurn = (): void => {
    this.#sendIsDue = false;
    this.#send();
  };

  /**
   * @param writer of a stream that is the pump's alone from here on
   * @param take joins chunks, or cuts them; default: each goes out as it was written
   */
  constructor(
    writer: ChunkWriter<Chunk>,
    receiver: WritablePumpReceiver,
    take: TakeOutgoing<Chunk> = takeOne,
  ) {
    this.#writer = writer;
    this.#receiver = receiver;
    this.#take = take;
    writer.closed.then(
      () => this.#closed(),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Bytes that were written, and that the stream has not taken: its promise of that write is still pending. */
  get queuedBytes(): number {
    return this.#waiting + this.#bytesUnderWay;
  }

  /** Whether it has closed, has failed, or was aborted. */
  get isOver(): boolean {
    return this.#is('over');
  }

  /** @param size for how many bytes it counts */
  write(chunk: Chunk, size: number): void {
    if (!this.#is('open')) return;
    this.#queue.push({ chunk, size });
    this.#waiting += size;
    this.#sendSoon();
  }

  /** Closes the stream after all that was written. */
  close(): void {
    if (!this.#is('open')) return;
    this.#phase = 'ending';
    this.#sendSoon();
  }

  /** Drops what waits, and aborts the stream. Nothing is told from here on. */
  abort(reason?: unknown): void {
    if (this.isOver) return;
    this.#waiting = this.#bytesUnderWay = 0;
    this.#drop(reason);
  }

  #sendSoon(): void {
    if (this.#sendIsDue) return;
    this.#sendIsDue = true;
    queueMicrotask(this.#onTurn);
  }

  #send(): void {
    try {
      while (this.#queue.length > 0 && this.#hasRoom) this.#hand(this.#take(this.#queue, this.#waiting));
      if (this.#is('ending') && this.#queue.length === 0) {
        this.#phase = 'closing';
        // `closed` tells the outcome.
        this.#writer.close().catch(ignore);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  // With nothing under way there is room: a stream whose high water mark is 0 never asks for anything.
  get #hasRoom(): boolean {
    return !this.isOver && (this.#underWay.length === 0 || (this.#writer.desiredSize ?? 0) > 0);
  }

  #hand({ chunk, size }: Outgoing<Chunk>): void {
    this.#waiting -= size;
    this.#bytesUnderWay += size;
    this.#underWay.push(size);
    this.#writer.write(chunk).then(this.#onTaken, this.#onError);
  }

  #taken(): void {
    if (this.isOver) return;
    const size = this.#underWay.shift()!;
    this.#bytesUnderWay -= size;
    this.#send();
    if (size > 0 && !this.#is('over')) attempt(() => this.#receiver.flushed());
  }

  #closed(): void {
    if (!this.#is('closing')) {
      this.#fail(new Error('The WritableStream was closed by somebody else'));
      return;
    }
    this.#phase = 'over';
    this.#release();
    attempt(() => this.#receiver.closed());
  }

  #fail(error: unknown): void {
    if (this.isOver) return;
    const pending = this.#is('closing') || this.queuedBytes > 0;
    // It may have been ours, and the stream know nothing of it.
    this.#drop(error);
    attempt(() => this.#receiver.failed(error, pending));
  }

  #drop(reason: unknown): void {
    this.#phase = 'over';
    this.#queue = new Queue();
    try {
      // It has been given up: what its sink says to that changes nothing any more.
      this.#writer.abort(reason).catch(ignore);
    } catch {
      // As little.
    }
    this.#release();
  }

  #release(): void {
    try {
      this.#writer.releaseLock();
    } catch {
      // It stays locked: there is nothing more that could be done with it.
    }
  }

  #is(phase: Phase): boolean {
    return this.#phase === phase;
  }
}

function takeOne<Chunk>(queue: Queue<Outgoing<Chunk>>): Outgoing<Chunk> {
  return queue.shift()!;
}

function ignore(): void {}
