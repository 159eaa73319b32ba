import { checkOptions } from '../bytes/check.js';
import type { ByteQueue } from '../bytes/ByteQueue.js';
import type { Decoder } from '../bytes/Decoder.js';
import { DecodeError, IncompleteReadError } from '../bytes/errors.js';
import type { Data } from '../bytes/Separator.js';
import { encodeText } from '../bytes/text.js';
import { codec, type Codec } from './codec.js';
import {
  checkMaxLength,
  checkMessageLength,
  DEFAULT_MAX_LENGTH,
  joinBytes,
  messageBytes,
} from './messageBytes.js';

/** Options of {@link netstring}. */
export interface NetstringOptions {
  /** Bytes that a string may have, a positive integer. Default: 64 KiB. */
  maxLength?: number;
}

/**
 * Netstrings, `5:hello,`: the length in decimal, a colon, that many bytes, a comma. See
 * http://cr.yp.to/proto/netstrings.txt.
 *
 * ```text
 * received      --2:a----b,1:c,--|
 * netstring()   ---------(xy)----|      x = ab, y = c
 * ```
 *
 * - **Emits** every string when its comma has come: a view of the received chunk if it lies within one.
 * - **Completes** at the end of the stream after a comma.
 * - **Errors** with `DecodeError` for anything else, as soon as it is seen: leading zeros, a length over `maxLength`,
 *   another byte in place of the colon or the comma. The bytes stay in the reader, from the first one of the netstring
 *   on. With `IncompleteReadError` at the end of the stream inside a netstring.
 * - **Buffers** up to `maxLength` bytes, the length and the comma.
 *
 * `encode` throws a `RangeError` for a message over `maxLength`.
 *
 * @example
 * ```ts
 * import { connectionPair, netstring } from 'rxjs-net';
 *
 * const strings = netstring();
 * const [client, server] = connectionPair();
 * client.reader.frames(strings).subscribe((frame) => console.log(new TextDecoder().decode(frame))); // hello, rxjs
 * server.writer.write(strings.encode('hello'));
 * server.writer.write('4:rxjs,');
 * ```
 */
export function netstring(options: NetstringOptions = {}): Codec<Uint8Array, Data> {
  checkOptions(options);
  const { maxLength = DEFAULT_MAX_LENGTH } = options;
  checkMaxLength(maxLength);
  return codec(
    () => new NetstringDecoder(maxLength),
    (message) => {
      const bytes = messageBytes(message);
      checkMessageLength(bytes.length, maxLength);
      return joinBytes(encodeText(`${bytes.length}:`), bytes, Uint8Array.of(COMMA));
    },
  );
}

const COLON = 0x3a;
const COMMA = 0x2c;
const ZERO = 0x30;

class NetstringDecoder implements Decoder<Uint8Array> {
  readonly #maxLength: number;
  // Of the netstring under way. It is taken in one go, so nothing has to be put back; 0 while its colon is not there.
  #headerLength = 0;
  #length = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  decode(bytes: ByteQueue): Uint8Array | undefined {
    if (this.#headerLength === 0) this.#readLength(bytes);
    const commaAt = this.#headerLength + this.#length;
    if (this.#headerLength === 0 || bytes.length <= commaAt) return undefined;
    if (bytes.peek(commaAt) !== COMMA) {
      throw new DecodeError(
        `A netstring of ${this.#length} bytes must end with a comma, found byte ${bytes.peek(commaAt)!}`,
      );
    }
    bytes.skip(this.#headerLength);
    this.#headerLength = 0;
    const string = bytes.takeExactly(this.#length);
    bytes.skip(1);
    return string;
  }

  end(bytes: ByteQueue): undefined {
    if (this.#headerLength === 0) return;
    throw new IncompleteReadError(bytes.takeExactly(bytes.length)!, this.#headerLength + this.#length + 1);
  }

  #readLength(bytes: ByteQueue): void {
    let length = 0;
    let at = 0;
    for (let byte = bytes.peek(); byte !== COLON || at === 0; byte = bytes.peek(++at)) {
      if (byte === undefined) return;
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9 || (at > 0 && length === 0)) {
        throw new DecodeError(
          `A netstring must begin with its length, without leading zeros, and a colon; found byte ${byte} at ${at}`,
        );
      }
      length = length * 10 + digit;
      if (length > this.#maxLength) {
        throw new DecodeError(
          `A netstring of ${length} bytes or more is over the maxLength of ${this.#maxLength}`,
        );
      }
    }
    this.#headerLength = at + 1;
    this.#length = length;
  }
}
