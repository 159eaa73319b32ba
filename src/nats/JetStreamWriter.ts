import type { JetStreamClient } from '@nats-io/jetstream';
import { asyncScheduler, Observable } from 'rxjs';
import type { Data } from '../bytes/Separator.js';
import { encodeText } from '../bytes/text.js';
import { reportFailure } from '../operators/reportFailure.js';
import { attemptCallback } from '../streams/attemptCallback.js';
import { ConnectionClosedError, ConnectionLostError, WriteAfterEndError } from '../streams/errors.js';
import { Listeners } from '../streams/Listeners.js';
import { checkMethod } from '../streams/check.js';
import { reportError } from '../streams/reportError.js';
import { checkWriterOptions, type JetStreamWriterOptions } from './JetStreamWriterOptions.js';
import { checkMessage, randomText, type PublishOptions } from './Publication.js';
import { PublishWindow, type WindowOwner, type WindowSettings } from './PublishWindow.js';

const reporter = { report: reportError };

/**
 * A writer to JetStream: it publishes messages, and is paused while JetStream does not keep up, or its stream is full. One is
 * enough for a process, whatever its connections.
 *
 * ```text
 * write                  abc--------d-----     maxPending 3
 * acknowledged           ----a-b--c--------
 * paused$                f-t---f-----------
 * send(d) completes      -------------|        acknowledged
 * ```
 *
 * A message that JetStream did not take for lack of room (10077, `discard: 'new'`), or of which nothing is known after a
 * timeout or a restart, is published again, with the same id: within its `duplicate_window` the stream stores it once. Until
 * one has got through the writer is paused, and no other is published.
 *
 * @experimental
 *
 * @throws `TypeError` or `RangeError` when an option is none; its own errors are those of `write`, `send` and `drain`
 *
 * @example
 * ```ts no-run
 * import { jetstream } from '@nats-io/jetstream';
 * import { connect } from '@nats-io/transport-node';
 * import { lengthPrefixed, serve } from 'rxjs-net';
 * import { jetStreamWriter } from 'rxjs-net/nats';
 * import { serverConnections$ } from 'rxjs-net/node';
 *
 * const bus = jetStreamWriter(jetstream(await connect({ maxReconnectAttempts: -1 })));
 * // The next frame is read when JetStream has this one: who sends faster sees its TCP window close.
 * serverConnections$({ port: 7000 })
 *   .pipe(serve(({ reader }) => reader.consume(lengthPrefixed(), (frame) => bus.send('frames.in', frame), 64)))
 *   .subscribe();
 * ```
 */
export function jetStreamWriter(
  js: Pick<JetStreamClient, 'publish'>,
  options: JetStreamWriterOptions = {},
): JetStreamWriter {
  checkMethod('js must be a JetStreamClient', js, 'publish');
  checkWriterOptions(options);
  const { maxPending = 256, maxPendingBytes = 1024 * 1024, ackTimeout, retryFor = 30_000 } = options;
  const { maxDelay = 5000, initialDelay = Math.min(100, maxDelay), scheduler = asyncScheduler } = options;
  const settings = {
    js,
    maxPending,
    maxPendingBytes,
    ackTimeout,
    retryFor,
    initialDelay,
    maxDelay,
    scheduler,
  };
  return new JetStreamWriter(settings, options);
}

/**
 * Writes messages to JetStream as a `StreamWriter` writes bytes to a peer: made by `jetStreamWriter`, for a whole process.
 *
 * | phase     | `write`, `send`      | `close()`                   | `abort()`  | a message of `write` is refused | all is acknowledged |
 * | --------- | -------------------- | --------------------------- | ---------- | ------------------------------- | ------------------- |
 * | `open`    |                      | → `closing`                 | → `failed` | → `failed`, but with `onError`  |                     |
 * | `closing` | `WriteAfterEndError` |                             | → `failed` | → `failed`, but with `onError`  | → `closed`          |
 * | `closed`  | `WriteAfterEndError` |                             |            |                                 |                     |
 * | `failed`  | the error of that    |                             |            |                                 |                     |
 *
 * @experimental
 *
 * @example
 * ```ts no-run
 * import { jetstream } from '@nats-io/jetstream';
 * import { connect } from '@nats-io/transport-node';
 * import { jetStreamWriter } from 'rxjs-net/nats';
 * import { firstValueFrom } from 'rxjs';
 *
 * const writer = jetStreamWriter(jetstream(await connect()), { maxPending: 64 });
 * for (let i = 0; i < 1000; i++) {
 *   writer.write('frames.in', `frame ${i}`, { msgID: `frame-${i}` });
 *   if (writer.paused) await firstValueFrom(writer.drain());
 * }
 * writer.close();
 * await firstValueFrom(writer.waitClosed());
 * ```
 */
