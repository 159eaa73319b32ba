import { firstValueFrom, ignoreElements, Observable, type ObservableInput } from 'rxjs';
import type { ByteQueue } from '../bytes/ByteQueue.js';
import { checkBoolean, checkCount, checkLimit, checkOptions } from '../bytes/check.js';
import { checkMethod } from './check.js';
import { checkConsume, Consumption, type ConsumeOptions, type FrameConsumer } from './Consumption.js';
import { checkDecoderFactory, makeDecoder, type Decoder, type DecoderFactory } from '../bytes/Decoder.js';
import { IncompleteReadError } from '../bytes/errors.js';
import { FrameRead, type BatchDecoder, type Reach, type ReadKind } from './FrameRead.js';
import {
  chunkDecoder,
  LinesDecoder,
  readAllDecoder,
  readDecoder,
  readExactlyDecoder,
  readLineDecoder,
  readUntilDecoder,
  textDecoder,
} from './readDecoders.js';
import type { RateLimit } from './RateLimit.js';
import type { ReadQueue } from './ReadQueue.js';
import type { Separator } from '../bytes/Separator.js';
import type { StreamWriter } from './StreamWriter.js';
import { checkEncoding, decodeText, type TextEncoding } from '../bytes/text.js';

/** Options of {@link StreamReader.pipeTo}. */
export interface PipeOptions {
  /** End the writer's direction after the last byte: `writeEof()`, or `close()` where that cannot be. Default: true. */
  end?: boolean;
  /** How fast the bytes may pass; one for many pipes is for all of them together. Default: as fast as the writer drains. */
  rate?: RateLimit;
}

const EMPTY = new Uint8Array(0);
const READ_FRAME = { verb: 'readFrame', once: true, reach: 'message' } as const;
const CHUNKS = { verb: 'chunks', once: false, reach: 'bytes' } as const;
const FRAMES = { verb: 'frames', once: false, reach: 'frames' } as const;
const LINES = { verb: 'lines', once: false, reach: 'frames' } as const;
const CONSUME = { verb: 'consume', once: false, reach: 'message' } as const;
const CONSUME_MANY = { verb: 'consume', once: false, reach: 'frames' } as const;
const FRAMED = { verb: 'framed', once: false, reach: 'frames' } as const;
const PIPE = { verb: 'pipeTo', once: false, reach: 'bytes' } as const;

/** Options of {@link StreamReader.lines}. */
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
 * With an encoding (`utf-8`, `latin1`, `ascii`) they give text: of all the bytes of the read together, so it does not
 * matter how these were cut into chunks. Bytes that are not ASCII, where that was asked for, are a `DecodeError`, and stay
 * for the next read.
 *
 * **Continuous reads** (`chunks`, `frames`, `lines`, `consume`, `pipeTo`) hold the reader until they end or are
 * unsubscribed; another read meanwhile errors with `ReaderBusyError`.
 *
 * A read may be repeated (`repeat`, `retry`) at any count, however much is buffered: where that would fill the stack, the
 * next one waits for a step of the `scheduler`.
 *
 * When more than twice `limit` bytes wait unread the transport is paused, until a read leaves `limit` or fewer, or
 * needs more.
 *
 * **Errors** of every read: `ConnectionLostError` when the connection broke, `ConnectionClosedError` when this side
 * aborted it; in both cases only after all bytes that can still be delivered.
 *
 * @example
 * ```ts
 * import { connectionPair } from 'rxjs-net';
 * import { concatMap } from 'rxjs';
 *
 * const [client, server] = connectionPair();
 *
 * // A length in decimal on a line of its own, then that many bytes.
 * client.reader
 *   .readLine('ascii')
 *   .pipe(concatMap((length) => client.reader.readExactly(Number(length), 'utf-8')))
 *   .subscribe(console.log); // hello
 *
 * server.writer.write('5\nhello');
 * ```
 */
