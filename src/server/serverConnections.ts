import { mergeMap, tap, type Observable } from 'rxjs';
import { checkTypes } from '../observables/checkConnectOptions.js';
import type { Connection } from '../streams/Connection.js';
import { fromServer } from './fromServer.js';
import type { ServerOptions } from './ServerOptions.js';
import type { Server } from './Server.js';

/** Options of {@link serverConnections$}. */
export type ServerConnectionsOptions = ServerOptions & OnListening;

/** What tells that a server listens. See {@link serverConnections$}. */
export interface OnListening {
  /** Told when the server listens: with port 0, `server.addresses` has the port that it got. */
  onListening?: (server: Server) => void;
}

/**
 * The connections of a server, on a TCP port, a Unix socket or a file descriptor: `fromServer`, flattened.
 *
 * ```text
 * accepted                  ---A---B-----C--
 * serverConnections$(o)     ---a---b-----c--
 * ```
 *
 * - **Emits** each accepted connection; it belongs to whoever takes it, and outlives the subscription.
 * - **Errors** when it cannot listen. An error of a connection is the business of its reader and writer.
 * - **Unsubscribe** stops listening and leaves the connections alone: `takeUntil(shutdown$)` before a
 *   `mergeMap` lets the handlers finish.
 *
 * @example
 * ```ts no-run
 * import { serve } from 'rxjs-net';
 * import { serverConnections$ } from 'rxjs-net/node';
 * import { concatMap } from 'rxjs';
 *
 * serverConnections$({ port: 8888 })
 *   .pipe(serve(({ reader, writer }) => reader.readLine().pipe(concatMap((line) => writer.send(line)))))
 *   .subscribe();
 * ```
 */
export function serverConnections$(options: ServerConnectionsOptions): Observable<Connection> {
  checkTypes(options, { onListening: 'function' });
  return fromServer(options).pipe(
    tap((server) => options.onListening?.(server)),
    mergeMap((server) => server.connections$),
  );
}
