import { Observable, type Subscriber } from 'rxjs';
import { endWhenDrained, followWriter } from '../operators/followWriter.js';
import type { Data } from '../bytes/Separator.js';
import { checkMethod } from '../streams/check.js';
import { Reentrant } from '../streams/Reentrant.js';
import { attempt, reportError } from '../streams/reportError.js';
import type { StreamWriter } from '../streams/StreamWriter.js';

/** @inline */
type Source = Iterable<Data> | AsyncIterable<Data>;

/**
 * Writes all that an iterable gives, and takes the next item only when the writer has room: arrays, generators, async
 * generators, Node's `Readable`, the web's `ReadableStream` where that is async iterable.
 *
 * ```text
 * source             abc                     next() gives a, b, c; each is enough to pause the writer
 * writer drained     --d---d---d
 * sendAll(writer)    a-b---c---|             written; the result itself emits nothing
 * ```
 *
 * It begins anew, with a new iterator, at each subscription. Items of a synchronous iterable are written without a
 * promise between them.
 *
 * - **Emits** nothing. **Completes** when all is written and `drain()` has come. The writer stays open.
 * - **Errors** with what the iterator throws; with what `write()` throws; as `drain()`, as soon as the connection is
 *   lost or closed, also while an item is waited for.
 * - **Unsubscribe**, and each error but the iterator's own, calls the iterator's `return()`, and destroys a `Readable`.
 *   An item that is under way then is dropped. What the clean-up throws, or rejects with, is reported as RxJS reports
 *   what nobody is told of: to `config.onUnhandledError`.
 * - **Buffers** nothing but what the writer queues.
 *
 * A string or a `Uint8Array` is data, not a source of it (`TypeError`): use `writer.send(data)`. For an Observable
 * use `writeTo(writer)`.
 *
 * @example
 * ```ts
 * import { connectionPair, sendAll } from 'rxjs-net';
 *
 * const [client, server] = connectionPair();
 * client.reader.read().subscribe((bytes) => console.log(bytes.length)); // 6888890
 *
 * function* numbers() {
 *   for (let i = 0; i < 1_000_000; i++) yield `${i}\n`;
 * }
 * sendAll(server.writer, numbers()).subscribe({ complete: () => server.writer.close() });
 * ```
 */
export function sendAll(writer: StreamWriter, source: Source): Observable<never> {
  checkMethod('writer must be a StreamWriter', writer, 'drain');
  checkSource(source);
  return new Observable((subscriber) => {
    const pull = new Pull(writer, source, subscriber);
    followWriter(writer, subscriber, () => pull.advance());
    if (!subscriber.closed) pull.start();
  });
}

/**
 * Takes from the iterator what there is room for: one run of `sendAll`.
 *
 * | phase     | there is room         | unsubscribed, or an error                  |
 * | --------- | --------------------- | ------------------------------------------ |
 * | `new`     | (no iterator yet)     | (no iterator yet)                          |
 * | `ready`   | `next()` is called    | the iterator is told to return: `over`     |
 * | `waiting` | (for an item)         | the same, and the item is dropped          |
 * | `over`    |                       |                                            |
 */
class Pull {
  #phase: 'new' | 'ready' | 'waiting' | 'over' = 'new';
  #iterator!: Iterator<Data> | AsyncIterator<Data>;
  readonly #isAsync: boolean;
  /** What has come of waiting. */
  #arrived: (() => void) | undefined;
  // A generator must not be told to return while it runs: the call under way does it afterwards.
  readonly #pulling = new Reentrant(() => this.#pull());

  constructor(
    readonly writer: StreamWriter,
    readonly source: Source,
    readonly subscriber: Subscriber<never>,
  ) {
    this.#isAsync = isAsyncIterable(source);
  }

