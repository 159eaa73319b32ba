import { createServer } from 'node:net';
import { Observable } from 'rxjs';
import { checkConnectionOptions, type ConnectionOptions } from '../streams/Connection.js';
import { Server } from './Server.js';

/** The connection options are those of each accepted connection. */
export interface ServerOptions extends ConnectionOptions {
  /** The address to listen on. Default: all of this machine's, IPv6 and IPv4. */
  host?: string;
  /** 0 to 65535; 0 takes a free one: see `Server.addresses`. */
  port: number;
  /** Send small writes at once (TCP_NODELAY). Default: true. */
  noDelay?: boolean;
}

/**
 * Listens on a TCP port, anew for each subscription: asyncio's `start_server`.
 *
 * ```text
 * listen             --ok-------
 * fromServer(o)      --s--------      s.connections$: the connections
 * ```
 *
 * - **Emits** the server, once it listens. **Completes** when `server.close()` is called.
 * - **Errors** when it cannot listen, with Node's own error (`EADDRINUSE`, …).
 * - **Unsubscribe** stops listening. Connections that were taken go on.
 *
 * @example
 * ```ts
 * import { fromServer } from 'rxjs-net/node';
 * import { take } from 'rxjs';
 *
 * fromServer({ host: '127.0.0.1', port: 0 })
 *   .pipe(take(1))
 *   .subscribe((server) => console.log(`listening on ${server.addresses[0]!.port}`));
 * ```
 */
export function fromServer(options: ServerOptions): Observable<Server> {
  checkConnectionOptions(options);
  const { host, port, noDelay = true } = options;
  if (!(Number.isInteger(port) && port >= 0 && port <= 65535)) {
    throw new RangeError(`port must be an integer from 0 to 65535, not ${String(port)}`);
  }
  return new Observable((subscriber) => {
    const netServer = createServer({ allowHalfOpen: true, noDelay });
    netServer.on('error', (error) => subscriber.error(error));
    netServer.listen(host === undefined ? { port } : { host, port }, () => {
      const server = new Server(netServer, options);
      // At once if it was unsubscribed meanwhile: Node looks the host name up first, and listens even if closed then.
      subscriber.add(() => server.close());
      subscriber.next(server);
      server.closed$.subscribe(subscriber);
    });
    return () => netServer.close();
  });
}