export class JetStreamWriter {
  readonly #options: JetStreamWriterOptions;
  readonly #settings: WindowSettings;
  readonly #window: PublishWindow;
  readonly #drained = new Listeners();
  readonly #pausedChanged = new Listeners();
  readonly #gone = new Listeners();
  /** Of all ids that are made here: nobody else makes the same. */
  readonly #origin = randomText();
  #written = 0;
  #paused = false;
  #phase: 'open' | 'closing' | 'closed' | 'failed' = 'open';
  #error: Error | undefined;

  /** @internal */
  constructor(settings: WindowSettings, options: JetStreamWriterOptions) {
    this.#settings = settings;
    this.#options = options;
    const owner: WindowOwner = {
      changed: () => this.#changed(),
      stands: (error, delay) => this.#tell(this.#options.onRetry, error, delay),
      lost: (error) => this.#fail(new ConnectionLostError(error)),
    };
    this.#window = new PublishWindow(settings, owner);
  }

  /** Messages that JetStream has not acknowledged yet. */
  get pending(): number {
    return this.#window.length;
  }

  /** The bytes of these. */
  get pendingBytes(): number {
    return this.#window.bytes;
  }

  /**
   * Whether to wait: `maxPending` messages or `maxPendingBytes` are not acknowledged, until half of that is left; or
   * JetStream takes nothing, as its stream is full or it cannot be reached.
   */
  get paused(): boolean {
    return this.#paused;
  }

