/**
 * Calls code that is not ours from where nobody catches what it throws: `failed` is told, also when that code is an async
 * function, and its promise rejects.
 *
 * @internal
 */
export function attemptCallback<T>(call: () => T, failed: (error: unknown) => void): T | undefined {
  try {
    const result = call();
    if (result instanceof Promise) result.catch(failed);
    return result;
  } catch (error) {
    failed(error);
    return undefined;
  }
}
