import {
  defer,
  finalize,
  mergeMap,
  type Observable,
  type ObservableInput,
  type OperatorFunction,
} from 'rxjs';
import type { Connection } from '../streams/Connection.js';

/** What is done with a connection: its result is over when the connection is no longer needed. */
export type ConnectionHandler<R> = (connection: Connection) => ObservableInput<R>;

/**
 * Runs a handler on each connection and closes the connection when the handler ends: a client, from connect to close.
 *
 * - **Emits** what the handler emits.
 * - **Completes** when the handler has, and the connection is closed.
 * - **Errors** with the handler's error, or the error of the connect.
 * - **Unsubscribe** unsubscribes from the handler and closes the connection: what was written is still sent.
 *
 * @example
 * ```ts
 * import { useConnection } from 'rxjs-net';
 * import { fromConnection, serverConnections$ } from 'rxjs-net/node';
 * import { take } from 'rxjs';
 *
 * const server = serverConnections$({
 *   port: 0,
 *   onListening({ addresses: [address] }) {
 *     fromConnection({ port: address!.port })
 *       .pipe(useConnection(({ reader }) => reader.lines()))
 *       .subscribe({ next: console.log, complete: () => server.unsubscribe() }); // hello
 *   },
 * })
 *   .pipe(take(1))
 *   .subscribe(({ writer }) => {
 *     writer.write('hello\n');
 *     writer.close();
 *   });
 * ```
 */
export function useConnection<R>(handler: ConnectionHandler<R>): OperatorFunction<Connection, R> {
  return mergeMap((connection) => runHandler(handler, connection));
}

/** Whatever way the handler ends, the connection is closed. @internal */
export function runHandler<R>(handler: ConnectionHandler<R>, connection: Connection): Observable<R> {
  return defer(() => handler(connection)).pipe(finalize(() => connection.release()));
}
