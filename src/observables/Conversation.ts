import { timer, type ObservableInput, type SchedulerLike, type Subscription } from 'rxjs';
import { checkCount, checkLimit } from '../bytes/check.js';
import { makeDecoder, type Decoder, type DecoderFactory } from '../bytes/Decoder.js';
import { IncompleteReadError } from '../bytes/errors.js';
import type { Data } from '../bytes/Separator.js';
import type { Take } from '../decoders/CurrentTake.js';
import { DecoderBytes } from '../decoders/DecoderBytes.js';
import { checkMilliseconds, checkTimeout } from '../streams/check.js';
import type { Connection } from '../streams/Connection.js';
import { StepTimeoutError } from '../streams/errors.js';
import type { StartTlsOptions } from '../streams/Transport.js';
import type { ConversationStep } from './ConversationStep.js';
import { discardUntilSilence, takeUntilSilence } from './silenceSteps.js';
import { stepUnless } from './stepUnless.js';

const EMPTY = new Uint8Array(0);

/**
 * A step of a conversation, or several of them in a generator of their own: what `yield*` takes.
 * See {@link Conversation.within}.
 */
export interface Step<T> {
  /** What `yield*` calls. */
  [Symbol.iterator](): Iterator<undefined, T, unknown>;
}

/**
 * What the generator of `converse` talks through: the verbs of a decoder's `bytes`, and those of a connection. Each one
 * that may have to wait stands behind `yield*`; `write`, `emit`, `close` and their like do not.
 *
 * At the end of the stream a verb that needs more bytes throws `IncompleteReadError`, after a loss the error of the
 * connection: at the line that waits, as in asyncio.
 *
 * @example
 * ```ts
 * import { connectionPair, converse, type Conversation } from 'rxjs-net';
 *
 * const sums = converse(function* (io: Conversation<number>) {
 *   let sum = 0;
 *   while (!(yield* io.atEof())) {
 *     sum += Number(yield* io.line());
 *     io.emit(sum);
 *     yield* io.send(`${sum}\n`);
 *   }
 * });
 *
 * const [client, server] = connectionPair();
 * sums(server).subscribe({ next: console.log, complete: () => console.log('over') }); // 1, 3, over
 * client.writer.write('1\n2\n');
 * client.writer.close();
 * ```
 */
export class Conversation<R = unknown> extends DecoderBytes {
  /** The connection it is spoken on: for what has no verb here, such as `writer.getExtraInfo`. */
  readonly connection: Connection;
  readonly #step: ConversationStep;
  // Not of `R`: a part that emits nothing takes any conversation.
  readonly #emit: (value: never) => void;
  // The last one used is mostly the next: made anew when it is another, or has failed.
  #frames: { readonly factory: DecoderFactory<unknown>; readonly decoder: Decoder<unknown> } | undefined;

  /** @internal */
  constructor(connection: Connection, step: ConversationStep, emit: (value: never) => void) {
    super(connection.core.reads.queue, step, connection.core.settings.limit);
    this.connection = connection;
    this.#step = step;
    this.#emit = emit;
  }

  /** Emits a value of the conversation's Observable. */
  emit(value: R): void {
    this.#emit(value as never);
  }

