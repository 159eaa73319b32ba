import type { ChunkQueue } from './ChunkQueue.js';
import { DecodeError } from './errors.js';
import { longest, type Pattern } from './Pattern.js';
import { decodeText } from './text.js';

const MOST_DIGITS = 16;

/**
 * Takes a decimal integer and the terminator after it. Where they go on beyond the front chunk, a copy is looked at.
 *
 * @internal
 */
export function takeInteger(
  queue: ChunkQueue,
  terminators: readonly Pattern[],
  signed: boolean,
  bytes = queue.front,
  from = queue.offset,
): number | undefined {
  const { length } = bytes;
  const sign = signed ? bytes[from] : 0;
  const digits = sign === 0x2d || sign === 0x2b ? from + 1 : from;
  let value = 0;
  let at = digits;
  for (; at < length && at - digits <= MOST_DIGITS; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  const isInteger = at - digits <= MOST_DIGITS && value <= Number.MAX_SAFE_INTEGER;
  let mayGoOn = isInteger && at === length;
  let end = -1;
  for (let i = 0, n = isInteger && at > digits ? terminators.length : 0; i < n; i++) {
    const terminator = terminators[i]!.bytes;
    let to = at;
    while (to - at < terminator.length && bytes[to] === terminator[to - at]) to++;
    if (to - at < terminator.length) mayGoOn ||= to === length;
    else if (end === -1 || to < end) end = to;
  }
  if (end === -1) {
    if (!mayGoOn) throw notAnInteger(bytes.subarray(from, at + 1), signed);
    if (length - from === queue.length) return undefined;
    const most = MOST_DIGITS + 2 + longest(terminators);
    return takeInteger(queue, terminators, signed, queue.gather(Math.min(most, queue.length)), 0);
  }
  queue.advance(end - from);
  return sign === 0x2d ? 0 - value : value;
}

function notAnInteger(found: Uint8Array, signed: boolean): DecodeError {
  const bounds = signed ? 'of at most ±' : 'without a sign, of at most ';
  return new DecodeError(
    `Expected a decimal integer ${bounds}(2^53 - 1), found "${decodeText(found, 'latin1')}"`,
  );
}
