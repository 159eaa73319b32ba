import type { Data } from '../bytes/Separator.js';
import { copyBytes } from '../bytes/text.js';
import { isBytes } from './isBytes.js';
import { showValue } from './showValue.js';

/** The bytes of our own of what has to be bytes or text: of a number the platform would make so many zeros. @internal */
export function checkedBytes(name: string, data: Data): Uint8Array {
  if (typeof data !== 'string' && !isBytes(data)) {
    throw new TypeError(`${name} must be a string or a Uint8Array, not ${showValue(data)}`);
  }
  return copyBytes(data);
}

/** Whether it is message mode. @internal */
export function checkedMode(mode: unknown): boolean {
  if (mode !== undefined && mode !== 'bytes' && mode !== 'messages') {
    throw new RangeError(`mode must be 'bytes' or 'messages', not ${showValue(mode)}`);
  }
  return mode === 'messages';
}

/** @internal */
export function checkFlag(name: string, flag: boolean | undefined): void {
  if (flag !== undefined && typeof flag !== 'boolean') {
    throw new TypeError(`${name} must be true or false, not ${showValue(flag)}`);
  }
}
