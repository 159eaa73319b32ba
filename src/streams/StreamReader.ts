import { firstValueFrom, Observable } from 'rxjs';
import { ByteQueue } from './ByteQueue.js';
import { checkCount, checkLimit } from './check.js';
import type { Decoder, DecoderFactory } from './Decoder.js';
import { IncompleteReadError, ReaderBusyError } from './errors.js';
import { FrameRead, type ActiveRead, type ByteSource } from './FrameRead.js';
import {
  chunkDecoder,
  LinesDecoder,
  readAllDecoder,
  readDecoder,
  readExactlyDecoder,
  readLineDecoder,
  readUntilDecoder,
} from './readDecoders.js';
import type { Separator } from './Separator.js';
import { checkEncoding, type TextEncoding } from './text.js';
import type { Transport } from './Transport.js';

/** 64 KiB, as asyncio's. @internal */
export const DEFAULT_LIMIT = 65536;
const EMPTY = new Uint8Array(0);

export interface LinesOptions {
  /** Default: `utf-8`. */
  encoding?: TextEncoding;
  /** Bytes a line may have, its terminator not counted. Default: the reader's limit. */
  limit?: number;
}

/**
 * The receiving half of a connection: asyncio's `StreamReader`, with cold observables in place of coroutines.
 *
 * Nothing is read before a read is subscribed to, and a read takes what it returns and nothing else: all other
 * bytes stay for the next one, also when a read is unsubscribed, times out or fails. From the arrival of bytes to
 * the subscriber's `next` it is one call stack, without a promise or a timer.
 *
 * **One-shot reads** (`read`, `readExactly`, `readUntil`, `readLine`, `readFrame`) read once for each subscription;
 * when they overlap they are served in the order of their subscription:
 *
 * ```text
 * received       --ab-----cd\nef---
 * readUntil('\n')  -------(r|)          r = abcd\n
 * ```
 *
 * **Continuous reads** (`chunks`, `frames`, `lines`) hold the reader until they end or are unsubscribed; another
 * read meanwhile errors with `ReaderBusyError`.
 *
 * When more than twice `limit` bytes wait unread the transport is paused, until a read leaves `limit` or fewer, or
 * needs more.
 *
 * **Errors** of every read: `ConnectionLostError` when the connection broke, `ConnectionClosedError` when this side
 * aborted it; in both cases only behind all bytes that can still be delivered.
 *
 * @example
 * ```ts
 * import { connectionPair } from 'rxjs-net';
 * import { concatMap, map } from 'rxjs';
 *
 * const [client, server] = connectionPair();
 * const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
 *
 * // A length in decimal on a line of its own, then that many bytes.
 * client.reader
 *   .readLine()
 *   .pipe(
 *     concatMap((line) => client.reader.readExactly(Number(text(line)))),
 *     map(text),
 *   )
 *   .subscribe(console.log); // hello
 *
 * server.writer.write('5\nhello');
 * ```
 */
