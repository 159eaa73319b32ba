import type { ByteQueue } from './ByteQueue.js';
import { DecodeError } from './errors.js';
import { compileSeparator, type Separator } from './Separator.js';
import { decodeText } from './text.js';

/** Of 2^64. */
const MOST_DIGITS = 20;

/**
 * Takes an ASCII decimal integer of 64 bits, its sign if it has one, and the terminator behind it. Anything else there,
 * or a number that is not from −2^63 to 2^64 − 1, is a `DecodeError`. Returns `undefined`, and takes nothing, while bytes
 * are missing.
 *
 * @example
 * ```ts
 * import { ByteQueue, takeBigInteger } from 'rxjs-net';
 *
 * const queue = new ByteQueue();
 * queue.push(new TextEncoder().encode('9223372036854775807\r\n'));
 * console.log(takeBigInteger(queue, '\r\n')); // 9223372036854775807n
 * ```
 */
export function takeBigInteger(bytes: ByteQueue, terminator: Separator): bigint | undefined {
  const terminators = compileSeparator(terminator);
  const sign = bytes.byteAt(0);
  const digits = sign === 0x2d || sign === 0x2b ? 1 : 0;
  let at = digits;
  while (at - digits <= MOST_DIGITS && isDigit(bytes.byteAt(at))) at++;
  const value =
    at - digits > MOST_DIGITS ? 2n ** 64n : BigInt(decodeText(bytes.gather(at).subarray(digits), 'latin1'));
  const isInteger = sign === 0x2d ? value <= 2n ** 63n : value < 2n ** 64n;
  let mayGoOn = isInteger && at === bytes.length;
  let end = -1;
  if (isInteger && at > digits) {
    for (const { bytes: expected } of terminators) {
      let matched = 0;
      while (matched < expected.length && bytes.byteAt(at + matched) === expected[matched]) matched++;
      if (matched < expected.length) mayGoOn ||= at + matched === bytes.length;
      else if (end === -1 || at + matched < end) end = at + matched;
    }
  }
  if (end !== -1) {
    bytes.advance(end);
    return sign === 0x2d ? -value : value;
  }
  if (mayGoOn) return undefined;
  const found = decodeText(bytes.gather(Math.min(at + 1, bytes.length)), 'latin1');
  throw new DecodeError(`Expected a decimal integer from -2^63 to 2^64 - 1, found "${found}"`);
}

function isDigit(byte = 0): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
