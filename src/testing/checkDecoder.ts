import { take } from 'rxjs';
import type { DecoderFactory } from '../bytes/Decoder.js';
import type { Data } from '../bytes/Separator.js';
import { ConnectionSettings } from '../streams/ConnectionSettings.js';
import { reportError } from '../streams/reportError.js';
import { ReadQueue } from '../streams/ReadQueue.js';
import { StreamReader } from '../streams/StreamReader.js';
import { copyBytes } from '../bytes/text.js';
import { showBytes } from './showBytes.js';

/** Up to this many bytes every chunk size and every place to cut is tried. */
const EXHAUSTIVE = 2000;
/** How many characters of a frame, or of a way to cut, a message shows. */
const SHOWN = 80;

export interface CheckDecoderOptions<T> {
  /** What the frames must be. Default: only compared with each other. */
  frames?: readonly T[];
  /** What comes behind the bytes and must be left in the queue. Default: the same bytes once more. */
  trailing?: Data;
  /** Whether two frames are the same. Default: by value, also inside arrays, objects, maps, sets and byte arrays. */
  equals?: (one: T, other: T) => boolean;
}

/**
 * Checks that a decoder's frames do not depend on how its bytes are cut into chunks, and returns them.
 *
 * The bytes are decoded in one piece, then
 * - in chunks of every size, and in two pieces cut at every place;
 * - with trailing bytes behind them: a decoder that has given its frames must have left the rest in the queue;
 * - unsubscribed at every place: what was taken of an unfinished frame is back in the queue, and a decoder that is
 *   made anew does not know of it;
 * - with the stream ended at every place: the same frames and the same error come, however the bytes are cut.
 *
 * Errors are part of the result: they are compared by their `code`, or by their message if they have none. Above 2000
 * bytes, the sizes are 1 to 16, the powers of two and their neighbours, and the places to cut are 64 at each end and
 * about 128 evenly between them.
 *
 * @param bytes what the peer sends, all of it; a string stands for its UTF-8
 * @throws an `Error` that tells of the first difference: how the bytes were cut, what came, and what should have
 *
 * @example
 * ```ts
 * import type { Decoder } from 'rxjs-net';
 * import { checkDecoder } from 'rxjs-net/testing';
 *
 * const lines = (): Decoder<string> => ({
 *   decode(bytes) {
 *     const line = bytes.takeUntil('\r\n');
 *     return line && new TextDecoder().decode(line).trimEnd();
 *   },
 * });
 * console.log(checkDecoder(lines, 'EHLO me\r\nQUIT\r\n')); // [ 'EHLO me', 'QUIT' ]
 *
 * // Whatever has arrived is not a frame.
 * const chunks = (): Decoder<Uint8Array> => ({ decode: (bytes) => bytes.takeChunk() });
 * try {
 *   checkDecoder(chunks, 'hello');
 * } catch (error) {
 *   console.log(String(error)); // Error: The frames depend on how the bytes are cut: frame 0 differs …
 * }
 * ```
 */
export function checkDecoder<T>(
  decoder: DecoderFactory<T>,
  bytes: Data,
  options: CheckDecoderOptions<T> = {},
): T[] {
  const { frames: expected, trailing, equals = sameValue } = options;
  const data = copyBytes(bytes);
  const check = new DecoderCheck(decoder, data, equals);
  const whole = check.decode([data]);
  if (expected !== undefined)
    check.compareFrames('what was expected', expected, whole, 'The frames are wrong');
  check.cuts(whole);
  check.trailing(trailing === undefined ? data : copyBytes(trailing));
  check.unsubscriptions(whole);
  check.ends();
  return whole.frames;
}

/** What one run of the decoder gave. */
interface Result<T> {
  readonly cut: string;
  readonly frames: T[];
  /** By frame: how many bytes had been taken when it came. */
  readonly taken: number[];
  /** How many of the frames came before the stream ended. */
  beforeEnd: number;
  end: string;
  /** What was left for others to read. */
  rest: Uint8Array;
}

class DecoderCheck<T> {
  constructor(
    readonly decoder: DecoderFactory<T>,
    readonly data: Uint8Array,
    readonly equals: (one: T, other: T) => boolean,
  ) {}

