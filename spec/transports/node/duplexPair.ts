import { Duplex } from 'node:stream';

/** Two streams, cross-wired: what is written to one is read from the other. A pipe of both directions, no socket. */
export function duplexPair(): [Duplex, Duplex] {
  const one = new End();
  const other = new End();
  one.peer = other;
  other.peer = one;
  return [one, other];
}

class End extends Duplex {
  peer!: End;
  #written: (() => void) | undefined;

  override _read(): void {
    this.peer.#goOn();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error) => void): void {
    if (this.peer.destroyed) {
      callback(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      return;
    }
    this.#written = callback;
    // A copy, as a kernel makes it: whoever wrote the chunk may use its memory again.
    if (this.peer.push(Buffer.from(chunk))) this.#goOn();
  }

  override _final(callback: () => void): void {
    if (!this.peer.destroyed) this.peer.push(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // The other end of a pipe that was closed sees the end of the stream.
    process.nextTick(() => {
      if (!this.writableFinished && !this.peer.destroyed) this.peer.push(null);
      this.peer.#goOn();
    });
    callback(error);
  }

  #goOn(): void {
    const callback = this.#written;
    this.#written = undefined;
    if (callback !== undefined) process.nextTick(callback);
  }
}
