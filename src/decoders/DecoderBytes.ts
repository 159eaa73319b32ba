import type { ByteQueue } from '../bytes/ByteQueue.js';
import { checkLimit, checkOptions } from '../bytes/check.js';
import type { Separator } from '../bytes/Separator.js';
import { takeBigInteger } from '../bytes/takeBigInteger.js';
import { takeTextUntil } from '../bytes/takeTextUntil.js';
import { takeBigVarint, takeVarint } from '../bytes/takeVarint.js';
import type { TextEncoding } from '../bytes/text.js';
import type { LinesOptions } from '../streams/StreamReader.js';
import type { CurrentTake, Take } from './CurrentTake.js';

/**
 * What the generator of a `decoder` takes its bytes from: the verbs of `ByteQueue`, without `take`. Each one waits,
 * after `yield*`, until it can be met.
 *
 * `yield*` belongs right before each call; one that was forgotten is a `TypeError` at the next call.
 *
 * @example
 * ```ts
 * import { connectionPair, decoder } from 'rxjs-net';
 *
 * // A kind in one byte, a length in two, and then so many bytes of text.
 * const message = decoder(function* (bytes) {
 *   const kind = yield* bytes.uint8();
 *   const length = yield* bytes.uint16();
 *   return { kind, text: yield* bytes.text(length) };
 * });
 *
 * const [client, server] = connectionPair();
 * client.reader.frames(message).subscribe(console.log); // { kind: 1, text: 'hello' }
 * server.writer.write('\u0001\0\u0005hello');
 * ```
 */
export class DecoderBytes {
  readonly #queue: ByteQueue;
  readonly #take: CurrentTake;
  readonly #lineLimit: number;

  /** @internal */
  constructor(queue: ByteQueue, take: CurrentTake, lineLimit = 65536) {
    this.#queue = queue;
    this.#take = take;
    this.#lineLimit = lineLimit;
  }

  /** Takes exactly `n` bytes. */
  exactly(n: number): Take<Uint8Array> {
    return this.#take.begin(this.#queue.takeExactly(n), 'takeExactly', n);
  }

  /**
   * Takes everything up to the separator, and the separator. More than `limit` bytes before it are a
   * `LimitOverrunError`. Default limit: 64 KiB.
   */
  until(separator: Separator, limit = 65536): Take<Uint8Array> {
    return this.#take.begin(this.#queue.takeUntil(separator, limit), 'takeUntil', separator, limit);
  }

