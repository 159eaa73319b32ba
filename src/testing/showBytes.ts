import type { Data } from '../bytes/Separator.js';
import { isBytes } from './isBytes.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Bytes as a test shows and compares them: as text where they are readable UTF-8 (line breaks and tabs included), else
 * in hex, `<00 03 61>`. What is neither text nor bytes is a `TypeError`.
 *
 * @example
 * ```ts
 * import { showBytes } from 'rxjs-net/testing';
 *
 * console.log(showBytes(new TextEncoder().encode('PING\r\n')) === 'PING\r\n'); // true
 * console.log(showBytes(Uint8Array.of(0, 3, 97))); // <00 03 61>
 * ```
 */
export function showBytes(data: Data): string {
  if (typeof data === 'string') return data;
  if (!isBytes(data)) throw new TypeError(`showBytes() takes a Uint8Array or a string, not ${typeof data}`);
  try {
    const text = decoder.decode(data);
    // eslint-disable-next-line no-control-regex -- control characters are what makes bytes unreadable
    if (!/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text)) return text;
  } catch {
    // Not UTF-8.
  }
  return showHex(data);
}

/** A message, text or binary, which look different whatever is in them. @internal */
export function showMessage(message: Data): string {
  return typeof message === 'string' ? message : showHex(message);
}

function showHex(bytes: Uint8Array): string {
  return `<${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')}>`;
}
