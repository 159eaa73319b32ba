import { first, from, NEVER, type ObservableInput, type Subscription } from 'rxjs';
import type { ByteQueue } from '../bytes/ByteQueue.js';
import { IncompleteReadError } from '../bytes/errors.js';
import { CurrentTake, type Take } from '../decoders/CurrentTake.js';
import type { ByteSource } from '../streams/FrameRead.js';

const MISSING: IteratorYieldResult<undefined> = { done: false, value: undefined };

/**
 * The one step that a conversation is at: a verb that waits for bytes, or something else that it waits for. Asked again
 * each time the conversation is gone on with, it gives its value, throws, or waits on.
 *
 * @internal
 */
export class ConversationStep extends CurrentTake {
  /**
   * Unsubscribed from: `running` while the call under way goes on, which is to say and take nothing more; `returning` in
   * its `finally` blocks, which may still say something.
   */
  unwanted: false | 'running' | 'returning' = false;
  readonly #source: ByteSource;
  /** Goes on with the conversation: what it waits for is there. */
  readonly wake: () => void;
  #awaited: Awaited<unknown> | undefined;
  #cancelled: (() => void) | undefined;

  constructor(source: ByteSource, wake: () => void) {
    super(source.queue);
    this.#source = source;
    this.wake = wake;
  }

  /** Whether more bytes are what it waits for. */
  get waitsForBytes(): boolean {
    return this.#awaited === undefined;
  }

  /** Begins to wait for the first value of something, which is subscribed to at `yield*`. */
  await<T>(input: ObservableInput<T>): Take<T> {
    const step = this.begin(undefined, 'peek');
    this.#awaited = new Awaited(input, this.wake);
    return step;
  }

  /** Begins to take something piece by piece: what was taken of it goes back if it is not wanted any more. */
  take<T>(value: T | undefined, retry: () => T | undefined, cancelled: () => void): Take<T> {
    this.#cancelled = cancelled;
    return this.begin(value, retry);
  }

  /** Waits, until the generator is told to return. */
  suspend<T>(): Take<T> {
    return this.await(NEVER);
  }

  /** What is waited for is not wanted any more. */
  cancel(): void {
    const awaited = this.#awaited;
    const cancelled = this.#cancelled;
    if (this.pending) this.#source.queue.rollback();
    this.pending = this.waiting = false;
    this.#awaited = this.#cancelled = undefined;
    cancelled?.();
    awaited?.unsubscribe();
  }

  override next(): IteratorResult<undefined, unknown> {
    const awaited = this.#awaited;
    if (awaited !== undefined) return this.#nextAwaited(awaited);
    const result = super.next();
    if (result.done === true || this.#source.state === 'open') return result;
    this.pending = this.waiting = false;
    throw this.#end();
  }

  /** What is thrown into a generator that waits here. */
  throw(error: unknown): never {
    throw error;
  }

  #nextAwaited(awaited: Awaited<unknown>): IteratorResult<undefined, unknown> {
    awaited.subscribe();
    if (awaited.state === 'open') {
      this.waiting = true;
      return MISSING;
    }
    this.pending = this.waiting = false;
    this.#awaited = undefined;
    if (awaited.state === 'failed') throw awaited.result;
    return { done: true, value: awaited.result };
  }

  // As asyncio's: what there is of it leaves with the error; after a loss it stays.
  #end(): unknown {
    const source = this.#source;
    const { queue } = source;
    queue.rollback();
    if (source.state === 'failed') {
      source.told = true;
      return source.error;
    }
    return new IncompleteReadError(takeRest(queue), null);
  }
}

function takeRest(queue: ByteQueue): Uint8Array {
  return queue.takeExactly(queue.length)!;
}

/** The first value of something, once it is there. */
class Awaited<T> {
  state: 'open' | 'done' | 'failed' = 'open';
  result: unknown;
  readonly #input: ObservableInput<T>;
  readonly #wake: () => void;
  #subscription: Subscription | undefined;
  #subscribed = false;

  constructor(input: ObservableInput<T>, wake: () => void) {
    this.#input = input;
    this.#wake = wake;
  }

  subscribe(): void {
    if (this.#subscribed) return;
    this.#subscribed = true;
    this.#subscription = from(this.#input)
      .pipe(first())
      .subscribe({
        next: (value) => this.#settle('done', value),
        error: (error: unknown) => {
          this.#settle('failed', error);
          this.#tell();
        },
        // What gave the value is torn down before anything else is done.
        complete: () => this.#tell(),
      });
  }

  unsubscribe(): void {
    this.#subscription?.unsubscribe();
  }

  #settle(state: 'done' | 'failed', result: unknown): void {
    if (this.state !== 'open') return;
    this.state = state;
    this.result = result;
  }

  #tell(): void {
    // Within `subscribe` it is seen at once.
    if (this.#subscription !== undefined) this.#wake();
  }
}
