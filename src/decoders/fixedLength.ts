import { checkLimit } from '../bytes/check.js';
import { readExactlyDecoder } from '../streams/readDecoders.js';
import { codec, type Codec } from './codec.js';
import { messageBytes } from './messageBytes.js';

/**
 * Frames of `n` bytes each.
 *
 * ```text
 * received         --ab---c--def--|
 * fixedLength(2)   --x-------(yz)-|      x = ab, y = cd, z = ef
 * ```
 *
 * - **Emits** every frame when its last byte has come: a view of the received chunk if it lies within one.
 * - **Completes** at the end of the stream after a whole frame.
 * - **Errors** with `IncompleteReadError` at the end of the stream inside a frame (`partial`, `expected`).
 * - **Buffers** less than `n` bytes.
 *
 * `encode` gives the message itself, and throws a `RangeError` when it has not `n` bytes.
 *
 * @param n bytes, a positive integer
 *
 * @example
 * ```ts
 * import { connectionPair, fixedLength } from 'rxjs-net';
 *
 * const pairs = fixedLength(2);
 * const [client, server] = connectionPair();
 * client.reader.frames(pairs).subscribe((frame) => console.log(frame.join(' '))); // 1 2, 3 4
 * server.writer.write(pairs.encode(Uint8Array.of(1, 2)));
 * server.writer.write(pairs.encode(Uint8Array.of(3, 4)));
 * ```
 */
export function fixedLength(n: number): Codec<Uint8Array> {
  checkLimit(n, 'fixedLength');
  const decoder = readExactlyDecoder(n);
  return codec(
    () => decoder,
    (message) => {
      const { length } = messageBytes(message);
      if (length !== n) throw new RangeError(`A message must have ${n} bytes, not ${length}`);
      return message;
    },
  );
}
