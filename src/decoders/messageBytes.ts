import type { Data } from '../bytes/Separator.js';
import { encodeText } from '../bytes/text.js';

/** 64 KiB, as the reader's limit. @internal */
export const DEFAULT_MAX_LENGTH = 65536;

/** @internal */
export function checkMaxLength(maxLength: number): void {
  if (!Number.isSafeInteger(maxLength) || maxLength <= 0) {
    throw new RangeError(`maxLength must be a positive integer (bytes), not ${maxLength}`);
  }
}

/** What no decoder with the same `maxLength` would take is not encoded either. @internal */
export function checkMessageLength(length: number, maxLength: number): void {
  if (length > maxLength) {
    throw new RangeError(`A message of ${length} bytes is over the maxLength of ${maxLength}`);
  }
}

/** @internal */
export function messageBytes(message: Data): Uint8Array {
  if (typeof message === 'string') return encodeText(message);
  if (ArrayBuffer.isView(message)) return message;
  throw new TypeError(`A message must be a string or a Uint8Array, not ${String(message)}`);
}

/** @internal */
export function joinBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
