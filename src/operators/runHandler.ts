import { from, Observable, type ObservableInput } from 'rxjs';
import { checkFunction, checkOptions } from '../bytes/check.js';
import type { Connection } from '../streams/Connection.js';

/** What is done with a connection: its result is over when the connection is no longer needed. */
export type ConnectionHandler<R> = (connection: Connection) => ObservableInput<R>;

const ON_LOSS = ['unsubscribe', 'continue'] as const;

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
export function runHandler<R>(
  handler: ConnectionHandler<R>,
  connection: Connection,
  { onLoss = 'unsubscribe' }: HandlerOptions,
): Observable<R> {
  return new Observable((subscriber) => {
    const { core } = connection;
    resultOf(handler, connection).subscribe(subscriber);
    if (subscriber.closed || onLoss === 'continue') return;
    // After the handler has begun: it may have begun to read.
    subscriber.add(core.onAbandoned(() => subscriber.error(core.lifecycle.failure)));
  });
}

function resultOf<R>(handler: ConnectionHandler<R>, connection: Connection): Observable<R> {
  const result: unknown = handler(connection);
  if (result === undefined || result === null) {
    const name = handler.name === '' ? 'The handler' : `The handler ${handler.name}`;
    throw new TypeError(
      `${name} returned ${String(result)}: it has to return what lasts as long as its work, such as an Observable or a promise`,
    );
  }
  return from(result as ObservableInput<R>);
}
