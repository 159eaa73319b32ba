import { concat, defer, ignoreElements, of, Subject, throwError, type Observable } from 'rxjs';
import { ConnectionClosedError, ConnectionLostError, WriteAfterEndError } from './errors.js';
import type { Data } from '../bytes/Separator.js';
import type { Transport } from './Transport.js';

/** Where the write queue makes the writer pause, and where it goes on; in bytes, `highWaterMark ≥ lowWaterMark ≥ 0`. */
export interface WaterMarks {
  /** Paused above it. Default: 64 KiB, or four times the low one if only that is given. */
  highWaterMark?: number;
  /** Goes on at or below it. Default: a quarter of the high one. */
  lowWaterMark?: number;
}

/**
 * What has become of the sending half: paused, ended, closing, closed, lost. What stands between the transport and
 * `StreamWriter`, which is only the face of it.
 *
 * @internal
 */
export class WriteState {
  paused = false;
  ended = false;
  closing = false;
  closed = false;
  /** Changes with everything that is written, or handed on. */
  activity = 0;
  // Both complete when the connection is gone.
  readonly #drained = new Subject<void>();
  readonly #pausedChanged = new Subject<void>();
  readonly #high: number;
  readonly #low: number;
  #aborted: ConnectionClosedError | undefined;
  #loss: Error | undefined;

  constructor(
    readonly transport: Transport,
    options: WaterMarks,
  ) {
    const { high, low } = checkWaterMarks(options);
    this.#high = high;
    this.#low = low;
  }

  // Made when they are asked for: most connections are never asked, and each would keep them for its whole life.
  get drained$(): Observable<void> {
    return this.#drained.asObservable();
  }

  get pausedChanged$(): Observable<void> {
    return this.#pausedChanged.asObservable();
  }

  write(data: Data): void {
    if (this.#aborted !== undefined) throw this.#aborted;
    if (this.ended || this.closing) {
      throw new WriteAfterEndError(`write() after ${this.closing ? 'close()' : 'writeEof()'}`);
    }
    if (this.closed || data.length === 0) return;
    this.activity++;
    this.transport.write(data);
    if (!this.paused && this.transport.writeQueueSize > this.#high) {
      this.paused = true;
      this.#pausedChanged.next();
    }
  }

  writeEof(): void {
    if (this.ended || this.closing) return;
    if (!this.transport.canWriteEof)
      throw new TypeError('This transport cannot end one direction: use close()');
    this.ended = true;
    if (!this.closed) this.transport.writeEof();
  }

  close(): void {
    if (this.closing) return;
    this.closing = true;
    if (!this.closed) this.transport.close();
  }

  abort(reason?: unknown): void {
    if (this.closed || this.#aborted !== undefined) return;
    this.closing = true;
    this.#aborted = new ConnectionClosedError('The connection was aborted by this side', { cause: reason });
    this.transport.abort(reason);
  }

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

  /** The transport's queue has become shorter. */
  flushed(): void {
    this.activity++;
    if (!this.paused || this.transport.writeQueueSize > this.#low) return;
    this.paused = false;
    this.#pausedChanged.next();
    this.#drained.next();
  }

  /** The connection is gone; returns why reads have to fail, if they do. Tells nobody yet. */
  lost(error: unknown): Error | undefined {
    this.closed = true;
    this.#loss = this.#aborted ?? (error === undefined ? undefined : new ConnectionLostError(error));
    return this.#loss;
  }

  /** Tells everybody. */
  finish(): void {
    this.#pausedChanged.complete();
    this.#drained.complete();
  }

  closedError(): Error {
    if (this.#loss !== undefined) return this.#loss;
    return this.closing
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
