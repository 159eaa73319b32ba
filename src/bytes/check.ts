/** @internal */
export function checkCount(n: number): void {
  if (!Number.isInteger(n) || n < 0) {
    throw new RangeError(`A count of bytes must be a non-negative integer, not ${n}`);
  }
}

/** @internal */
export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit <= 0) {
    throw new RangeError(`limit must be a positive integer (bytes), not ${limit}`);
  }
}
