import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Calls when the duplex is destroyed, also one with `emitClose: false`, which no event tells of. Perhaps twice.
 *
 * @internal
 */
export function onceDestroyed(duplex: Duplex, destroyed: () => void): void {
  duplex.once('close', destroyed);
  // A socket always emits.
  if (duplex instanceof Socket) return;
  const destroy = duplex._destroy.bind(duplex);
  duplex._destroy = (error, callback) => {
    try {
      destroy(error, (reason) => {
        callback(reason);
        // After the error, which Node tells of in a step of its own.
        process.nextTick(destroyed);
      });
    } catch (thrown) {
      process.nextTick(destroyed);
      throw thrown;
    }
  };
}
