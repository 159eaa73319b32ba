import type { Observable } from 'rxjs';
import type { Connection } from '../streams/Connection.js';
import type { AcceptOptions, ListenOnPath } from './ServerOptions.js';
import { serverConnections$, type OnListening } from './serverConnections.js';

/** Options of {@link unixServerConnections$}. */
export type UnixServerOptions = Omit<ListenOnPath, 'path'> & AcceptOptions & OnListening;

/**
 * The connections of a server on a Unix socket: `serverConnections$` with a path. As asyncio's `start_unix_server`.
 *
 * - **Emits** each accepted connection; it belongs to whoever takes it, and outlives the subscription.
 * - **Errors** when it cannot listen: `EADDRINUSE` when another server does, `StaleSocketError` when one did.
 * - **Unsubscribe** stops listening and removes the file.
 *
 * @param path at most 107 bytes on Linux, 103 on macOS: longer ones throw a `RangeError`
 *
 * @example
 * ```ts
 * import { serve, useConnection } from 'rxjs-net';
 * import { fromUnixConnection, unixServerConnections$ } from 'rxjs-net/node';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 *
 * const path = join(tmpdir(), `echo-${process.pid}.sock`);
 * const server = unixServerConnections$(path, {
 *   onListening() {
 *     fromUnixConnection(path)
 *       .pipe(
 *         useConnection(({ reader, writer }) => {
 *           writer.write('hello\n');
 *           return reader.readLine();
 *         }),
 *       )
 *       .subscribe({
 *         next: (line) => console.log(new TextDecoder().decode(line).trim()), // hello
 *         complete: () => server.unsubscribe(),
 *       });
 *   },
 * })
 *   .pipe(serve(({ reader, writer }) => reader.pipeTo(writer)))
 *   .subscribe();
 * ```
 */
export function unixServerConnections$(
  path: string,
  options: UnixServerOptions = {},
): Observable<Connection> {
  return serverConnections$({ ...options, path });
}
