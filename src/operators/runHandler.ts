import { from, Observable, type ObservableInput } from 'rxjs';
import { checkFunction, checkOptions } from '../bytes/check.js';
import type { Connection } from '../streams/Connection.js';
import type { ServeContext } from './ServeContext.js';

/**
 * What is done with a connection: its result is over when the connection is no longer needed.
 * See {@link useConnection}.
 */
export type ConnectionHandler<R> = (connection: Connection) => ObservableInput<R>;

/** The same under `serve`, which tells it besides when serving stops. See {@link serve}. */
export type ServeHandler<R> = (connection: Connection, context: ServeContext) => ObservableInput<R>;

const ON_LOSS = ['unsubscribe', 'continue'] as const;

/** Options of {@link useConnection}, and of `serve`. */
export interface HandlerOptions {
  /**
   * What becomes of a handler whose connection is lost or aborted, when all that was received has been taken, and no read
   * is there to be told. Default: `unsubscribe`, as it works for nobody any more; its error is then that of the
   * connection. `continue`: it goes on until its own end.
   */
  onLoss?: (typeof ON_LOSS)[number];
}

/** @internal */
export function checkHandler(handler: unknown, options: HandlerOptions): void {
  checkFunction('handler', handler);
  checkOptions(options);
  const { onLoss = 'unsubscribe' } = options;
  if (!ON_LOSS.includes(onLoss)) {
    throw new RangeError(`onLoss must be one of ${ON_LOSS.join(', ')}, not ${onLoss}`);
  }
}

/**
 * The work of a handler on a connection, which it does not outlive. Leaves the connection as it is at the end.
 *
 * @internal
 */
export function runHandler<R, C extends unknown[]>(
  handler: (connection: Connection, ...context: C) => ObservableInput<R>,
  connection: Connection,
  { onLoss }: HandlerOptions,
  ...context: C
): Observable<R> {
  return new Observable((subscriber) => {
    const { core } = connection;
    resultOf(handler, connection, context).subscribe(subscriber);
    if (subscriber.closed || onLoss === 'continue') return;
    // After the handler has begun: it may have begun to read.
    subscriber.add(core.onAbandoned(() => subscriber.error(core.lifecycle.failure)));
  });
}

function resultOf<R, C extends unknown[]>(
  handler: (connection: Connection, ...context: C) => ObservableInput<R>,
  connection: Connection,
  context: C,
): Observable<R> {
  const result: unknown = handler(connection, ...context);
  if (result === undefined || result === null) {
    const name = handler.name === '' ? 'The handler' : `The handler ${handler.name}`;
    throw new TypeError(
      `${name} returned ${String(result)}: it has to return what lasts as long as its work, such as an Observable or a promise`,
    );
  }
  return from(result as ObservableInput<R>);
}
