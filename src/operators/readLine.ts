import type { OperatorFunction } from 'rxjs';
import { readLineDecoder } from '../streams/readDecoders.js';
import { checkLimit, checkOptions } from '../bytes/check.js';
import { DEFAULT_LIMIT } from '../streams/ConnectionSettings.js';
import { decode } from './decode.js';
import type { LimitOptions } from './readUntil.js';

/**
 * Cuts a stream of bytes into lines, each with its `\n`: `reader.readLine`, again and again, for any source of bytes.
 *
 * ```text
 * source       --ab---c\nd\n---e--|
 * readLine()   -------(xy)--------(z|)      x = abc\n, y = d\n, z = e
 * ```
 *
 * - **Emits** each line; when the source completes the unterminated rest, if there is one. **Completes** with it.
 * - **Errors** with `LimitOverrunError` when a line has more than `limit` bytes.
 * - **Buffers** up to `limit` bytes.
 *
 * @example
 * ```ts
 * import { readLine } from 'rxjs-net';
 * import { map, of } from 'rxjs';
 *
 * const encoder = new TextEncoder();
 * of('one\ntw', 'o\nthree')
 *   .pipe(
 *     map((text) => encoder.encode(text)),
 *     readLine(),
 *   )
 *   .subscribe((line) => console.log(line.length)); // 4, 4, 5
 * ```
 */
export function readLine(options: LimitOptions = {}): OperatorFunction<Uint8Array, Uint8Array> {
  checkOptions(options);
  const { limit = DEFAULT_LIMIT } = options;
  checkLimit(limit);
  return decode(() => readLineDecoder(limit));
}
