import { Observable, Subject, takeUntil, type OperatorFunction } from 'rxjs';
import { checkLimit, checkOptions } from '../bytes/check.js';
import { checkMethod } from '../streams/check.js';
import type { Data } from '../bytes/Separator.js';
import type { StreamWriter } from '../streams/StreamWriter.js';
import { BufferedWrite, checkOverflow, type OverflowStrategy } from './BufferedWrite.js';
import { followWriter } from './followWriter.js';

/** Options of {@link writeTo}. */
export interface WriteToOptions {
  /**
   * What becomes of a value that comes while the writer is paused. Default: `buffer`.
   *
   * - `buffer`: it waits; where it does not fit within `limit`, the stream errors.
   * - `dropNewest`: it waits; where it does not fit, it is dropped.
   * - `dropOldest`: it waits; the values that have waited longest are dropped to make room. One that is greater than
   *   `limit` is dropped itself.
   * - `error`: the stream errors.
   */
  overflow?: OverflowStrategy;
  /** Bytes that may wait, text counted as UTF-8: a positive integer. Default: 1 MiB. */
  limit?: number;
}

/**
 * Writes a stream that cannot be told to wait: what comes while the writer is paused waits in a bounded buffer. (For
 * a source that can be pulled there is `sendAll`, which needs no buffer.)
 *
 * ```text
 * source            --a-b-c-------|         each is enough to pause the writer
 * writer drained    -------d---d-----d
 * written           --a----b---c----        b and c have waited
 * writeTo(writer)   -----------------|
 * ```
 *
 * - **Emits** nothing. **Completes** when the source has, all is written, and `drain()` has come. The writer stays open.
 * - **Errors** with `WriteOverflowError`, see `overflow`; with what `write()` throws; as `drain()`, as soon as the
 *   connection is lost or closed, also while the source is silent; with the error of the source, or a `TypeError`
 *   for a value that is neither text nor bytes, when what came before it has been written.
 * - **Unsubscribe** drops what waits, as an overflow, a loss and a close do.
 * - **Buffers** up to `limit` bytes, besides what the writer itself queues.
 *
 * @example
 * ```ts
 * import { connectionPair, writeTo } from 'rxjs-net';
 * import { interval, map, take } from 'rxjs';
 *
 * const [client, server] = connectionPair();
 * client.reader.lines().subscribe(console.log); // 0, 1, 2
 *
 * interval(10)
 *   .pipe(
 *     take(3),
 *     map((i) => `${i}\n`),
 *     writeTo(server.writer, { overflow: 'dropOldest', limit: 1024 }),
 *   )
 *   .subscribe({ complete: () => server.writer.close() });
 * ```
 */
export function writeTo(writer: StreamWriter, options: WriteToOptions = {}): OperatorFunction<Data, never> {
  checkMethod('writer must be a StreamWriter', writer, 'drain');
  checkOptions(options);
  const { overflow = 'buffer', limit = 1024 * 1024 } = options;
  checkLimit(limit);
  checkOverflow(overflow);
  return (source) =>
    new Observable((subscriber) => {
      const write = new BufferedWrite(writer, subscriber, overflow, limit);
      followWriter(writer, subscriber, () => write.advance());
      if (subscriber.closed) return;
      // A synchronous source has to hear of the end while it is still inside `subscribe`.
      const stop = new Subject<void>();
      subscriber.add(() => stop.next());
      source.pipe(takeUntil(stop)).subscribe(write);
    });
}
