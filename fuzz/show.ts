import { isDeepStrictEqual, inspect } from 'node:util';

const MOST = 400;

/** A value in the report of a finding. */
export function show(value: unknown): string {
  const text = inspect(value instanceof Uint8Array ? Array.from(value) : value, {
    depth: 6,
    breakLength: 200,
    maxArrayLength: 60,
  });
  return text.length > MOST ? `${text.slice(0, MOST)}…` : text;
}

/** By value and class: `-0` is not `0`, and a `Buffer` is no `Uint8Array`. */
export function mustBeSame(what: string, found: unknown, expected: unknown): void {
  if (isDeepStrictEqual(found, expected)) return;
  throw new Error(`${what}\n  found:    ${show(found)}\n  expected: ${show(expected)}`);
}
