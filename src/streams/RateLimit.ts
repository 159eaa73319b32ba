import { asyncScheduler, type Observable, type SchedulerLike } from 'rxjs';
import { checkLimit, checkOptions, described } from '../bytes/check.js';
import { checkMethod } from './check.js';
import { PacedChunks } from './PacedChunks.js';
import { RatedTransport } from './RatedTransport.js';
import { TokenBucket } from './TokenBucket.js';
import type { Transport } from './Transport.js';

/** Options of {@link RateLimit}. */
export interface RateLimitOptions {
  /** How many bytes may pass in a second: 0 or more, `Infinity` as well. With 0 nothing passes until it is raised. */
  bytesPerSecond: number;
  /**
   * Bytes that may pass at once after a pause, and that pass in one piece at the most: a positive integer. Timers have
   * milliseconds: what passes in one of them should fit. Default: what passes in a tenth of a second, 1 at least.
   */
  burst?: number;
  /** Where time comes from. Default: RxJS's `asyncScheduler`. */
  scheduler?: SchedulerLike;
}

/**
 * A bandwidth, as a token bucket: for reading, by the option `readRate` of every connection, and for pipes, by
 * `reader.pipeTo(writer, { rate })`.
 *
 * ```text
 * bytesPerSecond: 1000, burst: 2
 * arrives           --abcdef------------       all in one chunk
 * passes            --A-B-C-------------       2 bytes each: A = ab, B = cd, C = ef
 * ```
 *
 * - **Shared** by several connections or pipes, it is for all of them together: those that wait are served in turn, each with
 *   16 KiB at the most before the others come. So each gets the same, however much it has.
 * - **Changed** while it runs (`limit.bytesPerSecond = 500`), it takes effect at once, also for who waits.
 * - **Errors**: none. A wrong option is a `RangeError` or a `TypeError` at the call.
 * - In any time `t` no more than `burst` and `bytesPerSecond × t` bytes pass. There is no timer while nobody waits, and
 *   one, at the time when the first can go on, while somebody does.
 *
 * @example
 * ```ts
 * import { connectionPair, RateLimit } from 'rxjs-net';
 *
 * const readRate = new RateLimit({ bytesPerSecond: 100_000, burst: 1000 });
 * const [client, server] = connectionPair({ readRate });
 * const start = Date.now();
 * client.reader.read().subscribe((bytes) => {
 *   console.log(bytes.length, Date.now() - start >= 80); // 10000 true
 * });
 * server.writer.write('x'.repeat(10_000));
 * server.writer.writeEof();
 * ```
 */
export class RateLimit {
  readonly #bucket: TokenBucket;

  constructor(options: RateLimitOptions) {
    checkOptions(options);
    const { bytesPerSecond, burst, scheduler = asyncScheduler } = options;
    checkBytesPerSecond(bytesPerSecond);
    if (burst !== undefined) checkLimit(burst, 'burst');
    checkMethod('scheduler must have a method schedule', scheduler, 'schedule');
    this.#bucket = new TokenBucket(bytesPerSecond, burst, scheduler);
  }

  /** How many bytes may pass in a second. It may be set at any time; a `RangeError` for what is no number of 0 or more. */
  get bytesPerSecond(): number {
    return this.#bucket.bytesPerSecond;
  }

  set bytesPerSecond(bytesPerSecond: number) {
    checkBytesPerSecond(bytesPerSecond);
    this.#bucket.bytesPerSecond = bytesPerSecond;
  }

  /** Bytes: what was given, or else a tenth of the present `bytesPerSecond`. */
  get burst(): number {
    return this.#bucket.burst;
  }

  /** @internal What comes by this transport keeps the rate. */
  rated(transport: Transport): Transport {
    return new RatedTransport(transport, this.#bucket);
  }

  /** @internal The chunks of a pipe, and what is done with each: only when it may pass is it written. */
  paced(write: (chunk: Uint8Array) => Observable<never> | undefined): PacedChunks {
    return new PacedChunks(this.#bucket, write);
  }
}

function checkBytesPerSecond(bytesPerSecond: number): void {
  if (typeof bytesPerSecond !== 'number' || !(bytesPerSecond >= 0))
    throw new RangeError(`bytesPerSecond must be a number of 0 or more, not ${described(bytesPerSecond)}`);
}