export class StreamReader {
  readonly #reads: ReadQueue;
  readonly #limit: number;

  /** @internal */
  constructor(reads: ReadQueue, limit: number) {
    this.#reads = reads;
    this.#limit = limit;
  }

  /**
   * Reads up to `n` bytes as soon as there is one; without `n`, or with -1, everything up to the end of the stream.
   *
   * - **Emits** once: 1 to `n` bytes, or none at the end of the stream. `read(0)` emits none at once.
   * - **Buffers** without `n`: the whole rest, whatever the limit.
   *
   * - **As text**, with an encoding in place of `n`: everything up to the end of the stream. There is no text of up to `n`
   *   bytes, as that might end inside a character.
   *
   * As asyncio's `read`.
   *
   * @param n a non-negative integer, or -1
   */
  read(n?: number): Observable<Uint8Array>;
  /** Reads everything up to the end of the stream, as text in `encoding`. */
  read(encoding: TextEncoding): Observable<string>;
  read(n: number | TextEncoding = -1): Observable<Uint8Array | string> {
    if (typeof n === 'string')
      return this.#readOnce('read', undefined, readAllDecoder, () => EMPTY, 'bytes', n);
    if (n !== -1) checkCount(n);
    // One byte is one message at most.
    const reach = n === 0 || n === 1 ? 'message' : 'bytes';
    return this.#readOnce('read', n, n === -1 ? readAllDecoder : readDecoder(n), () => EMPTY, reach);
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
   * @param n a non-negative integer, of bytes also when they are to be text
   */
  readExactly(n: number): Observable<Uint8Array>;
  /** Reads exactly `n` bytes, as text in `encoding`. */
  readExactly(n: number, encoding: TextEncoding): Observable<string>;
  readExactly(n: number, encoding?: TextEncoding): Observable<Uint8Array | string> {
    checkCount(n);
    const atEnd = (): never => {
      throw new IncompleteReadError(EMPTY, n);
    };
    return this.#readOnce('readExactly', n, readExactlyDecoder(n), atEnd, 'message', encoding);
  }

  /**
   * Reads up to and with a separator: `\n`, one of your own, or the first to end of several.
   *
   * - **Emits** once: the bytes with the separator.
   * - **Errors** with `IncompleteReadError` at the end of the stream (the bytes so far are its `partial`), and with
   *   `LimitOverrunError` when more than `limit` bytes stand before the separator: they stay in the buffer.
   * - **Buffers** up to `limit` bytes and the separator.
   *
   * As asyncio's `readuntil`.
   */
  readUntil(separator?: Separator): Observable<Uint8Array>;
  /** Reads up to and with a separator, as text in `encoding`. */
  readUntil(separator: Separator | undefined, encoding: TextEncoding): Observable<string>;
  readUntil(separator: Separator = '\n', encoding?: TextEncoding): Observable<Uint8Array | string> {
    const atEnd = (): never => {
      throw new IncompleteReadError(EMPTY, null);
    };
    return this.#readOnce(
      'readUntil',
      separator,
      readUntilDecoder(separator, this.#limit),
      atEnd,
      'message',
      encoding,
    );
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
  readLine(): Observable<Uint8Array>;
  /** Reads a line, with its `\n`, as text in `encoding`. */
  readLine(encoding: TextEncoding): Observable<string>;
  readLine(encoding?: TextEncoding): Observable<Uint8Array | string> {
    return this.#readOnce(
      'readLine',
      undefined,
      readLineDecoder(this.#limit),
      () => EMPTY,
      'message',
      encoding,
    );
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
    return this.#frames(READ_FRAME, decoder);
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
    return this.#frames(CHUNKS, () => chunkDecoder);
  }

  /**
   * The rest of the stream, frame by frame.
   *
   * - **Emits** every frame, as soon as its last byte has come. **Completes** at a clean end of the stream.
   * - **Errors**, **Unsubscribe**: as `readFrame`.
   */
  frames<T>(decoder: DecoderFactory<T>): Observable<T> {
    return this.#frames(FRAMES, decoder);
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
    checkOptions(options);
    const { encoding = 'utf-8', limit = this.#limit } = options;
    checkEncoding(encoding);
    checkLimit(limit);
    return this.#frames(LINES, () => new LinesDecoder(encoding, limit));
  }

  /**
   * The rest of the stream, frame by frame, as there is room: the next frame is decoded only when fewer than
   * `concurrency` pieces of work are under way. So whoever is slow here slows the peer down, and nothing is lost and
   * nothing piles up: not the frames, and of the bytes no more than twice the reader's limit.
   *
   * ```text
   * received                  --abc---------------|
   * work on a, b, c             --A|--B|--C|
   * consume(letter, work)     ----A---B---C-------|
   * ```
   *
   * - `project` gives what is to be waited for, a promise or an Observable; or nothing, when the frame is done with:
   *   that costs no subscription. With a writer: `writer.send(reply)`; or, where each frame counts,
   *   `writer.write(reply)` and `return writer.paused ? writer.drain() : undefined`.
   * - **Emits** what the work emits. **Completes** at a clean end of the stream, or when `until` has emitted, after all work.
   * - **Errors** as `frames`, after the frames that came before; and at once with an error of the work.
   * - **Unsubscribe** stops the work; what is not decoded yet stays in the reader.
   *
   * @param options `concurrency` and `until`; a number is the concurrency
   *
   * @example
   * ```ts
   * import { connectionPair, lines } from 'rxjs-net';
   * import { setTimeout } from 'node:timers/promises';
   *
   * const [client, server] = connectionPair();
   * client.reader.consume(lines(), (line) => setTimeout(10, line)).subscribe({
   *   next: console.log, // one, two
   *   complete: () => client.writer.close(),
   * });
   * server.writer.write('one\ntwo\n');
   * server.writer.close();
   * ```
   */
  consume<T, R = never>(
    decoder: DecoderFactory<T>,
    project: FrameConsumer<T, R>,
    options: number | ConsumeOptions = 1,
  ): Observable<R> {
    checkDecoderFactory(decoder);
    const checked = checkConsume(project, options);
    return this.#consumeFrames(checked.concurrency > 1 ? CONSUME_MANY : CONSUME, decoder, project, checked);
  }

  /** @internal `consume` for whoever hands the frames on to queues that are not known. */
  consumeAhead<T>(decoder: DecoderFactory<T>, project: FrameConsumer<T, never>): Observable<never> {
    return this.#consumeFrames(FRAMED, decoder, project, {});
  }

  /**
   * Writes the rest of the stream to a writer, as fast as that drains: the backpressure of its peer becomes that on
   * ours. With a `rate` no faster than that; chunks are cut to what may pass.
   *
   * ```text
   * received                                          --abcdef-|
   * pipeTo(writer, { rate: 1000 bytes/s, burst 2 })   ---------|     its completion
   * written                                           --A-B-C        A = ab, B = cd, C = ef
   * ```
   *
   * - **Emits** nothing. **Completes** when the stream has ended and all of it has been written; unless `end` is
   *   false it then ends the writer's direction.
   * - **Errors** as every read; and when the writer's connection is lost or closed, also while nothing comes, with
   *   what its `drain()` errors with. Neither waits for the `rate`.
   * - **Unsubscribe** stops; both connections stay as they are, and what is not written yet stays in the reader.
   *
   * @example
   * ```ts
   * import { connectionPair } from 'rxjs-net';
   *
   * const [client, server] = connectionPair();
   * server.reader.pipeTo(server.writer).subscribe(); // an echo
   *
   * client.reader.lines().subscribe(console.log); // hello
   * client.writer.write('hello\n');
   * client.writer.writeEof();
   * ```
   */
  pipeTo(writer: StreamWriter, options: PipeOptions = {}): Observable<never> {
    checkMethod('writer must be a StreamWriter', writer, 'drain');
    checkOptions(options);
    const { end = true, rate } = options;
    checkBoolean('end', end);
    if (rate !== undefined)
      checkMethod('rate must be a RateLimit (new RateLimit({ bytesPerSecond }))', rate, 'paced');
    return new Observable((subscriber) => {
      const forget = writer.onGone((error) => subscriber.error(error));
      subscriber.add(forget);
      subscriber.add(writer.fedBy(this.#reads));
      const write = (chunk: Uint8Array): Observable<never> | undefined => {
        writer.write(chunk);
        return writer.paused ? writer.drain().pipe(ignoreElements()) : undefined;
      };
      const atEnd = (): void => {
        // The peer may close in return: that is no failure any more.
        forget();
        if (end && writer.canWriteEof()) writer.writeEof();
        else if (end) writer.close();
      };
      const paced = rate?.paced(write);
      const consumption = new Consumption(paced?.project ?? write, subscriber, 1, atEnd, writer);
      this.#consume(PIPE, paced ?? chunkDecoder, consumption);
    });
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
    return this.#reads.state === 'ended' && this.bufferedBytes === 0;
  }

  /** Bytes received and not yet read. */
  get bufferedBytes(): number {
    return this.#reads.length;
  }

  #readOnce(
    verb: string,
    argument: unknown,
    bytesDecoder: Decoder<Uint8Array>,
    bytesAtEnd: () => Uint8Array,
    reach: Reach = 'message',
    encoding?: TextEncoding,
  ): Observable<Uint8Array | string> {
    let decoder: Decoder<Uint8Array | string> = bytesDecoder;
    let atEnd: () => Uint8Array | string = bytesAtEnd;
    if (encoding !== undefined) {
      checkEncoding(encoding);
      decoder = textDecoder(bytesDecoder, encoding);
      atEnd = () => decodeText(bytesAtEnd(), encoding);
    }
    const kind = { verb, argument, once: true, reach, atEnd };
    return new Observable((subscriber) => {
      this.#reads.start(new FrameRead(this.#reads, decoder, subscriber, kind), this);
    });
  }

  #frames<T>(kind: ReadKind<T>, decoder: DecoderFactory<T>): Observable<T> {
    checkDecoderFactory(decoder);
    return new Observable((subscriber) => {
      this.#reads.start(new FrameRead(this.#reads, makeDecoder(decoder), subscriber, kind), this);
    });
  }

  #consumeFrames<T, R>(
    kind: ReadKind<T>,
    decoder: DecoderFactory<T>,
    project: FrameConsumer<T, R>,
    { concurrency = 1, until }: ConsumeOptions,
  ): Observable<R> {
    return new Observable((subscriber) => {
      const consumption = new Consumption(project, subscriber, concurrency);
      this.#consume(kind, oneByOne(makeDecoder(decoder)), consumption, until);
    });
  }

  #consume<T, R>(
    kind: ReadKind<T>,
    decoder: Decoder<T>,
    consumption: Consumption<T, R>,
    until?: ObservableInput<unknown>,
  ): void {
    const read = new FrameRead(this.#reads, decoder, consumption, kind);
    consumption.start(read, this.#reads, until);
    this.#reads.start(read, this);
  }
}

// A decoder that gives many frames at once does not ask whether there is room.
class OneByOne<T> implements Decoder<T> {
  readonly #decoder: Decoder<T>;

  constructor(decoder: Decoder<T>) {
    this.#decoder = decoder;
  }

  decode(bytes: ByteQueue): T | undefined {
    return this.#decoder.decode(bytes);
  }

  end(bytes: ByteQueue): T | undefined {
    return this.#decoder.end?.(bytes);
  }
}

function oneByOne<T>(decoder: Decoder<T> & Partial<BatchDecoder<T>>): Decoder<T> {
  return decoder.decodeBatch === undefined ? decoder : new OneByOne(decoder);
}
