import { checkBoolean, checkBytes, described } from '../bytes/check.js';
import { GrowingBytes } from '../bytes/GrowingBytes.js';
import type { Data } from '../bytes/Separator.js';
import { checkEncoding, fillText, type TextEncoding } from '../bytes/text.js';
import {
  checkBigint,
  checkEither,
  checkInteger,
  checkNumber,
  checkReturned,
  doesNotFit,
  terminatorBytes,
} from './checkWritten.js';
import { fieldSize, writeField } from './lengthField.js';
import { fieldLayout, type LengthPrefixedOptions } from './lengthLayout.js';

const MOST_UINT64 = 2n ** 64n - 1n;
const LEAST_INT64 = -(2n ** 63n);

/** What stands behind a length: data, or a function that writes it. See {@link ByteWriter.lengthPrefixed}. */
export type Content = Data | ((writer: ByteWriter) => unknown);

/** How a length is written, as in `lengthPrefixed`. See {@link ByteWriter.lengthPrefixed}. */
export type LengthFieldOptions = Pick<
  LengthPrefixedOptions,
  'littleEndian' | 'lengthIncludesHeader' | 'adjustment'
>;

/**
 * Writes a message, part by part, as the verbs of `DecoderBytes` and `ByteQueue` read it: what `verb(value)` writes, the
 * verb of the same name takes.
 *
 * Each verb checks its value at the call: `TypeError` for one of another type, `RangeError` for one that does not fit;
 * the message is then what it was before. Numbers go out in network byte order (big-endian) unless `littleEndian`.
 *
 * A writer can be used again after each `finish()`, and keeps its memory: so a message costs one array, its own. For a
 * `codec` take `encoder`, which does that.
 *
 * @example
 * ```ts
 * import { ByteWriter } from 'rxjs-net';
 *
 * const writer = new ByteWriter();
 * // MQTT's PUBLISH: a varint counts what comes behind it, two bytes count the topic.
 * writer.uint8(0x30).lengthPrefixed('varint', () => {
 *   writer.lengthPrefixed(2, 'a/b').text('21.5');
 * });
 * console.log(writer.finish().join(' ')); // 48 9 0 3 97 47 98 50 49 46 53
 * ```
 */
export class ByteWriter extends GrowingBytes {
  // How many parts are being written whose length comes before them.
  #depth = 0;

  /** The message, in an array of its own; the writer is empty then. A `TypeError` within `lengthPrefixed`. */
  finish(): Uint8Array {
    this.#checkWhole('finish');
    return this.take();
  }

  /** Drops what has been written. A `TypeError` within `lengthPrefixed`. */
  clear(): void {
    this.#checkWhole('clear');
    this.end = 0;
  }

  /** Writes `value` as an unsigned integer of 8 bits: 0 to 255. */
  uint8(value: number): this {
    checkInteger('uint8', value, 0, 0xff);
    this.addByte(value);
    return this;
  }

  /** Writes `value` as a signed integer of 8 bits: −128 to 127. */
  int8(value: number): this {
    checkInteger('int8', value, -0x80, 0x7f);
    this.addByte(value);
    return this;
  }

  /** Writes `value` as an unsigned integer of 16 bits, 0 to 65535, big-endian unless `littleEndian`. */
  uint16(value: number, littleEndian = false): this {
    checkInteger('uint16', value, 0, 0xffff, littleEndian);
    const at = this.add(2);
    this.view.setUint16(at, value, littleEndian);
    return this;
  }

  /** Writes `value` as a signed integer of 16 bits, −32768 to 32767, big-endian unless `littleEndian`. */
  int16(value: number, littleEndian = false): this {
    checkInteger('int16', value, -0x8000, 0x7fff, littleEndian);
    const at = this.add(2);
    this.view.setInt16(at, value, littleEndian);
    return this;
  }

  /** Writes `value` as an unsigned integer of 32 bits, 0 to 2^32 − 1, big-endian unless `littleEndian`. */
  uint32(value: number, littleEndian = false): this {
    checkInteger('uint32', value, 0, 0xffffffff, littleEndian);
    const at = this.add(4);
    this.view.setUint32(at, value, littleEndian);
    return this;
  }

  /** Writes `value` as a signed integer of 32 bits, −2^31 to 2^31 − 1, big-endian unless `littleEndian`. */
  int32(value: number, littleEndian = false): this {
    checkInteger('int32', value, -0x80000000, 0x7fffffff, littleEndian);
    const at = this.add(4);
    this.view.setInt32(at, value, littleEndian);
    return this;
  }

  /** Writes an unsigned 64-bit integer, big-endian unless `littleEndian`. */
  bigUint64(value: bigint, littleEndian = false): this {
    checkBigint('bigUint64', value, 0n, MOST_UINT64);
    checkBoolean('littleEndian', littleEndian);
    const at = this.add(8);
    this.view.setBigUint64(at, value, littleEndian);
    return this;
  }

