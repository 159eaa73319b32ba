import type { ByteQueue } from './ByteQueue.js';
import { checkBound } from './check.js';
import type { Pattern } from './Pattern.js';
import { compileSeparator, type Separator } from './Separator.js';
import { checkEncoding, type TextEncoding } from './text.js';

/**
 * Takes text up to the separator, and drops the separator: of several that end at the same byte (`['\r\n', '\n']`) the
 * longest. More than `limit` bytes in front of it are a `LimitOverrunError`. Defaults: no limit, `utf-8`. Returns
 * `undefined`, and takes nothing, while bytes are missing.
 *
 * @example
 * ```ts
 * import { ByteQueue, takeTextUntil } from 'rxjs-net';
 *
 * const queue = new ByteQueue();
 * queue.push(new TextEncoder().encode('GET / HTTP/1.1\r\n'));
 * console.log(takeTextUntil(queue, ' ')); // GET
 * console.log(takeTextUntil(queue, ' ')); // /
 * console.log(takeTextUntil(queue, ['\r\n', '\n'])); // HTTP/1.1
 * ```
 */
export function takeTextUntil(
  bytes: ByteQueue,
  separator: Separator,
  limit = Infinity,
  encoding: TextEncoding = 'utf-8',
): string | undefined {
  checkBound(limit);
  checkEncoding(encoding);
  const patterns = compileSeparator(separator);
  const end = bytes.findWithin(patterns, limit);
  if (end === -1) return undefined;
  const dropped = lengthBefore(bytes, end, patterns);
  const text = bytes.takeText(end - dropped, encoding);
  bytes.advance(dropped);
  return text;
}

/** The length of the longest separator that ends there. */
function lengthBefore(bytes: ByteQueue, end: number, patterns: readonly Pattern[]): number {
  if (patterns.length === 1) return patterns[0]!.bytes.length;
  let longest = 0;
  for (const { bytes: separator } of patterns) {
    const start = end - separator.length;
    if (start < 0 || separator.length <= longest) continue;
    if (separator.every((byte, i) => byte === bytes.byteAt(start + i))) longest = separator.length;
  }
  return longest;
}
