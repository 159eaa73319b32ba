import { LimitOverrunError } from '../bytes/errors.js';

/** More came than a frame may have, and no pause. @internal */
export function noSilence(milliseconds: number, length: number, limit: number): LimitOverrunError {
  return new LimitOverrunError(
    `No silence of ${milliseconds} ms in ${length} bytes, over the limit of ${limit}`,
    length,
  );
}
