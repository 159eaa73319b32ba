import { encodeText } from './text.js';

/** What a received message begins with: neither byte can begin a text in UTF-8. @internal */
export const TEXT_MESSAGE = 0xfe;
/** @internal */
export const BINARY_MESSAGE = 0xff;
/** The kind, and the length as a big-endian uint32. @internal */
export const MESSAGE_HEADER_LENGTH = 5;
/** Up to so many bytes a copy costs less than a second chunk. */
const COPIED = 4096;
const encoder = new TextEncoder();

/**
 * The bytes in which a message reaches a reader in message mode, in one chunk or two: so that the border between two
 * messages, and their kind, survive the reader's buffer, which knows bytes only. `messages()` takes them apart again.
 *
 * @internal
 */
export function messageChunks(message: string | Uint8Array): Uint8Array[] {
  if (typeof message !== 'string') {
    if (message.length > COPIED) return [header(BINARY_MESSAGE, message.length), message];
    const chunk = new Uint8Array(MESSAGE_HEADER_LENGTH + message.length);
    setHeader(chunk, BINARY_MESSAGE, message.length);
    chunk.set(message, MESSAGE_HEADER_LENGTH);
    return [chunk];
  }
  if (message.length > COPIED) {
    const text = encodeText(message);
    return [header(TEXT_MESSAGE, text.length), text];
  }
  // A UTF-16 unit has three bytes at most.
  const room = new Uint8Array(MESSAGE_HEADER_LENGTH + 3 * message.length);
  const { written } = encoder.encodeInto(message, room.subarray(MESSAGE_HEADER_LENGTH));
  setHeader(room, TEXT_MESSAGE, written);
  return [room.subarray(0, MESSAGE_HEADER_LENGTH + written)];
}

function header(kind: number, length: number): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_HEADER_LENGTH);
  setHeader(bytes, kind, length);
  return bytes;
}

function setHeader(bytes: Uint8Array, kind: number, length: number): void {
  bytes[0] = kind;
  bytes[1] = length >>> 24;
  bytes[2] = length >>> 16;
  bytes[3] = length >>> 8;
  bytes[4] = length;
}
