import { checkBoolean, described } from '../bytes/check.js';
import { compileSeparator, type Data } from '../bytes/Separator.js';

/** @internal */
export function checkInteger(
  name: string,
  value: number,
  least: number,
  most: number,
  littleEndian = false,
): void {
  checkBoolean('littleEndian', littleEndian);
  if (Number.isInteger(value) && value >= least && value <= most) return;
  checkType(name, 'number', value);
  throw doesNotFit(name, value, `an integer from ${least} to ${most}`);
}

/** @internal */
export function checkBigint(name: string, value: bigint, least: bigint, most: bigint): void {
  checkType(name, 'bigint', value);
  if (value < least || value > most) throw doesNotFit(name, value, `from ${least} to ${most}`);
}

/** A safe integer, or a bigint. @internal */
export function checkEither(
  name: string,
  value: number | bigint,
  leastNumber: number,
  leastBigint: bigint,
  most: bigint,
): void {
  if (typeof value === 'bigint') checkBigint(name, value, leastBigint, most);
  else checkInteger(name, value, leastNumber, Number.MAX_SAFE_INTEGER);
}

/** @internal */
export function checkNumber(name: string, value: number, littleEndian: boolean): void {
  checkBoolean('littleEndian', littleEndian);
  checkType(name, 'number', value);
}

/** @internal */
export function doesNotFit(name: string, value: unknown, mustBe: string): RangeError {
  return new RangeError(`${name} must be ${mustBe}, not ${described(value)}`);
}

/** What goes on later would come after the message. @internal */
export function checkReturned(result: unknown): void {
  const { then, next } = (result ?? {}) as { then?: unknown; next?: unknown };
  if (typeof then !== 'function' && typeof next !== 'function') return;
  throw new TypeError('What writes a message must be a plain function, not an async one or a generator');
}

/** A list has several separators; what is written is one. @internal */
export function terminatorBytes(terminator: Data): Uint8Array {
  if (Array.isArray(terminator)) throw new TypeError('A terminator that is written must be one, not a list');
  return compileSeparator(terminator)[0]!.bytes;
}

function checkType(name: string, type: string, value: unknown): void {
  if (typeof value !== type) throw new TypeError(`${name} must be a ${type}, not ${described(value)}`);
}
