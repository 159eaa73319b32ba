import { DecodeError } from './errors.js';

/**
 * How bytes become text: `utf-8` puts U+FFFD in place of what is not UTF-8, `latin1` maps each byte to the code
 * point of the same number, `ascii` refuses bytes of 128 and above with a `DecodeError`.
 */
export type TextEncoding = 'utf-8' | 'latin1' | 'ascii';

const encoder = new TextEncoder();
// Without ignoreBOM a byte order mark would vanish at the start of whatever piece happens to be decoded at once,
// and the text would depend on where the chunks were cut.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** @internal */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Bytes of our own, whatever becomes of the data they were made from. @internal */
export function copyBytes(data: Uint8Array | string): Uint8Array {
  return typeof data === 'string' ? encoder.encode(data) : new Uint8Array(data);
}

/** @internal */
export function decodeText(bytes: Uint8Array, encoding: TextEncoding): string {
  if (encoding === 'utf-8' || isAscii(bytes)) return utf8.decode(bytes);
  if (encoding === 'ascii') {
    const at = bytes.findIndex((byte) => byte > 127);
    throw new DecodeError(`Byte ${String(bytes[at])} at ${at} of ${bytes.length} is not ASCII`);
  }
  let text = '';
  // In pieces, as an engine bounds the number of arguments of one call.
  for (let from = 0; from < bytes.length; from += 4096) {
    text += String.fromCharCode(...bytes.subarray(from, from + 4096));
  }
  return text;
}

/** @internal */
export function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > 127) return false;
  return true;
}

/** @internal */
export function checkEncoding(encoding: string): void {
  if (encoding !== 'utf-8' && encoding !== 'latin1' && encoding !== 'ascii') {
    throw new RangeError(`encoding must be 'utf-8', 'latin1' or 'ascii', not ${encoding}`);
  }
}