  start(): void {
    const { source, subscriber } = this;
    const iterator = isAsyncIterable(source) ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    if (!isObject(iterator)) throw new TypeError(`The iterator of source is ${describe(iterator)}`);
    this.#iterator = iterator;
    this.#phase = 'ready';
    subscriber.add(() => this.#pulling.run());
    this.#pulling.run();
  }

  advance(): void {
    this.#pulling.run();
  }

  #pull(): void {
    const arrived = this.#arrived;
    this.#arrived = undefined;
    arrived?.();
    while (this.#phase === 'ready' && !this.subscriber.closed && !this.writer.paused) this.#next();
    if (this.subscriber.closed && this.#phase !== 'new' && this.#phase !== 'over') this.#close();
  }

  #next(): void {
    let result: unknown;
    try {
      result = this.#iterator.next();
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!this.#isAsync) {
      this.#take(result);
    } else {
      this.#phase = 'waiting';
      void this.#wait(result);
    }
  }

  async #wait(result: unknown): Promise<void> {
    let arrived: () => void;
    try {
      const item = await result;
      arrived = () => this.#take(item);
    } catch (error) {
      arrived = () => this.#fail(error);
    }
    if (this.#phase !== 'waiting') return;
    this.#phase = 'ready';
    this.#arrived = arrived;
    this.#pulling.run();
  }

  #take(result: unknown): void {
    let item: { done: boolean; value: Data };
    try {
      item = read(result);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (item.done) {
      this.#phase = 'over';
      endWhenDrained(this.writer, this.subscriber);
    } else if (!this.subscriber.closed) {
      this.#write(item.value, result);
    }
  }

  #write(data: Data, result: unknown): void {
    try {
      if (!this.#isAsync && isPromise(result)) {
        void settle(result);
        throw new TypeError('next() gave a promise: an iterable of promises needs [Symbol.asyncIterator]');
      }
      if (isDetached(data)) throw new TypeError('data is detached: its bytes belong to somebody else now');
      this.writer.write(data);
    } catch (error) {
      this.subscriber.error(error);
    }
  }

  /** The iterator has failed: it is over without being told. */
  #fail(error: unknown): void {
    this.#phase = 'over';
    this.subscriber.error(error);
  }

  #close(): void {
    this.#phase = 'over';
    // The iterator of a Readable does not destroy it before its first item, nor while it waits for one; where it does, that
    // may be with an error, which is nobody's business. So it is destroyed before.
    attempt(() => destroy(this.source as unknown as Partial<Destroyable>));
    attempt(() => void settle(this.#iterator.return?.()));
  }
}

interface Destroyable {
  pipe: unknown;
  destroy(): void;
  listenerCount(event: string): number;
  once(event: string, listener: (error: unknown) => void): void;
}

function destroy(readable: Partial<Destroyable>): void {
  if (typeof readable.pipe !== 'function') return;
  if (readable.listenerCount?.('error') === 0) readable.once?.('error', reportError);
  readable.destroy?.();
}

/** What a call has given may be a promise: nobody else waits for it. */
async function settle(result: unknown): Promise<void> {
  try {
    await result;
  } catch (error) {
    reportError(error);
  }
}

function read(result: unknown): { done: boolean; value: Data } {
  if (!isObject(result)) throw new TypeError(`next() gave ${describe(result)}, which is no iterator result`);
  const { done } = result as IteratorResult<Data>;
  return done ? { done, value: '' } : { done: false, value: (result as IteratorYieldResult<Data>).value };
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function isPromise(value: unknown): boolean {
  return typeof (value as Partial<PromiseLike<unknown>>).then === 'function';
}

/** Such data looks empty, but its buffer cannot be copied from. */
function isDetached(data: Data): boolean {
  if (!ArrayBuffer.isView(data) || data.byteLength > 0) return false;
  try {
    data.buffer.slice(0, 0);
    return false;
  } catch {
    return true;
  }
}

function describe(value: unknown): string {
  return isObject(value) ? `a ${typeof value}` : String(value);
}

function isAsyncIterable(source: Source): source is AsyncIterable<Data> {
  return (source as Partial<AsyncIterable<Data>>)[Symbol.asyncIterator] !== undefined;
}

function checkSource(source: unknown): void {
  if (typeof source === 'string' || ArrayBuffer.isView(source))
    throw new TypeError('source is data, not an iterable of data: use writer.send(data)');
  const iterable = source as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  if (iterable?.[Symbol.asyncIterator] === undefined && iterable?.[Symbol.iterator] === undefined) {
    throw new TypeError(
      `source must be an iterable or an async iterable, not ${describe(source)}; for an Observable use writeTo(writer)`,
    );
  }
}
