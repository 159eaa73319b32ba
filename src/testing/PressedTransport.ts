import type { Data } from '../bytes/Separator.js';
import { encodeText } from '../bytes/text.js';
import { ManualTransport } from './ManualTransport.js';

/**
 * A transport whose peer always has more to send, and takes only what it is made to take: counts what is taken off it and
 * what is written to it.
 *
 * @internal
 */
export class PressedTransport extends ManualTransport {
  /** Bytes, and frames, that were received: not those that waited because the reader had paused. */
  taken = 0;
  frames = 0;
  /** Bytes, and writes, that were accepted, and the bytes of the largest one. */
  written = 0;
  writes = 0;
  largestWrite = 0;
  #input: 'open' | 'paused' | 'closed' = 'open';
  #flows = false;

  /** Gives the reader a frame, if it has not paused. */
  offer(frame: Data): boolean {
    if (this.#input !== 'open') return false;
    this.taken += byteLength(frame);
    this.frames++;
    this.receive(frame);
    return true;
  }

  /** From now on what is written is taken at once. */
  flow(): void {
    this.#flows = true;
    this.drain();
  }

  override write(data: Data): void {
    const before = this.writeQueueSize;
    super.write(data);
    const length = this.writeQueueSize - before;
    if (length > 0) {
      this.written += length;
      this.writes++;
      this.largestWrite = Math.max(this.largestWrite, length);
    }
    if (this.#flows) this.drain();
  }

  override pause(): void {
    if (this.#input === 'open') this.#input = 'paused';
    super.pause();
  }

  override resume(): void {
    if (this.#input === 'paused') this.#input = 'open';
    super.resume();
  }

  override close(): void {
    this.#input = 'closed';
    super.close();
  }

  override abort(reason?: unknown): void {
    this.#input = 'closed';
    super.abort(reason);
  }

  override lose(error?: unknown): void {
    this.#input = 'closed';
    super.lose(error);
  }
}

function byteLength(data: Data): number {
  return typeof data === 'string' ? encodeText(data).length : data.length;
}