  /** Takes one frame of a decoder. What it took of a frame that is not finished goes back when the step ends early. */
  frame<T>(factory: DecoderFactory<T>): Take<T> {
    if (this.#frames?.factory !== factory) this.#frames = { factory, decoder: makeDecoder(factory) };
    return this.#poll(this.#frames.decoder as Decoder<T>, () => (this.#frames = undefined));
  }

  /** Takes up to `n` bytes as soon as there is one, or none at the end of the stream; without `n` all up to that end. */
  read(n?: number): Take<Uint8Array> {
    if (n !== undefined) checkCount(n);
    const { queue } = this.connection.core.reads;
    const poll = (): Uint8Array | undefined => {
      if (n !== undefined && queue.length > 0) return queue.takeExactly(Math.min(n, queue.length));
      if (this.#step.ended) return queue.takeExactly(queue.length);
      return n === 0 ? EMPTY : undefined;
    };
    return this.#step.begin(poll(), poll);
  }

  /** True when the stream has ended and everything has been taken, false as soon as there is a byte: `while (!(yield* io.atEof()))`. */
  atEof(): Take<boolean> {
    return this.atEnd();
  }

  /** Sends data, without waiting and without a bound: as `writer.write`. */
  write(data: Data): void {
    if (this.#step.unwanted !== 'running') this.connection.writer.write(data);
  }

  /** Sends data, and waits until there is room for more. */
  send(data: Data): Take<void> {
    const { writer } = this.connection;
    if (this.#step.unwanted === 'running') return this.#step.suspend();
    writer.write(data);
    if (!writer.paused && writer.goneError === undefined) return this.#step.begin(true, 'skip');
    return this.#step.await(writer.drain());
  }

  /** Ends the sending direction: as `writer.writeEof`. */
  writeEof(): void {
    this.connection.writer.writeEof();
  }

  /**
   * Waits for the first value of an Observable, a promise or an iterable. Throws its error; one that completes without
   * a value is RxJS's `EmptyError`.
   */
  wait<T>(input: ObservableInput<T>): Take<T> {
    return this.#step.await(input);
  }

  /** Waits so many `milliseconds`. */
  delay(milliseconds: number): Take<0> {
    checkMilliseconds('delay', milliseconds);
    return this.#step.await(timer(milliseconds, this.connection.core.settings.scheduler));
  }

  /**
   * Takes what comes until nothing has come for so many `milliseconds`, more than 0: a frame that ends with a pause. One
   * byte at least, for which it waits; at the end of the stream the rest. More than `limit` bytes without a pause are a
   * `LimitOverrunError`, and stay. Default limit: 64 KiB.
   */
  untilSilence(milliseconds: number, limit = 65536): Take<Uint8Array> {
    checkTimeout('untilSilence', milliseconds);
    checkLimit(limit);
    return takeUntilSilence(this.connection, this.#step, milliseconds, limit);
  }

  /**
   * Drops what has come, and what comes until nothing has come for so many `milliseconds`, more than 0: to begin anew after
   * noise. At the end of the stream it is silent. What it has dropped is not put back when the step ends early.
   */
  discardUntilSilence(milliseconds: number): Take<true> {
    checkTimeout('discardUntilSilence', milliseconds);
    return discardUntilSilence(this.connection, this.#step, milliseconds);
  }

  /** Encrypts the connection from here on: as `writer.startTls`. */
  startTls(options?: StartTlsOptions): Take<void> {
    return this.#step.await(this.connection.writer.startTls(options));
  }

  /**
   * Gives a step, or a generator of several, so many `milliseconds`, more than 0: past them `StepTimeoutError` is thrown
   * into it, at the line that waits. A verb that was cut off has taken nothing.
   */
  *within<T>(milliseconds: number, step: Step<T>): Generator<undefined, T> {
    checkTimeout('within', milliseconds);
    const limit = new TimeLimit(milliseconds, this.connection.core.settings.scheduler, this.#step);
    const inner = step[Symbol.iterator]();
    let returns = inner.return?.bind(inner);
    try {
      let result = inner.next();
      while (result.done !== true) {
        yield result.value;
        result = limit.resume(inner);
      }
      returns = undefined;
      return result.value;
    } catch (error) {
      returns = undefined;
      throw error;
    } finally {
      limit.unsubscribe();
      // The conversation is over, and so is what is inside it.
      returns?.();
    }
  }

  /**
   * Waits for a step, or a generator of several, unless a notifier emits before: then it gives `undefined`. For example
   * `yield* io.unless(stopping$, () => io.line())`. The step is a function, as it is not begun where the notifier emits at
   * once. A verb that was cut off has taken nothing; `finally` blocks are run. An error of the notifier is thrown.
   */
  unless<T>(notifier: ObservableInput<unknown>, step: () => Step<T>): Step<T | undefined> {
    return stepUnless(this.#step, notifier, step);
  }

  // A decoder that is asked until it has a frame; what it takes is held meanwhile.
  #poll<T>(decoder: Decoder<T>, failed: () => void): Take<T> {
    const { queue } = this.connection.core.reads;
    const poll = (): T | undefined => {
      queue.hold();
      let frame: T | undefined;
      try {
        frame = decoder.decode(queue);
        if (frame === undefined && this.#step.ended) frame = decoder.end?.(queue);
      } catch (error) {
        if (error instanceof IncompleteReadError) this.#release();
        else if (!this.#step.unwanted) queue.rollback();
        failed();
        throw error;
      }
      if (frame !== undefined) this.#release();
      return frame;
    };
    return this.#step.take(poll(), poll, failed);
  }

  // What was taken is not put back any more, and nothing is held from here on. But what it takes when nobody wants it any
  // more goes back as a whole.
  #release(): void {
    if (this.#step.unwanted) return;
    const { queue } = this.connection.core.reads;
    queue.commit();
    queue.rollback();
  }
}

/** How long a step may take. */
class TimeLimit {
  #expired = false;
  readonly #step: ConversationStep;
  readonly #milliseconds: number;
  readonly #timeout: Subscription;

  constructor(milliseconds: number, scheduler: SchedulerLike, step: ConversationStep) {
    this.#step = step;
    this.#milliseconds = milliseconds;
    this.#timeout = scheduler.schedule(() => {
      this.#expired = true;
      step.wake();
    }, milliseconds);
  }

  /** Goes on with the step, or throws into it that its time is over. */
  resume<T>(inner: Iterator<undefined, T, unknown>): IteratorResult<undefined, T> {
    if (!this.#expired) return inner.next();
    this.#expired = false;
    this.#step.cancel();
    const error = new StepTimeoutError(this.#milliseconds);
    if (inner.throw === undefined) throw error;
    return inner.throw(error);
  }

  unsubscribe(): void {
    this.#timeout.unsubscribe();
  }
}
