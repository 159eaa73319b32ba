import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { checkFunction, checkLimit, checkOptions } from '../bytes/check.js';
import { checkMethod, checkMilliseconds, checkTimeout } from './check.js';
import type { RateLimit } from './RateLimit.js';
import type { Transport } from './Transport.js';

/**
 * Where the write queue makes the writer pause, and where it goes on; in bytes, `highWaterMark ≥ lowWaterMark ≥ 0`.
 * See {@link StreamWriter}.
 */
export interface WaterMarks {
  /** Bytes: the writer is paused above it. Default: 64 KiB, or four times the low one if only that is given. */
  highWaterMark?: number;
  /** Bytes: the writer goes on at or below it. Default: a quarter of the high one. */
  lowWaterMark?: number;
}

/** Options of every connection, whatever its source. See {@link connectionPair}. */
export interface ConnectionOptions extends WaterMarks {
  /** Bytes: how far `readUntil`, `readLine` and `lines` look; half of what may wait unread. Default: 64 KiB. */
  limit?: number;
  /**
   * Milliseconds that a graceful close may go without progress before it becomes an abort, where the library closes for
   * you: at unsubscription, at a handler's end, at the end of `await using`. Progress is whatever the system takes of
   * what was written. Default: 30 s.
   */
  closeTimeout?: number;
  /**
   * Milliseconds, more than 0: a connection on which nothing of use happens for so long is lost, with an
   * `IdleTimeoutError` as the cause. Of use is what a read takes, what is written, and what the peer takes of that; a
   * peer that trickles counts once it has sent 1 KiB. It may take a quarter longer. Default: no such limit.
   */
  idleTimeout?: number;
  /** Where time comes from. Default: RxJS's `asyncScheduler`. */
  scheduler?: SchedulerLike;
  /**
   * How fast bytes may come, whatever reads them: the transport is paused meanwhile, which slows the peer down. One
   * `RateLimit` for many connections is for all of them together; a function is called for each connection, which then
   * has a limit of its own. Default: as fast as they are read.
   */
  readRate?: RateLimit | (() => RateLimit);
  /** Puts something between the connection and its transport: a wiretap, for example. Default: nothing. */
  wrap?: (transport: Transport) => Transport;
}

/** 64 KiB, as asyncio's. @internal */
export const DEFAULT_LIMIT = 65536;

/** The options of a connection, checked and complete. @internal */
export class ConnectionSettings implements ConnectionOptions {
  readonly limit: number;
  readonly highWaterMark: number;
  readonly lowWaterMark: number;
  readonly closeTimeout: number;
  readonly idleTimeout?: number;
  readonly scheduler: SchedulerLike;
  readonly readRate?: RateLimit | (() => RateLimit);
  readonly wrap?: (transport: Transport) => Transport;

  private constructor(options: ConnectionOptions) {
    const { limit = DEFAULT_LIMIT, closeTimeout = 30_000, scheduler = asyncScheduler } = options;
    const { idleTimeout, readRate, wrap, lowWaterMark } = options;
    const { highWaterMark: high = (lowWaterMark ?? 16384) * 4 } = options;
    const { lowWaterMark: low = Math.floor(high / 4) } = options;
    checkLimit(limit);
    // Not by coercion: '10' and 10n compare as numbers do.
    if (!(Number.isFinite(high) && Number.isFinite(low) && high >= low && low >= 0)) {
      throw new RangeError(
        `Water marks must be highWaterMark >= lowWaterMark >= 0 (bytes), not ${String(high)} and ${String(low)}`,
      );
    }
    checkMilliseconds('closeTimeout', closeTimeout);
    if (idleTimeout !== undefined) {
      checkTimeout('idleTimeout', idleTimeout);
      this.idleTimeout = idleTimeout;
    }
    checkMethod('scheduler must have a method schedule', scheduler, 'schedule');
    if (readRate !== undefined) {
      if (typeof readRate !== 'function')
        checkMethod('readRate must be a RateLimit (new RateLimit({ bytesPerSecond }))', readRate, 'rated');
      this.readRate = readRate;
    }
    if (wrap !== undefined) {
      checkFunction('wrap', wrap);
      this.wrap = wrap;
    }
    this.limit = limit;
    this.highWaterMark = high;
    this.lowWaterMark = low;
    this.closeTimeout = closeTimeout;
    this.scheduler = scheduler;
  }

  wrapped(transport: Transport): Transport {
    const wrapped = this.wrap === undefined ? transport : this.wrap(transport);
    // Of an async function, which cannot be waited for.
    if ((wrapped as unknown) instanceof Promise)
      void (wrapped as unknown as Promise<unknown>).catch(() => undefined);
    checkMethod('What wrap returns must be a Transport', wrapped, 'start');
    const { readRate } = this;
    const rate = typeof readRate === 'function' ? readRate() : readRate;
    return rate?.rated(wrapped) ?? wrapped;
  }

  /** Throws at the call what is wrong with the options; those that are resolved already stay as they are. */
  static of(options: ConnectionOptions = {}): ConnectionSettings {
    if (options instanceof ConnectionSettings) return options;
    checkOptions(options);
    return new ConnectionSettings(options);
  }
}
