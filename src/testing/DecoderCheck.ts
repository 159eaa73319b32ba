import { take } from 'rxjs';
import type { DecoderFactory } from '../bytes/Decoder.js';
import { byteByByte, places, sizes } from './cuts.js';
import { ManualReader } from './ManualReader.js';
import { showBytes } from './showBytes.js';
import { describeError, shorten, showCut, showFrame, showFrames } from './showFrame.js';

const NONE = new Uint8Array(0);

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

/** The steps of `checkDecoder`. @internal */
export class DecoderCheck<T> {
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
      const reader = new ManualReader();
      let count = 0;
      const subscription = reader
        .frames(this.decoder)
        .subscribe({ next: () => count++, error: () => undefined });
      reader.feed(data.subarray(0, at));
      subscription.unsubscribe();
      // A decoder may remember earlier frames: only before the first one is a new decoder as good as the old.
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
    return this.#read(new ManualReader(), chunks, showCut(chunks));
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

  #read(reader: ManualReader, chunks: readonly Uint8Array[], cut: string): Result<T> {
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
