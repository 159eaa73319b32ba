import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { ListenOptions } from 'node:net';
import { withoutUndefined } from '../observables/checkConnectOptions.js';
import { reportError } from '../streams/reportError.js';
import { UpgradeRoutes, type ListeningEvents, type UpgradeRoute } from './UpgradeRoutes.js';
import type { WebSocketsOnPort } from './WebSocketServerOptions.js';

/** Listens with an HTTP server of its own. Returns what stops it. @internal */
export function listenForWebSockets(
  { host, port, backlog, ipv6Only, reusePort, keepAlive, keepAliveInitialDelay }: WebSocketsOnPort,
  route: UpgradeRoute,
  events: ListeningEvents,
): () => void {
  const server = createServer(withoutUndefined({ keepAlive, keepAliveInitialDelay }), refuse);
  const remove = UpgradeRoutes.of(server).add(route, events);
  const stop = (): void => {
    remove();
    server.close();
    // Also those that have asked for nothing yet: Node no longer watches how long they take. The WebSockets stay.
    server.closeAllConnections();
  };
  server.on('error', (error) => {
    // Of one connection, which could not be accepted.
    if (server.listening) reportError(error);
  });
  try {
    server.listen(withoutUndefined({ host, port, backlog, ipv6Only, reusePort } as ListenOptions));
  } catch (error) {
    events.failed(error);
  }
  return stop;
}

function refuse(_request: IncomingMessage, response: ServerResponse): void {
  const headers = { Connection: 'close', Upgrade: 'websocket', 'Content-Type': 'text/plain' };
  response.writeHead(426, headers).end('Upgrade Required');
}
