import {
  asyncScheduler,
  Observable,
  Subject,
  takeUntil,
  type OperatorFunction,
  type SchedulerLike,
} from 'rxjs';
import { ByteQueue } from '../bytes/ByteQueue.js';
import { checkLimit, checkOptions } from '../bytes/check.js';
import { checkTimeout } from '../streams/check.js';
import { Silence } from '../streams/Silence.js';
import { noSilence } from '../streams/noSilence.js';

/** Options of {@link silence}. */
export interface SilenceOptions {
  /** Bytes that a frame may have, a positive integer. Default: 64 KiB. */
  maxLength?: number;
  /** What time comes from. Default: RxJS's `asyncScheduler`. */
  scheduler?: SchedulerLike;
}

/**
 * Frames that end with a pause: what came until nothing has come for so many `milliseconds`, more than 0. For serial lines
 * and their like, as Modbus RTU; the pause has to be longer than any within a frame.
 *
 * ```text
 * source         --ab-c------d-------|
 * silence(3)     --------x------y----|      x = abc, y = d
 * ```
 *
 * - **Emits** each frame when the pause after it has lasted so long; one byte at least. A view of the received chunk if
 *   it was one.
 * - **Completes** with the source, after the frame under way.
 * - **Errors** with `LimitOverrunError` as soon as more than `maxLength` bytes have come without a pause, and with the
 *   error of the source; the frame under way is dropped.
 * - **Unsubscribe** drops the frame under way. In a conversation `io.untilSilence` leaves it in the reader.
 * - **Buffers** up to `maxLength` bytes.
 *
 * @example
 * ```ts
 * import { connectionPair, silence } from 'rxjs-net';
 *
 * const [client, server] = connectionPair();
 * client.reader
 *   .chunks()
 *   .pipe(silence(5))
 *   .subscribe((frame) => console.log(frame.length)); // 3, 1
 * server.writer.write('ab');
 * server.writer.write('c');
 * setTimeout(() => {
 *   server.writer.write('d');
 *   server.writer.close();
 * }, 50);
 * ```
 */
export function silence(
  milliseconds: number,
  options: SilenceOptions = {},
): OperatorFunction<Uint8Array, Uint8Array> {
  checkTimeout('silence', milliseconds);
  checkOptions(options);
  const { maxLength = 65536, scheduler = asyncScheduler } = options;
  checkLimit(maxLength, 'maxLength');
  return (source) =>
    new Observable((subscriber) => {
      const queue = new ByteQueue();
      const emit = (): void => {
        if (queue.length > 0) subscriber.next(queue.takeExactly(queue.length)!);
      };
      const pause = new Silence(milliseconds, scheduler, emit);
      subscriber.add(() => pause.stop());
      // A synchronous source has to hear of the end while it is still inside `subscribe`.
      const stop = new Subject<void>();
      subscriber.add(() => stop.next());
      source.pipe(takeUntil(stop)).subscribe({
        next(chunk) {
          try {
            queue.push(chunk);
          } catch (error) {
            subscriber.error(error);
            return;
          }
          if (queue.length > maxLength) subscriber.error(noSilence(milliseconds, queue.length, maxLength));
          else if (queue.length > 0) pause.after(queue.position + queue.length);
        },
        error: (error: unknown) => subscriber.error(error),
        complete() {
          emit();
          subscriber.complete();
        },
      });
    });
}
