import type { IncomingMessage } from 'node:http';
import type { WebSocket, WebSocketServer } from 'ws';
import { reportError } from '../streams/reportError.js';
import { originCheck } from './originCheck.js';
import type { ListeningEvents } from './UpgradeRoutes.js';
import type { WebSocketArrivals } from './webSocketHandshake.js';
import type { WebSocketAcceptOptions, WebSocketsOnWebSocketServer } from './WebSocketServerOptions.js';

const taken = new WeakSet<WebSocketServer>();

/** Takes what a server of `ws` opens. Returns what gives it back. @internal */
export function listenOnWebSocketServer(
  { webSocketServer, origins }: WebSocketsOnWebSocketServer & WebSocketAcceptOptions,
  arrivals: WebSocketArrivals,
  events: ListeningEvents,
): () => void {
  if (taken.has(webSocketServer)) {
    events.failed(new TypeError('This WebSocketServer is in use by another webSocketServerConnections$'));
    return () => undefined;
  }
  const mayConnect = originCheck(origins);
  const refuse = (ws: WebSocket, code: 1008 | 1011): void => {
    refuseOpen(ws, code);
    arrivals.refused(`close code ${code}`);
  };
  const onConnection = (ws: WebSocket, request: IncomingMessage): void => {
    try {
      if (!mayConnect(request)) {
        refuse(ws, 1008);
        return;
      }
    } catch (error) {
      reportError(error);
      refuse(ws, 1011);
      return;
    }
    arrivals.opened(ws, request);
  };
  const onListening = (): void => {
    webSocketServer.off('error', onError);
    events.listening(webSocketServer.address());
  };
  const onError = (error: unknown): void => events.failed(error);
  const onClose = (): void => events.closed();
  taken.add(webSocketServer);
  webSocketServer.on('connection', onConnection).on('close', onClose);
  if (webSocketServer.options.noServer === true) events.listening(null);
  else if (webSocketServer.address() !== null) onListening();
  else webSocketServer.once('listening', onListening).on('error', onError);
  return () => {
    taken.delete(webSocketServer);
    webSocketServer
      .off('connection', onConnection)
      .off('close', onClose)
      .off('listening', onListening)
      .off('error', onError);
  };
}

/** The handshake is over: what is left is to close, with a code of RFC 6455, 7.4.1. */
function refuseOpen(ws: WebSocket, code: 1008 | 1011): void {
  ws.on('error', () => ws.terminate());
  ws.close(code);
}
