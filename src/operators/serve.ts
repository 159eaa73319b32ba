import {
  asyncScheduler,
  catchError,
  EMPTY,
  filter,
  finalize,
  from,
  mergeMap,
  Observable,
  ReplaySubject,
  take,
  takeUntil,
  type ObservableInput,
  type OperatorFunction,
  type SchedulerLike,
  type Subscriber,
} from 'rxjs';
import { checkMilliseconds, checkTimeout } from '../streams/check.js';
import type { Connection } from '../streams/Connection.js';
import { TooManyConnectionsError } from '../streams/errors.js';
import { runHandler, type ConnectionHandler } from './useConnection.js';

export interface ServeOptions {
  /**
   * Told of every error a handler ends with, before its connection is closed: there is still time for a last reply.
   * Also of connections that are refused. Default: a process warning (`process.on('warning')`), in browsers
   * `reportError`.
   */
  onError?: (error: unknown, connection: Connection) => void;
  /** Handlers that run at the same time, 1 or more; further connections wait, unread. Default: no bound. */
  concurrency?: number;
  /**
   * Connections that may wait, 0 or more; further ones are refused: reset, with a `TooManyConnectionsError` for
   * `onError`. Default: no bound.
   */
  maxPending?: number;
  /** Milliseconds, more than 0, from the start of a handler: as the option of a connection. Default: no limit. */
  idleTimeout?: number;
  /**
   * When it emits, serving ends: no more connections are accepted, those that wait are closed, and the handlers have
   * `grace` milliseconds to finish. Default: never.
   */
  stop?: ObservableInput<unknown>;
  /** Milliseconds, 0 or more; then handlers are unsubscribed and their connections aborted. Default: 30 s. */
  grace?: number;
  /** Where time comes from. Default: RxJS's `asyncScheduler`. */
  scheduler?: SchedulerLike;
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
 * - **Emits** what the handlers emit. **Completes** when the source has, or `stop` has emitted, and every handler is
 *   done.
 * - **Errors** with an error of the source (it cannot listen), of `stop`, or with what `onError` throws.
 * - **Unsubscribe** unsubscribes from all handlers, and closes their connections and those that wait.
 *
 * Whatever way a handler ends, its connection is closed, and what was written is still sent.
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
  checkServeOptions(options);
  return (source) => new Observable((subscriber) => new Serving(handler, options).run(source, subscriber));
}

/** One subscription to `serve`. */
class Serving<R> {
  readonly #handler: ConnectionHandler<R>;
  readonly #options: ServeOptions;
  readonly #scheduler: SchedulerLike;
  // Nobody else knows of those that wait: if serving ends before their turn, they are to be closed here.
  readonly #waiting = new Set<Connection>();
  readonly #running = new Set<Connection>();
  readonly #stopping = new ReplaySubject<void>(1);
  readonly #graceOver = new ReplaySubject<void>(1);
  #stopped = false;

  constructor(handler: ConnectionHandler<R>, options: ServeOptions) {
    this.#handler = handler;
    this.#options = options;
    this.#scheduler = options.scheduler ?? asyncScheduler;
  }

  run(source: Observable<Connection>, subscriber: Subscriber<R>): void {
    const { concurrency = Infinity, stop, grace = 30_000 } = this.#options;
    if (stop !== undefined) {
      const stopped = (): void => {
        this.#stop();
        subscriber.add(this.#scheduler.schedule(() => this.#abort(), grace));
      };
      subscriber.add(
        from(stop)
          .pipe(take(1))
          .subscribe({ next: stopped, error: (error: unknown) => subscriber.error(error) }),
      );
    }
    source
      .pipe(
        takeUntil(this.#stopping),
        filter((connection) => this.#admit(connection)),
        mergeMap((connection) => this.#serve(connection), concurrency),
        takeUntil(this.#graceOver),
        finalize(() => this.#releaseWaiting()),
      )
      .subscribe(subscriber);
  }

  #admit(connection: Connection): boolean {
    const { concurrency = Infinity, maxPending = Infinity } = this.#options;
    if (this.#running.size >= concurrency && this.#waiting.size >= maxPending) {
      connection.writer.abort();
      this.#onError(new TooManyConnectionsError(concurrency, maxPending), connection);
      return false;
    }
    this.#waiting.add(connection);
    return true;
  }

  #serve(connection: Connection): Observable<R> {
    this.#waiting.delete(connection);
    if (this.#stopped) {
      connection.release();
      return EMPTY;
    }
    this.#running.add(connection);
    const { idleTimeout } = this.#options;
    if (idleTimeout !== undefined) connection.core.watchIdle(idleTimeout, this.#scheduler);
    return runHandler(this.#handler, connection).pipe(
      catchError((error: unknown) => {
        this.#onError(error, connection);
        return EMPTY;
      }),
      finalize(() => this.#running.delete(connection)),
    );
  }

  #onError(error: unknown, connection: Connection): void {
    (this.#options.onError ?? warn)(error, connection);
  }

  #stop(): void {
    this.#stopped = true;
    this.#releaseWaiting();
    this.#stopping.next();
  }

  #abort(): void {
    const connections = [...this.#running];
    // First the handlers: the end of their connections is no error to them any more.
    this.#graceOver.next();
    for (const { writer } of connections) writer.abort();
  }

  #releaseWaiting(): void {
    for (const connection of this.#waiting) connection.release();
    this.#waiting.clear();
  }
}

function checkServeOptions(options: ServeOptions): void {
  const { concurrency = Infinity, maxPending = Infinity, idleTimeout, grace } = options;
  if (!(concurrency >= 1)) throw new RangeError(`concurrency must be at least 1, not ${String(concurrency)}`);
  if (!(maxPending >= 0)) throw new RangeError(`maxPending must be at least 0, not ${String(maxPending)}`);
  if (idleTimeout !== undefined) checkTimeout('idleTimeout', idleTimeout);
  if (grace !== undefined) checkMilliseconds('grace', grace);
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
