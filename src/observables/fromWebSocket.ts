import { asyncScheduler, map, Observable, throwError, timeout } from 'rxjs';
import type { Connection } from '../streams/Connection.js';
import { ConnectTimeoutError } from '../streams/errors.js';
import { hasCredits } from '../transports/web/creditProtocol.js';
import { openWebSocket, openWebSocketStream } from '../transports/web/openWebSocket.js';
import type { WebSocketLike } from '../transports/web/WebSocketLink.js';
import type { WebSocketStreamLike } from '../transports/web/WebSocketStreamLink.js';
import { abortWith, firstUnlessAborted } from './abortSignal.js';
import { connectionOnLink } from './connectionOnLink.js';
import { ownConnection } from './ownConnection.js';
import {
  checkWebSocket,
  offeredProtocols,
  webSocketUrl,
  type WebSocketOptions,
  type WebSocketTarget,
} from './WebSocketOptions.js';

interface Globals {
  WebSocket?: new (url: string, protocols: string[]) => WebSocketLike;
  WebSocketStream?: new (
    url: string,
    options: { protocols: string[]; signal: AbortSignal },
  ) => WebSocketStreamLike;
}

/**
 * A connection on a WebSocket: a reader and a writer on the bytes of its messages, or, with `mode: 'messages'`, on the
 * messages.
 *
 * ```text
 * socket               ---open-------closed
 * fromWebSocket(url)   ---c----------|
 * ```
 *
 * - **Emits** one connection when the socket is open. **Completes** when it has closed.
 * - **Errors** when it cannot be opened: with `WebSocketCloseError`, `ConnectTimeoutError`, what the function throws, or
 *   the reason of `signal`. A later loss is the reader's and the writer's to report: its `cause` is a
 *   `WebSocketCloseError` with the peer's code and reason. The codes 1000, 1001 and 1005 (none given) are an end.
 * - **Unsubscribe** before the connection gives the attempt up; after it, closes gracefully. So `retry()` and `repeat()`
 *   reconnect, on a socket of their own.
 * - **Backpressure**: `getExtraInfo('flowControl')` says which. `credit`, with `credits: true` and a server of
 *   `rxjs-net/ws`; `stream`, where the platform has `WebSocketStream` (Chromium) and the target is a URL; `socket` with a
 *   socket of the package `ws`; `bound` with any other one: a reader that is slow lets up to `receiveLimit` bytes wait,
 *   and the writer looks at `bufferedAmount`.
 *
 * @param target a URL of `ws:` or `wss:`, or a function that makes a socket for each subscription
 *
 * @example
 * ```ts no-run
 * import { framed, jsonMessages, useConnection } from 'rxjs-net';
 * import { fromWebSocket } from 'rxjs-net/web';
 *
 * fromWebSocket('wss://feed.example/', { mode: 'messages' })
 *   .pipe(useConnection((connection) => framed(connection, jsonMessages<{ price: number }>())))
 *   .subscribe(({ price }) => console.log(price));
 * ```
 */
export function fromWebSocket(
  target: WebSocketTarget,
  options: WebSocketOptions = {},
): Observable<Connection> {
  checkWebSocket(target, options);
  const { connectTimeout, scheduler = asyncScheduler, signal } = options;
  return new Observable((subscriber) => {
    const opening = open(target, options).pipe(firstUnlessAborted(signal));
    const inTime =
      connectTimeout === undefined
        ? opening
        : opening.pipe(
            timeout({
              first: connectTimeout,
              scheduler,
              with: () => throwError(() => new ConnectTimeoutError(connectTimeout)),
            }),
          );
    const connected = inTime.pipe(
      map((link) => {
        const credits = options.credits === true && hasCredits(String(link.getExtraInfo('protocol')));
        return connectionOnLink(link, options, credits);
      }),
    );
    const attempt = connected.subscribe({
      next: (connection) => {
        abortWith(connection.core, signal);
        ownConnection(subscriber, connection);
      },
      error: (error: unknown) => subscriber.error(error),
    });
    subscriber.add(attempt);
  });
}

function open(target: WebSocketTarget, options: WebSocketOptions) {
  const protocols = offeredProtocols(options);
  const { scheduler = asyncScheduler, credits = false } = options;
  if (typeof target === 'function') return openWebSocket(() => target(protocols), scheduler);
  const url = webSocketUrl(target);
  const { WebSocket, WebSocketStream } = globalThis as Globals;
  // With credits both ends stop each other; without them a plain WebSocket takes whatever comes.
  if (WebSocketStream !== undefined && !credits) {
    return openWebSocketStream((signal) => new WebSocketStream(url, { protocols, signal }), url);
  }
  if (WebSocket === undefined) {
    throw new TypeError(
      'There is no WebSocket here: give a function that makes one, as (protocols) => new WebSocket(url, protocols) with the package ws',
    );
  }
  return openWebSocket(() => new WebSocket(url, protocols), scheduler);
}
