import { Observable } from 'rxjs';
import { checkBoolean } from '../bytes/check.js';
import { checkMethod } from '../streams/check.js';
import type { Connection } from '../streams/Connection.js';
import { MessagePortLink, type MessagePortLike } from '../transports/web/MessagePortLink.js';
import { checkMessageOptions, type MessageOptions } from '../transports/web/MessageSettings.js';
import { connectionOnLink } from './connectionOnLink.js';
import { ownConnection } from './ownConnection.js';

/** Options of {@link fromMessagePort}. */
export interface MessagePortOptions extends MessageOptions {
  /**
   * Hand the memory of what is written over to the other end, where it is the whole of its buffer: the array is empty after
   * the write was sent. Default: false, a copy is handed over.
   */
  transfer?: boolean;
}

const inUse = new WeakSet<MessagePortLike>();

/**
 * A connection over a `MessagePort`, to a worker, an iframe or another window, with the backpressure, half-close, close and
 * loss of a socket. Both ends use this function.
 *
 * ```text
 * port                     -----------closed
 * fromMessagePort(port)    c----------|
 * ```
 *
 * - **Emits** one connection, at once; what is written waits until the other end is there. **Completes** when it has closed.
 * - **Errors** with what the function throws, and with a `TypeError` when the port carries a connection already. A port that
 *   closes without a word is a loss where the platform tells of it, as Node does; in browsers `heartbeat` finds out.
 * - **Unsubscribe** closes gracefully, and the port with it.
 * - **Backpressure** by credits: `receiveLimit` bytes may be under way.
 *
 * @param port also the global of a dedicated worker, a `Worker`, or a `BroadcastChannel` that has two ends; or a function that
 *   gives one for each subscription
 *
 * @example
 * ```ts
 * import { useConnection } from 'rxjs-net';
 * import { fromMessagePort } from 'rxjs-net/web';
 *
 * // `port2` would be posted to a worker, which does the same there.
 * const { port1, port2 } = new MessageChannel();
 * fromMessagePort(port2)
 *   .pipe(useConnection(({ reader, writer }) => reader.pipeTo(writer)))
 *   .subscribe();
 * fromMessagePort(port1)
 *   .pipe(
 *     useConnection(({ reader, writer }) => {
 *       writer.write('hello\n');
 *       writer.writeEof();
 *       return reader.lines();
 *     }),
 *   )
 *   .subscribe(console.log); // hello
 * ```
 */
export function fromMessagePort(
  port: MessagePortLike | (() => MessagePortLike),
  options: MessagePortOptions = {},
): Observable<Connection> {
  checkMessageOptions(options, true);
  const { transfer = false } = options;
  checkBoolean('transfer', transfer);
  if (typeof port !== 'function') checkPort(port);
  return new Observable((subscriber) => {
    const made = typeof port === 'function' ? port() : port;
    checkPort(made);
    if (inUse.has(made)) throw new TypeError('This port carries a connection already');
    inUse.add(made);
    const connection = connectionOnLink(new MessagePortLink(made, transfer), options, true);
    connection.core.onGone(() => inUse.delete(made));
    ownConnection(subscriber, connection);
  });
}

function checkPort(port: Partial<MessagePortLike>): void {
  checkMethod('port must be a MessagePort, or a function that gives one', port, 'postMessage');
  checkMethod('port must be an EventTarget too', port, 'addEventListener');
}
