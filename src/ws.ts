/**
 * Servers of WebSockets, on the package `ws`.
 *
 * @packageDocumentation
 */

export { webSocketServerConnections$ } from './server/webSocketServerConnections.js';
export type {
  AllowedOrigins,
  WebSocketAcceptOptions,
  WebSocketHandshakeOptions,
  WebSocketListenTarget,
  WebSocketPath,
  WebSocketServerConnectionsOptions,
  WebSocketServing,
  WebSocketsOnPort,
  WebSocketsOnServer,
  WebSocketsOnWebSocketServer,
} from './server/WebSocketServerOptions.js';
