import type { OperatorFunction } from 'rxjs';
import { readUntilDecoder } from '../streams/readDecoders.js';
import type { Separator } from '../bytes/Separator.js';
import { checkLimit, checkOptions } from '../bytes/check.js';
import { DEFAULT_LIMIT } from '../streams/ConnectionSettings.js';
import { decode } from './decode.js';

/** Options of {@link readUntil}. */
export interface LimitOptions {
  /** Bytes that may stand before a separator. Default: 64 KiB. */
  limit?: number;
}

/**
 * Cuts a stream of bytes after each separator: `reader.readUntil`, again and again, for any source of bytes.
 *
 * ```text
 * source           --ab---c\nd\n---|
 * readUntil()      -------(xy)-----|      x = abc\n, y = d\n
 * ```
 *
 * - **Emits** each piece with its separator. **Completes** when the source completes after a separator.
 * - **Errors** with `IncompleteReadError` when it completes elsewhere (the rest is in `partial`), with
 *   `LimitOverrunError` when more than `limit` bytes stand before a separator.
 * - **Buffers** up to `limit` bytes and the separator.
 *
 * @example
 * ```ts
 * import { readUntil } from 'rxjs-net';
 * import { of } from 'rxjs';
 *
 * of(Uint8Array.of(1, 2), Uint8Array.of(0, 3, 0))
 *   .pipe(readUntil(Uint8Array.of(0)))
 *   .subscribe((bytes) => console.log(bytes.length)); // 3, 2
 * ```
 */
export function readUntil(
  separator: Separator = '\n',
  options: LimitOptions = {},
): OperatorFunction<Uint8Array, Uint8Array> {
  checkOptions(options);
  const { limit = DEFAULT_LIMIT } = options;
  checkLimit(limit);
  const decoder = readUntilDecoder(separator, limit);
  return decode(() => decoder);
}
