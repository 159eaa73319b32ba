import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { PerMessageDeflateOptions, WebSocketServer } from 'ws';
import type { MessageOptions } from '../transports/web/MessageSettings.js';
import type { Server } from './Server.js';
import type { AcceptOptions, ListenOnPort } from './ServerOptions.js';

declare module '../streams/Transport.js' {
  interface ExtraInfo {
    /** Servers of WebSockets: the HTTP request that the client came with, its `url` and its `headers`. */
    request: IncomingMessage;
  }
}

/**
 * Which pathnames are taken: this one, or those for which a function returns `true`.
 * See {@link webSocketServerConnections$}.
 */
export type WebSocketPath = string | ((pathname: string, request: IncomingMessage) => boolean);

/**
 * Which pages may connect: those of these origins, all, or those for which a function returns `true`.
 * See {@link webSocketServerConnections$}.
 */
export type AllowedOrigins =
  readonly string[] | 'any' | ((origin: string | undefined, request: IncomingMessage) => boolean);

/** What is settled while a WebSocket is opened. See {@link webSocketServerConnections$}. */
export interface WebSocketHandshakeOptions {
  /**
   * The path to be requested, exactly, without the query. Or a function, which is given the pathname decoded: one that begins
   * with a slash and has no empty, `.` or `..` segment, no encoded slash and no control character; others are not taken. The
   * query is in `getExtraInfo('request').url`. Default: `/`.
   */
  path?: WebSocketPath;
  /** The subprotocols that the program speaks, the best first. Of those that the client offers the first one is accepted. */
  protocols?: string | readonly string[];
  /** Accept credits from clients of rxjs-net that offer them: backpressure, and half-close. Default: true. */
  credits?: boolean;
  /** Bytes that one received message may have, after decompression. More is a loss, with close code 1009. Default: 1 MiB. */
  maxPayload?: number;
  /**
   * Compress messages, with the options of `ws`. Each connection then needs some 300 KiB for zlib, and 64 KiB that arrive may
   * become many times as much before a reader that is paused stops them. Default: false.
   */
  perMessageDeflate?: boolean | PerMessageDeflateOptions;
}

/**
 * A port of its own, with an HTTP server that refuses everything but WebSockets.
 * See {@link webSocketServerConnections$}.
 */
export interface WebSocketsOnPort
  extends
    Omit<ListenOnPort, 'path' | 'fd'>,
    Pick<AcceptOptions, 'backlog' | 'keepAlive' | 'keepAliveInitialDelay'>,
    WebSocketHandshakeOptions {
  server?: never;
  webSocketServer?: never;
}

/**
 * A server of `node:http` or `node:https`, with all that it serves besides. Several sources may share it, with a path each, and
 * other listeners of its `upgrade` too: each has to leave alone what is not its own. A request that nobody takes gets 404.
 *
 * See {@link webSocketServerConnections$}.
 */
export interface WebSocketsOnServer extends WebSocketHandshakeOptions {
  /** The server. It listens, and is closed, by whoever has made it. */
  server: HttpServer | HttpsServer;
  port?: never;
  webSocketServer?: never;
}

/**
 * A server of `ws`, of any kind, which has done the handshake by its own options; also one with `noServer`.
 * See {@link webSocketServerConnections$}.
 */
export interface WebSocketsOnWebSocketServer extends Partial<Record<keyof WebSocketHandshakeOptions, never>> {
  /** The server of `ws`. */
  webSocketServer: WebSocketServer;
  port?: never;
  server?: never;
}

/** Where to listen for WebSockets. See {@link webSocketServerConnections$}. */
export type WebSocketListenTarget = WebSocketsOnPort | WebSocketsOnServer | WebSocketsOnWebSocketServer;

/** The connection options are those of each accepted connection. See {@link webSocketServerConnections$}. */
export interface WebSocketAcceptOptions extends Omit<MessageOptions, 'heartbeat'> {
  /**
   * Who may connect, by the `Origin` that a browser sends of the page that asks: else any page on the web could, with the
   * cookies of whoever looks at it. A function is asked for every request, also without an origin; what it throws is reported,
   * and the request gets 500.
   *
   * Default: pages of the same host and port as the request, with TLS only those of `https:`; and requests without an
   * origin, which come from no browser. A server that is reached by other names than its own, as on a developer's machine
   * by DNS rebinding, needs a list.
   */
  origins?: AllowedOrigins;
  /**
   * Milliseconds between pings: a peer of which nothing comes for so long after one is gone (`HeartbeatTimeoutError`). 0 for
   * none. One that has been sent more than 64 KiB since is not judged, as it may have stopped reading, nor is one that this
   * end does not read from. Default: 30 s.
   */
  pingInterval?: number;
  /** Stops listening, and aborts all connections. */
  signal?: AbortSignal;
  /**
   * Told when the server listens: with port 0, `server.addresses` has the port that it got. Its statistics are those of the
   * connections of this source; `handshakeErrors` are requests to it that were refused.
   */
  onListening?: (server: WebSocketServing) => void;
}

/** What is known of the server of a source: as of `Server`. See {@link webSocketServerConnections$}. */
export type WebSocketServing = Pick<Server, 'addresses' | 'path' | 'stats' | 'stats$'>;

/** Options of {@link webSocketServerConnections$}. */
export type WebSocketServerConnectionsOptions = WebSocketListenTarget & WebSocketAcceptOptions;
