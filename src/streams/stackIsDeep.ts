/** Frames: far more than a program has that does not grow its stack, far fewer than fill it. */
const DEEP = 500;

/**
 * Whether something grows the stack. Where the engine does not say how deep it is, that counts as deep.
 *
 * @internal
 */
export function stackIsDeep(): boolean {
  const { stackTraceLimit } = Error;
  // Not to be set where the engine has none: the next call would take it for the engine's.
  if (typeof stackTraceLimit !== 'number') return true;
  try {
    Error.stackTraceLimit = DEEP;
    const { stack } = new Error();
    return stack === undefined || stack.split('\n').length >= DEEP;
  } catch {
    // The class is frozen.
    return true;
  } finally {
    restore(stackTraceLimit);
  }
}

function restore(limit: number): void {
  try {
    Error.stackTraceLimit = limit;
  } catch {
    // It was not changed either.
  }
}
