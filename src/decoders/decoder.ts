import type { ByteQueue } from '../bytes/ByteQueue.js';
import type { Decoder, DecoderFactory } from '../bytes/Decoder.js';
import { CurrentTake, DecoderBytes, forgottenYield } from './DecoderBytes.js';

/** Reads one frame and returns it. A part of a frame has the same form, and is read with `yield* part(bytes)`. */
export type FrameGenerator<T> = (bytes: DecoderBytes) => Iterator<undefined, T, unknown>;

/**
 * Makes a decoder from a generator that reads one frame, top to bottom as the protocol's specification has it.
 *
 * It runs through where the bytes are there, and waits only where they are missing: in front of any `yield*`. It is
 * called anew for each frame, once there is a byte for it. What frames are to remember of each other belongs into
 * variables around it, made for each subscription: `() => decoder(function* …)()`.
 *
 * - **Errors** with what the generator throws, its `finally` blocks having run. A stream that ends inside a frame is an
 *   `IncompleteReadError`; a frame that goes on to the end of the stream asks for it with `bytes.atEnd()`.
 * - **Unsubscribe** in the middle of a frame: what was taken for it goes back, and the generator is not run further.
 *
 * @example
 * ```ts
 * import { connectionPair, DecodeError, decoder, type DecoderBytes, type Take } from 'rxjs-net';
 *
 * // A small part of Redis's protocol: `:42` is a number, `$5` a text of 5 bytes, `*2` an array of two values.
 * type Value = number | string | Value[];
 *
 * function* value(bytes: DecoderBytes): Generator<undefined, Value> {
 *   const kind = yield* bytes.text(1);
 *   const n = yield* bytes.integer('\r\n');
 *   if (kind === ':') return n;
 *   if (kind === '$') {
 *     const text = yield* bytes.text(n);
 *     yield* bytes.skip(2);
 *     return text;
 *   }
 *   if (kind !== '*') throw new DecodeError(`Unknown kind of value: ${kind}`);
 *   const values: Value[] = [];
 *   while (values.length < n) values.push(yield* value(bytes));
 *   return values;
 * }
 *
 * const [client, server] = connectionPair();
 * client.reader.frames(decoder(value)).subscribe(console.log); // [ 'hello', 42 ]
 * server.writer.write('*2\r\n$5\r\nhello\r\n:42\r\n');
 * ```
 */
export function decoder<T>(generate: FrameGenerator<T>): DecoderFactory<T> {
  return () => new GeneratorDecoder(generate);
}

class GeneratorDecoder<T> implements Decoder<T> {
  readonly #generate: FrameGenerator<T>;
  #queue: ByteQueue | undefined;
  #take!: CurrentTake;
  #bytes!: DecoderBytes;
  // The frame that waits for bytes, and where it began.
  #frame: Iterator<undefined, T, unknown> | undefined;
  #start = 0;

  constructor(generate: FrameGenerator<T>) {
    this.#generate = generate;
  }

  decode(queue: ByteQueue): T | undefined {
    if (queue !== this.#queue) this.#attach(queue);
    let frame = this.#frame;
    if (frame === undefined) {
      // So a stream may end between two frames.
      if (queue.length === 0) return undefined;
      this.#start = queue.position;
      frame = this.#generate(this.#bytes);
    }
    this.#frame = undefined;
    const result = frame.next();
    if (result.done !== true) {
      this.#frame = frame;
      return undefined;
    }
    if (this.#take.pending) throw forgottenYield();
    if (queue.position === this.#start) {
      throw new TypeError('The generator has returned a frame of no bytes: it would do so for ever');
    }
    return result.value;
  }

  end(queue: ByteQueue): T | undefined {
    this.#take.ended = true;
    return this.decode(queue);
  }

  #attach(queue: ByteQueue): void {
    this.#queue = queue;
    this.#take = new CurrentTake(queue);
    this.#bytes = new DecoderBytes(queue, this.#take);
  }
}
