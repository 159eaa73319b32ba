import { ByteQueue } from '../bytes/ByteQueue.js';
import type { Decoder } from '../bytes/Decoder.js';
import type { Data } from '../bytes/Separator.js';
import { codec, type Codec } from './codec.js';
import { fieldSize, writeField } from './lengthField.js';
import { lengthLayout, type LengthLayout, type LengthPrefixedOptions } from './lengthLayout.js';
import { LengthPrefixedDecoder } from './LengthPrefixedDecoder.js';
import { checkMessageLength, messageBytes } from './messageBytes.js';

/**
 * Frames that begin with their length: `[offset bytes][length field][payload]`.
 *
 * ```text
 * received                       --2a----b1c---|
 * lengthPrefixed({ width: 1 })   --------(xy)--|      x = ab, y = c
 * ```
 *
 * - **Emits** the payload, with `keepHeader` the whole frame, when its last byte has come: a view of the received chunk
 *   if it lies within one.
 * - **Completes** at the end of the stream after a whole frame.
 * - **Errors** with `DecodeError` as soon as a length field is there that announces more than `maxLength` bytes or less
 *   than none, or that is 2^53 or more, or a varint of more than 10 bytes: the bytes stay in the reader, from the first
 *   one of the frame on. With `IncompleteReadError` at the end of the stream inside a frame (`partial` with its header).
 * - **Buffers** up to `maxLength` bytes and the header.
 *
 * `encode` puts the field before the payload. With `keepHeader` it takes what the decoder gives, a whole frame, and
 * gives it back as it is; without, it throws a `TypeError` when there is an `offset`, as it cannot know those bytes. It
 * throws a `RangeError` for a payload over `maxLength` or beyond what the field can hold, and for a whole frame that has
 * not the length its field says.
 *
 * | elsewhere                                           | here                                              |
 * | --------------------------------------------------- | ------------------------------------------------- |
 * | Netty `lengthFieldOffset`, `lengthFieldLength`      | `offset`, `width`                                 |
 * | Netty `lengthAdjustment`                            | `adjustment`                                      |
 * | Netty `initialBytesToStrip` 0, or the header        | `keepHeader` true, or false                       |
 * | Netty `maxFrameLength`, which counts the header too | `maxLength`, which does not                       |
 * | tokio-util `length_field_offset`, `…_length`        | `offset`, `width`                                 |
 * | tokio-util `length_adjustment`, `max_frame_length`  | `adjustment`, `maxLength`                         |
 * | tokio-util `num_skip(0)`                            | `keepHeader: true`                                |
 *
 * @example
 * ```ts
 * import { connectionPair, lengthPrefixed } from 'rxjs-net';
 *
 * const messages = lengthPrefixed({ width: 2 });
 * console.log(messages.encode('hi')); // Uint8Array(4) [ 0, 2, 104, 105 ]
 *
 * const [client, server] = connectionPair();
 * client.reader.frames(messages).subscribe((frame) => console.log(new TextDecoder().decode(frame))); // hi
 * server.writer.write(messages.encode('hi'));
 * ```
 */
export function lengthPrefixed(options: LengthPrefixedOptions = {}): Codec<Uint8Array, Data> {
  const layout = lengthLayout(options);
  const decoder = (): Decoder<Uint8Array> => new LengthPrefixedDecoder(layout);
  return codec(decoder, (message) => {
    const bytes = messageBytes(message);
    if (layout.keepHeader) checkFrame(bytes, decoder());
    return layout.keepHeader ? bytes : encodePayload(bytes, layout);
  });
}

function encodePayload(payload: Uint8Array, layout: LengthLayout): Uint8Array {
  const { offset, maxLength } = layout;
  if (offset > 0) {
    throw new TypeError(
      `encode cannot know the ${offset} bytes in front of the length field: set keepHeader, and give it whole frames`,
    );
  }
  checkMessageLength(payload.length, maxLength);
  const size = fieldSize(payload.length, layout);
  const frame = new Uint8Array(size + payload.length);
  writeField(frame, 0, size, payload.length, layout);
  frame.set(payload, size);
  return frame;
}

function checkFrame(frame: Uint8Array, decoder: Decoder<Uint8Array>): void {
  const queue = new ByteQueue();
  queue.push(frame);
  let cause: unknown;
  try {
    if (decoder.decode(queue)?.length === frame.length) return;
  } catch (error) {
    cause = error;
  }
  throw new RangeError(`The length field of a frame of ${frame.length} bytes must say its length`, { cause });
}
