import type { Subscriber } from 'rxjs';
import type { ByteQueue } from '../bytes/ByteQueue.js';
import { LimitOverrunError } from '../bytes/errors.js';
import { LinesDecoder } from '../streams/readDecoders.js';
import { checkEncoding, encodeText, fillText, type TextEncoding } from '../bytes/text.js';
import { checkLimit, described, checkOptions } from '../bytes/check.js';
import { printable } from '../bytes/printable.js';
import { codec, type Codec } from './codec.js';
import { checkMessageLength, DEFAULT_MAX_LENGTH } from './messageBytes.js';

/** Options of {@link lines}. */
export interface LinesCodecOptions {
  /** Bytes a line may have without its `\n` (a `\r` counts), a positive integer. Default: 64 KiB. */
  limit?: number;
  /**
   * The former name of `limit`: bytes a line may have.
   *
   * @deprecated take `limit`
   */
  maxLength?: number;
  /** Default: `utf-8`. */
  encoding?: TextEncoding;
  /** What becomes of a line over `limit`: an error, or it is dropped and the next line follows. Default: `'error'`. */
  overlong?: 'error' | 'discard';
}

/**
 * Lines of text without their terminators `\n` or `\r\n`.
 *
 * ```text
 * received   --ab---c\nd\n---e--|
 * lines()    -------(x y)-------(z|)    x = abc, y = d, z = e
 * ```
 *
 * - **Emits** every line when its `\n` has come; at the end of the stream the unterminated rest, if there is one.
 * - **Completes** with the stream.
 * - **Errors** with `LimitOverrunError` when a line has more than `limit` bytes, and with `DecodeError` when one is not
 *   in the encoding (`ascii` only); the bytes stay in the reader, from the first one of the line on. With
 *   `overlong: 'discard'` an overlong line is dropped as it comes, up to its `\n`; if the read is unsubscribed in the
 *   middle of it, the next read finds what had not come by then.
 * - **Buffers** up to `limit` bytes and the `\n`.
 *
 * `encode` puts `\n` after the text. It throws a `RangeError` for text that contains `\n` or ends with `\r`, that is over
 * `limit`, or that the encoding does not have.
 *
 * @example
 * ```ts
 * import { connectionPair, lines } from 'rxjs-net';
 *
 * const commands = lines({ limit: 10, overlong: 'discard' });
 * const [client, server] = connectionPair();
 * client.reader.frames(commands).subscribe((line) => console.log(line)); // one, two
 * server.writer.write('one\nthis is a very long line\ntwo\r\n');
 * ```
 */
export function lines(options: LinesCodecOptions = {}): Codec<string> {
  checkOptions(options);
  const { encoding = 'utf-8', overlong = 'error' } = options;
  const [name, limit] = lineLimit(options);
  checkLimit(limit, name);
  checkEncoding(encoding);
  if (!['error', 'discard'].includes(overlong)) {
    throw new RangeError(`overlong must be 'error' or 'discard', not ${described(overlong)}`);
  }
  const Lines = overlong === 'error' ? LinesDecoder : DiscardingLinesDecoder;
  return codec(
    () => new Lines(encoding, limit),
    (text) => {
      if (typeof text !== 'string') throw new TypeError(`A line must be a string, not ${described(text)}`);
      if (text.includes('\n') || text.endsWith('\r')) {
        throw new RangeError(String.raw`A line must not contain \n or end with \r: ${printable(text, 80)}`);
      }
      const line = encodeLine(`${text}\n`, encoding);
      checkMessageLength(line.length - 1, limit, name);
      return line;
    },
  );
}

// The former name is still taken.
function lineLimit({
  limit,
  maxLength,
}: {
  limit?: number;
  maxLength?: number;
}): [name: 'limit' | 'maxLength', bytes: number] {
  if (limit === undefined)
    return maxLength === undefined ? ['limit', DEFAULT_MAX_LENGTH] : ['maxLength', maxLength];
  if (maxLength !== undefined && maxLength !== limit) {
    throw new TypeError(
      `limit and maxLength are two names of one option: ${described(limit)} or ${described(maxLength)}?`,
    );
  }
  return ['limit', limit];
}

class DiscardingLinesDecoder extends LinesDecoder {
  protected override readonly discardsOverlong = true;
  #discarding = false;

  override decodeBatch(bytes: ByteQueue, subscriber: Subscriber<string>): boolean {
    if (this.#discarding) return false;
    return super.decodeBatch(bytes, subscriber);
  }

  override decode(bytes: ByteQueue): string | undefined {
    while (!this.#discarding || this.#finishDiscarding(bytes)) {
      try {
        return super.decode(bytes);
      } catch (error) {
        if (!(error instanceof LimitOverrunError)) throw error;
        this.#discarding = true;
      }
    }
    return undefined;
  }

  #finishDiscarding(bytes: ByteQueue): boolean {
    const newlineAt = bytes.indexOf('\n');
    bytes.skip(newlineAt === -1 ? bytes.length : newlineAt + 1);
    bytes.commit();
    this.#discarding = newlineAt === -1;
    return !this.#discarding;
  }
}

function encodeLine(line: string, encoding: TextEncoding): Uint8Array {
  if (encoding === 'utf-8') return encodeText(line);
  const bytes = new Uint8Array(line.length);
  fillText(bytes, 0, line, encoding);
  return bytes;
}
