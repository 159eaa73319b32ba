/** @internal */
export function checkCount(n: number): void {
  if (!Number.isInteger(n) || n < 0) {
    throw new RangeError(`A count of bytes must be a non-negative integer, not ${n}`);
  }
}

/** What a timer can have. @internal */
export function checkMilliseconds(name: string, milliseconds: number): void {
  if (!(milliseconds >= 0 && milliseconds < 2 ** 31)) {
    throw new RangeError(`${name} must be 0 to 2^31 - 1 milliseconds, not ${String(milliseconds)}`);
  }
}

/** A time limit: none at all would end everything at once. @internal */
export function checkTimeout(name: string, milliseconds: number): void {
  if (milliseconds === 0) throw new RangeError(`${name} must be more than 0 milliseconds`);
  checkMilliseconds(name, milliseconds);
}

/** @internal */
export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit <= 0) {
    throw new RangeError(`limit must be a positive integer (bytes), not ${limit}`);
  }
}
