import {
  catchError,
  defer,
  EMPTY,
  finalize,
  mergeMap,
  tap,
  type Observable,
  type OperatorFunction,
} from 'rxjs';
import type { Connection } from '../streams/Connection.js';
import { runHandler, type ConnectionHandler } from './useConnection.js';

export interface ServeOptions {
  /**
   * Told of every error a handler ends with, before its connection is closed: there is still time for a last reply.
   * Default: a process warning (`process.on('warning')`), in browsers `reportError`.
   */
  onError?: (error: unknown, connection: Connection) => void;
  /** Handlers that run at the same time; further connections wait, unread. Default: no bound. */
  concurrency?: number;
}

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
 * - **Emits** what the handlers emit. **Completes** when the source has, and every handler.
 * - **Errors** with an error of the source (it cannot listen), or with what `onError` throws.
 * - **Unsubscribe** unsubscribes from all handlers, and closes their connections and those that wait.
 *
 * Whatever way a handler ends, its connection is closed, and what was written is still sent.
 *
 * @example
 * ```ts no-run
 * import { serve } from 'rxjs-net';
 * import { serverConnections$ } from 'rxjs-net/node';
 * import { concatMap } from 'rxjs';
 *
 * // An echo server. (What a client does not read back waits in memory: `chunks()` does not slow the client down.)
 * serverConnections$({ port: 8888 })
 *   .pipe(
 *     serve(({ reader, writer }) => reader.chunks().pipe(concatMap((chunk) => writer.send(chunk)))),
 *   )
 *   .subscribe();
 * ```
 */
export function serve<R>(
  handler: ConnectionHandler<R>,
  { onError = warn, concurrency = Infinity }: ServeOptions = {},
): OperatorFunction<Connection, R> {
  if (!(concurrency >= 1)) throw new RangeError(`concurrency must be at least 1, not ${String(concurrency)}`);
  const run = (connection: Connection): Observable<R> =>
    runHandler(handler, connection).pipe(
      catchError((error: unknown) => {
        onError(error, connection);
        return EMPTY;
      }),
    );
  return (source) =>
    defer(() => {
      // Nobody else knows of those that wait: if serving ends before their turn, they are to be closed here.
      const waiting = new Set<Connection>();
      return source.pipe(
        tap((connection) => waiting.add(connection)),
        mergeMap((connection) => {
          waiting.delete(connection);
          return run(connection);
        }, concurrency),
        finalize(() => {
          for (const connection of waiting) connection.release();
        }),
      );
    });
}

function warn(error: unknown): void {
  const platform = globalThis as {
    process?: { emitWarning?(warning: Error | string): void };
    reportError?(error: unknown): void;
  };
  if (platform.process?.emitWarning)
    platform.process.emitWarning(error instanceof Error ? error : String(error));
  else platform.reportError?.(error);
}
