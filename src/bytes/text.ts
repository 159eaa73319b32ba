import { described } from './check.js';
import { DecodeError } from './errors.js';
import { printable } from './printable.js';

/**
 * How bytes become text: `utf-8` puts U+FFFD in place of what is not UTF-8, `latin1` maps each byte to the code
 * point of the same number, `ascii` refuses bytes of 128 and above with a `DecodeError`.
 *
 * See {@link StreamReader}.
 */
export type TextEncoding = 'utf-8' | 'latin1' | 'ascii';

/** Up to this many bytes a text is put together here; above, the platform's own conversion is faster. */
const SHORT = 8;
const encoder = new TextEncoder();
// Without ignoreBOM a byte order mark would vanish at the start of whatever piece happens to be decoded at once,
// and the text would depend on where the chunks were cut.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** @internal */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Writes a byte for each character. It throws a `RangeError` for one that the encoding does not have. @internal */
export function fillText(bytes: Uint8Array, at: number, text: string, encoding: 'latin1' | 'ascii'): void {
  const most = encoding === 'latin1' ? 255 : 127;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > most) throw new RangeError(`"${printable(text[i]!)}" at ${i} is not ${encoding}`);
    bytes[at + i] = code;
  }
}

/** Bytes of our own, whatever becomes of the data they were made from. @internal */
export function copyBytes(data: Uint8Array | string): Uint8Array {
  return typeof data === 'string' ? encoder.encode(data) : new Uint8Array(data);
}

/** Node's conversions of a part of an array, which need no view of it; undefined elsewhere. */
type Slice = ((this: Uint8Array, from: number, to: number) => string) | undefined;
const { utf8Slice, latin1Slice }: Partial<Record<string, Slice>> =
  (globalThis as { Buffer?: { prototype: Record<string, Slice> } }).Buffer?.prototype ?? {};
/** Above so many bytes the platform's `TextDecoder` is as fast. */
const SLICED = 256;

/** As `decodeText`, for a part of a chunk. @internal */
export function decodePart(chunk: Uint8Array, from: number, to: number, encoding: TextEncoding): string {
  if (to - from <= SHORT) {
    const text = shortAscii(chunk, from, to);
    if (text !== undefined) return text;
  }
  if (to - from <= SLICED) {
    if (encoding === 'utf-8' && utf8Slice) return utf8Slice.call(chunk, from, to);
    if (encoding === 'latin1' && latin1Slice) return latin1Slice.call(chunk, from, to);
  }
  return decodeText(chunk.subarray(from, to), encoding);
}

/** @internal */
export function decodeText(bytes: Uint8Array, encoding: TextEncoding): string {
  const at = encoding === 'utf-8' ? -1 : findNonAscii(bytes);
  if (at === -1) return utf8.decode(bytes);
  if (encoding === 'ascii') {
    throw new DecodeError(`Byte ${bytes[at]!} at ${at} of ${bytes.length} is not ASCII`);
  }
  let text = '';
  // In pieces, as an engine bounds the number of arguments of one call.
  for (let from = 0; from < bytes.length; from += 4096) {
    text += String.fromCharCode(...bytes.subarray(from, from + 4096));
  }
  return text;
}

/** A short text of ASCII, or undefined if it is not. */
function shortAscii(chunk: Uint8Array, from: number, to: number): string | undefined {
  let text = '';
  let at = from;
  // Four at a time: each joining of strings costs as much as a call.
  for (; to - at >= 4; at += 4) {
    const a = chunk[at]!;
    const b = chunk[at + 1]!;
    const c = chunk[at + 2]!;
    const d = chunk[at + 3]!;
    if ((a | b | c | d) > 127) return undefined;
    const four = String.fromCharCode(a, b, c, d);
    text = text === '' ? four : text + four;
  }
  for (; at < to; at++) {
    if (chunk[at]! > 127) return undefined;
    text += String.fromCharCode(chunk[at]!);
  }
  return text;
}

/** Where the first byte is that is not ASCII, or -1. @internal */
export function findNonAscii(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; at++) if (bytes[at]! > 127) return at;
  return -1;
}

/** @internal */
export function checkEncoding(encoding: unknown): void {
  if (encoding !== 'utf-8' && encoding !== 'latin1' && encoding !== 'ascii') {
    throw new RangeError(`encoding must be 'utf-8', 'latin1' or 'ascii', not ${described(encoding)}`);
  }
}
