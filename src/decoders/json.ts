import type { ByteQueue } from '../bytes/ByteQueue.js';
import type { Decoder } from '../bytes/Decoder.js';
import { described, checkOptions } from '../bytes/check.js';
import { DecodeError, IncompleteReadError } from '../bytes/errors.js';
import { LinesDecoder } from '../streams/readDecoders.js';
import { printable } from '../bytes/printable.js';
import { decodeText, encodeText } from '../bytes/text.js';
import { codec, type Codec } from './codec.js';
import { checkMaxLength, checkMessageLength, DEFAULT_MAX_LENGTH } from './messageBytes.js';

/** Options of {@link json}. */
export interface JsonOptions {
  /** Bytes a line may have without its `\n`, a positive integer. Default: 64 KiB. */
  maxLength?: number;
  /** As that of `JSON.parse`. A line for which it returns `undefined` is skipped. */
  reviver?: (this: unknown, key: string, value: unknown) => unknown;
  /** As that of `JSON.stringify`. */
  replacer?: ((this: unknown, key: string, value: unknown) => unknown) | (string | number)[];
}

/**
 * JSON lines: a JSON value on each line, in UTF-8, the line ending with `\n` or `\r\n`. The types are what you say they
 * are: nothing is checked but that it is JSON.
 *
 * ```text
 * received   --{"a"---:1}\n2\n---|
 * json()     ---------(x   y)----|      x = { a: 1 }, y = 2
 * ```
 *
 * - **Emits** the value of every line when its `\n` has come; at the end of the stream that of the unterminated rest, if it
 *   is one. Blank lines are skipped.
 * - **Completes** at the end of the stream after a value.
 * - **Errors** with `DecodeError` when a line is not JSON: the message shows where, `cause` is the error of `JSON.parse` or
 *   of the reviver. With `LimitOverrunError` when a line has more than `maxLength` bytes. In both cases the bytes stay in
 *   the reader, from the first one of the line on: `reader.readLine()` takes the bad line, and one can go on after it.
 *   With `IncompleteReadError` at the end of the stream inside a value.
 * - **Buffers** up to `maxLength` bytes and the `\n`.
 *
 * `encode` throws a `TypeError` for what has no JSON (`undefined`, functions, cycles, bigints), and a `RangeError` for
 * what is over `maxLength`.
 *
 * @example
 * ```ts
 * import { connectionPair, json } from 'rxjs-net';
 *
 * const points = json<{ x: number; y: number }>();
 * const [client, server] = connectionPair();
 * client.reader.frames(points).subscribe(({ x, y }) => console.log(x + y)); // 3
 * server.writer.write(points.encode({ x: 1, y: 2 }));
 * ```
 */
export function json<In = unknown, Out = In>(options: JsonOptions = {}): Codec<In, Out> {
  checkJsonFunctions(options);
  const { maxLength = DEFAULT_MAX_LENGTH, reviver, replacer } = options;
  checkMaxLength(maxLength);
  return codec(
    () => new JsonDecoder<In>(maxLength, reviver),
    (message: Out) => {
      const line = encodeText(`${jsonText(message, replacer)}\n`);
      checkMessageLength(line.length - 1, maxLength);
      return line;
    },
  );
}

/** @internal */
export function checkJsonFunctions(options: JsonOptions): void {
  checkOptions(options);
  const { reviver, replacer } = options;
  if (reviver !== undefined && typeof reviver !== 'function') {
    throw new TypeError(`reviver must be a function, not ${described(reviver)}`);
  }
  if (replacer !== undefined && typeof replacer !== 'function' && !Array.isArray(replacer)) {
    throw new TypeError(`replacer must be a function or an array, not ${described(replacer)}`);
  }
}

/** @internal */
export function jsonText(value: unknown, replacer: JsonOptions['replacer']): string {
  // There is an overload for each kind of replacer, and none tells that there may be no text.
  const text = JSON.stringify(value, replacer as (string | number)[]) as string | undefined;
  if (text === undefined) throw new TypeError(`There is no JSON for ${described(value)}`);
  return text;
}

const BLANK = /^[ \t\r]*$/;
const EXCERPT = 20;
const REASON = 200;

class JsonDecoder<T> implements Decoder<T> {
  readonly #lines: LinesDecoder;
  readonly #reviver: JsonOptions['reviver'];

  constructor(maxLength: number, reviver: JsonOptions['reviver']) {
    this.#lines = new LinesDecoder('utf-8', maxLength);
    this.#reviver = reviver;
  }

  decode(bytes: ByteQueue): T | undefined {
    for (let line = this.#lines.decode(bytes); line !== undefined; line = this.#lines.decode(bytes)) {
      const value = this.#parse(line);
      if (value !== undefined) return value;
      bytes.commit();
    }
    return undefined;
  }

  end(bytes: ByteQueue): T | undefined {
    if (bytes.length === 0) return undefined;
    const rest = bytes.takeExactly(bytes.length)!;
    let value: T | undefined;
    try {
      value = this.#parse(decodeText(rest, 'utf-8'));
    } catch {
      // It may well be JSON that was cut off.
      throw new IncompleteReadError(rest, null);
    }
    if (value === undefined) bytes.commit();
    return value;
  }

  #parse(line: string): T | undefined {
    if (BLANK.test(line)) return undefined;
    try {
      return JSON.parse(line, this.#reviver) as T | undefined;
    } catch (cause) {
      const reason = printable(cause instanceof Error ? cause.message : described(cause), REASON);
      throw new DecodeError(
        `A line of ${line.length} characters is not JSON: ${reason}; ${excerpt(line, reason)}`,
        { cause },
      );
    }
  }
}

// An engine tells the place in its message only, and some of them only now and then.
function excerpt(line: string, reason: string): string {
  const at = /(?:position|column) (\d+)/.exec(reason)?.[1];
  const from = Math.max(0, Number(at ?? 0) - EXCERPT);
  const shown = JSON.stringify(line.slice(from, from + 2 * EXCERPT));
  return at === undefined ? `it begins with ${shown}` : `around character ${at}: ${shown}`;
}
