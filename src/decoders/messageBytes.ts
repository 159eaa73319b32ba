import { checkBytes, checkLimit } from '../bytes/check.js';
import type { Data } from '../bytes/Separator.js';
import { encodeText } from '../bytes/text.js';

/** 64 KiB, as the reader's limit. @internal */
export const DEFAULT_MAX_LENGTH = 65536;

/** @internal */
export function checkMaxLength(maxLength: number): void {
  checkLimit(maxLength, 'maxLength');
}

/** What no decoder with the same `maxLength` would take is not encoded either. @internal */
export function checkMessageLength(length: number, maxLength: number, name = 'maxLength'): void {
  if (length > maxLength) {
    throw new RangeError(`A message of ${length} bytes is over the ${name} of ${maxLength}`);
  }
}

/** @internal */
export function messageBytes(message: Data): Uint8Array {
  return typeof message === 'string'
    ? encodeText(message)
    : checkBytes('A message must be a string or', message);
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
