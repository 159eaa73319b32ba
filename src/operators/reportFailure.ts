/**
 * Tells of a handler's error where there is no `onError`: a process warning, in browsers `reportError`. Harms nobody,
 * whatever was thrown.
 *
 * @internal
 */
export function reportFailure(error: unknown): void {
  const platform = globalThis as {
    process?: { emitWarning?(warning: Error | string): void };
    reportError?(error: unknown): void;
  };
  const shown = presentable(error);
  if (platform.process?.emitWarning) platform.process.emitWarning(shown);
  else platform.reportError?.(typeof shown === 'string' ? error : shown);
}

// A warning is printed later, out of anybody's reach: what cannot be shown must not get there.
function presentable(error: unknown): Error | string {
  try {
    if (!(error instanceof Error)) return String(error);
    const { name, message, stack, code, detail } = error as Error & Record<'code' | 'detail', unknown>;
    const texts = [name, message, stack, String(error), code ?? '', detail ?? ''];
    if (texts.every((part) => typeof part === 'string' || typeof part === 'number')) return error;
  } catch {
    // A getter, or a conversion to text, that throws.
  }
  return new Error('A handler failed with an error that cannot be shown', { cause: error });
}
