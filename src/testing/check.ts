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

/** @internal */
export function checkFlag(name: string, flag: boolean | undefined): void {
  if (flag !== undefined && typeof flag !== 'boolean') {
    throw new TypeError(`${name} must be true or false, not ${showValue(flag)}`);
  }
}
