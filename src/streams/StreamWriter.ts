import {
  concat,
  defer,
  distinctUntilChanged,
  endWith,
  ignoreElements,
  map,
  Observable,
  of,
  startWith,
  Subject,
  take,
  throwError,
  throwIfEmpty,
} from 'rxjs';
import { ConnectionClosedError, ConnectionLostError, WriteAfterEndError } from './errors.js';
import type { Data } from './Separator.js';
import type { ExtraInfo, Transport } from './Transport.js';

/** Where the write queue makes the writer pause, and where it goes on; in bytes, `highWaterMark ≥ lowWaterMark ≥ 0`. */
export interface WaterMarks {
  /** Paused above it. Default: 64 KiB, or four times the low one if only that is given. */
  highWaterMark?: number;
  /** Goes on at or below it. Default: a quarter of the high one. */
  lowWaterMark?: number;
}

/**
 * The sending half of a connection: asyncio's `StreamWriter`.
 *
 * `write` takes data at once, whatever the peer does. Who writes much asks for room with `drain()`, `drain$`,
 * `paused$`, or writes with `send`:
 *
 * ```text
 * queued bytes   0---70k----16k---0       high water mark 64k, low 16k
 * paused$        f---t------f------
 * drain$         -----------d------
 * drain()        at t: -----(d|)
 * ```
 *
 * @example
 * ```ts
 * import { connectionPair } from 'rxjs-net';
 * import { concat } from 'rxjs';
 *
 * const [client, server] = connectionPair();
 * server.reader.lines().subscribe(console.log); // one, two, three
 *
 * client.writer.write('one\n');
 * concat(client.writer.send('two\n'), client.writer.send('three\n')).subscribe({
 *   complete: () => client.writer.close(),
 * });
 * ```
 */
export class StreamWriter {
  readonly transport: Transport;
  readonly #high: number;
  readonly #low: number;
  #paused = false;
  #ended = false;
  #closing = false;
  #aborted: ConnectionClosedError | undefined;
  #closed = false;
  #loss: Error | undefined;
  // Both complete when the connection is gone.
  readonly #drained = new Subject<void>();
  readonly #pausedChanged = new Subject<void>();

  /**
   * The drain signal: emits each time the write queue, having been above the high water mark, has come down to the
   * low one. Completes when the connection is closed or lost.
   */
  readonly drain$: Observable<void> = this.#drained.asObservable();

  /**
   * Whether the writer is paused, the current value first: true from above the high water mark until at or below
   * the low one. Completes when the connection is closed or lost.
   */
  // Read anew at each change, not handed on: a subscriber that writes inside `next` must not leave the ones behind
  // it with the value of before.
  readonly paused$: Observable<boolean> = this.#pausedChanged.pipe(
    startWith(undefined),
    map(() => this.#paused),
    distinctUntilChanged(),
  );

  /**
   * Whether the writer is paused now. For code that writes much and cheaply, and waits only when it has to:
   * `writer.write(data)`, then `return writer.paused ? writer.drain() : undefined`.
   */
  get paused(): boolean {
    return this.#paused;
  }

  /** @internal */
  constructor(transport: Transport, options: WaterMarks = {}) {
    const { high, low } = checkWaterMarks(options);
    this.transport = transport;
    this.#high = high;
    this.#low = low;
  }

