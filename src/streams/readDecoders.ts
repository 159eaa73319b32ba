import type { Subscriber } from 'rxjs';
import type { ByteQueue } from './ByteQueue.js';
import type { Decoder } from './Decoder.js';
import { IncompleteReadError, LimitOverrunError } from './errors.js';
import type { BatchDecoder } from './FrameRead.js';
import { compileSeparator, type Separator, type SeparatorAutomaton } from './Separator.js';
import { decodeText, isAscii, type TextEncoding } from './text.js';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

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

/**
 * Up to and with a separator, `limit` bytes at most without it. Its order of checks is that of CPython's
 * `StreamReader.readuntil`.
 *
 * @internal
 */
export function readUntilDecoder(separator: Separator, limit: number): Decoder<Uint8Array> {
  const automaton = compileSeparator(separator);
  return {
    decode(bytes) {
      const end = findWithin(bytes, automaton, limit);
      return end === -1 ? undefined : bytes.takeExactly(end);
    },
  };
}

/**
 * A line with its `\n`; at the end of the stream the unterminated rest. A line beyond the limit is dropped, as far
 * as it has come, before the error. As CPython's `StreamReader.readline`.
 *
 * @internal
 */
export function readLineDecoder(limit: number): Decoder<Uint8Array> {
  const automaton = compileSeparator('\n');
  const line = readUntilDecoder('\n', limit);
  return {
    decode(bytes) {
      try {
        return line.decode(bytes);
      } catch (error) {
        const end = bytes.findEnd(automaton);
        bytes.skip(end === -1 ? bytes.length : end);
        bytes.commit();
        throw error;
      }
    },
    end: takeRest,
  };
}

function findWithin(bytes: ByteQueue, automaton: SeparatorAutomaton, limit: number): number {
  const end = bytes.findEnd(automaton);
  if (end === -1) {
    // As in CPython: bytes that may still turn out to be the front of a separator do not count.
    const consumed = bytes.length + 1 - automaton.maxLength;
    if (bytes.length >= automaton.minLength && consumed > limit) {
      throw new LimitOverrunError(
        `Separator is not found, and ${bytes.length} bytes exceed the limit of ${limit}`,
        consumed,
      );
    }
  } else if (end - bytes.matchLength > limit) {
    const consumed = end - bytes.matchLength;
    throw new LimitOverrunError(
      `Separator is found, but behind ${consumed} bytes, over the limit of ${limit}`,
      consumed,
    );
  }
  return end;
}

/**
 * Lines of text without their terminator, `\n` or `\r\n`; at the end of the stream the unterminated rest.
 *
 * @internal
 */
export class LinesDecoder implements BatchDecoder<string> {
  readonly #encoding: TextEncoding;
  readonly #limit: number;
  readonly #lineDecoder: Decoder<Uint8Array>;
  // Where a line begins that does not end in its chunk: not to be searched again for every chunk that comes.
  #spansFrom = -1;

  constructor(encoding: TextEncoding, limit: number) {
    this.#encoding = encoding;
    this.#limit = limit;
    this.#lineDecoder = readUntilDecoder('\n', limit);
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
        // Left to `decode`, which has the error for it.
        if (mayOverrun && length > this.#limit) return false;
        bytes.advance(length + 1);
        chunkAt += length + 1;
        const trimmed = end > at && text.charCodeAt(end - 1) === CARRIAGE_RETURN;
        subscriber.next(text.slice(at, trimmed ? end - 1 : end));
        if (subscriber.closed) return true;
        at = end + 1;
      }
    }
    return false;
  }

  // A line that spans chunks.
  decode(bytes: ByteQueue): string | undefined {
    const line = this.#lineDecoder.decode(bytes);
    return line && decodeText(withoutTerminator(line), this.#encoding);
  }

  end(bytes: ByteQueue): string | undefined {
    const rest = takeRest(bytes);
    return rest && decodeText(rest, this.#encoding);
  }

  #wholeLines(bytes: ByteQueue): Uint8Array | undefined {
    if (bytes.position === this.#spansFrom) return undefined;
    const chunk = bytes.peekChunk();
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    // A byte that is not ASCII must not fail the lines in front of it.
    if (end > 0 && (this.#encoding !== 'ascii' || isAscii(chunk))) return chunk.subarray(0, end);
    this.#spansFrom = bytes.position;
    return undefined;
  }
}

function withoutTerminator(line: Uint8Array): Uint8Array {
  const end = line.length - 1;
  return line.subarray(0, end > 0 && line[end - 1] === CARRIAGE_RETURN ? end - 1 : end);
}
