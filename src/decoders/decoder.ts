import type { ByteQueue } from '../bytes/ByteQueue.js';
import { described } from '../bytes/check.js';
import type { Decoder, DecoderFactory } from '../bytes/Decoder.js';
import { IncompleteReadError } from '../bytes/errors.js';
import { CurrentTake, forgottenYield } from './CurrentTake.js';
import { DecoderBytes } from './DecoderBytes.js';

/**
 * Reads one frame and returns it. A part of a frame has the same form, and is read with `yield* part(bytes)`.
 * See {@link decoder}.
 */
export type FrameGenerator<T> = (bytes: DecoderBytes) => Iterator<undefined, T, unknown>;

/**
 * Makes a decoder from a generator that reads one frame, top to bottom as the protocol's specification has it.
 *
 * It runs through where the bytes are there, and waits only where they are missing: before any `yield*`. It is
 * called anew for each frame, once there is a byte for it. What frames are to remember of each other belongs into
 * variables around it, made for each subscription: `() => decoder(function* …)()`.
 *
 * A generator that returns nothing has skipped something, say a heartbeat: the next frame follows. What it took is gone
 * then, and takes no memory. A body that nobody wants is dropped as it comes with `bytes.discard(n)`.
 *
 * - **Errors** with what the generator throws, its `finally` blocks having run. A stream that ends inside a frame is an
 *   `IncompleteReadError`; a frame that goes on to the end of the stream asks for it with `bytes.atEnd()`.
 * - **Unsubscribe** in the middle of a frame: what was taken for it goes back, and the generator is not run further. What
 *   came before a `discard` or a `commit` does not go back: the next read then begins in the middle of the frame.
 * - **Buffers** the frame under way, from its first byte or from the last `discard` or `commit` on.
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
 *   if (kind === ':') return yield* bytes.integer('\r\n');
 *   const n = yield* bytes.unsignedInteger('\r\n');
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
export function decoder<T>(generate: FrameGenerator<T>): DecoderFactory<Exclude<T, undefined | void>> {
  if (typeof generate !== 'function') throw notAGenerator(generate);
  return () => new GeneratorDecoder(generate) as Decoder<Exclude<T, undefined | void>>;
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
    // So a stream may end between two frames.
    while (this.#frame !== undefined || queue.length > 0) {
      const frame = this.#frame ?? this.#begin(queue);
      this.#frame = undefined;
      const result: IteratorResult<unknown, T> = frame.next();
      if (result.done !== true) {
        if (result.value !== undefined || !this.#take.waiting) throw forgottenYield();
        this.#frame = frame;
        return undefined;
      }
      if (this.#take.pending) throw forgottenYield();
      if (queue.position === this.#start) {
        throw new TypeError('The generator has returned a frame of no bytes: it would do so for ever');
      }
      if (result.value !== undefined) return result.value;
      // A peer that sends nothing but what is skipped must not fill the memory.
      queue.commit();
    }
    return undefined;
  }

  end(queue: ByteQueue): T | undefined {
    if (queue !== this.#queue) this.#attach(queue);
    this.#take.ended = true;
    const value = this.decode(queue);
    if (this.#frame === undefined) return value;
    // Here and not by whoever decodes: all of the frame may have been let go of.
    queue.rollback();
    throw new IncompleteReadError(queue.takeExactly(queue.length)!, null);
  }

  #begin(queue: ByteQueue): Iterator<undefined, T, unknown> {
    this.#start = queue.position;
    this.#take.waiting = this.#take.pending = false;
    const frame: unknown = this.#generate(this.#bytes);
    if (
      typeof (frame as Iterator<undefined> | undefined)?.next !== 'function' ||
      Symbol.asyncIterator in (frame as object)
    )
      throw notAGenerator(this.#generate);
    return frame as Iterator<undefined, T, unknown>;
  }

  #attach(queue: ByteQueue): void {
    this.#queue = queue;
    this.#take = new CurrentTake(queue);
    this.#bytes = new DecoderBytes(queue, this.#take);
  }
}

function notAGenerator(given: unknown): TypeError {
  const found = typeof given === 'function' ? `the function ${given.name || 'given'}` : described(given);
  return new TypeError(
    `decoder() takes a generator function, decoder(function* (bytes) { … }), not ${found}`,
  );
}
