import { isBytes } from './isBytes.js';
import { showBytes } from './showBytes.js';
import { messageOf, showValue } from './showValue.js';

/** How many characters of a frame, or of a way to cut, a message shows. */
const SHOWN = 80;

/** @internal */
export function describeError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return `the error ${String(error)}`;
  const { code } = error as { code?: unknown };
  const partial = 'partial' in error ? `, partial ${showFrame(error.partial)}` : '';
  return `the error ${typeof code === 'string' ? code : messageOf(error)}${partial}`;
}

/** @internal */
export function showCut(chunks: readonly Uint8Array[]): string {
  const [first] = chunks;
  if (first === undefined || chunks.length === 1) return 'in one piece';
  const cut = shorten(
    chunks
      .slice(0, 20)
      .map(showBytes)
      .map((text) => JSON.stringify(text))
      .join(' '),
  );
  const isEven = chunks.length > 2 || chunks[1]!.length === first.length;
  return isEven ? `in chunks of ${first.length} bytes (${cut})` : `cut behind byte ${first.length} (${cut})`;
}

/** @internal */
export function showFrames(frames: readonly unknown[]): string {
  const shown = frames.slice(0, 8).map(showFrame).join(', ');
  return `[${shown}${frames.length > 8 ? `, … ${frames.length} in all` : ''}]`;
}

/** @internal */
export function showFrame(frame: unknown): string {
  if (isBytes(frame)) return shorten(showBytes(frame));
  return shorten(showValue(frame));
}

/** @internal */
export function shorten(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}
