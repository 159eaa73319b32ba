import { checkOptions } from '../bytes/check.js';
import type { ByteQueue } from '../bytes/ByteQueue.js';
import type { Decoder } from '../bytes/Decoder.js';
import { DecodeError, LimitOverrunError } from '../bytes/errors.js';
import type { Data } from '../bytes/Separator.js';
import { readUntilDecoder } from '../streams/readDecoders.js';
import { codec, type Codec } from './codec.js';
import { checkMaxLength, checkMessageLength, DEFAULT_MAX_LENGTH, messageBytes } from './messageBytes.js';

/** Options of {@link cobs}. */
export interface CobsOptions {
  /** Bytes that a message may have, a positive integer. Default: 64 KiB. */
  maxLength?: number;
}

/**
 * Consistent overhead byte stuffing: messages without a zero byte in them, each ended by one. At most one byte in 254 is
 * added. See https://www.stuartcheshire.org/papers/COBSforToN.pdf.
 *
 * ```text
 * received      --3ab---20-02c0--|      a digit is a length, 0 the end
 * cobs()        ---------x-----y-|      x = ab0, y = c; the last length of x is for nothing
 * ```
 *
 * - **Emits** every message when its zero byte has come; messages may be empty. Zero bytes with nothing before them are
 *   skipped.
 * - **Completes** at the end of the stream after a zero byte.
 * - **Errors** with `DecodeError` for a zero byte inside a group, and with `LimitOverrunError` when a message has more
 *   than `maxLength` bytes. The bytes stay in the reader, from the first one of the frame on: to go on with the next
 *   frame, drop them with `readUntil('\0')`. With `IncompleteReadError` at the end of the stream inside a frame.
 * - **Buffers** up to `maxLength` bytes, one in 254 more, and two.
 *
 * `encode` throws a `RangeError` for a message over `maxLength`.
 *
 * @example
 * ```ts
 * import { cobs, connectionPair } from 'rxjs-net';
 *
 * const messages = cobs();
 * const [client, server] = connectionPair();
 * client.reader.frames(messages).subscribe((message) => console.log(message.join(' '))); // 1 0 2
 * server.writer.write(messages.encode(Uint8Array.of(1, 0, 2)));
 * ```
 */
export function cobs(options: CobsOptions = {}): Codec<Uint8Array, Data> {
  checkOptions(options);
  const { maxLength = DEFAULT_MAX_LENGTH } = options;
  checkMaxLength(maxLength);
  return codec(
    () => new CobsDecoder(maxLength),
    (message) => {
      const bytes = messageBytes(message);
      checkMessageLength(bytes.length, maxLength);
      return stuff(bytes);
    },
  );
}

/** The bytes of a group, with its length: as many as a length can say. */
const LONGEST = 255;

class CobsDecoder implements Decoder<Uint8Array> {
  readonly #maxLength: number;
  readonly #frames: Decoder<Uint8Array>;
  // A frame is under way: what it begins with was looked at.
  #isInside = false;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
    this.#frames = readUntilDecoder('\0', maxLength + Math.floor(maxLength / (LONGEST - 1)) + 1);
  }

  decode(bytes: ByteQueue): Uint8Array | undefined {
    if (!this.#isInside) skipZeros(bytes);
    this.#isInside = bytes.length > 0;
    const frame = this.#frames.decode(bytes);
    if (frame === undefined) return undefined;
    this.#isInside = false;
    const message = unstuff(frame.subarray(0, -1));
    if (message.length > this.#maxLength) {
      throw new LimitOverrunError(
        `A COBS message of ${message.length} bytes is over the maxLength of ${this.#maxLength}`,
        frame.length - 1,
      );
    }
    return message;
  }
}

function skipZeros(bytes: ByteQueue): void {
  if (bytes.peek() !== 0) return;
  while (bytes.peek() === 0) bytes.skip(1);
  bytes.commit();
}

function unstuff(frame: Uint8Array): Uint8Array {
  const message = new Uint8Array(frame.length);
  let length = 0;
  for (let at = 0; at < frame.length;) {
    const group = frame[at]!;
    const end = at + group;
    if (end > frame.length) {
      throw new DecodeError(
        `A COBS group of ${group} bytes must not contain a zero byte, found one at ${frame.length - at}`,
      );
    }
    message.set(frame.subarray(at + 1, end), length);
    length += group - 1;
    at = end;
    // A group stands for its bytes and a zero, but not the longest, and not the last.
    if (group < LONGEST && at < frame.length) length++;
  }
  return message.subarray(0, length);
}

function stuff(message: Uint8Array): Uint8Array {
  const { length } = message;
  const frame = new Uint8Array(length + Math.floor(length / (LONGEST - 1)) + 2);
  let start = 0;
  let to = 1;
  message.forEach((byte, at) => {
    if (byte !== 0) frame[to++] = byte;
    const isLongest = to - start === LONGEST;
    if (byte !== 0 && !(isLongest && at < length - 1)) return;
    frame[start] = to - start;
    start = to++;
  });
  frame[start] = to - start;
  return frame.subarray(0, to + 1);
}