  /**
   * Sends data, without waiting and without a bound: see `drain()`. Small writes of one tick leave together.
   * Do not change the bytes until they have been sent. An empty write does nothing; after the connection is lost
   * data is dropped, and `drain()`, `send()` and `waitClosed()` tell of the loss.
   *
   * @throws `WriteAfterEndError` after `writeEof()` or `close()`, `ConnectionClosedError` after `abort()`
   */
  write(data: Data): void {
    if (typeof data !== 'string' && !isBytes(data)) {
      throw new TypeError(`data must be a string or a Uint8Array, not ${String(data)}`);
    }
    if (this.#aborted !== undefined) throw this.#aborted;
    if (this.#ended || this.#closing) {
      throw new WriteAfterEndError(`write() after ${this.#closing ? 'close()' : 'writeEof()'}`);
    }
    if (this.#closed || data.length === 0) return;
    this.transport.write(data);
    if (!this.#paused && this.transport.writeQueueSize > this.#high) {
      this.#paused = true;
      this.#pausedChanged.next();
    }
  }

  /** Writes each of them. */
  writeLines(chunks: Iterable<Data>): void {
    for (const chunk of chunks) this.write(chunk);
  }

  /**
   * Waits for room.
   *
   * - **Emits** one value and completes: at once when not paused, else at the next drain signal.
   * - **Errors** with `ConnectionLostError` when the connection was lost, or is lost while waiting; with
   *   `ConnectionClosedError` when this side has closed or aborted it.
   */
  drain(): Observable<void> {
    return new Observable((subscriber) => {
      if (this.#closed) {
        subscriber.error(this.#closedError());
      } else if (this.#paused) {
        return this.#drained
          .pipe(
            take(1),
            throwIfEmpty(() => this.#closedError()),
          )
          .subscribe(subscriber);
      } else {
        subscriber.next();
        subscriber.complete();
      }
      return undefined;
    });
  }

  /**
   * Writes when subscribed to, completes when there is room again: for `concat`, `concatMap` and their like.
   *
   * - **Errors** as `write` throws and as `drain()` errors.
   */
  send(data: Data): Observable<never> {
    return new Observable((subscriber) => {
      this.write(data);
      // Most often there is nothing to wait for, and the subscriptions below cost more than the write.
      if (!this.#paused && !this.#closed) subscriber.complete();
      else this.drain().pipe(ignoreElements()).subscribe(subscriber);
    });
  }

  /** Whether this connection can end the one direction and keep the other. */
  canWriteEof(): boolean {
    return this.transport.canWriteEof;
  }

  /** Ends the sending direction behind what was written; reading goes on. A second call does nothing. */
  writeEof(): void {
    if (this.#ended || this.#closing) return;
    if (!this.transport.canWriteEof)
      throw new TypeError('This transport cannot end one direction: use close()');
    this.#ended = true;
    if (!this.#closed) this.transport.writeEof();
  }

  /** Sends what was written, then closes both directions. A second call does nothing. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (!this.#closed) this.transport.close();
  }

  /**
   * Drops what was written and not yet sent, and resets the connection.
   *
   * From then on `write()` throws, and reads (behind what was received), `drain()` and `send()` error with
   * `ConnectionClosedError`, `reason` being its `cause`.
   */
  abort(reason?: unknown): void {
    if (this.#closed || this.#aborted !== undefined) return;
    this.#closing = true;
    this.#aborted = new ConnectionClosedError('The connection was aborted by this side', { cause: reason });
    this.transport.abort(reason);
  }

  /** True from `close()`, `abort()` or the loss of the connection on. */
  isClosing(): boolean {
    return this.#closing || this.#closed;
  }

  /**
   * Waits until the connection is gone. Closes nothing itself.
   *
   * - **Emits** one value and completes when it has been closed by either side, or aborted by this one.
   * - **Errors** with `ConnectionLostError` when it was lost.
   */
  waitClosed(): Observable<void> {
    return concat(
      this.#drained.pipe(ignoreElements()),
      defer(() =>
        this.#loss === undefined || this.#loss === this.#aborted
          ? of(undefined)
          : throwError(() => this.#loss),
      ),
    );
  }

  /** @internal Errors when the connection is lost or closed, with what `drain()` then errors with. */
  failure(): Observable<never> {
    return this.#drained.pipe(
      ignoreElements(),
      endWith(undefined),
      map(() => {
        throw this.#closedError();
      }),
    );
  }

  /** What is known of the connection: `peername`, `sockname`, `socket` and whatever else the transport tells of. */
  getExtraInfo<K extends keyof ExtraInfo>(name: K): ExtraInfo[K] | undefined;
  getExtraInfo<K extends keyof ExtraInfo, F>(name: K, fallback: F): ExtraInfo[K] | F;
  getExtraInfo(name: string, fallback?: unknown): unknown;
  getExtraInfo(name: string, fallback?: unknown): unknown {
    return this.transport.getExtraInfo(name) ?? fallback;
  }

  /** @internal The transport's queue has become shorter. */
  flushed(): void {
    if (!this.#paused || this.transport.writeQueueSize > this.#low) return;
    this.#paused = false;
    this.#pausedChanged.next();
    this.#drained.next();
  }

  /** @internal The connection is gone; returns why reads have to fail, if they do. Tells nobody yet. */
  lost(error: unknown): Error | undefined {
    this.#closed = true;
    this.#loss = this.#aborted ?? (error === undefined ? undefined : new ConnectionLostError(error));
    return this.#loss;
  }

  /** @internal Tells everybody. */
  finish(): void {
    this.#pausedChanged.complete();
    this.#drained.complete();
  }

  #closedError(): Error {
    if (this.#loss !== undefined) return this.#loss;
    return this.#closing
      ? new ConnectionClosedError('The connection was closed by this side')
      : new ConnectionLostError(new Error('the peer closed it'));
  }
}

/** @internal */
export function checkWaterMarks({ highWaterMark, lowWaterMark }: WaterMarks): { high: number; low: number } {
  const high = highWaterMark ?? (lowWaterMark === undefined ? 65536 : lowWaterMark * 4);
  const low = lowWaterMark ?? Math.floor(high / 4);
  if (!(Number.isFinite(high) && high >= low && low >= 0)) {
    throw new RangeError(
      `Water marks must be highWaterMark >= lowWaterMark >= 0 (bytes), not ${String(high)} and ${String(low)}`,
    );
  }
  return { high, low };
}

// Not instanceof: test runners have arrays from other realms. And not any view: others count in other units.
function isBytes(data: Uint8Array): boolean {
  return ArrayBuffer.isView(data) && data.BYTES_PER_ELEMENT === 1;
}
