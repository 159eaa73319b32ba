import { Observable, type OperatorFunction } from 'rxjs';
import type { Connection } from '../streams/Connection.js';
import { checkHandler, type ServeHandler } from './runHandler.js';
import { checkServeOptions, type ServeOptions } from './ServeOptions.js';
import { Serving } from './Serving.js';

export type { ServeHandler } from './runHandler.js';
export type { ServeContext } from './ServeContext.js';
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
 * A handler is told when serving begins to stop, by its second argument, a `ServeContext`. A protocol that keeps its
 * connections then says goodbye: at once to who is idle, else after the reply under way.
 *
 * ```text
 * stop                     -----------s
 * received of A            --a------------b--
 * work on a, with until      --A|
 * sent to A                ----A------BYE|        what came after it stays unread
 * ```
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
 *
 * @example
 * ```ts no-run
 * import { lines, serve } from 'rxjs-net';
 * import { serverConnections$ } from 'rxjs-net/node';
 * import { concat, EMPTY, fromEvent, iif } from 'rxjs';
 *
 * // Clients that stay; at most 20 of one address. When the server stops, they are told to come again.
 * serverConnections$({ port: 8888 })
 *   .pipe(
 *     serve(
 *       ({ reader, writer }, { stopping$, stopping }) =>
 *         concat(
 *           reader.consume(lines(), (line) => writer.send(`${line.toUpperCase()}\n`), { until: stopping$ }),
 *           iif(() => stopping.aborted, writer.send('BYE reconnect\n'), EMPTY),
 *         ),
 *       { maxPerAddress: 20, stop: fromEvent(process, 'SIGTERM') },
 *     ),
 *   )
 *   .subscribe();
 * ```
 */
export function serve<R>(
  handler: ServeHandler<R>,
  options: ServeOptions = {},
): OperatorFunction<Connection, R> {
  checkHandler(handler, options);
  checkServeOptions(options);
  return (source) => new Observable((subscriber) => new Serving(handler, options, subscriber).run(source));
}