export class StreamReader {
  readonly #transport: Pick<Transport, 'pause' | 'resume'>;
  readonly #limit: number;
  readonly #source = {
    queue: new ByteQueue(),
    state: 'open' as ByteSource['state'],
    error: undefined as unknown,
    cancel: (read: ActiveRead): void => this.#cancel(read),
  };
  // In the order of subscription. The first one is being served; a continuous one keeps that place.
  readonly #reads: ActiveRead[] = [];
  #serving = false;
  #paused = false;

  /** @internal */
  constructor(transport: Pick<Transport, 'pause' | 'resume'>, limit: number) {
    this.#transport = transport;
    this.#limit = limit;
  }

  /**
   * Reads up to `n` bytes as soon as there is one; without `n`, or with -1, everything up to the end of the stream.
   *
   * - **Emits** once: 1 to `n` bytes, or none at the end of the stream. `read(0)` emits none at once.
   * - **Buffers** without `n`: the whole rest, whatever the limit.
   *
   * As asyncio's `read`.
   *
   * @param n a non-negative integer, or -1
   */
  read(n = -1): Observable<Uint8Array> {
    if (n !== -1) checkCount(n);
    return this.#readOnce(n === -1 ? readAllDecoder : readDecoder(n), () => EMPTY);
  }

  /**
   * Reads exactly `n` bytes.
   *
   * - **Emits** once, `n` bytes.
   * - **Errors** with `IncompleteReadError` at the end of the stream; the bytes so far are its `partial`.
   * - **Buffers** up to `n` bytes, whatever the limit.
   *
   * As asyncio's `readexactly`.
   *
   * @param n a non-negative integer
   */
  readExactly(n: number): Observable<Uint8Array> {
    checkCount(n);
    return this.#readOnce(readExactlyDecoder(n), () => {
      throw new IncompleteReadError(EMPTY, n);
    });
  }

  /**
   * Reads up to and with a separator: `\n`, one of your own, or the first to end of several.
   *
   * - **Emits** once: the bytes with the separator.
   * - **Errors** with `IncompleteReadError` at the end of the stream (the bytes so far are its `partial`), and with
   *   `LimitOverrunError` when more than `limit` bytes stand in front of the separator: they stay in the buffer.
   * - **Buffers** up to `limit` bytes and the separator.
   *
   * As asyncio's `readuntil`.
   */
  readUntil(separator: Separator = '\n'): Observable<Uint8Array> {
    return this.#readOnce(readUntilDecoder(separator, this.#limit), () => {
      throw new IncompleteReadError(EMPTY, null);
    });
  }

  /**
   * Reads a line, with its `\n`.
   *
   * - **Emits** once: the line; at the end of the stream the unterminated rest, after that no bytes.
   * - **Errors** with `LimitOverrunError` when the line has more than `limit` bytes; the line is dropped, up to its
   *   `\n` or as far as it has come.
   *
   * As asyncio's `readline`, whose `ValueError` is a `LimitOverrunError` here.
   */
  readLine(): Observable<Uint8Array> {
    return this.#readOnce(readLineDecoder(this.#limit), () => EMPTY);
  }

  /**
   * Reads one frame.
   *
   * - **Emits** once: the frame. **Completes** without a value at a clean end of the stream: so to read frame after
   *   frame take `frames`, as `readFrame(d).pipe(repeat())` would go on completing for ever.
   * - **Errors** with what the decoder throws, the bytes of the frame being put back, and with
   *   `IncompleteReadError` when the stream ends inside a frame.
   * - **Unsubscribe**: what the decoder took of an unfinished frame is put back.
   */
  readFrame<T>(decoder: DecoderFactory<T>): Observable<T> {
    return this.#frames(decoder, true);
  }

  /**
   * The rest of the stream, chunk by chunk as it arrives.
   *
   * ```text
   * received  --ab---cd--|
   * chunks()  --ab---cd--|
   * ```
   *
   * - **Completes** at the end of the stream. **Buffers** nothing: it does not slow the peer down.
   */
  chunks(): Observable<Uint8Array> {
    return this.#frames(() => chunkDecoder, false);
  }

  /**
   * The rest of the stream, frame by frame.
   *
   * - **Emits** every frame, as soon as its last byte has come. **Completes** at a clean end of the stream.
   * - **Errors**, **Unsubscribe**: as `readFrame`.
   */
  frames<T>(decoder: DecoderFactory<T>): Observable<T> {
    return this.#frames(decoder, false);
  }

  /**
   * The rest of the stream as lines of text, without their terminators `\n` or `\r\n`.
   *
   * ```text
   * received  --ab---c\nd\n---e--|
   * lines()   -------(x y)-------(z|)    x = abc, y = d, z = e
   * ```
   *
   * - **Emits** every line; at the end of the stream the unterminated rest, if there is one.
   * - **Errors** with `LimitOverrunError` when a line is longer than the limit; it stays in the buffer.
   */
  lines(options: LinesOptions = {}): Observable<string> {
    const { encoding = 'utf-8', limit = this.#limit } = options;
    checkEncoding(encoding);
    checkLimit(limit);
    return this.#frames(() => new LinesDecoder(encoding, limit), false);
  }

  /** The lines as bytes with their `\n`, read one at a time as they are asked for: `for await (const line of reader)`. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const line = await firstValueFrom(this.readLine());
      if (line.length === 0) return;
      yield line;
    }
  }

  /** True when the stream has ended and everything has been read. */
  atEof(): boolean {
    return this.#source.state === 'ended' && this.bufferedBytes === 0;
  }

  /** Bytes received and not yet read. */
  get bufferedBytes(): number {
    return this.#source.queue.length + this.#source.queue.held;
  }

  /** @internal Bytes arrived. */
  data(chunk: Uint8Array): void {
    if (this.#source.state !== 'open') return;
    this.#source.queue.push(chunk);
    this.#serve();
  }

  /** @internal No more bytes will arrive; with an error, because the connection broke. The first call counts. */
  end(error?: Error): void {
    if (this.#source.state !== 'open') return;
    this.#source.state = error === undefined ? 'ended' : 'failed';
    this.#source.error = error;
    this.#serve();
  }

  #readOnce<T>(decoder: Decoder<T>, atEnd: () => T): Observable<T> {
    return new Observable((subscriber) => {
      this.#start(new FrameRead(this.#source, decoder, subscriber, true, atEnd));
    });
  }

  #frames<T>(decoder: DecoderFactory<T>, once: boolean): Observable<T> {
    return new Observable((subscriber) => {
      this.#start(new FrameRead(this.#source, decoder(), subscriber, once));
    });
  }

  #start(read: ActiveRead): void {
    this.#reads.push(read);
    this.#serve();
  }

  // Serves the reads in their order. A read that is subscribed, and bytes that arrive, while a subscriber is being
  // told of a frame wait until that call has returned: so values never overtake each other and the stack stays flat.
  #serve(): void {
    if (this.#serving) return;
    this.#serving = true;
    const reads = this.#reads;
    while (reads.length > 0 && reads[0]!.advance()) reads.shift();
    this.#serving = false;
    if (reads.length > 0) reads[0]!.arm();
    if (reads.length > 1) this.#settleWaiting();
    this.#controlFlow();
  }

  // Reads behind a continuous one fail; only now, as the one that was in front may just have given way.
  #settleWaiting(): void {
    const reads = this.#reads;
    const holder = reads.findIndex((read) => !read.once);
    const refused = holder === -1 ? [] : reads.splice(holder + 1);
    // A copy, as one that is unsubscribed already leaves the list when it is armed.
    for (const read of [...reads]) read.arm();
    for (const read of refused) read.fail(new ReaderBusyError());
  }

  #cancel(read: ActiveRead): void {
    const at = this.#reads.indexOf(read);
    // While it is being served it sees for itself that it is closed.
    if (at === -1 || (at === 0 && this.#serving)) return;
    this.#reads.splice(at, 1);
    if (at > 0) return;
    this.#source.queue.rollback();
    this.#serve();
  }

  #controlFlow(): void {
    if (this.#source.state !== 'open') return;
    const { length } = this.#source.queue;
    const needsMore = this.#reads.length > 0;
    if (this.#paused) {
      // A read that cannot be met must not wait for bytes that are not let in.
      if (!needsMore && length > this.#limit) return;
      this.#paused = false;
      this.#transport.resume();
    } else if (!needsMore && length > 2 * this.#limit) {
      this.#paused = true;
      this.#transport.pause();
    }
  }
}
