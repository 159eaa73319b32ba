import type { ByteQueue } from './ByteQueue.js';
import { DecodeError } from './errors.js';

/** As many bytes as 64 bits need, at 7 a byte. */
const MOST_BYTES = 10;
const LOW_BYTES = 7;
/** What may stand above the low 49 bits: of a safe integer, and of 64 bits. */
const SAFE = 2 ** 4;
const BIG = 2 ** 15;

/**
 * Takes a varint, unsigned LEB128 as protobuf's: up to 2^53 − 1. A larger one, or more than 10 bytes, is a `DecodeError`.
 * Returns `undefined`, and takes nothing, while bytes are missing.
 *
 * @example
 * ```ts
 * import { ByteQueue, takeVarint } from 'rxjs-net';
 *
 * const queue = new ByteQueue();
 * queue.push(Uint8Array.of(0xac));
 * console.log(takeVarint(queue)); // undefined
 * queue.push(Uint8Array.of(0x02));
 * console.log(takeVarint(queue)); // 300
 * ```
 */
export function takeVarint(bytes: ByteQueue): number | undefined {
  return take(bytes, SAFE, (high, low) => high * 2 ** 49 + low);
}

/**
 * As `takeVarint`, for 64 bits: up to 2^64 − 1, as a bigint. A larger one, or more than 10 bytes, is a `DecodeError`.
 *
 * @example
 * ```ts
 * import { ByteQueue, takeBigVarint } from 'rxjs-net';
 *
 * const queue = new ByteQueue();
 * queue.push(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01));
 * console.log(takeBigVarint(queue) === 2n ** 63n); // true
 * ```
 */
export function takeBigVarint(bytes: ByteQueue): bigint | undefined {
  return take(bytes, BIG, (high, low) => (BigInt(high) << 49n) + BigInt(low));
}

// In two parts, as the whole does not fit into a number.
function take<T>(bytes: ByteQueue, most: number, join: (high: number, low: number) => T): T | undefined {
  let low = 0;
  let high = 0;
  let at = 0;
  for (; at < MOST_BYTES; at++) {
    const byte = bytes.byteAt(at);
    if (byte === undefined) return undefined;
    if (at < LOW_BYTES) low += (byte & 127) * 2 ** (7 * at);
    else high += (byte & 127) * 2 ** (7 * (at - LOW_BYTES));
    if (high >= most) break;
    if (byte > 127) continue;
    bytes.advance(at + 1);
    return join(high, low);
  }
  const found = bytes.gather(Math.min(at + 1, MOST_BYTES)).join(' ');
  throw new DecodeError(
    `Expected a varint below 2^${most === BIG ? 64 : 53} in at most ${MOST_BYTES} bytes, found the bytes ${found}`,
  );
}
