import { startWith, Subject, switchMap, take, type Observable } from 'rxjs';
import { decode, IncompleteReadError, StreamError, type Data, type DecoderFactory } from '../src/index.js';
import { encodeText } from '../src/bytes/text.js';
import { ManualReader } from '../src/testing/ManualReader.js';
import { mulberry32 } from '../src/testing/mulberry32.js';
import type { Choices } from './Choices.js';
import { mustBeSame } from './show.js';

/** What a decoder must make of bytes: by an implementation that knows of no chunks. */
export interface Expected<T> {
  readonly frames: readonly T[];
  /** The `code` of the error that it ends with; none: it completes. */
  readonly code?: string | undefined;
  /** How many bytes it leaves for whoever reads next. */
  readonly left: number;
}

export interface Decoding<T> {
  readonly decoder: DecoderFactory<T>;
  readonly data: Uint8Array;
  /** Default: the frames are only compared with each other. */
  readonly expected?: Expected<T>;
  /** The other direction; a frame that it refuses with a `RangeError` is passed over. */
  readonly encode?: (frame: T) => Data;
  /** The decoder lets go of bytes before the end of a frame, so an unsubscription in the middle of one shows. */
  readonly letsGo?: boolean;
}

interface Result<T> {
  readonly frames: T[];
  /** By frame: how many bytes had been taken when it came. */
  taken: number[];
  code?: string | undefined;
  partial?: Uint8Array;
  left: number;
}

const RESUBSCRIPTIONS = 10;
const NOTHING = (): void => undefined;
/** The errors that bytes may cause: others are faults of the code. */
const CODES = ['ERR_DECODE', 'ERR_LIMIT_OVERRUN', 'ERR_INCOMPLETE_READ'];

/** The rules of every decoder, on bytes that may be anything. Returns the frames. */
export function checkDecoding<T>(decoding: Decoding<T>, choices: Choices): readonly T[] {
  const { data, expected, encode } = decoding;
  const whole = read(decoding, [data]);
  if (expected !== undefined) {
    mustBeSame('frames, of all bytes at once', whole.frames, expected.frames);
    mustBeSame('end, of all bytes at once', whole.code, expected.code);
    mustBeSame('bytes left, of all bytes at once', whole.left, expected.left);
  }
  const chunks = cut(data, choices);
  const byteByByte = Array.from(data, (_, at) => data.subarray(at, at + 1));
  mustBeSame('byte by byte, unlike all bytes at once', read(decoding, byteByByte), whole);
  mustBeSame('cut at random, unlike all bytes at once', read(decoding, chunks), whole);
  mustBeSame('one by one, unlike all bytes at once', read(decoding, chunks, 'consume'), whole);
  checkOperator(decoding, chunks, whole);
  if (decoding.letsGo !== true) checkUnsubscription(decoding, chunks, whole);
  for (const frame of encode === undefined ? [] : whole.frames) {
    const encoded = encodedBy(encode!, frame);
    if (encoded === undefined) continue;
    const again = read({ ...decoding, data: encoded }, [encoded]);
    mustBeSame('what was decoded, encoded and decoded again', again.frames, [frame]);
    mustBeSame('the end of what was decoded and encoded', again.code, undefined);
  }
  return whole.frames;
}

/** The bytes in pieces, where the input says. */
function cut(data: Uint8Array, choices: Choices): Uint8Array[] {
  const random = mulberry32(choices.byte());
  const most = 1 + (choices.byte() % 40);
  const chunks = [];
  for (let at = 0; at < data.length;) {
    const to = at + 1 + Math.floor(random() * most);
    chunks.push(data.subarray(at, to));
    at = to;
  }
  return chunks;
}

