/** A value in a message: a string in quotes, and no error from objects that cannot be shown. @internal */
export function showValue(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  try {
    const json = JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'bigint' ? `${part}n` : part,
    ) as string | undefined;
    return typeof value === 'number' || typeof value === 'bigint' ? String(value) : (json ?? String(value));
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** What an error says, whatever was thrown. @internal */
export function messageOf(error: unknown): string {
  try {
    const message =
      typeof error === 'object' && error !== null ? (error as Partial<Error>).message : undefined;
    if (typeof message === 'string') return message;
    return typeof error === 'string' ? error : showValue(error);
  } catch {
    return 'an error whose message cannot be read';
  }
}
