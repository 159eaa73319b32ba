import cluster from 'node:cluster';
import { createServer, type ListenOptions, type Server as NetServer } from 'node:net';
import { Observable } from 'rxjs';
import { withoutUndefined } from '../observables/checkConnectOptions.js';
import { hasFile } from '../transports/node/unixPath.js';
import { checkServerOptions } from './checkServerOptions.js';
import { addressInUse, claimPath } from './claimPath.js';
import { Server } from './Server.js';
import type { AcceptOptions, ListenOnPath, ListenOnPort, ServerOptions } from './ServerOptions.js';
import { SocketFile } from './SocketFile.js';

/** How many names are tried beside a path: they are random, and short only where the path is as long as it may be. */
const ATTEMPTS = 20;

/**
 * Listens on a TCP port, a Unix socket or a file descriptor, anew for each subscription: asyncio's `start_server`.
 *
 * ```text
 * listen             --ok-------
 * fromServer(o)      --s--------      s.connections$: the connections
 * ```
 *
 * - **Emits** the server, once it listens. **Completes** when `server.close()` is called.
 * - **Errors** when it cannot listen, with Node's own error (`EADDRINUSE`, …), and with a `StaleSocketError`.
 * - **Unsubscribe** stops listening. Connections that were taken go on.
 *
 * A Unix socket is bound to a name beside its path (`<path>.` and ten digits, which the peer sees as the address), and
 * moved to the path when it listens: so it is there from one moment to the next, of several servers that begin at once
 * exactly one has it, and at the end it is removed only if it is still there. In a worker of `node:cluster` the primary
 * process listens, Node itself removes the file, and `replaceStale` does nothing.
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
  checkServerOptions(options);
  return new Observable((subscriber) => {
    const { path = '', signal } = options;
    if (signal?.aborted) {
      subscriber.error(signal.reason);
      return;
    }
    const onFile = path !== '' && hasFile(path);
    const netServer = createNetServer(options);
    let file = onFile && !cluster.isWorker ? new SocketFile(path) : undefined;
    let attempts = 0;
    let server: Server | undefined;
    // First, as whoever is told may end the process: nothing of a socket without a server is to be left on the disk.
    const fail = (error: unknown): void => {
      close();
      subscriber.error(error);
    };
    const close = (): void => {
      if (server !== undefined) server.close();
      else netServer.close();
    };

    // Node throws as well as it emits errors.
    const failing = (step: () => void) => (): void => {
      try {
        step();
      } catch (error) {
        fail(error);
      }
    };
    const listen = failing(() => netServer.listen(listenOptions(options, file?.temporary)));
    const claim = (next: () => void): void => {
      // The workers of a cluster would take it from each other.
      const replaceStale = file !== undefined && (options as ListenOnPath).replaceStale === true;
      subscriber.add(claimPath(path, replaceStale).subscribe({ next, error: fail }));
    };
    const publish = failing(() => {
      if (file === undefined || file.publish()) start();
      else claim(publish);
    });
    const start = (): void => {
      server = new Server(netServer, options, file);
      // Node looks the host name up first, and listens even if it was closed then.
      if (subscriber.closed) {
        close();
        return;
      }
      if (signal?.aborted) {
        fail(signal.reason);
        return;
      }
      subscriber.next(server);
      server.closed$.subscribe(subscriber);
    };

    netServer.on('listening', publish);
    netServer.on('error', (error: NodeJS.ErrnoException) => {
      // Of one connection, which could not be accepted.
      if (server !== undefined) server.setupFailed(error);
      else if (error.code !== 'EADDRINUSE' || !onFile) fail(renamed(error, file, path));
      else if (file === undefined) claim(listen);
      else if (++attempts === ATTEMPTS) fail(addressInUse(path));
      else {
        file = new SocketFile(path);
        listen();
      }
    });
    subscriber.add(close);
    listen();
  });
}

// The name beside the path is nobody else's business.
function renamed(error: NodeJS.ErrnoException, file: SocketFile | undefined, path: string): Error {
  if (file === undefined) return error;
  error.message = error.message.replace(file.temporary, path);
  return Object.assign(error, { address: path });
}

function createNetServer({
  tls = false,
  noDelay = true,
  keepAlive = false,
  keepAliveInitialDelay = 0,
}: AcceptOptions): NetServer {
  // With TLS a client that ends in the middle of the handshake has to be noticed; after it either side can be ended.
  const allowHalfOpen = tls === false;
  return createServer({ allowHalfOpen, noDelay, keepAlive, keepAliveInitialDelay });
}

function listenOptions(options: ServerOptions, path = options.path): ListenOptions {
  const { host, port, fd, backlog } = options;
  const { ipv6Only, reusePort, readableAll, writableAll } = options as ListenOnPort & ListenOnPath;
  return withoutUndefined({ host, port, path, fd, backlog, ipv6Only, reusePort, readableAll, writableAll });
}
