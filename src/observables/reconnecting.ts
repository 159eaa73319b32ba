import { BehaviorSubject, from, isObservable, NEVER, Observable } from 'rxjs';
import { checkOptions, described } from '../bytes/check.js';
import { Queue } from '../bytes/Queue.js';
import { checkHandler, type ConnectionHandler } from '../operators/runHandler.js';
import type { Connection } from '../streams/Connection.js';
import { Reentrant } from '../streams/Reentrant.js';
import {
  checkReconnectingOptions,
  type ReconnectingOptions,
  type ReconnectingStatus,
} from './ReconnectingOptions.js';
import { ReconnectingRun } from './ReconnectingRun.js';

export type { ReconnectingOptions, ReconnectingStatus } from './ReconnectingOptions.js';

/** A client that stays connected: what its handler emits, and what it is doing. See {@link reconnecting}. */
export interface Reconnecting<R> extends Observable<R> {
  /**
   * What it is doing, the current status first, for any number of subscribers; `closed` before the first subscription.
   * It never ends, and subscribing to it starts nothing. Of several subscriptions at the same time it tells of the
   * latest: to have them share one connection use `share()`.
   */
  readonly status$: Observable<ReconnectingStatus>;
}

/**
 * Runs a handler on a connection, and again on a new one whenever connecting, the connection or the handler fails: a
 * client that stays connected.
 *
 * ```text
 * source$        --#      ---c
 * handler on c               -x--y--#      --z--|
 * result         ------------x--y-----------z--|
 * status$        C-W------C--O------W------CO--(X)    Connecting, Waiting, Open, X = closed
 * ```
 *
 * Before attempt n + 1 it waits for a random time of 0 to `initialDelay` × `factor`^(n − 1) milliseconds, `maxDelay` at
 * most: exponential backoff with full jitter, so that the clients of a server that comes back do not come all at once.
 * A connection that has lasted `stableAfter`, and `retryNow$`, begin that anew.
 *
 * - **Emits** what the handler emits, whatever the connection. **Completes** when the handler has completed and the
 *   connection is closed, unless `onComplete` is `reconnect`. A handler that reads up to the end of the stream, as
 *   `reader.lines()`, also completes when the peer closes.
 * - **Errors** with an error that `shouldRetry` refuses, the one of the last of `maxAttempts`, what `shouldRetry` or
 *   `random` throw, or an error of `retryNow$`.
 * - **Unsubscribe** stops at once whatever goes on: the attempt, the handler, whose connection is closed as by
 *   `useConnection`, or the wait.
 *
 * Each subscription runs by itself. `source$` is one that connects anew for each subscription, as `fromConnection`.
 *
 * RxJS's `useConnection(handler), retry({ delay: 1000 })` is enough where nobody looks at the state, and a fixed wait will
 * do: for a few clients of a server that is nearby. With `resetOnSuccess`, it does begin anew after any value.
 *
 * @example
 * ```ts
 * import { connectionPair, reconnecting } from 'rxjs-net';
 * import { defer, of } from 'rxjs';
 *
 * let attempts = 0;
 * const source$ = defer(() => {
 *   if (++attempts === 1) throw new Error('nobody there');
 *   const [client, server] = connectionPair();
 *   server.writer.write('hello\n');
 *   server.writer.close();
 *   return of(client);
 * });
 *
 * const lines$ = reconnecting(source$, ({ reader }) => reader.lines(), { initialDelay: 10 });
 * lines$.status$.subscribe(({ kind }) => console.log(kind)); // closed, connecting, waiting, connecting, open, closed
 * lines$.subscribe(console.log); // hello
 * ```
 *
 * @example
 * ```ts no-run
 * import { reconnecting } from 'rxjs-net';
 * import { fromConnection } from 'rxjs-net/node';
 *
 * // A feed without an end. A certificate that is not accepted will not be so the next time.
 * const feed$ = reconnecting(
 *   fromConnection({ host: 'feed.example', port: 443, tls: true }),
 *   ({ reader }) => reader.lines(),
 *   {
 *     onComplete: 'reconnect',
 *     shouldRetry: (error) => !/CERT/.test(String((error as { code?: unknown }).code)),
 *   },
 * );
 * feed$.status$.subscribe((status) => {
 *   if (status.kind === 'waiting') console.log(`attempt ${status.attempt} in ${status.delay} ms`, status.reason);
 * });
 * feed$.subscribe(console.log);
 * ```
 */
export function reconnecting<R>(
  source$: Observable<Connection>,
  handler: ConnectionHandler<R>,
  options: ReconnectingOptions = {},
): Reconnecting<R> {
  if (!isObservable(source$))
    throw new TypeError(`source$ must be an Observable of connections, not ${described(source$)}`);
  checkOptions(options);
  checkHandler(handler, options);
  checkReconnectingOptions(options);
  const retryNow$ = from(options.retryNow$ ?? NEVER);

  const statuses = new BehaviorSubject<ReconnectingStatus>({ kind: 'closed' });
  // In order, for all: whoever is told of a status may bring about the next one, as by unsubscribing.
  const untold = new Queue<ReconnectingStatus>();
  const telling = new Reentrant(() => {
    for (let status = untold.shift(); status !== undefined; status = untold.shift()) statuses.next(status);
  });
  let latest: ReconnectingRun<R> | undefined;
  const values$ = new Observable<R>((subscriber) => {
    const tell = (status: ReconnectingStatus): void => {
      if (latest !== run) return;
      untold.push(status);
      telling.run();
    };
    const run = new ReconnectingRun<R>(options, tell, subscriber);
    latest = run;
    run.run(source$, handler, retryNow$);
  });
  return Object.assign(values$, { status$: statuses.asObservable() });
}
