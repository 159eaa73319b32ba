import type { ByteQueue } from '../bytes/ByteQueue.js';
import { checkOptions } from '../bytes/check.js';
import type { Decoder, DecoderFactory } from '../bytes/Decoder.js';
import { DecodeError } from '../bytes/errors.js';
import { checkMaxLength } from './messageBytes.js';
import { decodeProxyBlock, headerLength } from './proxyBlock.js';
import { FIXED_LENGTH, SIGNATURE, type ProxyHeader } from './proxyFormat.js';
import { decodeProxyLine } from './proxyLine.js';

/** Options of {@link proxyHeader}. */
export interface ProxyHeaderOptions {
  /** Bytes that a header of version 2 may have behind its first 16, a positive integer. Default: 2048. */
  maxLength?: number;
}

/** Room for the addresses, a certificate's name and what else proxies add. @internal */
export const DEFAULT_MAX_HEADER = 2048;

/**
 * The header of the PROXY protocol, version 1 (text) or 2 (binary), with which a proxy says who its client is. See
 * https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt.
 *
 * Of a server the option `proxyProtocol` does this for every connection, before TLS. This is for all other places.
 *
 * ```text
 * received        --PROXY TCP4 …----\r\nhello--
 * proxyHeader()   --------------------h--------      "hello" stays in the reader
 * ```
 *
 * - **Emits** each header when its last byte has come; one is what a connection begins with.
 * - **Errors** with `DecodeError` for anything else, as soon as it is seen: another spelling, a leading zero, a checksum
 *   (CRC32c) that is wrong, a length over `maxLength`, fields that do not come out even or are there twice. The bytes stay
 *   in the reader. With `IncompleteReadError` at the end of the stream inside a header.
 * - **Buffers** one header: 107 bytes of version 1, 16 and `maxLength` of version 2.
 *
 * Of what comes with `LOCAL` only the checksum is looked at; what stands behind `PROXY UNKNOWN` is ignored.
 *
 * @example
 * ```ts
 * import { connectionPair, proxyHeader } from 'rxjs-net';
 *
 * const [proxy, server] = connectionPair();
 * proxy.writer.write('PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\nhello\n');
 * server.reader.readFrame(proxyHeader()).subscribe(({ source }) => console.log(source)); // { address: '192.0.2.7', … }
 * server.reader.readLine().subscribe((line) => console.log(new TextDecoder().decode(line).trim())); // hello
 * ```
 */
export function proxyHeader(options: ProxyHeaderOptions = {}): DecoderFactory<ProxyHeader> {
  checkOptions(options);
  const { maxLength = DEFAULT_MAX_HEADER } = options;
  checkMaxLength(maxLength);
  return () => new ProxyHeaderDecoder(maxLength);
}

/** Whether these bytes, in which something is wrong, begin as a header does. @internal */
export function beginsProxyHeader(bytes: ByteQueue): boolean {
  const begins = (start: readonly number[]): boolean => start.every((byte, at) => bytes.peek(at) === byte);
  return begins(SIGNATURE) || begins(Array.from(NAME, (character) => character.charCodeAt(0)));
}

const NAME = 'PROXY ';
/** Bytes of a line, its end included. */
const MAX_LINE = 107;
const CR = 13;
const LF = 10;

class ProxyHeaderDecoder implements Decoder<ProxyHeader> {
  readonly #maxLength: number;
  // How many bytes of the header under way have been looked at: none of them twice.
  #seen = 0;
  // Of version 2, once it is known.
  #length = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  decode(bytes: ByteQueue): ProxyHeader | undefined {
    const first = bytes.peek();
    if (first === undefined) return undefined;
    return first === SIGNATURE[0] ? this.#decodeBlock(bytes) : this.#decodeLine(bytes);
  }

  #decodeLine(bytes: ByteQueue): ProxyHeader | undefined {
    for (; this.#seen < bytes.length; this.#seen++) {
      const at = this.#seen;
      if (at === MAX_LINE)
        throw new DecodeError(`A PROXY line has at most ${MAX_LINE} bytes, its end included`);
      const byte = bytes.peek(at)!;
      if (at < NAME.length && byte !== NAME.charCodeAt(at)) throw notAHeader(byte, at);
      if (at > 0 && (bytes.peek(at - 1) === CR) !== (byte === LF))
        throw new DecodeError(
          `A PROXY line ends with CR and LF, and has none of them before; found byte ${byte} at ${at}`,
        );
      if (byte !== LF) continue;
      this.#seen = 0;
      return decodeProxyLine(bytes.takeText(at + 1, 'latin1')!.slice(0, -2));
    }
    return undefined;
  }

  #decodeBlock(bytes: ByteQueue): ProxyHeader | undefined {
    for (; this.#seen < Math.min(bytes.length, SIGNATURE.length); this.#seen++) {
      const byte = bytes.peek(this.#seen)!;
      if (byte !== SIGNATURE[this.#seen]) throw notAHeader(byte, this.#seen);
    }
    if (this.#length === 0 && bytes.length >= FIXED_LENGTH)
      this.#length = headerLength(bytes, this.#maxLength);
    if (this.#length === 0 || bytes.length < this.#length) return undefined;
    const block = bytes.takeExactly(this.#length)!;
    this.#seen = this.#length = 0;
    return decodeProxyBlock(block);
  }
}

function notAHeader(byte: number, at: number): DecodeError {
  return new DecodeError(`No header of the PROXY protocol: found byte ${byte} at ${at}`);
}
