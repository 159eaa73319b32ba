import type { Subscriber } from 'rxjs';
import type { ByteQueue } from '../bytes/ByteQueue.js';
import type { Decoder } from '../bytes/Decoder.js';
import { IncompleteReadError } from '../bytes/errors.js';
import type { BatchDecoder } from './FrameRead.js';
import { compileSeparator, type Separator } from '../bytes/Separator.js';
import { decodeText, findNonAscii, type TextEncoding } from '../bytes/text.js';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const FIRST_BATCH = 8192;
const LINE_END = /* @__PURE__ */ compileSeparator('\n');

function takeRest(bytes: ByteQueue): Uint8Array | undefined {
  return bytes.length === 0 ? undefined : bytes.takeExactly(bytes.length);
}

/** Whatever there is, up to `n` bytes. @internal */
export function readDecoder(n: number): Decoder<Uint8Array> {
  return {
    decode: (bytes) => {
      const available = Math.min(n, bytes.length);
      return available === 0 && n > 0 ? undefined : bytes.takeExactly(available);
    },
  };
}

/** Everything up to the end of the stream. @internal */
export const readAllDecoder: Decoder<Uint8Array> = { decode: () => undefined, end: takeRest };

/** Each chunk as it came. @internal */
export const chunkDecoder: Decoder<Uint8Array> = { decode: (bytes) => bytes.takeChunk() };

/** The bytes of another decoder, as text. @internal */
export function textDecoder(decoder: Decoder<Uint8Array>, encoding: TextEncoding): Decoder<string> {
  const asText = (bytes: Uint8Array | undefined): string | undefined => bytes && decodeText(bytes, encoding);
  return {
    decode: (bytes) => asText(decoder.decode(bytes)),
    end: (bytes) => asText(decoder.end?.(bytes)),
  };
}

/** Exactly `n` bytes. @internal */
export function readExactlyDecoder(n: number): Decoder<Uint8Array> {
  return {
    decode: (bytes) => bytes.takeExactly(n),
    end(bytes) {
      const partial = takeRest(bytes);
      if (partial !== undefined) throw new IncompleteReadError(partial, n);
      return undefined;
    },
  };
}

/** Up to and with a separator, `limit` bytes at most without it. @internal */
export function readUntilDecoder(separator: Separator, limit: number): Decoder<Uint8Array> {
  const patterns = compileSeparator(separator);
  return {
    decode: (bytes) => bytes.takeWithin(patterns, limit),
  };
}

/**
 * A line with its `\n`; at the end of the stream the unterminated rest. A line beyond the limit is dropped, as far
 * as it has come, before the error. As CPython's `StreamReader.readline`.
 *
 * @internal
 */
export function readLineDecoder(limit: number): Decoder<Uint8Array> {
  const line = readUntilDecoder('\n', limit);
  return {
    decode(bytes) {
      try {
        return line.decode(bytes);
      } catch (error) {
        bytes.skip(bytes.indexOf('\n') + 1 || bytes.length);
        bytes.commit();
        throw error;
      }
    },
    end: takeRest,
  };
}

/**
 * Lines of text without their terminator, `\n` or `\r\n`; at the end of the stream the unterminated rest.
 *
 * @internal
 */
export class LinesDecoder implements BatchDecoder<string> {
  /** In a batch, overlong lines are left out; otherwise they, and what is after them, are left to `decode`. */
  protected readonly discardsOverlong: boolean = false;
  readonly #encoding: TextEncoding;
  readonly #limit: number;
  // Where a line begins that does not end in its batch: not to be searched again for every chunk that comes.
  #spansFrom = -1;
  // How many bytes become text at once. Not many at first: a read may be over after one line, and then comes another.
  #batch = FIRST_BATCH;

  constructor(encoding: TextEncoding, limit: number) {
    this.#encoding = encoding;
    this.#limit = limit;
  }

  // Turning bytes into text costs more by the call than by the byte: so all whole lines of a chunk become text at
  // once and are cut from that. The bytes leave the queue line by line all the same, for whoever reads next to find.
  decodeBatch(bytes: ByteQueue, subscriber: Subscriber<string>): boolean {
    for (let chunk = this.#wholeLines(bytes); chunk !== undefined; chunk = this.#wholeLines(bytes)) {
      const text = decodeText(chunk, this.#encoding);
      // As long as the bytes: one byte each. Else the bytes have to be searched for their newlines as well.
      const byteForByte = text.length === chunk.length;
      const mayOverrun = chunk.length > this.#limit;
      let at = 0;
      let chunkAt = 0;
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', at)) {
        const length = (byteForByte ? end : chunk.indexOf(NEWLINE, chunkAt)) - chunkAt;
        const overlong = mayOverrun && length > this.#limit;
        if (overlong && !this.discardsOverlong) return false;
        bytes.advance(length + 1);
        chunkAt += length + 1;
        if (!overlong) {
          const trimmed = end > at && text.charCodeAt(end - 1) === CARRIAGE_RETURN;
          subscriber.next(text.slice(at, trimmed ? end - 1 : end));
          if (subscriber.closed) return true;
        }
        at = end + 1;
      }
    }
    return false;
  }

  // A line that spans chunks.
  decode(bytes: ByteQueue): string | undefined {
    const line = bytes.takeWithin(LINE_END, this.#limit);
    return line && decodeText(withoutTerminator(line), this.#encoding);
  }

  end(bytes: ByteQueue): string | undefined {
    const rest = takeRest(bytes);
    return rest && decodeText(rest, this.#encoding);
  }

  // Up to the first byte that is not in the encoding: it must not fail the lines before it.
  #wholeLines(bytes: ByteQueue): Uint8Array | undefined {
    if (bytes.position === this.#spansFrom) return undefined;
    let chunk = bytes.front.subarray(bytes.offset, bytes.offset + this.#batch);
    this.#batch *= 2;
    const bad = this.#encoding === 'ascii' ? findNonAscii(chunk) : -1;
    if (bad !== -1) chunk = chunk.subarray(0, bad);
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0) return chunk.subarray(0, end);
    this.#spansFrom = bytes.position;
    return undefined;
  }
}

function withoutTerminator(line: Uint8Array): Uint8Array {
  const end = line.length - 1;
  return line.subarray(0, end > 0 && line[end - 1] === CARRIAGE_RETURN ? end - 1 : end);
}
