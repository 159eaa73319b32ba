import { Duplex, finished, type Readable, type Writable } from 'node:stream';

/**
 * One duplex of the two pipes of a child process, or of any readable and writable. In contrast to `Duplex.from` it loses
 * nothing of what was received when the writable breaks, as the input of a process does that has seen enough: what is
 * written then waits, and the error is told once the readable has ended. Without anything to be sent it is no error that
 * the writable has closed. Destroying it destroys both.
 *
 * @throws `TypeError` when one of them is in object mode, or the readable has an encoding
 * @internal
 */
export function joinStreams(readable: Readable, writable: Writable): Duplex {
  if (readable.readableObjectMode || writable.writableObjectMode || readable.readableEncoding !== null) {
    throw new TypeError(
      'A connection carries bytes: the streams must not be in object mode nor have an encoding',
    );
  }
  return new JoinedStreams(readable, writable);
}

type Callback = (error?: Error | null) => void;

/** What `joinStreams` makes. @internal */
export class JoinedStreams extends Duplex {
  readonly #readable: Readable;
  readonly #writable: Writable;
  #broken: Error | undefined;
  #isRead = true;

  constructor(readable: Readable, writable: Writable) {
    // Both have buffers of their own.
    super({ decodeStrings: false, readableHighWaterMark: 0, writableHighWaterMark: 0 });
    this.#readable = readable;
    this.#writable = writable;
    readable.on('end', () => this.push(null));
    finished(readable, { writable: false }, (error) => {
      if (error) this.destroy(error);
    });
    writable.on('error', (error) => this.#break(error));
    writable.on('close', () => {
      if (this.writableLength > 0) this.#break(closedError());
    });
    this.once('end', () => {
      if (this.#broken !== undefined) this.destroy(this.#broken);
    });
    if (readable.readableEnded) this.push(null);
  }

  /** From here on nobody is interested in what comes: a writable that breaks ends all of it at once. */
  dropReceived(): void {
    this.#isRead = false;
    if (this.#broken !== undefined) this.destroy(this.#broken);
  }

  override _read(): void {
    if (this.#readable.listenerCount('data', this.#onData) === 0) this.#readable.on('data', this.#onData);
    this.#readable.resume();
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, callback: Callback): void {
    if (this.#canWrite()) this.#writable.write(chunk, encoding, this.#unlessBroken(callback));
  }

  override _writev(
    chunks: { chunk: Buffer | string; encoding: BufferEncoding }[],
    callback: (error?: Error | null) => void,
  ): void {
    if (!this.#canWrite()) return;
    const writable = this.#writable;
    const last = chunks.length - 1;
    writable.cork();
    try {
      chunks.forEach(({ chunk, encoding }, i) => {
        if (i < last) writable.write(chunk, encoding);
        else writable.write(chunk, encoding, this.#unlessBroken(callback));
      });
    } finally {
      writable.uncork();
    }
  }

  override _final(callback: Callback): void {
    const writable = this.#writable;
    // The other side may have closed it first: there is nothing left to be sent.
    if (writable.writableFinished || (writable.destroyed && this.#broken === undefined)) callback();
    else if (this.#broken === undefined) writable.end(this.#unlessBroken(callback, isClosed));
  }

  override _destroy(error: Error | null, callback: Callback): void {
    try {
      this.#readable.destroy();
    } finally {
      this.#writable.destroy();
    }
    callback(error);
  }

  readonly #onData = (chunk: Uint8Array): void => {
    if (!this.push(chunk)) this.#readable.pause();
  };

  #canWrite(): boolean {
    if (this.#broken === undefined && this.#writable.destroyed) this.#break(closedError());
    return this.#broken === undefined;
  }

  // What cannot be written any more waits for the readable to end: calling back would end that at once.
  #unlessBroken(callback: Callback, isHarmless?: (error: Error) => boolean): Callback {
    return (error) => {
      if (error && isHarmless?.(error) !== true) this.#break(error);
      else callback();
    };
  }

  #break(error: Error): void {
    if (this.#broken !== undefined) return;
    this.#broken = error;
    if (this.readableEnded || !this.#isRead) this.destroy(error);
  }
}

function isClosed(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ERR_STREAM_DESTROYED' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}

function closedError(): Error {
  return Object.assign(new Error('write EPIPE: the writable was closed before'), { code: 'EPIPE' });
}
