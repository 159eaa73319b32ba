import { defer, filter, Observable, type Observer } from 'rxjs';
import { checkFunction, checkWhole } from '../bytes/check.js';
import { StreamError } from '../bytes/errors.js';
import type { Codec } from '../decoders/codec.js';
import type { Connection } from '../streams/Connection.js';
import type { FrameConsumer } from '../streams/Consumption.js';
import { RequestTimeoutError } from '../streams/errors.js';
import { attempt } from '../streams/reportError.js';
import {
  checkFramed,
  checkFramedOptions,
  requestSettings,
  type FramedOptions,
  type RequestOptions,
} from './FramedOptions.js';
import { SharedFrames } from './SharedFrames.js';

/**
 * A connection as a stream of messages in both directions, as RxJS's `webSocket()`: what `framed` returns.
 *
 * **Subscribing** gives the messages of the peer, from then on. All subscribers share one read of the frames, which
 * lasts as long as there is one of them, or a request, or a `consume`; then the reader is free again, and has all bytes
 * after the last message.
 *
 * - **Emits** each message. **Completes** at a clean end of the stream.
 * - **Errors** as `reader.frames` does. **Unsubscribe** leaves the connection open.
 * - **Buffers** what the codec does; it does not slow the peer down. `consume` does.
 *
 * **As an observer** it sends: `source$.subscribe(framed)`.
 *
 * @example
 * ```ts
 * import { connectionPair, framed, lines } from 'rxjs-net';
 *
 * const [one, other] = connectionPair();
 * const server = framed(other, lines());
 * server.subscribe((message) => server.next(message.toUpperCase()));
 *
 * const client = framed(one, lines());
 * client.subscribe((message) => console.log(message)); // HELLO, BYE
 * client.next('hello');
 * client.request('bye').subscribe({ complete: () => client.connection.writer.close() });
 * ```
 */
// A subject is what it has to be, and `lift` makes plain Observables of it.
// eslint-disable-next-line rxjs-x/no-subclass
export class Framed<In, Out = In> extends Observable<In> implements Observer<Out> {
  /** The connection below: for what has no method here, such as `connection.writer.close()`. */
  readonly connection: Connection;
  readonly #codec: Codec<In, Out>;
  readonly #options: FramedOptions;
  #frames: SharedFrames<In, Out> | undefined;

  /** @internal */
  constructor(connection: Connection, codec: Codec<In, Out>, options: FramedOptions) {
    super((subscriber) => {
      const frames = this.#current();
      frames.listen(subscriber);
      frames.hold(subscriber);
    });
    this.connection = connection;
    this.#codec = codec;
    this.#options = options;
  }

  // After the end whoever comes begins another reading, and sees the end as well.
  #current(): SharedFrames<In, Out> {
    if (this.#frames === undefined || this.#frames.isOver)
      this.#frames = new SharedFrames(this.connection, this.#codec);
    return this.#frames;
  }

