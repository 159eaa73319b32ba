import type { Data } from 'rxjs-net';

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', 0: '\0', '\\': '\\' };
const encoder = new TextEncoder();

/** Text as it is typed, with `\n`, `\r`, `\t`, `\0`, `\\`, and `\x00` to `\xff` for single bytes. */
export function unescaped(typed: string): Data {
  const parts: Uint8Array[] = [];
  let text = '';
  for (const [whole, hex, letter] of typed.matchAll(/\\x([\da-f]{2})|\\(.?)|[^\\]/giu)) {
    if (hex !== undefined) {
      parts.push(encoder.encode(text), Uint8Array.of(parseInt(hex, 16)));
      text = '';
    } else if (letter !== undefined) {
      const meant = ESCAPES[letter];
      if (meant === undefined)
        throw new Error(`${whole} is no escape: there are \\n \\r \\t \\0 \\\\ and \\x00 to \\xff`);
      text += meant;
    } else {
      text += whole;
    }
  }
  if (parts.length === 0) return text;
  parts.push(encoder.encode(text));
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A value in one line: text and bytes as they would be typed, everything else as JSON. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return escaped(value);
  if (value instanceof Uint8Array) return escapedBytes(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  try {
    const json = JSON.stringify(value) as string | undefined;
    return json ?? String(value);
  } catch {
    return String(value);
  }
}

const NAMES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' };
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function escaped(text: string): string {
  // eslint-disable-next-line no-control-regex -- they cannot be seen
  return text.replaceAll(/[\0-\x1f\x7f]/g, (control) => NAMES[control] ?? hex(control.charCodeAt(0)));
}

function escapedBytes(bytes: Uint8Array): string {
  try {
    return escaped(decoder.decode(bytes));
  } catch {
    // Not UTF-8.
    return Array.from(bytes, (byte) => (byte < 0x7f ? escaped(String.fromCharCode(byte)) : hex(byte))).join(
      '',
    );
  }
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