  cuts(whole: Result<T>): void {
    const { data } = this;
    for (const size of sizes(data.length)) {
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < data.length; at += size) chunks.push(data.subarray(at, at + size));
      this.#compare(whole, this.decode(chunks));
    }
    for (const at of places(data.length)) {
      this.#compare(whole, this.decode([data.subarray(0, at), data.subarray(at)]));
    }
  }

  trailing(trailing: Uint8Array): void {
    const { data } = this;
    const joined = new Uint8Array(data.length + trailing.length);
    joined.set(data);
    joined.set(trailing, data.length);
    // Byte by byte there is nothing beyond a frame that could be taken with it.
    const exact = this.decode(byteByByte(data));
    const greedy = this.decode([joined]);
    const before = exact.frames.slice(0, exact.beforeEnd);
    const after = { ...greedy, frames: greedy.frames.slice(0, exact.beforeEnd) };
    this.compareFrames(exact.cut, before, after, 'The frames depend on the bytes behind them');
    for (const [i, frame] of before.entries()) {
      if (exact.taken[i] === greedy.taken[i]) continue;
      const [left, found] = [exact, greedy].map((result) => joined.subarray(result.taken[i]));
      throw new Error(
        `The decoder takes more than its frames: behind frame ${i}, ${showFrame(frame)}, ` +
          `${left!.length} bytes should be left: ${shorten(showBytes(left!))}\n` +
          `  in one piece with ${trailing.length} trailing bytes ${found!.length} are left: ` +
          shorten(showBytes(found!)),
      );
    }
  }

  unsubscriptions(whole: Result<T>): void {
    const { data } = this;
    for (const at of places(data.length)) {
      const reader = new FedReader();
      let count = 0;
      const subscription = reader
        .frames(this.decoder)
        .subscribe({ next: () => count++, error: () => undefined });
      reader.feed(data.subarray(0, at));
      subscription.unsubscribe();
      // A decoder may remember earlier frames: only in front of the first one is a new decoder as good as the old.
      if (count > 0) continue;
      const again = this.#read(
        reader,
        [data.subarray(at)],
        `unsubscribed and subscribed again behind byte ${at}`,
      );
      this.#compare(whole, again, 'A read that was unsubscribed in mid-frame leaves something behind');
    }
  }

  ends(): void {
    for (const at of places(this.data.length)) {
      const front = this.data.subarray(0, at);
      const half = at >> 1;
      const title = `The end of the stream behind byte ${at} depends on how the bytes are cut`;
      this.#compare(
        this.decode([front]),
        this.decode([front.subarray(0, half), front.subarray(half)]),
        title,
      );
    }
  }

  decode(chunks: readonly Uint8Array[]): Result<T> {
    return this.#read(new FedReader(), chunks, showCut(chunks));
  }

  compareFrames(cut: string, expected: readonly T[], result: Result<T>, title: string): void {
    const { frames } = result;
    const length = Math.max(expected.length, frames.length);
    for (let i = 0; i < length; i++) {
      if (i < expected.length && i < frames.length && this.equals(expected[i]!, frames[i]!)) continue;
      const [one, other] = [expected, frames].map((all) => (i < all.length ? showFrame(all[i]) : 'none'));
      throw new Error(
        `${title}: frame ${i} differs\n  ${cut}: ${one!}\n  ${result.cut}: ${other!}` +
          `\n  all frames, ${cut}: ${showFrames(expected)}\n  all frames, ${result.cut}: ${showFrames(frames)}`,
      );
    }
  }

  #compare(whole: Result<T>, result: Result<T>, title = 'The frames depend on how the bytes are cut'): void {
    this.compareFrames(whole.cut, whole.frames, result, title);
    const facts = (of: Result<T>): string[] => [
      `ends with ${of.end}`,
      `has given ${of.beforeEnd} frames before the stream ended`,
      `leaves ${of.rest.length} bytes: ${showBytes(of.rest)}`,
    ];
    const other = facts(result);
    for (const [i, fact] of facts(whole).entries()) {
      if (fact !== other[i])
        throw new Error(
          `${title}:\n  ${whole.cut}: ${shorten(fact)}\n  ${result.cut}: ${shorten(other[i]!)}`,
        );
    }
  }

  #read(reader: FedReader, chunks: readonly Uint8Array[], cut: string): Result<T> {
    const end = 'the end of the stream';
    const result: Result<T> = { cut, frames: [], taken: [], beforeEnd: 0, end, rest: NONE };
    let fed = reader.bufferedBytes;
    // More frames than bytes, by far, come from a decoder that takes nothing and would go on for ever.
    const most = 1000 + 8 * this.data.length;
    reader
      .frames(this.decoder)
      .pipe(take(most))
      .subscribe({
        next(frame) {
          result.frames.push(frame);
          result.taken.push(fed - reader.bufferedBytes);
        },
        error: (error: unknown) => (result.end = describeError(error)),
      });
    for (const chunk of chunks) {
      // A transport never delivers a chunk without a byte.
      if (chunk.length === 0) continue;
      fed += chunk.length;
      reader.feed(chunk);
    }
    result.beforeEnd = result.frames.length;
    reader.end();
    if (result.frames.length === most) {
      throw new Error(
        `The decoder gives frames for ever and takes no bytes: ${most} from ${this.data.length} bytes, ${cut}, ` +
          `the last is ${showFrame(result.frames.at(-1))}`,
      );
    }
    reader.read().subscribe({
      next: (rest) => (result.rest = rest),
      error: (error: unknown) => (result.end += `, then ${describeError(error)}`),
    });
    return result;
  }
}

