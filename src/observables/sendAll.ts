import { Observable, type Subscriber } from 'rxjs';
import { checkWriter, endWhenDrained, followWriter } from '../operators/followWriter.js';
import type { Data } from '../bytes/Separator.js';
import type { StreamWriter } from '../streams/StreamWriter.js';

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
 *   An item that is under way then is dropped.
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
  checkWriter(writer);
  checkSource(source);
  return new Observable((subscriber) => {
    const pull = new Pull(writer, source, subscriber);
    followWriter(writer, subscriber, () => pull.advance());
    if (!subscriber.closed) pull.start();
  });
}

class Pull {
  #iterator!: Iterator<Data> | AsyncIterator<Data>;
  readonly #isAsync: boolean;
  // The loop runs, or an item is waited for.
  #busy = false;
  #over = false;

  constructor(
    readonly writer: StreamWriter,
    readonly source: Source,
    readonly subscriber: Subscriber<never>,
  ) {
    this.#isAsync = isAsyncIterable(source);
  }

  start(): void {
    const { source, subscriber } = this;
    this.#iterator = isAsyncIterable(source) ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    // A synchronous generator must not be told to return while it runs: the loop does it then.
    subscriber.add(() => (this.#busy && !this.#isAsync) || this.#close());
    this.advance();
  }

  advance(): void {
    // From inside `next()` or a write: the loop that runs goes on with it.
    if (this.#busy) return;
    this.#busy = true;
    while (!this.#over && !this.subscriber.closed && !this.writer.paused) {
      try {
        const result = this.#iterator.next();
        if (this.#isAsync) {
          Promise.resolve(result).then(
            (item) => this.#resume(item),
            (error: unknown) => this.#fail(error),
          );
          return;
        }
        this.#take(result as IteratorResult<Data>);
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#busy = false;
    if (this.subscriber.closed) this.#close();
  }

  #resume(item: IteratorResult<Data>): void {
    try {
      this.#take(item);
    } catch (error) {
      this.#fail(error);
    }
    this.#busy = false;
    this.advance();
  }

  #take(item: IteratorResult<Data>): void {
    if (item.done === true) {
      this.#over = true;
      endWhenDrained(this.writer, this.subscriber);
    } else if (!this.subscriber.closed) {
      try {
        this.writer.write(item.value);
      } catch (error) {
        this.subscriber.error(error);
      }
    }
  }

  /** The iterator has failed: it is over without being told. */
  #fail(error: unknown): void {
    this.#over = true;
    this.subscriber.error(error);
  }

  #close(): void {
    if (this.#over) return;
    this.#over = true;
    void this.#iterator.return?.();
    // The iterator of a Readable does not destroy it before its first item, nor while it waits for one.
    const readable = this.source as { pipe?: unknown; destroy?: () => void };
    if (typeof readable.pipe === 'function') readable.destroy?.();
  }
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
      `source must be an iterable or an async iterable, not ${String(source)}; for an Observable use writeTo(writer)`,
    );
  }
}
