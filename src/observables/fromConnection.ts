import { Observable } from 'rxjs';
import type { Connection } from '../streams/Connection.js';
import { checkConnectOptions } from './checkConnectOptions.js';
import type { ConnectOptions } from './ConnectOptions.js';
import { connectSocket } from './connectSocket.js';
import { ownConnection } from './ownConnection.js';

/**
 * Connects, over TCP, a Unix socket or what is given, with TLS or without, anew for each subscription, which owns the
 * connection: asyncio's `open_connection`.
 *
 * ```text
 * connect              --ok--------closed
 * fromConnection(o)    --c---------|
 * ```
 *
 * - **Emits** one connection, as soon as it is there.
 * - **Completes** when it has closed, also when it was lost: the reader and the writer tell of that.
 * - **Errors** only when connecting fails, with Node's own error (`ECONNREFUSED`, a certificate's code, …); where a name
 *   has several addresses and none answers, that is an `AggregateError` with one error for each, and a `code`. With
 *   `ConnectTimeoutError`, `HandshakeTimeoutError`, or the reason of the `signal`.
 * - **Unsubscribe** before the connection cancels the attempt; after it, closes gracefully: what was written is
 *   sent, then FIN; and an abort when nothing could be sent for `closeTimeout`. So `retry()` and `repeat()` reconnect.
 *
 * @example
 * ```ts no-run
 * import { useConnection } from 'rxjs-net';
 * import { fromConnection } from 'rxjs-net/node';
 * import { retry } from 'rxjs';
 *
 * fromConnection({ host: 'localhost', port: 8888 })
 *   .pipe(
 *     useConnection(({ reader, writer }) => {
 *       writer.write('Hello World!\n');
 *       return reader.lines();
 *     }),
 *     retry({ delay: 1000 }),
 *   )
 *   .subscribe(console.log);
 * ```
 */
export function fromConnection(options: ConnectOptions): Observable<Connection> {
  checkConnectOptions(options);
  return new Observable((subscriber) =>
    connectSocket(options).subscribe({
      next: (connection) => ownConnection(subscriber, connection),
      error: (error: unknown) => subscriber.error(error),
    }),
  );
}
