/** Frames: far more than a program has that does not grow its stack, far fewer than fill it. */
const DEEP = 500;

/**
 * Whether something grows the stack. Where the engine does not say how deep it is, that counts as deep.
 *
 * @internal
 */
export function stackIsDeep(): boolean {
  const { stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = DEEP;
    const { stack } = new Error();
    return stack === undefined || typeof stackTraceLimit !== 'number' || stack.split('\n').length >= DEEP;
  } catch {
    // The class is frozen.
    return true;
  } finally {
    restore(stackTraceLimit);
  }
}

function restore(limit: number | undefined): void {
  try {
    if (limit !== undefined) Error.stackTraceLimit = limit;
  } catch {
    // It was not changed either.
  }
}
