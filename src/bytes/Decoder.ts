import { described } from './check.js';
import type { ByteQueue } from './ByteQueue.js';

/**
 * A protocol's framing as a value, without I/O: takes one frame after another from a queue of bytes.
 *
 * The same decoder runs on a reader (`reader.frames(d)`, `reader.readFrame(d)`), as an operator on any
 * `Observable<Uint8Array>` (`decode(d)`), and in a test, on a bare `ByteQueue`.
 *
 * @example
 * ```ts
 * import { connectionPair, type Decoder } from 'rxjs-net';
 *
 * // A length byte, then that many bytes of text.
 * const pascalString = (): Decoder<string> => ({
 *   decode(bytes) {
 *     const length = bytes.peek();
 *     if (length === undefined || bytes.length <= length) return undefined;
 *     bytes.skip(1);
 *     return bytes.takeText(length);
 *   },
 * });
 *
 * const [client, server] = connectionPair();
 * client.reader.frames(pascalString).subscribe(console.log); // hello, rxjs
 * server.writer.write('\u0005hello\u0004rxjs');
 * ```
 */
export interface Decoder<T> {
  /**
   * Takes one frame, or returns `undefined` because it needs more bytes: it is called again when more have come.
   *
   * It may take parts of a frame and remember them. What it took for a frame that is never finished (the read is
   * unsubscribed) or turns out bad (it throws) goes back to the queue, and the decoder is not used again.
   *
   * While it takes something, gives nothing and bytes are left, it is called again at once: it may have skipped a
   * heartbeat. `bytes.commit()` lets go of what it skipped, which would otherwise wait for the end of the next frame, and
   * be an `IncompleteReadError` at the end of the stream.
   */
  decode(bytes: ByteQueue): T | undefined;
  /**
   * The stream has ended, and `decode` needs more bytes: returns a last frame (it is called again after each), or
   * `undefined` for none. Bytes left over then are an `IncompleteReadError`, as they are without this method. A decoder
   * that is in the middle of something but holds no bytes of it has to throw that error itself.
   */
  end?(bytes: ByteQueue): T | undefined;
  /** Only of one that reads a connection in message mode, as `messages()` does: no other one may. */
  readonly messages?: boolean;
}

/** Makes a decoder with fresh state: called once for each subscription. See {@link Decoder}. */
export type DecoderFactory<T> = () => Decoder<T>;

/** What is wrong is told at the call: a decoder in place of what makes one, or what makes that. @internal */
export function checkDecoderFactory(factory: unknown): void {
  if (typeof factory !== 'function' || factory.length > 0) throw notADecoderFactory(factory);
}

/** A decoder for one subscription. @internal */
export function makeDecoder<T>(factory: DecoderFactory<T>): Decoder<T> {
  const decoder = factory() as Partial<Decoder<T>> | undefined;
  if (typeof decoder?.decode !== 'function') throw notADecoderFactory(factory);
  return decoder as Decoder<T>;
}

function notADecoderFactory(given: unknown): TypeError {
  const name = (given as { name?: string } | undefined)?.name ?? '';
  return new TypeError(
    `A decoder factory, as ${name || 'lines'}(), is expected here, not ${described(given)}`,
  );
}
