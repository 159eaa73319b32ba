/** What a timer can have. @internal */
export function checkMilliseconds(name: string, milliseconds: number): void {
  if (!(typeof milliseconds === 'number' && milliseconds >= 0 && milliseconds < 2 ** 31)) {
    throw new RangeError(`${name} must be 0 to 2^31 - 1 milliseconds, not ${String(milliseconds)}`);
  }
}

/** A time limit: none at all would end everything at once. @internal */
export function checkTimeout(name: string, milliseconds: number): void {
  if (milliseconds === 0) throw new RangeError(`${name} must be more than 0 milliseconds`);
  checkMilliseconds(name, milliseconds);
}
