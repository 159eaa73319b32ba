import type { DecoderFactory } from '../bytes/Decoder.js';
import type { Data } from '../bytes/Separator.js';
import { checkedBytes } from './check.js';
import { DecoderCheck } from './DecoderCheck.js';
import { sameValue } from './sameValue.js';

/** Options of {@link checkDecoder}. */
export interface CheckDecoderOptions<T> {
  /** What the frames must be. Default: only compared with each other. */
  frames?: readonly T[];
  /** What comes after the bytes and must be left in the queue. Default: the same bytes once more. */
  trailing?: Data;
  /** Whether two frames are the same. Default: by value, also inside arrays, objects, maps, sets and byte arrays. */
  equals?: (one: T, other: T) => boolean;
}

/**
 * Checks that a decoder's frames do not depend on how its bytes are cut into chunks, and returns them.
 *
 * The bytes are decoded in one piece, then
 * - in chunks of every size, and in two pieces cut at every place;
 * - with trailing bytes after them: a decoder that has given its frames must have left the rest in the queue;
 * - unsubscribed at every place: what was taken of an unfinished frame is back in the queue, and a decoder that is
 *   made anew does not know of it;
 * - with the stream ended at every place: the same frames and the same error come, however the bytes are cut.
 *
 * Errors are part of the result: they are compared by their `code`, or by their message if they have none. Above 2000
 * bytes, the sizes are 1 to 16, the powers of two and their neighbours, and the places to cut are 64 at each end and
 * about 128 evenly between them.
 *
 * @param bytes what the peer sends, all of it; a string stands for its UTF-8
 * @throws an `Error` that tells of the first difference: how the bytes were cut, what came, and what should have
 *
 * @example
 * ```ts
 * import type { Decoder } from 'rxjs-net';
 * import { checkDecoder } from 'rxjs-net/testing';
 *
 * const lines = (): Decoder<string> => ({
 *   decode(bytes) {
 *     const line = bytes.takeUntil('\r\n');
 *     return line && new TextDecoder().decode(line).trimEnd();
 *   },
 * });
 * console.log(checkDecoder(lines, 'EHLO me\r\nQUIT\r\n')); // [ 'EHLO me', 'QUIT' ]
 *
 * // Whatever has arrived is not a frame.
 * const chunks = (): Decoder<Uint8Array> => ({ decode: (bytes) => bytes.takeChunk() });
 * try {
 *   checkDecoder(chunks, 'hello');
 * } catch (error) {
 *   console.log(String(error)); // Error: The frames depend on how the bytes are cut: frame 0 differs …
 * }
 * ```
 */
export function checkDecoder<T>(
  decoder: DecoderFactory<T>,
  bytes: Data,
  options: CheckDecoderOptions<T> = {},
): T[] {
  const { frames: expected, trailing, equals = sameValue } = options;
  const data = checkedBytes('bytes', bytes);
  const check = new DecoderCheck(decoder, data, equals);
  const whole = check.decode([data]);
  if (expected !== undefined)
    check.compareFrames('what was expected', expected, whole, 'The frames are wrong');
  check.cuts(whole);
  check.trailing(trailing === undefined ? data : checkedBytes('trailing', trailing));
  check.unsubscriptions(whole);
  check.ends();
  return whole.frames;
}
