import type { Observable } from 'rxjs';
import type { Connection } from '../streams/Connection.js';
import type { ClientOptions } from './ConnectOptions.js';
import { fromConnection } from './fromConnection.js';

/**
 * Connects to a Unix socket: `fromConnection` with a path, and the same ownership. As asyncio's `open_unix_connection`.
 *
 * - **Emits** one connection. **Completes** when it has closed.
 * - **Errors** when connecting fails, with Node's own error (`ENOENT`, `ECONNREFUSED`, `EACCES`, …).
 * - **Unsubscribe** cancels the attempt, or closes the connection gracefully.
 *
 * @param path at most 107 bytes on Linux, 103 on macOS: longer ones throw a `RangeError`
 *
 * @example
 * ```ts no-run
 * import { useConnection } from 'rxjs-net';
 * import { fromUnixConnection } from 'rxjs-net/node';
 *
 * fromUnixConnection('/run/postgresql/.s.PGSQL.5432')
 *   .pipe(useConnection(({ reader }) => reader.read(100)))
 *   .subscribe(console.log);
 * ```
 */
export function fromUnixConnection(path: string, options: ClientOptions = {}): Observable<Connection> {
  return fromConnection({ ...options, path });
}
