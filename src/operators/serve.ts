import { Observable, type OperatorFunction } from 'rxjs';
import type { Connection } from '../streams/Connection.js';
import { checkHandler, type ConnectionHandler } from './runHandler.js';
import { checkServeOptions, type ServeOptions } from './ServeOptions.js';
import { Serving } from './Serving.js';

export type { ServeOptions } from './ServeOptions.js';

/**
 * Runs a handler on each connection of a server. An error in one ends that connection and nothing else.
 *
 * ```text
 * connections            --A---B----C--
 * handler on A             -a---#         the error goes to onError
 * handler on B                 ---b|
 * serve(handler)         ---a-----b----
 * ```
 *
 * - **Emits** what the handlers emit. **Completes** when the source has, or `stop` has emitted, every handler is done, and
 *   the last of the connections is closed: what was written to it has been handed to the system.
 * - **Errors** with an error of the source (it cannot listen), or of `stop`; with nothing that belongs to one connection.
 * - **Unsubscribe** unsubscribes from all handlers, and closes their connections and those that wait.
 *
 * Whatever way a handler ends, its connection is closed, and what was written is still sent. A handler does not outlive
 * its connection: see `onLoss`.
 *
 * @example
 * ```ts no-run
 * import { serve } from 'rxjs-net';
 * import { serverConnections$ } from 'rxjs-net/node';
 * import { fromEvent } from 'rxjs';
 *
 * // An echo server, for at most 100 clients at a time; SIGTERM gives them 5 seconds.
 * serverConnections$({ port: 8888 })
 *   .pipe(
 *     serve(({ reader, writer }) => reader.pipeTo(writer), {
 *       concurrency: 100,
 *       maxPending: 1000,
 *       idleTimeout: 60_000,
 *       stop: fromEvent(process, 'SIGTERM'),
 *       grace: 5000,
 *     }),
 *   )
 *   .subscribe({ complete: () => console.log('all clients are gone') });
 * ```
 */
export function serve<R>(
  handler: ConnectionHandler<R>,
  options: ServeOptions = {},
): OperatorFunction<Connection, R> {
  checkHandler(handler, options);
  checkServeOptions(options);
  return (source) => new Observable((subscriber) => new Serving(handler, options, subscriber).run(source));
}
