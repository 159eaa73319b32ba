import type { Queue } from '../../bytes/Queue.js';
import type { Outgoing } from './WritablePump.js';

/** Bytes in one chunk at most: a large write goes piece by piece, so that its progress shows. */
const PIECE = 65536;

/**
 * For a `WritablePump` of bytes: small writes go out together, and large ones in pieces of 64 KiB.
 *
 * What it makes is a copy. A sink may keep its chunk, pass it on, or transfer its memory; and whoever wrote the bytes may
 * use theirs again once they are flushed.
 *
 * @throws `Error` when the memory of what was written is gone
 * @internal
 */
export function takeBytes(queue: Queue<Outgoing<Uint8Array>>, waiting: number): Outgoing<Uint8Array> {
  const size = Math.min(waiting, PIECE);
  const chunk = new Uint8Array(size);
  for (let filled = 0; filled < size;) {
    const next = queue.first!;
    checkUnchanged(next);
    const room = size - filled;
    if (next.size > room) {
      chunk.set(next.chunk.subarray(0, room), filled);
      next.chunk = next.chunk.subarray(room);
      next.size -= room;
      break;
    }
    chunk.set(next.chunk, filled);
    filled += next.size;
    queue.shift();
  }
  return { chunk, size };
}

function checkUnchanged({ chunk, size }: Outgoing<Uint8Array>): void {
  if (chunk.length === size) return;
  throw new Error(
    `Of ${size} bytes that were written ${chunk.length} are left: their memory was transferred or resized before they were sent`,
  );
}
