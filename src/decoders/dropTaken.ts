import type { ByteQueue } from '../bytes/ByteQueue.js';

/**
 * Lets go of what a decoder has taken and gives no frame for, so that a peer that sends nothing else does not fill the
 * memory. What is taken from here on can still be put back.
 *
 * @internal
 */
export function dropTaken(bytes: ByteQueue): void {
  // A bare queue holds nothing, and nobody would ever end what is begun here.
  if (bytes.held === 0) return;
  bytes.commit();
  bytes.hold();
}