  /** Writes a signed 64-bit integer, big-endian unless `littleEndian`. */
  bigInt64(value: bigint, littleEndian = false): this {
    checkBigint('bigInt64', value, LEAST_INT64, -LEAST_INT64 - 1n);
    checkBoolean('littleEndian', littleEndian);
    const at = this.add(8);
    this.view.setBigInt64(at, value, littleEndian);
    return this;
  }

  /**
   * Writes `value` as an IEEE 754 single of 32 bits, rounded to it, big-endian unless `littleEndian`. A finite number beyond it
   * does not fit.
   */
  float32(value: number, littleEndian = false): this {
    checkNumber('float32', value, littleEndian);
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value)))
      throw doesNotFit('float32', value, 'a single');
    const at = this.add(4);
    this.view.setFloat32(at, value, littleEndian);
    return this;
  }

  /** Writes `value` as an IEEE 754 double of 64 bits, big-endian unless `littleEndian`. */
  float64(value: number, littleEndian = false): this {
    checkNumber('float64', value, littleEndian);
    const at = this.add(8);
    this.view.setFloat64(at, value, littleEndian);
    return this;
  }

  /**
   * Writes `value` as a varint of 1 to 10 bytes, unsigned LEB128 as protobuf's: a number up to 2^53 − 1, or a bigint up to
   * 2^64 − 1. A bigint may be one that only `bigVarint` can take.
   */
  varint(value: number | bigint): this {
    checkEither('varint', value, 0, 0n, MOST_UINT64);
    while (typeof value === 'bigint') {
      if (value <= 0x1fffffffffffffn) value = Number(value);
      else {
        this.addByte(Number(value & 127n) | 128);
        value >>= 7n;
      }
    }
    for (; value > 127; value = Math.floor(value / 128)) this.addByte((value % 128) + 128);
    this.addByte(value);
    return this;
  }

  /**
   * Writes `value` in ASCII decimal digits, and the terminator behind it: a safe integer, or a bigint from −2^63 to 2^64 − 1.
   * For the length of what comes behind it there is `integerPrefixed`.
   */
  integer(value: number | bigint, terminator: Data): this {
    checkEither('integer', value, -Number.MAX_SAFE_INTEGER, LEAST_INT64, MOST_UINT64);
    const end = terminatorBytes(terminator);
    this.addBytewise(String(value), 'ascii');
    return this.bytes(end);
  }

  /** Writes text. Default encoding: `utf-8`. A character that the encoding does not have does not fit. */
  text(text: string, encoding: TextEncoding = 'utf-8'): this {
    if (typeof text !== 'string') throw new TypeError(`text must be a string, not ${described(text)}`);
    checkEncoding(encoding);
    if (encoding === 'utf-8') this.addUtf8(text);
    else this.addBytewise(text, encoding);
    return this;
  }

  /** Writes bytes. */
  bytes(data: Uint8Array): this {
    const at = this.add(checkBytes('bytes must be', data).length);
    this.memory.set(data, at);
    return this;
  }

  /**
   * Writes a length field, `width` bytes or a varint as in `lengthPrefixed({ width })`, and the content behind it: data,
   * or what the function writes. A length that the field cannot hold does not fit. What the function throws is passed on,
   * and nothing of the part is left then.
   */
  lengthPrefixed(
    width: NonNullable<LengthPrefixedOptions['width']>,
    content: Content,
    options?: LengthFieldOptions,
  ): this {
    const layout = fieldLayout(width, options);
    const least = layout.width === 'varint' ? 1 : layout.width;
    this.#part(least, content, (at, length) => {
      const size = fieldSize(length, layout);
      this.widen(at, least, size);
      writeField(this.memory, at, size, length, layout);
    });
    return this;
  }

  /** Writes the length in ASCII decimal, the terminator, and the content behind them: as `lengthPrefixed`. */
  integerPrefixed(terminator: Data, content: Content): this {
    const end = terminatorBytes(terminator);
    // A text has at least as many bytes as characters, and mostly no more: then nothing is moved.
    const { length: expected = 0 } =
      typeof content === 'function' ? '' : ((content as Partial<Data> | undefined) ?? '');
    const least = String(expected).length + end.length;
    this.#part(least, content, (at, length) => {
      const digits = String(length);
      this.widen(at, least, digits.length + end.length);
      fillText(this.memory, at, digits, 'ascii');
      this.memory.set(end, at + digits.length);
    });
    return this;
  }

  // Content, and a place before it that is filled when its length is known.
  #part(least: number, content: Content, fill: (at: number, length: number) => void): void {
    const at = this.add(least);
    let end = at;
    this.#depth++;
    try {
      if (typeof content === 'string') this.text(content);
      else if (typeof content === 'function') checkReturned(content(this));
      else this.bytes(checkBytes('The content must be a string, a function or', content));
      fill(at, this.end - at - least);
      end = this.end;
    } finally {
      this.#depth--;
      // Nothing is left of it when it fails.
      this.end = end;
    }
  }

  #checkWhole(verb: string): void {
    if (this.#depth > 0) throw new TypeError(`${verb}() within a part whose length is not known yet`);
  }
}
