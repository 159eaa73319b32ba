import type { Subscriber } from 'rxjs';
import type { Connection } from '../streams/Connection.js';

/**
 * Gives a connection to a subscription that owns it: it ends with the connection, the connection with it.
 *
 * @internal
 */
export function ownConnection(subscriber: Subscriber<Connection>, connection: Connection): void {
  subscriber.add(() => connection.release());
  subscriber.next(connection);
  // The reader and the writer have told of a loss; to the subscription it is an end like any other.
  connection.core.onGone(() => subscriber.complete());
}
