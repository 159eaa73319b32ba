import { described } from '../bytes/check.js';
import { checkDecoderFactory, type DecoderFactory } from '../bytes/Decoder.js';
import type { Data } from '../bytes/Separator.js';

/**
 * Both directions of a protocol: a decoder, to be used wherever one is, and the encoder that matches it.
 *
 * `In` is what the peer sends, `Out` what is sent to it.
 *
 * See {@link codec}.
 */
export interface Codec<In, Out = In> extends DecoderFactory<In> {
  /** The bytes, or the text, of one message. */
  encode(message: Out): Data;
}

/**
 * Puts a decoder and an encoder together, for `framed(connection, codec)`.
 *
 * @throws `TypeError` when one of the two is no function, or the first one gives no decoder
 *
 * @example
 * ```ts
 * import { codec, connectionPair, type Decoder } from 'rxjs-net';
 *
 * const byte = (): Decoder<number> => ({ decode: (bytes) => bytes.takeUint8() });
 * const bytes = codec(byte, (value: number) => Uint8Array.of(value));
 *
 * const [client, server] = connectionPair();
 * client.reader.frames(bytes).subscribe(console.log); // 7
 * server.writer.write(bytes.encode(7));
 * ```
 */
export function codec<In, Out>(decoder: DecoderFactory<In>, encode: (message: Out) => Data): Codec<In, Out> {
  checkDecoderFactory(decoder);
  if (typeof encode !== 'function')
    throw new TypeError(`encode must be a function, not ${described(encode)}`);
  // A function of its own: the decoder may be part of another codec too.
  return Object.assign(() => decoder(), { encode });
}
