import { isBytes } from './isBytes.js';

/** How much is in a value, roughly: a byte or a character is 1, and so is whatever holds nothing. @internal */
export function weightOf(value: unknown, depth = 3): number {
  if (typeof value === 'string' || isBytes(value)) return Math.max(1, value.length);
  if (typeof value !== 'object' || value === null || depth === 0) return 1;
  const parts: Iterable<unknown> =
    Symbol.iterator in value ? (value as Iterable<unknown>) : Object.values(value);
  let weight = 1;
  for (const part of parts) weight += weightOf(part, depth - 1);
  return weight;
}
