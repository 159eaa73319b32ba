import { mergeMap, Observable, Subscription, type OperatorFunction } from 'rxjs';
import type { Connection } from '../streams/Connection.js';
import { checkHandler, runHandler, type ConnectionHandler, type HandlerOptions } from './runHandler.js';

export type { ConnectionHandler, HandlerOptions } from './runHandler.js';

/**
 * Runs a handler on each connection and closes the connection when the handler ends: a client, from connect to close.
 *
 * - **Emits** what the handler emits.
 * - **Completes** when the handler has, and the connection is closed.
 * - **Errors** with the handler's error, or the error of the connect; with that of the connection, when it is lost, all
 *   that was received has been taken, and no read of the handler is there to be told (see `onLoss`). So `retry()`
 *   reconnects, whatever the handler does.
 * - **Unsubscribe** unsubscribes from the handler and closes the connection: what was written is still sent, also by the
 *   handler's own teardown, such as a last `QUIT`.
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
export function useConnection<R>(
  handler: ConnectionHandler<R>,
  options: HandlerOptions = {},
): OperatorFunction<Connection, R> {
  checkHandler(handler, options);
  return (source) =>
    new Observable((subscriber) => {
      // Before the source, whose teardown closes its connection: that of a handler may still write.
      const handlers = new Subscription();
      subscriber.add(handlers);
      const run = (connection: Connection): Observable<R> =>
        new Observable((inner) => {
          handlers.add(inner);
          runHandler(handler, connection, options).subscribe(inner);
          inner.add(() => connection.release());
        });
      source.pipe(mergeMap(run)).subscribe(subscriber);
    });
}
