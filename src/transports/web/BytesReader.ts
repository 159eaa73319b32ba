import { described, isBytes } from '../../bytes/check.js';
import { attempt } from '../../streams/reportError.js';
import type { ChunkReader } from './ReadablePump.js';
import type { ReadableBytes, WebStreams } from './WebStreams.js';

/** How much a byte stream is asked for at a time, and the memory for it. */
const SIZE = 65536;

type Reader = ReadableStreamDefaultReader<BufferSource> | ReadableStreamBYOBReader;
type Result = ReadableStreamReadResult<Uint8Array>;

/**
 * Reads the readable of a source, in whatever form its bytes come, and goes on with the next one when it breaks and there
 * is another.
 *
 * A byte stream is read into memory of ours ("bring your own buffer"). Each read transfers that memory, and all views of it
 * are lost: so a chunk that fills half of it or more is given away together with it, and a smaller one is copied, and the
 * memory used again.
 *
 * @internal
 */
export class BytesReader implements ChunkReader<Uint8Array> {
  readonly #source: WebStreams;
  readonly #onRenewed: (error: unknown) => void;
  #reader: Reader;
  #isByob: boolean;
  /** Of a byte stream: what it is read into next. Nothing while a read has it. */
  #memory: ArrayBuffer | undefined;
  #cancelled = false;
  // One of each for all reads.
  readonly #onResult = (result: ReadableStreamReadResult<BufferSource>): Result => this.#taken(result);
  readonly #onError = (error: unknown): Promise<Result> => this.#renew(error);

  /**
   * @param stream the readable of the source, not locked
   * @param onRenewed told of an error that another readable has made good
   */
  constructor(source: WebStreams, stream: ReadableBytes, onRenewed: (error: unknown) => void) {
    this.#source = source;
    this.#onRenewed = onRenewed;
    [this.#reader, this.#isByob] = lock(stream);
  }

  read(): Promise<Result> {
    return this.#ask().then(this.#onResult, this.#onError);
  }

  cancel(reason?: unknown): Promise<void> {
    this.#cancelled = true;
    return this.#reader.cancel(reason);
  }

  releaseLock(): void {
    this.#reader.releaseLock();
  }

  #ask(): Promise<ReadableStreamReadResult<BufferSource>> {
    if (!this.#isByob) return (this.#reader as ReadableStreamDefaultReader<BufferSource>).read();
    const memory = this.#memory ?? new ArrayBuffer(SIZE);
    this.#memory = undefined;
    return (this.#reader as ReadableStreamBYOBReader).read(new Uint8Array(memory));
  }

  #taken({ done, value }: ReadableStreamReadResult<BufferSource>): Result {
    if (done) return { done, value: undefined };
    const bytes = bytesOf(value);
    if (!this.#isByob || bytes.length >= SIZE / 2) return { done, value: bytes };
    this.#memory = bytes.buffer as ArrayBuffer;
    return { done, value: bytes.slice() };
  }

  #renew(error: unknown): Promise<Result> {
    if (this.#cancelled) throw error;
    const { readable } = this.#source;
    // It is the one that broke, or somebody else's, or there is none.
    if (!readable || readable.locked) throw error;
    const next = lock(readable);
    this.#reader.releaseLock();
    [this.#reader, this.#isByob] = next;
    attempt(() => this.#onRenewed(error));
    return this.read();
  }
}

/** The reader of a stream, and whether it reads into memory that it is given. */
function lock(readable: ReadableBytes): [reader: Reader, isByob: boolean] {
  const stream = readable as ReadableStream<BufferSource>;
  try {
    return [stream.getReader({ mode: 'byob' }), true];
  } catch {
    // It is not a byte stream.
    return [stream.getReader(), false];
  }
}

function bytesOf(chunk: unknown): Uint8Array {
  if (isBytes(chunk)) return chunk;
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (isBuffer(chunk)) return new Uint8Array(chunk);
  throw new TypeError(`A readable must give bytes, as a BufferSource, not ${described(chunk)}`);
}

/** Not `instanceof`: it may be of another realm. */
function isBuffer(chunk: unknown): chunk is ArrayBuffer {
  const kind = Object.prototype.toString.call(chunk);
  return kind === '[object ArrayBuffer]' || kind === '[object SharedArrayBuffer]';
}
