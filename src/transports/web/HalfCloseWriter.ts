import type { ChunkWriter } from './WritablePump.js';

/**
 * A writer that ends its direction by a call in place of closing the stream, which would end both: Deno's sockets are so.
 * The call is made when all that was written has been taken.
 *
 * @internal
 */
export class HalfCloseWriter<Chunk> implements ChunkWriter<Chunk> {
  readonly closed: Promise<unknown>;
  readonly #writer: ChunkWriter<Chunk>;
  readonly #closeWrite: () => unknown;
  #lastWrite: Promise<unknown> | undefined;
  #end!: (ended: unknown) => void;

  constructor(writer: ChunkWriter<Chunk>, closeWrite: () => unknown) {
    this.#writer = writer;
    this.#closeWrite = closeWrite;
    const ended = new Promise((resolve) => (this.#end = resolve));
    this.closed = Promise.race([writer.closed, ended]);
  }

  get desiredSize(): number | null {
    return this.#writer.desiredSize;
  }

  write(chunk?: Chunk): Promise<unknown> {
    return (this.#lastWrite = this.#writer.write(chunk));
  }

  close(): Promise<unknown> {
    const ended = Promise.resolve(this.#lastWrite).then(() => this.#closeWrite());
    this.#end(ended);
    return ended;
  }

  abort(reason?: unknown): Promise<unknown> {
    return this.#writer.abort(reason);
  }

  releaseLock(): void {
    this.#writer.releaseLock();
  }
}
