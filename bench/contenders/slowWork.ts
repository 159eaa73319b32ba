/** The slow consumer rests for a millisecond after each MiB: at most 1 GB/s, below what the producer can send. */
export class SlowWork {
  received = 0;
  #next = REST_EVERY;

  /** Whether to rest after this chunk. */
  take(chunk: Uint8Array): boolean {
    this.received += chunk.length;
    if (this.received < this.#next) return false;
    this.#next += REST_EVERY;
    return true;
  }
}

const REST_EVERY = 2 ** 20;
export const REST_MS = 1;
