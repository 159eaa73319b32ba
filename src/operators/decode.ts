import { Observable, Subject, takeUntil, type OperatorFunction } from 'rxjs';
import { ByteQueue } from '../bytes/ByteQueue.js';
import { checkDecoderFactory, makeDecoder, type DecoderFactory } from '../bytes/Decoder.js';
import { FrameRead, type ByteSource } from '../streams/FrameRead.js';
import { Reentrant, rethrow } from '../streams/Reentrant.js';

const KIND = { verb: 'decode', once: false, reach: 'frames' } as const;

/**
 * Decodes a stream of bytes, however it is cut into chunks, into frames.
 *
 * ```text
 * source                    --ab---c!de!---f!--|
 * decode(until '!')         -------(xy)----z---|      x = abc!, y = de!, z = f!
 * ```
 *
 * - **Emits** every frame as soon as its last byte has come.
 * - **Completes** with the source, after what the decoder's `end` gives.
 * - **Errors** with what the decoder throws, with `IncompleteReadError` when the source completes inside a frame, and
 *   with the error of the source.
 * - **Buffers** the bytes of the unfinished frame; a decoder bounds them.
 *
 * @example
 * ```ts
 * import { decode, type Decoder } from 'rxjs-net';
 * import { of } from 'rxjs';
 *
 * const uint16 = (): Decoder<number> => ({ decode: (bytes) => bytes.takeUint16() });
 *
 * of(Uint8Array.of(0), Uint8Array.of(1, 0, 2)).pipe(decode(uint16)).subscribe(console.log); // 1, 2
 * ```
 */
export function decode<T>(decoder: DecoderFactory<T>): OperatorFunction<Uint8Array, T> {
  checkDecoderFactory(decoder);
  return (source) =>
    new Observable((subscriber) => {
      const bytes = {
        queue: new ByteQueue(),
        state: 'open' as ByteSource['state'],
        error: undefined as unknown,
      };
      const read = new FrameRead(bytes, makeDecoder(decoder), subscriber, KIND);
      const reading = new Reentrant(() => read.advance(), rethrow);
      const advance = (): void => reading.run();
      // A synchronous source has to hear of the end while it is still inside `subscribe`.
      const stop = new Subject<void>();
      subscriber.add(() => stop.next());
      source.pipe(takeUntil(stop)).subscribe({
        next(chunk) {
          try {
            bytes.queue.push(chunk);
          } catch (error) {
            subscriber.error(error);
          }
          advance();
        },
        error(error: unknown) {
          bytes.error = error;
          bytes.state = 'failed';
          advance();
        },
        complete() {
          bytes.state = 'ended';
          advance();
        },
      });
    });
}
