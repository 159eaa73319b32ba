import { printable } from './printable.js';

/**
 * Not `instanceof`: test runners have arrays from other realms. And not any view: others hold other numbers.
 *
 * @internal
 */
export function isBytes(data: unknown): data is Uint8Array {
  return (
    ArrayBuffer.isView(data) && (data as Partial<Int8Array | Uint8Array>)[Symbol.toStringTag] === 'Uint8Array'
  );
}

/** @internal */
export function checkBytes(mustBe: string, data: unknown): Uint8Array {
  if (!isBytes(data)) throw new TypeError(`${mustBe} a Uint8Array, not ${described(data)}`);
  return data;
}

/** What can be written. @internal */
export function checkData(data: unknown): void {
  if (typeof data !== 'string') checkBytes('data must be a string or', data);
}

/** A value in an error's message, with its type where it might be taken for another. @internal */
export function described(value: unknown): string {
  if (typeof value === 'object' && value) return Object.prototype.toString.call(value);
  if (typeof value === 'function') return `the function ${value.name}`.trimEnd();
  const text = printable(String(value), 40);
  return typeof value === 'number' || value === undefined ? text : `${text} (${typeof value})`;
}

/** @internal */
export function checkCount(n: number): void {
  if (!Number.isInteger(n) || n < 0) throw notAnInteger('A count of bytes', 'a non-negative', n);
}

/** A limit that may be none at all, or less than 0: what is left of a budget. @internal */
export function checkBound(limit: number): void {
  if (limit !== Infinity && !Number.isInteger(limit)) throw notAnInteger('limit', 'an', limit);
}

/** @internal */
export function checkLimit(limit: number, name = 'limit'): void {
  if (!Number.isSafeInteger(limit) || limit <= 0) throw notAnInteger(name, 'a positive', limit);
}

/** @internal */
export function notAnInteger(name: string, kind: string, value: unknown): RangeError {
  return new RangeError(`${name} must be ${kind} integer (bytes), not ${described(value)}`);
}

/** @internal */
export function checkOptions(options: unknown): void {
  // Data or a list of it has none of them, and would pass as `{}`.
  if (
    typeof options !== 'object' ||
    options === null ||
    ArrayBuffer.isView(options) ||
    Array.isArray(options)
  )
    throw new TypeError(`options must be an object, not ${described(options)}`);
}

/** @internal */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`${name} must be a function, not ${described(value)}`);
}

/** How many may be at once, or wait. @internal */
export function checkWhole(name: string, count: number, least: 0 | 1): void {
  if (!(count === Infinity || (Number.isInteger(count) && count >= least))) {
    throw new RangeError(
      `${name} must be ${least === 1 ? 'a positive integer' : 'a non-negative integer'}, or Infinity, not ${described(count)}`,
    );
  }
}

/** @internal */
export function checkBoolean(name: string, value: boolean): void {
  if (typeof value !== 'boolean')
    throw new TypeError(`${name} must be true or false, not ${described(value)}`);
}