const NONE = new Uint8Array(0);

/** A reader that is fed by calls. */
class FedReader extends StreamReader {
  readonly #fed: ReadQueue;

  constructor() {
    const fed = new ReadQueue(
      { pause: () => undefined, resume: () => undefined },
      ConnectionSettings.of({ limit: 2 ** 30 }),
      reportError,
      () => undefined,
    );
    super(fed, 2 ** 30);
    this.#fed = fed;
  }

  feed(chunk: Uint8Array): void {
    this.#fed.data(chunk);
  }

  end(): void {
    this.#fed.end();
  }
}

function byteByByte(data: Uint8Array): Uint8Array[] {
  return Array.from(data, (_, at) => data.subarray(at, at + 1));
}

function sizes(length: number): number[] {
  if (length <= EXHAUSTIVE) return Array.from({ length: length - 1 }, (_, i) => i + 1);
  const all = new Set(Array.from({ length: 16 }, (_, i) => i + 1));
  for (let power = 32; power < length; power *= 2)
    all
      .add(power - 1)
      .add(power)
      .add(power + 1);
  return [...all].filter((size) => size < length);
}

// Where the bytes are cut: behind the first, and so on, up to in front of the last.
function places(length: number): number[] {
  const all = Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1);
  const step = Math.ceil(length / 128);
  return length <= EXHAUSTIVE ? all : all.filter((at) => at <= 64 || length - at <= 64 || at % step === 0);
}

function describeError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return `the error ${String(error)}`;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const partial = 'partial' in error ? `, partial ${showFrame(error.partial)}` : '';
  return `the error ${String(code ?? message)}${partial}`;
}

function showCut(chunks: readonly Uint8Array[]): string {
  const [first] = chunks;
  if (first === undefined || chunks.length === 1) return 'in one piece';
  const cut = shorten(
    chunks
      .slice(0, 20)
      .map(showBytes)
      .map((text) => JSON.stringify(text))
      .join(' '),
  );
  const isEven = chunks.length > 2 || chunks[1]!.length === first.length;
  return isEven ? `in chunks of ${first.length} bytes (${cut})` : `cut behind byte ${first.length} (${cut})`;
}

function showFrames(frames: readonly unknown[]): string {
  const shown = frames.slice(0, 8).map(showFrame).join(', ');
  return `[${shown}${frames.length > 8 ? `, … ${frames.length} in all` : ''}]`;
}

function showFrame(frame: unknown): string {
  if (isBytes(frame)) return shorten(showBytes(frame));
  const json = JSON.stringify(frame, (_, value: unknown) => {
    if (isBytes(value)) return showBytes(value);
    return typeof value === 'bigint' ? `${value}n` : value;
  }) as string | undefined;
  return shorten(json ?? String(frame));
}

function shorten(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}

function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && 'BYTES_PER_ELEMENT' in value && value.BYTES_PER_ELEMENT === 1;
}

function sameValue(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  if (one instanceof Date) return one.getTime() === (other as Date).getTime();
  // What an error says is no entry of it.
  if (one instanceof Error && one.message !== (other as Error).message) return false;
  const isIterable = Symbol.iterator in one;
  const [ours, theirs] = [one, other].map((value): unknown[] =>
    isIterable
      ? [...(value as Iterable<unknown>)]
      : Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return ours!.length === theirs!.length && ours!.every((value, i) => sameValue(value, theirs![i]));
}
