import { checkBoolean, checkOptions } from '../bytes/check.js';
import type { ByteQueue } from '../bytes/ByteQueue.js';
import type { Decoder } from '../bytes/Decoder.js';
import { DecodeError, LimitOverrunError } from '../bytes/errors.js';
import type { Data } from '../bytes/Separator.js';
import { codec, type Codec } from './codec.js';
import { checkMaxLength, checkMessageLength, DEFAULT_MAX_LENGTH, messageBytes } from './messageBytes.js';

/** Options of {@link slip}. */
export interface SlipOptions {
  /** Bytes that a message may have, escapes counted as one, a positive integer. Default: 64 KiB. */
  maxLength?: number;
  /**
   * Whether `encode` puts an END before the message too, so that noise on the line before it is a frame of its own.
   * Default: false.
   */
  leadingEnd?: boolean;
}

/**
 * SLIP, packets on a serial line: each ends with the byte END (0xC0), and where it contains END or ESC (0xDB) that is
 * escaped by ESC. See RFC 1055.
 *
 * ```text
 * received      --ab---cE-EdE--|      E = END
 * slip()        --------x---y--|      x = abc, y = d
 * ```
 *
 * - **Emits** every message when its END has come: a view of the received chunk if it lies within one and nothing in it
 *   is escaped. Empty frames are skipped.
 * - **Completes** at the end of the stream after an END.
 * - **Errors** with `DecodeError` for an ESC before anything but ESC_END (0xDC) and ESC_ESC (0xDD), and with
 *   `LimitOverrunError` when a message has more than `maxLength` bytes, as soon as that is seen. The bytes stay in the
 *   reader, from the first one of the frame on: to go on with the next frame, drop them with
 *   `readUntil(Uint8Array.of(0xc0))`. With `IncompleteReadError` at the end of the stream inside a frame.
 * - **Buffers** up to `maxLength` bytes, twice as many where all are escaped, and the END.
 *
 * `encode` throws a `RangeError` for a message over `maxLength`, and for an empty one, which is none.
 *
 * @example
 * ```ts
 * import { connectionPair, slip } from 'rxjs-net';
 *
 * const packets = slip();
 * const [client, server] = connectionPair();
 * client.reader.frames(packets).subscribe((packet) => console.log(packet.join(' '))); // 1 192 2
 * server.writer.write(packets.encode(Uint8Array.of(1, 0xc0, 2)));
 * ```
 */
export function slip(options: SlipOptions = {}): Codec<Uint8Array, Data> {
  checkOptions(options);
  const { maxLength = DEFAULT_MAX_LENGTH, leadingEnd = false } = options;
  checkMaxLength(maxLength);
  checkBoolean('leadingEnd', leadingEnd);
  return codec(
    () => new SlipDecoder(maxLength),
    (message) => {
      const bytes = messageBytes(message);
      checkMessageLength(bytes.length, maxLength);
      if (bytes.length === 0) throw new RangeError('SLIP has no empty messages');
      return escape(bytes, leadingEnd);
    },
  );
}

const END = 0xc0;
const ESC = 0xdb;
const ESC_END = 0xdc;
const ESC_ESC = 0xdd;

class SlipDecoder implements Decoder<Uint8Array> {
  readonly #maxLength: number;
  // Of the frame under way, which is taken in one go: how far it was looked at, and what it holds up to there.
  #seen = 0;
  #length = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  decode(bytes: ByteQueue): Uint8Array | undefined {
    if (this.#seen === 0) skipEnds(bytes);
    for (let byte = bytes.peek(this.#seen); byte !== END; byte = bytes.peek(this.#seen)) {
      if (byte === undefined || !this.#look(bytes, byte)) return undefined;
    }
    const frame = bytes.takeExactly(this.#seen)!;
    bytes.skip(1);
    const isPlain = frame.length === this.#length;
    const message = isPlain ? frame : unescape(frame, this.#length);
    this.#seen = this.#length = 0;
    return message;
  }

  // False: what belongs to an ESC has not come yet.
  #look(bytes: ByteQueue, byte: number): boolean {
    const escaped = byte === ESC ? bytes.peek(this.#seen + 1) : ESC_ESC;
    if (escaped === undefined) return false;
    if (escaped !== ESC_END && escaped !== ESC_ESC) {
      throw new DecodeError(
        `ESC must be followed by ESC_END or ESC_ESC in SLIP, found byte ${escaped} at ${this.#seen + 1}`,
      );
    }
    if (this.#length === this.#maxLength) {
      throw new LimitOverrunError(
        `A SLIP message of ${this.#length + 1} bytes or more is over the maxLength of ${this.#maxLength}`,
        this.#seen,
      );
    }
    this.#length++;
    this.#seen += byte === ESC ? 2 : 1;
    return true;
  }
}

function skipEnds(bytes: ByteQueue): void {
  if (bytes.peek() !== END) return;
  while (bytes.peek() === END) bytes.skip(1);
  bytes.commit();
}

function unescape(frame: Uint8Array, length: number): Uint8Array {
  const message = new Uint8Array(length);
  for (let from = 0, to = 0; to < length; to++) {
    const byte = frame[from++]!;
    if (byte !== ESC) message[to] = byte;
    else message[to] = frame[from++] === ESC_END ? END : ESC;
  }
  return message;
}

function escape(message: Uint8Array, leadingEnd: boolean): Uint8Array {
  let length = message.length + (leadingEnd ? 2 : 1);
  for (const byte of message) if (byte === END || byte === ESC) length++;
  const frame = new Uint8Array(length).fill(END);
  let to = leadingEnd ? 1 : 0;
  for (const byte of message) {
    if (byte === END || byte === ESC) {
      frame[to++] = ESC;
      frame[to++] = byte === END ? ESC_END : ESC_ESC;
    } else {
      frame[to++] = byte;
    }
  }
  return frame;
}