  /** Whether the writer is paused, the current value first. Completes when it is closed or has failed. */
  get paused$(): Observable<boolean> {
    return new Observable((subscriber) => {
      let told: boolean | undefined;
      // Read anew at each change: a subscriber that writes inside `next` must not leave the others with what was before.
      const tell = (): void => {
        if (told === this.#paused) return;
        told = this.#paused;
        subscriber.next(told);
      };
      subscriber.add(this.#pausedChanged.add(tell));
      tell();
      subscriber.add(this.#onGone(() => subscriber.complete()));
    });
  }

  /** Emits each time the writer is no longer paused. Completes when it is closed or has failed. */
  get drain$(): Observable<void> {
    return new Observable((subscriber) => {
      subscriber.add(this.#drained.add(() => subscriber.next()));
      subscriber.add(this.#onGone(() => subscriber.complete()));
    });
  }

  /**
   * Publishes a message, without waiting and without a bound: see `paused` and `drain()`. Beyond `maxPending` it waits here
   * for its turn. A message that JetStream refuses is told to `onError`; without that the writer has failed.
   *
   * The bytes are borrowed until JetStream has them: do not change them before.
   *
   * @throws `WriteAfterEndError` after `close()`; after a failure, and after `abort()`, the error of that
   */
  write(subject: string, data: Data, options: PublishOptions = {}): void {
    checkMessage(subject, data, options);
    this.#checkOpen();
    const onFailed = (error: Error): void => {
      if (this.#phase === 'failed') return;
      if (this.#options.onError === undefined) this.#fail(error);
      else this.#tell(this.#options.onError, error);
    };
    this.#add(subject, data, options, () => {}, onFailed);
  }

  /**
   * Publishes a message when subscribed to, and completes when JetStream has it: for `reader.consume`, `concatMap` and their
   * like.
   *
   * - **Errors** with `PublishError` when JetStream refuses it, or has not taken it for too long; the writer goes on. And as
   *   `write` throws and `drain()` errors.
   * - **Unsubscribe** takes it back, if it has not been published yet.
   */
  send(subject: string, data: Data, options: PublishOptions = {}): Observable<never> {
    checkMessage(subject, data, options);
    return new Observable((subscriber) => {
      this.#checkOpen();
      const onStored = (): void => subscriber.complete();
      const onFailed = (error: Error): void => subscriber.error(error);
      subscriber.add(this.#add(subject, data, options, onStored, onFailed));
    });
  }

  /**
   * Waits for room.
   *
   * - **Emits** one value and completes: at once when not paused, else as soon as it is no longer.
   * - **Errors** with what the writer failed with: a `PublishError` of `write`, a `ConnectionLostError` when the connection to
   *   NATS is closed; with `ConnectionClosedError` after `abort()`, and when its close is over.
   */
  drain(): Observable<void> {
    return new Observable((subscriber) => {
      const answer = (): void => {
        subscriber.next();
        subscriber.complete();
      };
      if (this.#isGone()) subscriber.error(this.#goneError());
      else if (!this.#paused) answer();
      else {
        subscriber.add(this.#drained.add(answer));
        subscriber.add(this.#onGone(() => subscriber.error(this.#goneError())));
      }
    });
  }

  /** Takes no more messages; those that were written are still published. A second call does nothing. */
  close(): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'closing';
    this.#changed();
  }

  /** Drops what JetStream has not acknowledged: some of it may be stored all the same. `reason` is the `cause` of the errors. */
  abort(reason?: unknown): void {
    if (this.#isGone()) return;
    this.#fail(new ConnectionClosedError('The writer was aborted', { cause: reason }));
  }

  /** True from `close()`, `abort()` or a failure on. */
  isClosing(): boolean {
    return this.#phase !== 'open';
  }

  /**
   * Waits until the writer is gone. Closes nothing itself.
   *
   * - **Emits** one value and completes when it was closed, and JetStream has all that was written.
   * - **Errors** with what it failed with, also by `abort()`: messages may be missing.
   */
  waitClosed(): Observable<void> {
    return new Observable((subscriber) =>
      this.#onGone(() => {
        if (this.#error !== undefined) {
          subscriber.error(this.#error);
        } else {
          subscriber.next();
          subscriber.complete();
        }
      }),
    );
  }

  #add(
    subject: string,
    data: Data,
    options: PublishOptions,
    onStored: () => void,
    onFailed: (error: Error) => void,
  ): () => void {
    const number = ++this.#written;
    return this.#window.add({
      number,
      subject,
      data,
      size: typeof data === 'string' ? encodeText(data).length : data.length,
      options: { ...options, msgID: options.msgID ?? `${this.#origin}-${number}` },
      attempts: 0,
      unsureSince: undefined,
      onStored,
      onFailed,
    });
  }

  #changed(): void {
    const { length, bytes, stands } = this.#window;
    const { maxPending, maxPendingBytes } = this.#settings;
    if (!this.#paused && (stands || length >= maxPending || bytes >= maxPendingBytes)) {
      this.#paused = true;
      this.#pausedChanged.tell(reporter);
    } else if (this.#paused && !stands && length <= maxPending / 2 && bytes <= maxPendingBytes / 2) {
      this.#paused = false;
      this.#pausedChanged.tell(reporter);
      this.#drained.tell(reporter);
    }
    // Not what it was above: whoever was told may have written.
    if (this.#phase === 'closing' && this.#window.length === 0) {
      this.#phase = 'closed';
      this.#gone.tell(reporter);
    }
  }

  #fail(error: Error): void {
    if (this.#isGone()) return;
    this.#phase = 'failed';
    this.#error = error;
    const dropped = this.#window.clear();
    for (const { onFailed } of dropped) onFailed(error);
    this.#gone.tell(reporter);
  }

  #checkOpen(): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.#phase !== 'open') throw new WriteAfterEndError('The writer is closed by this side');
  }

  #isGone(): boolean {
    return this.#phase === 'closed' || this.#phase === 'failed';
  }

  #goneError(): Error {
    return this.#error ?? new ConnectionClosedError('The writer is closed');
  }

  #onGone(listener: () => void): () => void {
    if (!this.#isGone()) return this.#gone.add(listener);
    listener();
    return () => {};
  }

  /** What a callback throws harms nobody. */
  #tell<A extends unknown[]>(callback: ((...args: A) => unknown) | undefined, ...args: A): void {
    attemptCallback(() => callback?.(...args), reportFailure);
  }
}
