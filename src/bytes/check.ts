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

/** A value in an error's message, with its type where it might be taken for another. @internal */
export function described(value: unknown): string {
  if (typeof value === 'object' && value) return Object.prototype.toString.call(value);
  const text = printable(String(value), 40);
  return typeof value === 'number' ? text : `${text} (${typeof value})`;
}

/** @internal */
export function checkCount(n: number): void {
  checkInteger('A count of bytes', n, 0);
}

/** @internal */
export function checkLimit(limit: number, name = 'limit'): void {
  checkInteger(name, limit, 1);
}

function checkInteger(what: string, n: number, least: 0 | 1): void {
  if (!Number.isSafeInteger(n) || n < least) {
    throw new RangeError(
      `${what} must be a ${least ? 'positive' : 'non-negative'} integer (bytes), not ${described(n)}`,
    );
  }
}

/** @internal */
export function checkOptions(options: unknown): void {
  if (typeof options !== 'object')
    throw new TypeError(`options must be an object, not ${described(options)}`);
}