  /**
   * Writes a message at once, whatever the peer does. After the connection is lost it is dropped: the subscribers and
   * the requests have been told of the loss.
   *
   * @throws as `writer.write`: `WriteAfterEndError` after `complete()` (where `webSocket()` would drop it silently),
   * `ConnectionClosedError` after `error()`; and what the codec throws
   */
  next(message: Out): void {
    this.connection.writer.write(this.#codec.encode(message));
  }

  /** Aborts the connection: drops what was not sent yet, and resets it. */
  error(reason: unknown): void {
    this.connection.writer.abort(reason);
  }

  /** Ends the sending direction, after what was written; messages go on. A transport that cannot is closed. */
  complete(): void {
    const { writer } = this.connection;
    if (writer.canWriteEof()) writer.writeEof();
    else writer.close();
  }

  /** Writes a message when subscribed to, completes when there is room again: as `writer.send`. */
  send(message: Out): Observable<never> {
    return defer(() => this.connection.writer.send(this.#codec.encode(message)));
  }

  /**
   * Writes a message when subscribed to, and emits the reply to it. Requests may be under way together: replies go to
   * them in the order of the writing, or, with `isReply`, in any order.
   *
   * ```text
   * request(x)   x-------(X|)
   * request(y)   --y--------(Y|)
   * written      x-y----------
   * messages     --------X--Y-
   * ```
   *
   * A message is offered to the waiting requests in turn, the one that has waited longest first: the first that accepts
   * it has it. One without `isReply` accepts whatever comes when all before it have their replies. Subscribers see the
   * message as well, and before the request does.
   *
   * - **Emits** once, and completes.
   * - **Errors** as `next()` throws, and as the messages do; with `ConnectionLostError` when the stream ends before the
   *   reply; with `RequestTimeoutError` when there is none in time; with what `isReply` throws: the message is still
   *   offered to those after it, and if none accepts it, it counts as the reply.
   * - **Unsubscribe** does not take the message back, if it is written. Its reply is dropped when it comes, and later
   *   requests get theirs: `isReply` is still asked. So it is after a timeout, too.
   *
   * @param options the options of this request, in place of those of `framed`; or just its `isReply`
   *
   * @example
   * ```ts
   * import { connectionPair, framed, json } from 'rxjs-net';
   *
   * type Message = { id: number; text: string };
   * const [one, other] = connectionPair();
   * const client = framed(one, json<Message>(), { timeout: 5000, maxInFlight: 100 });
   * const ask = (id: number, text: string) => client.request({ id, text }, (reply) => reply.id === id);
   *
   * ask(1, 'one').subscribe(console.log); // { id: 1, text: 'ONE' }
   * ask(2, 'two').subscribe(console.log); // { id: 2, text: 'TWO' }, which comes first
   *
   * const server = framed(other, json<Message>());
   * server.next({ id: 2, text: 'TWO' });
   * server.next({ id: 1, text: 'ONE' });
   * ```
   */
  request(message: Out, options: RequestOptions<In> | ((message: In) => boolean) = {}): Observable<In> {
    const { isReply, timeout, maxInFlight, scheduler } = requestSettings(options, this.#options);
    return new Observable((subscriber) => {
      if (timeout !== undefined) {
        const fail = (): void => subscriber.error(new RequestTimeoutError(timeout));
        // What a teardown throws must not end the other work of the scheduler.
        subscriber.add(scheduler.schedule(() => attempt(fail), timeout));
      }
      this.#current().request({ message, subscriber, isReply, maxInFlight });
    });
  }

  /**
   * Works on the messages as `reader.consume`: the next one is decoded only when fewer than `concurrency` pieces of work
   * are under way. So whoever is slow here slows the peer down.
   *
   * ```text
   * received               --abc---------------|
   * work on a, b, c          --A|--B|--C|
   * consume(work)          ----A---B---C-------|
   * ```
   *
   * It gets every message but the replies to requests. Everybody else goes at its pace: subscribers see the next message
   * when there is room for it here. Only while a request waits for its reply the stream is read on, as that may be what
   * the work waits for, and up to 1024 messages wait for work. Where the peer may send more than that before a reply,
   * give requests that are made by work a `timeout`.
   *
   * - `project` gives what is to be waited for, a promise or an Observable; or nothing, when the message is done with.
   * - **Emits** what the work emits. **Completes** at a clean end of the stream, after all work.
   * - **Errors** as the messages do, after those that came before; and at once with an error of the work.
   * - **Unsubscribe** stops the work, and leaves the connection open.
   *
   * @param concurrency a positive integer. Default: 1, so the work keeps the order of the messages
   *
   * @example
   * ```ts
   * import { connectionPair, framed, lines } from 'rxjs-net';
   * import { setTimeout } from 'node:timers/promises';
   *
   * const [one, other] = connectionPair();
   * const worker = framed(one, lines());
   * worker.consume((job) => setTimeout(10, job)).subscribe(console.log); // one, two
   *
   * const jobs = framed(other, lines());
   * jobs.next('one');
   * jobs.next('two');
   * ```
   */
  consume<R = never>(project: FrameConsumer<In, R>, concurrency = 1): Observable<R> {
    checkFunction('project', project);
    checkWhole('concurrency', concurrency, 1);
    return new Observable((subscriber) => this.#current().consume(subscriber, project, concurrency));
  }

  /**
   * One of several streams on this connection, as `WebSocketSubject.multiplex`: at subscription sends the message
   * that opens it, at the end, if the peer can still be told, the one that closes it.
   *
   * - **Emits** the messages that `accepts` accepts. **Completes**, **errors** as the messages do, and with what `open`
   *   and `accepts` throw.
   *
   * Each subscription sends its own messages: `share()` it where two of them would be one stream to the peer.
   */
  multiplex<Part extends In>(
    open: () => Out,
    close: () => Out,
    accepts: (message: In) => message is Part,
  ): Observable<Part>;
  /** One of several streams on this connection, whose messages are not told apart by their type. */
  multiplex(open: () => Out, close: () => Out, accepts: (message: In) => boolean): Observable<In>;
  multiplex(open: () => Out, close: () => Out, accepts: (message: In) => boolean): Observable<In> {
    for (const [name, value] of Object.entries({ open, close, accepts })) checkFunction(name, value);
    return new Observable((subscriber) => {
      const frames = this.#current();
      const messages = new Observable<In>((inner) => frames.listen(inner));
      messages.pipe(filter((message) => accepts(message))).subscribe(subscriber);
      this.next(open());
      subscriber.add(() => {
        const { reader, writer } = this.connection;
        // The end of the peer was that of both directions: a message would make a loss of it.
        if (reader.atEof() && !writer.canWriteEof()) return;
        try {
          this.next(close());
        } catch (error) {
          // The sending direction has ended.
          if (!(error instanceof StreamError)) throw error;
        }
      });
      frames.hold(subscriber);
    });
  }
}

/**
 * Makes of a connection and a codec a stream of messages in both directions, with requests and replies.
 *
 * - **Errors** of the stream: those of the codec, and of a connection that is lost or aborted. A request has its own besides.
 *
 * @example
 * ```ts
 * import { codec, connectionPair, framed, type Decoder } from 'rxjs-net';
 * import { forkJoin, map } from 'rxjs';
 *
 * const line = (): Decoder<string> => ({
 *   decode(bytes) {
 *     const end = bytes.indexOf('\n');
 *     return end === -1 ? undefined : bytes.takeText(end + 1)?.trimEnd();
 *   },
 * });
 * const lines = codec(line, (text: string) => `${text}\n`);
 *
 * const [one, other] = connectionPair();
 * const server = framed(other, lines);
 * server.pipe(map((text) => text.toUpperCase())).subscribe(server);
 *
 * const client = framed(one, lines);
 * forkJoin([client.request('one'), client.request('two')]).subscribe(console.log); // [ 'ONE', 'TWO' ]
 * ```
 */
export function framed<In, Out = In>(
  connection: Connection,
  codec: Codec<In, Out>,
  options: FramedOptions = {},
): Framed<In, Out> {
  checkFramed(connection, codec);
  checkFramedOptions(options);
  return new Framed(connection, codec, { ...options });
}
