/**
 * What Web Serial (https://wicg.github.io/serial/) says of a port, without a device: an error on the line puts the readable
 * in error, and then `readable` is a new one; `close` wants both streams unlocked.
 */
export class FakeSerialPort {
  readonly written: Uint8Array[] = [];
  closes = 0;
  pulls = 0;
  #readable: ReadableStream<Uint8Array> | null = null;
  #writable: WritableStream<Uint8Array> | null = null;
  #reading: ReadableStreamDefaultController<Uint8Array> | undefined;
  #writing: WritableStreamDefaultController | undefined;
  #isOpen = false;
  #isFatal = false;

  async open(): Promise<void> {
    if (this.#isOpen) throw new DOMException('The port is already open.', 'InvalidStateError');
    this.#isOpen = true;
    this.#writable = new WritableStream<Uint8Array>({
      start: (controller) => void (this.#writing = controller),
      write: (chunk) => void this.written.push(chunk),
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get readable(): ReadableStream<Uint8Array> | null {
    if (this.#readable !== null || !this.#isOpen || this.#isFatal) return this.#readable;
    return (this.#readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#reading = controller),
        pull: () => {
          this.pulls++;
        },
      },
      { highWaterMark: 0 },
    ));
  }

  get writable(): WritableStream<Uint8Array> | null {
    return this.#writable;
  }

  receive(chunk: Uint8Array): void {
    this.#reading!.enqueue(chunk);
  }

  /** A break, or a framing, parity or overrun error. */
  breakLine(error: unknown): void {
    this.#reading!.error(error);
    this.#readable = null;
  }

  /** Somebody pulls the cable. */
  unplug(error: unknown): void {
    this.#isFatal = true;
    this.breakLine(error);
    this.#writing!.error(error);
  }

  async close(): Promise<void> {
    if (!this.#isOpen) throw new DOMException('The port is already closed.', 'InvalidStateError');
    if (this.#readable?.locked || this.#writable?.locked) {
      throw new TypeError('Cannot cancel a locked stream');
    }
    this.#isOpen = false;
    this.#readable = this.#writable = null;
    this.closes++;
  }
}
