import { Observable } from 'rxjs';
import type { Connection } from '../streams/Connection.js';
import { checkWebSocketServerOptions } from './checkWebSocketServerOptions.js';
import { listenForWebSockets } from './listenForWebSockets.js';
import { listenOnWebSocketServer } from './listenOnWebSocketServer.js';
import { originCheck } from './originCheck.js';
import { UpgradeRoutes, type ListeningEvents } from './UpgradeRoutes.js';
import { upgradePath } from './upgradePath.js';
import { WebSocketAcceptor } from './WebSocketAcceptor.js';
import { DEFAULT_MAX_PAYLOAD, webSocketHandshake, type WebSocketArrivals } from './webSocketHandshake.js';
import type { WebSocketServerConnectionsOptions } from './WebSocketServerOptions.js';

/**
 * The WebSocket connections of a server: on a port of its own, on a server of `node:http` or `node:https` with whatever that
 * serves besides, or of a `WebSocketServer` of the package `ws`, which has to be installed.
 *
 * ```text
 * opened                            ---A---B-----C--
 * webSocketServerConnections$(o)    ---a---b-----c--
 * ```
 *
 * - **Emits** each connection that has been opened; it belongs to whoever takes it, and outlives the subscription.
 * - **Completes** when somebody else closes the server, or `signal` is aborted.
 * - **Errors** when it cannot listen. An error of a connection is the business of its reader and writer, and a request that is
 *   refused gets its HTTP status: 404 for another path, 403 for a page of another origin, 400, 405, 426.
 * - **Unsubscribe** stops listening, or leaves the server to its other users, and leaves the connections alone:
 *   `takeUntil(shutdown$)` before a `mergeMap` lets the handlers finish.
 * - **Backpressure** reaches the TCP socket below, both ways; with a client of rxjs-net that offers credits, its reader.
 *
 * `getExtraInfo` knows the `request`, the `protocol` that was agreed on, and all of a socket's names.
 *
 * @example One handler, for TCP and for browsers:
 * ```ts no-run
 * import { serve, type Connection } from 'rxjs-net';
 * import { serverConnections$ } from 'rxjs-net/node';
 * import { webSocketServerConnections$ } from 'rxjs-net/ws';
 * import { concatMap, merge } from 'rxjs';
 *
 * const echo = ({ reader, writer }: Connection) => reader.chunks().pipe(concatMap((bytes) => writer.send(bytes)));
 *
 * merge(
 *   serverConnections$({ port: 7000 }),
 *   webSocketServerConnections$({ port: 8000, path: '/echo', origins: ['https://example.com'] }),
 * )
 *   .pipe(serve(echo))
 *   .subscribe();
 * ```
 */
export function webSocketServerConnections$(
  options: WebSocketServerConnectionsOptions,
): Observable<Connection> {
  checkWebSocketServerOptions(options);
  // For what they throw.
  originCheck(options.origins);
  if (options.webSocketServer === undefined) upgradePath(options.path);
  return new Observable((subscriber) => {
    const { signal, onListening } = options;
    if (signal?.aborted) {
      subscriber.error(signal.reason);
      return;
    }
    let isListening = false;
    let unixPath: string | undefined;
    const events: ListeningEvents = {
      listening(address) {
        isListening = true;
        unixPath = typeof address === 'string' ? address : undefined;
        const addresses = typeof address === 'string' || address === null ? [] : [address];
        try {
          onListening?.({
            addresses,
            path: unixPath,
            stats: () => acceptor.stats(),
            stats$: acceptor.stats$,
          });
        } catch (error) {
          subscriber.error(error);
        }
      },
      failed: (error) => subscriber.error(error),
      closed: () => subscriber.complete(),
    };
    const acceptor = new WebSocketAcceptor(
      options,
      maxPayloadOf(options),
      (connection) => subscriber.next(connection),
      () => (isListening ? subscriber.complete() : subscriber.error(signal!.reason)),
    );
    const arrivals: WebSocketArrivals = {
      opened: (ws, request) => acceptor.open(ws, request, unixPath),
      refused: (reason) => acceptor.refused(reason),
    };
    subscriber.add(() => acceptor.stop());
    subscriber.add(listen(options, arrivals, events));
  });
}

function listen(
  options: WebSocketServerConnectionsOptions,
  arrivals: WebSocketArrivals,
  events: ListeningEvents,
): () => void {
  if (options.webSocketServer !== undefined) return listenOnWebSocketServer(options, arrivals, events);
  const route = webSocketHandshake(options, arrivals);
  if (options.server !== undefined) return UpgradeRoutes.of(options.server).add(route, events);
  return listenForWebSockets(options, route, events);
}

function maxPayloadOf(options: WebSocketServerConnectionsOptions): number | undefined {
  if (options.webSocketServer !== undefined) return options.webSocketServer.options.maxPayload;
  return options.maxPayload ?? DEFAULT_MAX_PAYLOAD;
}
