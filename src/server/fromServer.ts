import { unlinkSync } from 'node:fs';
import { createServer, type ListenOptions, type Server as NetServer } from 'node:net';
import { createSecureContext } from 'node:tls';
import { Observable, tap } from 'rxjs';
import { checkFileDescriptor, checkNoStrayTls, withoutUndefined } from '../observables/connectSocket.js';
import { ConnectionSettings } from '../streams/ConnectionSettings.js';
import { StaleSocketError } from '../streams/errors.js';
import { checkTlsTimeouts } from '../transports/node/tlsOptions.js';
import { checkUnixPath } from '../transports/node/unixPath.js';
import { Server } from './Server.js';
import type { AcceptOptions, ListenOnPath, ListenOnPort, ServerOptions } from './ServerOptions.js';
import { isStaleSocket } from './staleSocket.js';

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
    const { path, signal } = options;
    if (signal?.aborted) {
      subscriber.error(signal.reason);
      return;
    }
    const netServer = createNetServer(options);
    const listen = (): NetServer => netServer.listen(listenOptions(options));
    netServer.on('error', (error: NodeJS.ErrnoException) => {
      const fail = (reason: unknown): void => subscriber.error(reason);
      if (error.code !== 'EADDRINUSE' || path === undefined) {
        fail(error);
        return;
      }
      const takeOver = tap((stale: boolean) => {
        if (!stale) throw error;
        if (!(options as ListenOnPath).replaceStale) throw new StaleSocketError(path, error);
        unlinkSync(path);
        listen();
      });
      subscriber.add(isStaleSocket(path).pipe(takeOver).subscribe({ error: fail }));
    });
    netServer.on('listening', () => {
      const server = new Server(netServer, options);
      // At once if it was unsubscribed meanwhile: Node looks the host name up first, and listens even if closed then.
      subscriber.add(() => server.close());
      if (subscriber.closed) return;
      if (signal?.aborted) {
        subscriber.error(signal.reason);
        return;
      }
      subscriber.next(server);
      server.closed$.subscribe(subscriber);
    });
    subscriber.add(() => netServer.close());
    listen();
  });
}

function checkServerOptions(options: ServerOptions): void {
  ConnectionSettings.of(options);
  checkNoStrayTls(options);
  const { port, path, fd, backlog, reusePort, tls } = options as ServerOptions &
    Pick<ListenOnPort, 'reusePort'>;
  if ([port, path, fd].filter((target) => target !== undefined).length !== 1) {
    throw new TypeError('One of port (and host), path and fd says where to listen');
  }
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65535)) {
    throw new RangeError(`port must be an integer from 0 to 65535, not ${String(port)}`);
  }
  if (path !== undefined) checkUnixPath(path);
  if (fd !== undefined) checkFileDescriptor(fd);
  if (backlog !== undefined && !(Number.isInteger(backlog) && backlog > 0)) {
    throw new RangeError(`backlog must be a positive integer, not ${backlog}`);
  }
  if (reusePort && !hasReusePort(process.versions.node)) {
    // An older Node would ignore it, and the second process would fail.
    throw new TypeError(`reusePort needs Node.js 22.12 or later, this is ${process.version}`);
  }
  if (tls === undefined) return;
  checkTlsTimeouts(tls);
  // For what it throws: a key that does not fit, a certificate that is none.
  createSecureContext(tls);
}

function hasReusePort(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

function createNetServer({
  tls,
  noDelay = true,
  keepAlive = false,
  keepAliveInitialDelay = 0,
}: AcceptOptions): NetServer {
  // With TLS a client that ends in the middle of the handshake has to be noticed; after it either side can be ended.
  const allowHalfOpen = tls === undefined;
  return createServer({ allowHalfOpen, noDelay, keepAlive, keepAliveInitialDelay });
}

function listenOptions(options: ServerOptions): ListenOptions {
  const { host, port, path, fd, backlog } = options;
  const { ipv6Only, reusePort, readableAll, writableAll } = options as ListenOnPort & ListenOnPath;
  return withoutUndefined({ host, port, path, fd, backlog, ipv6Only, reusePort, readableAll, writableAll });
}
