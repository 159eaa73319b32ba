import { mulberry32 } from '../../src/testing/mulberry32.js';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

export function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export function bytes(content: string): Uint8Array {
  return encoder.encode(content);
}

export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

export function seededBytes(seed: number, length: number): Uint8Array {
  const random = mulberry32(seed);
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** Cuts bytes into chunks of 1 to `longest` bytes. */
export function seededChunks(seed: number, whole: Uint8Array, longest: number): Uint8Array[] {
  const random = mulberry32(seed);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < whole.length;) {
    const length = 1 + Math.floor(random() * longest);
    chunks.push(whole.slice(at, at + length));
    at += length;
  }
  return chunks;
}

/** Where two long arrays differ, in words that read better than a diff of a million numbers. */
export function difference(actual: Uint8Array, expected: Uint8Array): string {
  if (actual.length !== expected.length) return `${actual.length} bytes instead of ${expected.length}`;
  const at = expected.findIndex((byte, i) => byte !== actual[i]);
  return at === -1 ? 'none' : `byte ${at} is ${actual[at]!} instead of ${expected[at]!}`;
}
