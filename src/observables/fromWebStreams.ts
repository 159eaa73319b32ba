import { Observable, type Subscriber } from 'rxjs';
import { checkFunction } from '../bytes/check.js';
import { Connection } from '../streams/Connection.js';
import { ConnectionSettings, type ConnectionOptions } from '../streams/ConnectionSettings.js';
import { checkWebStreams, releaseWebStreams, type WebStreams } from '../transports/web/WebStreams.js';
import { WebStreamsTransport } from '../transports/web/WebStreamsTransport.js';
import { ownConnection } from './ownConnection.js';

/** The streams, or a function that makes or opens them for each subscription. See {@link fromWebStreams}. */
export type WebStreamsSource = WebStreams | (() => WebStreams | PromiseLike<WebStreams>);

/** Options of {@link fromWebStreams}. */
export interface WebStreamsOptions extends ConnectionOptions {
  /**
   * Told of an error of the readable after which the connection goes on with another one, as a break or a framing error on
   * a serial line. Bytes may be missing where it came. Default: it is reported as RxJS reports errors, to
   * `config.onUnhandledError`, and without that it is an uncaught one.
   */
  onReadableError?: (error: unknown) => void;
}

/**
 * A connection on WHATWG streams: a bidirectional stream of WebTransport, a port of Web Serial, a TCP socket of Direct
 * Sockets, of Deno, or of Cloudflare's `connect()`, the body of a `Response`. With a function, on those that it makes, or
 * that its promise gives, for each subscription.
 *
 * ```text
 * open()                 ------streams--------gone
 * fromWebStreams(open)   ------c--------------|
 * ```
 *
 * - **Emits** one connection: at once, or when the promise gives its streams. **Completes** when it has closed.
 * - **Errors** with what the function throws or its promise rejects with, and with a `TypeError` when it gives no streams, or
 *   streams that are locked. The reader and the writer tell of a later loss; its `cause` is the error of the stream as it is,
 *   with the `streamErrorCode` of WebTransport. `writer.abort(reason)` gives the streams its reason as it is.
 * - **Unsubscribe** closes gracefully, as `fromConnection`; before the streams are there, it releases them when they come.
 *   So with a function `retry()` and `repeat()` reconnect.
 * - **Buffers**, while the reader is paused, one chunk at most, the one that was under way: nothing more is pulled. A byte
 *   stream is read in chunks of 64 KiB at most.
 *
 * When the connection is gone, neither stream is locked any more, and the source's `close()` is called, if it has one. So a
 * port of Web Serial is closed; give `{ readable, writable }` of it to keep it open.
 *
 * Without a writable, as with the body of a `Response`, a write throws a `TypeError`. Without a readable the reader is at the
 * end. The connection has closed when the one direction that there is has ended.
 *
 * The streams of Deno's sockets end both directions when the peer ends its own. Where that is not to be, as in a server whose
 * clients end first, use `fromConnection` of `rxjs-net/node` there.
 *
 * @throws `TypeError` when the source has neither a readable nor a writable, or one of them is locked
 *
 * @example
 * ```ts
 * import { useConnection } from 'rxjs-net';
 * import { fromWebStreams } from 'rxjs-net/web';
 *
 * const squeeze = fromWebStreams(() => new CompressionStream('gzip')).pipe(
 *   useConnection(({ reader, writer }) => {
 *     writer.write('a'.repeat(1000));
 *     writer.writeEof();
 *     return reader.read();
 *   }),
 * );
 * squeeze.subscribe((bytes) => console.log(bytes.length < 100)); // true
 * ```
 *
 * @example
 * ```ts no-run
 * import { useConnection } from 'rxjs-net';
 * import { fromWebStreams } from 'rxjs-net/web';
 * import { retry } from 'rxjs';
 *
 * const connection$ = fromWebStreams(async () => {
 *   const session = new WebTransport('https://example.com:4433/feed');
 *   await session.ready;
 *   const { readable, writable } = await session.createBidirectionalStream();
 *   return { readable, writable, closed: session.closed, close: () => session.close() };
 * });
 * connection$
 *   .pipe(
 *     useConnection(({ reader }) => reader.lines()),
 *     retry({ delay: 1000 }),
 *   )
 *   .subscribe(console.log);
 * ```
 */
export function fromWebStreams(
  source: WebStreamsSource,
  options: WebStreamsOptions = {},
): Observable<Connection> {
  ConnectionSettings.of(options);
  if (options.onReadableError !== undefined) checkFunction('onReadableError', options.onReadableError);
  if (typeof source !== 'function') checkWebStreams(source);
  return new Observable((subscriber) => {
    if (typeof source !== 'function') {
      connect(new WebStreamsTransport(source, options.onReadableError), options, subscriber);
      return;
    }
    const made = source();
    if (!isPromise(made)) {
      take(made, options, subscriber);
      return;
    }
    made.then(
      (streams) => take(streams, options, subscriber),
      (error: unknown) => subscriber.error(error),
    );
  });
}

/** Of streams that were made for the subscription: if it does not take them, nobody else would let go of them. */
function take(streams: WebStreams, options: WebStreamsOptions, subscriber: Subscriber<Connection>): void {
  let transport: WebStreamsTransport;
  try {
    if (subscriber.closed) throw new Error('The subscription was over before the streams were there');
    transport = new WebStreamsTransport(streams, options.onReadableError);
  } catch (error) {
    releaseWebStreams(streams, error);
    subscriber.error(error);
    return;
  }
  connect(transport, options, subscriber);
}

function connect(
  transport: WebStreamsTransport,
  options: WebStreamsOptions,
  subscriber: Subscriber<Connection>,
): void {
  let connection: Connection;
  try {
    connection = new Connection(transport, options);
  } catch (error) {
    // As where `wrap` throws: without a connection nobody could close it.
    transport.abort(error);
    subscriber.error(error);
    return;
  }
  ownConnection(subscriber, connection);
}

function isPromise(made: WebStreams | PromiseLike<WebStreams>): made is PromiseLike<WebStreams> {
  return typeof (made as Partial<PromiseLike<WebStreams>> | null | undefined)?.then === 'function';
}
