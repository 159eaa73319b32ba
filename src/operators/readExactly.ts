import type { OperatorFunction } from 'rxjs';
import { readExactlyDecoder } from '../streams/readDecoders.js';
import { decode } from './decode.js';

/**
 * Cuts a stream of bytes into blocks of `n`: `reader.readExactly`, again and again, for any source of bytes.
 *
 * ```text
 * source           --ab---cde---f--|
 * readExactly(2)   --x----y-----z--|      x = ab, y = cd, z = ef
 * ```
 *
 * - **Emits** each block. **Completes** when the source completes at the end of one.
 * - **Errors** with `IncompleteReadError` when it completes elsewhere; the rest is in `partial`.
 * - **Buffers** up to `n` bytes.
 *
 * @param n a positive integer
 *
 * @example
 * ```ts
 * import { readExactly } from 'rxjs-net';
 * import { of } from 'rxjs';
 *
 * of(Uint8Array.of(1), Uint8Array.of(2, 3, 4))
 *   .pipe(readExactly(2))
 *   .subscribe((block) => console.log([...block])); // [1, 2], [3, 4]
 * ```
 */
export function readExactly(n: number): OperatorFunction<Uint8Array, Uint8Array> {
  if (!Number.isInteger(n) || n <= 0) throw new RangeError(`n must be a positive integer, not ${String(n)}`);
  const decoder = readExactlyDecoder(n);
  return decode(() => decoder);
}