  /**
   * Takes text up to the separator, and drops the separator: of several that end at the same byte (`['\r\n', '\n']`) the
   * longest. More than `limit` bytes in front of it are a `LimitOverrunError`. Defaults: 64 KiB, `utf-8`.
   */
  textUntil(separator: Separator, limit = 65536, encoding?: TextEncoding): Take<string> {
    const value = takeTextUntil(this.#queue, separator, limit, encoding);
    return this.#take.begin(value, takeTextUntil, separator, limit, encoding);
  }

  /**
   * Takes a line of text, without its terminator `\n` or `\r\n`; at the end of the stream the unterminated rest. More
   * than `limit` bytes are a `LimitOverrunError`. Defaults: `utf-8`; 64 KiB, in a conversation the reader's limit.
   */
  line(options: LinesOptions = {}): Take<string> {
    checkOptions(options);
    const { encoding, limit = this.#lineLimit } = options;
    checkLimit(limit);
    return this.#take.begin(this.#take.line(limit, encoding), 'line', limit, encoding);
  }

  /** Takes `n` bytes as text. Default encoding: `utf-8`. */
  text(n: number, encoding?: TextEncoding): Take<string> {
    return this.#take.begin(this.#queue.takeText(n, encoding), 'takeText', n, encoding);
  }

  /**
   * Takes an ASCII decimal integer, its sign if it has one, and the terminator after it. Anything else there is a
   * `DecodeError`. For a length, which has no sign, take `unsignedInteger`.
   */
  integer(terminator: Separator): Take<number> {
    return this.#take.begin(this.#queue.takeInteger(terminator), 'takeInteger', terminator);
  }

  /** As `integer`, but a sign is a `DecodeError`: for lengths and counts. */
  unsignedInteger(terminator: Separator): Take<number> {
    return this.#take.begin(this.#queue.takeUnsignedInteger(terminator), 'takeUnsignedInteger', terminator);
  }

  /** As `integer`, for 64 bits: from -2^63 to 2^64 − 1, as a bigint. */
  bigInteger(terminator: Separator): Take<bigint> {
    return this.#take.begin(takeBigInteger(this.#queue, terminator), takeBigInteger, terminator);
  }

  /**
   * Takes a varint, unsigned LEB128 as protobuf's: up to 2^53 − 1. A larger one, or more than 10 bytes, is a
   * `DecodeError`.
   */
  varint(): Take<number> {
    return this.#take.begin(takeVarint(this.#queue), takeVarint);
  }

  /** As `varint`, for 64 bits: up to 2^64 − 1, as a bigint. */
  bigVarint(): Take<bigint> {
    return this.#take.begin(takeBigVarint(this.#queue), takeBigVarint);
  }

  /** Takes an unsigned 8-bit integer. */
  uint8(): Take<number> {
    return this.#take.begin(this.#queue.takeUint8(), 'takeUint8');
  }

  /** Takes a signed 8-bit integer. */
  int8(): Take<number> {
    return this.#take.begin(this.#queue.takeInt8(), 'takeInt8');
  }

  /** Takes an unsigned 16-bit integer, in network byte order (big-endian) unless `littleEndian`. */
  uint16(littleEndian = false): Take<number> {
    return this.#take.begin(this.#queue.takeUint16(littleEndian), 'takeUint16', littleEndian);
  }

  /** Takes a signed 16-bit integer, in network byte order (big-endian) unless `littleEndian`. */
  int16(littleEndian = false): Take<number> {
    return this.#take.begin(this.#queue.takeInt16(littleEndian), 'takeInt16', littleEndian);
  }

  /** Takes an unsigned 32-bit integer, in network byte order (big-endian) unless `littleEndian`. */
  uint32(littleEndian = false): Take<number> {
    return this.#take.begin(this.#queue.takeUint32(littleEndian), 'takeUint32', littleEndian);
  }

  /** Takes a signed 32-bit integer, in network byte order (big-endian) unless `littleEndian`. */
  int32(littleEndian = false): Take<number> {
    return this.#take.begin(this.#queue.takeInt32(littleEndian), 'takeInt32', littleEndian);
  }

  /** Takes an unsigned 64-bit integer, in network byte order (big-endian) unless `littleEndian`. */
  bigUint64(littleEndian = false): Take<bigint> {
    return this.#take.begin(this.#queue.takeBigUint64(littleEndian), 'takeBigUint64', littleEndian);
  }

  /** Takes a signed 64-bit integer, in network byte order (big-endian) unless `littleEndian`. */
  bigInt64(littleEndian = false): Take<bigint> {
    return this.#take.begin(this.#queue.takeBigInt64(littleEndian), 'takeBigInt64', littleEndian);
  }

  /** Takes an IEEE 754 single, in network byte order (big-endian) unless `littleEndian`. */
  float32(littleEndian = false): Take<number> {
    return this.#take.begin(this.#queue.takeFloat32(littleEndian), 'takeFloat32', littleEndian);
  }

  /** Takes an IEEE 754 double, in network byte order (big-endian) unless `littleEndian`. */
  float64(littleEndian = false): Take<number> {
    return this.#take.begin(this.#queue.takeFloat64(littleEndian), 'takeFloat64', littleEndian);
  }

  /** Drops `n` bytes, once all of them are there: if the frame is not finished, they are put back with the rest of it. */
  skip(n: number): Take<true> {
    return this.#take.begin(this.#queue.skip(n) || undefined, 'skip', n);
  }

  /**
   * Drops `n` bytes as they come, so that they take no memory however many they are: a body that nobody wants.
   *
   * They are not put back, nor is what was taken for the frame before them: after an unsubscription in the middle the
   * next read finds what had not come by then.
   */
  discard(n: number): Take<true> {
    return this.#take.begin(this.#take.discard(n), 'discard');
  }

  /**
   * Lets go of what was taken for the frame so far, so that it takes no memory: for frames that are worked off piece by
   * piece. It is not put back when the read is unsubscribed or fails; the next read finds what comes after it.
   */
  commit(): Take<true> {
    this.#queue.commit();
    return this.#take.begin(true, 'commit');
  }

  /** The byte `offset` bytes ahead, left where it is. */
  peek(offset = 0): Take<number> {
    return this.#take.begin(this.#queue.peek(offset), 'peek', offset);
  }

  /** Takes 1 to `n` bytes, as many as are there in one piece: for what need not come whole. */
  upTo(n: number): Take<Uint8Array> {
    return this.#take.begin(this.#queue.takeUpTo(n), 'takeUpTo', n);
  }

  /** Takes what lies in one piece at the front, at least one byte: a received chunk, or the rest of one. */
  chunk(): Take<Uint8Array> {
    return this.#take.begin(this.#queue.takeChunk(), 'takeChunk');
  }

  /** False as soon as there is a byte, true when the stream has ended: for frames that go on to its end. */
  atEnd(): Take<boolean> {
    return this.#take.begin(this.#take.atEnd(), 'atEnd');
  }
}
