import { defer, filter, Observable, type Observer } from 'rxjs';
import type { Codec } from '../decoders/codec.js';
import type { Connection } from '../streams/Connection.js';
import { StreamError } from '../bytes/errors.js';
import { goneError, SharedFrames } from './SharedFrames.js';

/**
 * A connection as a stream of messages in both directions, as RxJS's `webSocket()`: what `framed` returns.
 *
 * **Subscribing** gives the messages of the peer, from then on. All subscribers share one `reader.frames(codec)`, which
 * lasts as long as there is one of them, or a request that waits; then the reader is free again, and has all bytes
 * behind the last message.
 *
 * - **Emits** each message. **Completes** at a clean end of the stream.
 * - **Errors** as `reader.frames` does. **Unsubscribe** leaves the connection open.
 * - **Buffers** what the codec does; it does not slow the peer down.
 *
 * **As an observer** it sends: `source$.subscribe(framed)`.
 */
// A subject is what it has to be, and `lift` makes plain Observables of it.
// eslint-disable-next-line rxjs-x/no-subclass
export class Framed<In, Out = In> extends Observable<In> implements Observer<Out> {
  readonly connection: Connection;
  readonly #codec: Codec<In, Out>;
  readonly #frames: SharedFrames<In>;

  /** @internal */
  constructor(connection: Connection, codec: Codec<In, Out>) {
    super((subscriber) => {
      this.#frames.messages.subscribe(subscriber);
      this.#frames.hold(subscriber);
    });
    this.connection = connection;
    this.#codec = codec;
    this.#frames = new SharedFrames(connection, codec);
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

  /** Ends the sending direction, behind what was written; messages go on. A transport that cannot is closed. */
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
   * them in the order of the writing.
   *
   * ```text
   * request(x)   x-------(X|)
   * request(y)   --y--------(Y|)
   * written      x-y----------
   * messages     --------X--Y-
   * ```
   *
   * A message is offered to the request that has waited longest, and to no other: it is the reply if `isReply` says
   * so. Subscribers see it as well, and before the request does.
   *
   * - **Emits** once, and completes.
   * - **Errors** as `next()` throws, and as the messages do; with `ConnectionLostError` when the stream ends before the
   *   reply; with what `isReply` throws, the message then counting as the reply.
   * - **Unsubscribe** does not take the message back. Its reply is dropped when it comes, and later requests get
   *   theirs: `isReply` is still asked.
   *
   * @param isReply Default: every message is a reply. For protocols that also push: what is not one.
   */
  request(message: Out, isReply: (message: In) => boolean = () => true): Observable<In> {
    return new Observable((subscriber) => {
      const { writer } = this.connection;
      const data = this.#codec.encode(message);
      // A lost connection drops the message: then what waits in the reader must not count as the reply.
      const gone = goneError(writer);
      if (gone !== undefined) throw gone;
      this.#frames.request({ subscriber, isReply }, () => writer.write(data));
      this.#frames.hold(subscriber);
    });
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
  multiplex(open: () => Out, close: () => Out, accepts: (message: In) => boolean): Observable<In>;
  multiplex(open: () => Out, close: () => Out, accepts: (message: In) => boolean): Observable<In> {
    return new Observable((subscriber) => {
      this.#frames.messages.pipe(filter((message) => accepts(message))).subscribe(subscriber);
      this.next(open());
      subscriber.add(() => {
        try {
          this.next(close());
        } catch (error) {
          // The sending direction has ended.
          if (!(error instanceof StreamError)) throw error;
        }
      });
      this.#frames.hold(subscriber);
    });
  }
}

/**
 * Makes of a connection and a codec a stream of messages in both directions, with requests and replies.
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
export function framed<In, Out = In>(connection: Connection, codec: Codec<In, Out>): Framed<In, Out> {
  if (typeof codec !== 'function' || typeof codec.encode !== 'function')
    throw new TypeError('codec must be a Codec, which codec(decoder, encode), or a call as lines(), makes');
  return new Framed(connection, codec);
}