function read<T>(
  { decoder, data }: Pick<Decoding<T>, 'decoder' | 'data'>,
  chunks: readonly Uint8Array[],
  by: 'frames' | 'consume' = 'frames',
): Result<T> {
  const reader = new ManualReader();
  let fed = 0;
  const taken: number[] = [];
  const note = (): void => void taken.push(fed - reader.bufferedBytes);
  const frames$ =
    by === 'frames' ? reader.frames(decoder) : reader.consume<T, T>(decoder, (frame) => [frame]);
  const result = collect(frames$, data, note, () => {
    for (const chunk of chunks) {
      fed += chunk.length;
      if (chunk.length > 0) reader.feed(chunk);
    }
    reader.end();
  });
  result.taken = taken;
  result.left = reader.bufferedBytes;
  checkRest(reader, data, result);
  return result;
}

// What a subscriber throws RxJS reports later, when it is too late to fail the run: so nothing is checked in here.
function collect<T>(frames$: Observable<T>, data: Uint8Array, note: () => void, feed: () => void): Result<T> {
  const result: Result<T> = { frames: [], taken: [], left: 0 };
  const most = 2 * data.length + 2;
  let error: unknown;
  frames$.pipe(take(most)).subscribe({
    next: (frame) => {
      result.frames.push(frame);
      note();
    },
    error: (thrown: unknown) => (error = thrown),
  });
  feed();
  if (result.frames.length === most) throw new Error(`frames for ever: ${most} of ${data.length} bytes`);
  if (error !== undefined) addError(result, error);
  return result;
}

function addError<T>(result: Result<T>, error: unknown): void {
  if (!(error instanceof StreamError) || !CODES.includes(error.code)) throw error;
  result.code = error.code;
  if (error instanceof IncompleteReadError) result.partial = error.partial;
}

// What is left is the end of what came: the frames, what was skipped between them, the rest, and nothing twice.
function checkRest<T>(reader: ManualReader, data: Uint8Array, result: Result<T>): void {
  const { partial, taken } = result;
  let rest: Uint8Array | undefined;
  reader.read().subscribe((found) => (rest = found));
  mustBeSame('the bytes that are left', rest, data.slice(data.length - result.left));
  let last = 0;
  for (const at of taken) {
    if (at < last || at > data.length) throw new Error(`a frame ends at ${at}, the one before it at ${last}`);
    last = at;
  }
  if (last > data.length - result.left)
    throw new Error(`${result.left} bytes are left of a frame that was taken`);
  if (partial === undefined) return;
  mustBeSame('the bytes of an incomplete frame', partial, data.slice(data.length - partial.length));
  mustBeSame('what is left after an incomplete frame', result.left, 0);
}

function checkOperator<T>(
  { decoder, data }: Decoding<T>,
  chunks: readonly Uint8Array[],
  whole: Result<T>,
): void {
  const subject = new Subject<Uint8Array>();
  const result = collect(subject.pipe(decode(decoder)), data, NOTHING, () => {
    for (const chunk of chunks) subject.next(chunk);
    subject.complete();
  });
  mustBeSame('decode(), unlike a reader', { ...result, taken: whole.taken, left: whole.left }, whole);
}

// A decoder made anew, at the border of two chunks, goes on where the one before it has stopped.
function checkUnsubscription<T>(
  { decoder, data }: Decoding<T>,
  chunks: readonly Uint8Array[],
  whole: Result<T>,
): void {
  const reader = new ManualReader();
  const again = new Subject<void>();
  const frames$ = again.pipe(
    startWith(undefined),
    switchMap(() => reader.frames(decoder)),
  );
  const result = collect(frames$, data, NOTHING, () => {
    // Each one looks at the unfinished frame anew, so not after every chunk: the cost is to be linear.
    const every = Math.ceil(chunks.length / RESUBSCRIPTIONS);
    for (const [i, chunk] of chunks.entries()) {
      reader.feed(chunk);
      if (i % every === 0) again.next();
    }
    reader.end();
  });
  const left = reader.bufferedBytes;
  mustBeSame('subscribed anew between chunks', { ...result, taken: whole.taken, left }, whole);
}

function encodedBy<T>(encode: (frame: T) => Data, frame: T): Uint8Array | undefined {
  try {
    const encoded = encode(frame);
    return typeof encoded === 'string' ? encodeText(encoded) : encoded;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
