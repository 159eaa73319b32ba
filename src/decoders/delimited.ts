import { checkBoolean, checkOptions } from '../bytes/check.js';
import { ByteQueue } from '../bytes/ByteQueue.js';
import type { Decoder } from '../bytes/Decoder.js';
import { readUntilDecoder } from '../streams/readDecoders.js';
import { compileSeparator, type Data, type Separator } from '../bytes/Separator.js';
import { codec, type Codec } from './codec.js';
import {
  checkMaxLength,
  checkMessageLength,
  DEFAULT_MAX_LENGTH,
  joinBytes,
  messageBytes,
} from './messageBytes.js';

/** Options of {@link delimited}. */
export interface DelimitedOptions {
  /** Bytes that may stand before a separator, a positive integer. Default: 64 KiB. */
  maxLength?: number;
  /** Whether a frame ends with its separator. Default: false, the separator is dropped. */
  keepSeparator?: boolean;
}

/**
 * Frames that end with a separator: one, or the first to come of several.
 *
 * ```text
 * received         --ab---c;d;--|
 * delimited(';')   -------(xy)--|      x = abc, y = d
 * ```
 *
 * - **Emits** every frame when its separator has come: a view of the received chunk if it lies within one. Frames may be
 *   empty. Of several separators that end at the same byte (`['\r\n', '\n']`) the longest is dropped.
 * - **Completes** at the end of the stream after a separator.
 * - **Errors** with `LimitOverrunError` when more than `maxLength` bytes stand before a separator, as `readUntil`:
 *   they stay in the reader, from the first byte of the frame on. With `IncompleteReadError` at the end of the stream
 *   inside a frame; the rest is its `partial`.
 * - **Buffers** up to `maxLength` bytes and the separator.
 *
 * `encode` puts the (first) separator after the message, whatever `keepSeparator` is. It throws a `RangeError` for a
 * message that would be cut elsewhere, as it contains a separator, and for one over `maxLength`.
 *
 * @example
 * ```ts
 * import { connectionPair, delimited } from 'rxjs-net';
 *
 * const zeroTerminated = delimited('\0');
 * const [client, server] = connectionPair();
 * client.reader
 *   .frames(zeroTerminated)
 *   .subscribe((frame) => console.log(new TextDecoder().decode(frame))); // one, two
 * server.writer.write(zeroTerminated.encode('one'));
 * server.writer.write(zeroTerminated.encode('two'));
 * ```
 */
export function delimited(separator: Separator, options: DelimitedOptions = {}): Codec<Uint8Array, Data> {
  checkOptions(options);
  const { maxLength = DEFAULT_MAX_LENGTH, keepSeparator = false } = options;
  checkMaxLength(maxLength);
  checkBoolean('keepSeparator', keepSeparator);
  const patterns = compileSeparator(separator).map((pattern) => pattern.bytes);
  const longestFirst = [...patterns].sort((one, other) => other.length - one.length);
  const withSeparator = readUntilDecoder(separator, maxLength);

  const withoutSeparator = (frame: Uint8Array): Uint8Array => {
    const dropped =
      longestFirst.length === 1 ? longestFirst[0] : longestFirst.find((end) => endsWith(frame, end));
    return frame.subarray(0, frame.length - dropped!.length);
  };

  const encode = (message: Data): Uint8Array => {
    const bytes = messageBytes(message);
    const frame = joinBytes(bytes, patterns[0]!);
    const queue = new ByteQueue();
    queue.push(frame);
    const before = queue.indexOf(longestFirst);
    const end = queue.takeUntil(longestFirst)!.length;
    if (end < frame.length || withoutSeparator(frame).length !== bytes.length) {
      throw new RangeError(`A message must not contain a separator: one ends at byte ${end}`);
    }
    checkMessageLength(before, maxLength);
    return frame;
  };

  if (keepSeparator) return codec(() => withSeparator, encode);
  const decoder: Decoder<Uint8Array> = {
    decode(bytes) {
      const frame = withSeparator.decode(bytes);
      return frame && withoutSeparator(frame);
    },
  };
  return codec(() => decoder, encode);
}

function endsWith(frame: Uint8Array, end: Uint8Array): boolean {
  return end.every((byte, i) => byte === frame[frame.length - end.length + i]);
}
