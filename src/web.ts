/**
 * Connections over WebSockets, message ports and Web Streams, for browsers, workers and every runtime that has these.
 *
 * @packageDocumentation
 */

export { closeWebSocket } from './observables/closeWebSocket.js';
export { fromMessagePort, type MessagePortOptions } from './observables/fromMessagePort.js';
export { fromWebSocket } from './observables/fromWebSocket.js';
export {
  fromWebStreams,
  type WebStreamsOptions,
  type WebStreamsSource,
} from './observables/fromWebStreams.js';
export type { WebSocketOptions, WebSocketTarget } from './observables/WebSocketOptions.js';
export type { MessagePortLike } from './transports/web/MessagePortLink.js';
export type { HeartbeatOptions, MessageOptions } from './transports/web/MessageSettings.js';
export type { WebSocketLike } from './transports/web/WebSocketLink.js';
export type { WebStreams } from './transports/web/WebStreams.js';
