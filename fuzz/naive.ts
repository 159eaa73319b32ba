import type { TextEncoding } from '../src/bytes/text.js';

// What the library does, in as few words as can be, and without a thought of what it costs.

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array, encoding: TextEncoding = 'utf-8'): string {
  if (encoding === 'utf-8') return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

export function startsWith(data: Uint8Array, at: number, separator: Uint8Array): boolean {
  return separator.every((byte, i) => data[at + i] === byte);
}

/** Where the first separator ends that begins at `at` or later, with the shortest and the longest of those that end there. */
export function findSeparator(
  data: Uint8Array,
  at: number,
  separators: readonly Uint8Array[],
): { end: number; shortest: number; longest: number } | undefined {
  for (let end = at + 1; end <= data.length; end++) {
    const lengths = separators
      .map(({ length }) => length)
      .filter((length, i) => end - length >= at && startsWith(data, end - length, separators[i]!));
    if (lengths.length > 0) return { end, shortest: Math.min(...lengths), longest: Math.max(...lengths) };
  }
  return undefined;
}

/** As CPython's `readuntil`: where the bytes with the separator end, 'more', or 'overrun'. */
export function readUntil(
  data: Uint8Array,
  at: number,
  separators: readonly Uint8Array[],
  limit: number,
): { end: number; longest: number } | 'more' | 'overrun' {
  const found = findSeparator(data, at, separators);
  const mayBeFront = Math.max(...separators.map(({ length }) => length)) - 1;
  if (found === undefined)
    return data.length - at > limit && data.length - at - mayBeFront > limit ? 'overrun' : 'more';
  return found.end - at - found.shortest > limit ? 'overrun' : found;
}
