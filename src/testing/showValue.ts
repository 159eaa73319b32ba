import { isBytes } from './isBytes.js';
import { showBytes } from './showBytes.js';

/** A value in a message: as JSON, bytes as text or hex, and no error from objects that cannot be shown. @internal */
export function showValue(value: unknown): string {
  try {
    if (typeof value === 'number') return String(value);
    if (typeof value === 'bigint') return `${value}n`;
    const json = JSON.stringify(value, (_, part: unknown) => {
      if (isBytes(part)) return showBytes(part);
      return typeof part === 'bigint' ? `${part}n` : part;
    }) as string | undefined;
    return json ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** What an error says, whatever was thrown. @internal */
export function messageOf(error: unknown): string {
  try {
    const { message } = Object(error) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    return 'an error whose message cannot be read';
  }
  return typeof error === 'string' ? error : showValue(error);
}
