import { described } from '../bytes/check.js';

/** Not by its class: there may be two copies of the package. @internal */
export function checkMethod(mustBe: string, value: unknown, method: string | symbol): void {
  if (typeof (value as Record<PropertyKey, unknown> | null | undefined)?.[method] !== 'function')
    throw new TypeError(`${mustBe}, not ${described(value)}`);
}

/** What a timer can have. @internal */
export function checkMilliseconds(name: string, milliseconds: number): void {
  if (typeof milliseconds !== 'number' || !(milliseconds >= 0 && milliseconds < 2 ** 31)) {
    throw new RangeError(`${name} must be 0 to 2^31 - 1 milliseconds, not ${shown(milliseconds)}`);
  }
}

/** A time limit: none at all would end everything at once. @internal */
export function checkTimeout(name: string, milliseconds: number): void {
  if (milliseconds === 0) throw new RangeError(`${name} must be more than 0 milliseconds`);
  checkMilliseconds(name, milliseconds);
}

/** By its method: there are others than the global one's. @internal */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (
    signal !== undefined &&
    typeof (signal as Partial<AbortSignal> | null)?.addEventListener !== 'function'
  ) {
    throw new TypeError(`signal must be an AbortSignal, not ${shown(signal)}`);
  }
}

/** A value for a message: `"80"` is not `80`, nor is `80n`. Never throws. @internal */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  // An object may have no text of its own, or one that throws.
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
