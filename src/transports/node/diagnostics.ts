import { channel } from 'node:diagnostics_channel';
import { TLSSocket } from 'node:tls';
import type { ConnectionCore } from '../../streams/ConnectionCore.js';
import type { ConnectionMonitor, Side } from '../../streams/ConnectionMonitor.js';
import { inspectConnection, type ConnectionSnapshot } from '../../streams/ConnectionSnapshot.js';
import { attempt } from '../../streams/reportError.js';
import type { ExtraInfo } from '../../streams/Transport.js';

/**
 * The channels of `node:diagnostics_channel` on which the connections of this process tell what becomes of them: those of
 * `fromConnection`, `openConnection` and `fromDuplex`, and of all servers, also of `rxjs-net/ws`. A message is of the type
 * that `ConnectionMessages` has under the same name.
 *
 * Nothing is done for a channel while nobody listens; who comes later hears of connections that were there before. What a
 * subscriber throws is an uncaught exception of Node's, told in a step of its own: it harms no connection and no other
 * subscriber.
 *
 * @example
 * ```ts
 * import { connectionChannels, type ConnectionMessages } from 'rxjs-net/node';
 * import { subscribe } from 'node:diagnostics_channel';
 *
 * subscribe(connectionChannels.close, (message) => {
 *   const { connection, milliseconds, bytesRead } = message as ConnectionMessages['close'];
 *   console.log(`${connection.side} ${connection.id}: ${bytesRead} bytes in ${milliseconds} ms`);
 * });
 * ```
 */
export const connectionChannels = {
  open: 'rxjs-net:open',
  secure: 'rxjs-net:secure',
  close: 'rxjs-net:close',
  error: 'rxjs-net:error',
  pause: 'rxjs-net:pause',
  refuse: 'rxjs-net:refuse',
} as const;

/** The messages, by the names of their channels in `connectionChannels`. See {@link connectionChannels}. */
export interface ConnectionMessages {
  /** A connection is there. */
  open: OpenMessage;
  /** A connection is encrypted. */
  secure: SecureMessage;
  /** A connection is gone. */
  close: CloseMessage;
  /** A connection is lost, or its handler has failed. */
  error: ErrorMessage;
  /** One side of a connection stands still, or goes on. */
  pause: PauseMessage;
  /** A connection is not served. */
  refuse: RefuseMessage;
}

/**
 * A connection is there: connected or accepted, and, where TLS comes first, encrypted.
 * See {@link connectionChannels}.
 */
export interface OpenMessage {
  /** Which one. */
  readonly connection: ConnectionIdentity;
}

/** A connection is encrypted: right after it was opened, or by `startTls`. See {@link connectionChannels}. */
export interface SecureMessage {
  /** Which one. */
  readonly connection: ConnectionIdentity;
}

/**
 * A connection is gone. The last message of it but for an error of its handler, which may end later.
 * See {@link connectionChannels}.
 */
export interface CloseMessage {
  /** Which one. */
  readonly connection: ConnectionIdentity;
  /** Milliseconds that it was there, by its scheduler. */
  readonly milliseconds: number;
  /** Bytes received. */
  readonly bytesRead: number;
  /** Bytes written. */
  readonly bytesWritten: number;
  /** `lost`: it broke; `aborted`: by this side; `closed`: it has ended, by either side. */
  readonly reason: 'closed' | 'aborted' | 'lost';
  /** What its reads fail with: of one that is lost or aborted. */
  readonly error: Error | undefined;
}

/**
 * A connection is lost, which is told before its `close`, or its handler in `serve` has failed.
 * See {@link connectionChannels}.
 */
export interface ErrorMessage {
  /** Which one. */
  readonly connection: ConnectionIdentity;
  /** What has failed. */
  readonly of: 'connection' | 'handler';
  /** With what. */
  readonly error: unknown;
}

/**
 * One side of a connection stands still, `read` when its reader is full and `write` when its writer is; or goes on.
 * See {@link connectionChannels}.
 */
export interface PauseMessage {
  /** Which one. */
  readonly connection: ConnectionIdentity;
  /** Which side. */
  readonly side: Side;
  /** Whether it stands still from here on; if not, it goes on. */
  readonly paused: boolean;
  /** Milliseconds that it was paused: 0 when that begins. */
  readonly milliseconds: number;
}

/**
 * A connection is not served: `serve` refuses it, or it could not be set up, as with a TLS handshake that fails.
 * See {@link connectionChannels}.
 */
export interface RefuseMessage {
  /** Which one; `undefined` where none came to be. */
  readonly connection: ConnectionIdentity | undefined;
  /** Why: a `TooManyConnectionsError`, an `AddressLimitError`, a `ProxyProtocolError`, an error of TLS. */
  readonly error: unknown;
}

/**
 * One connection in all its messages: the same object for the whole of its life. It keeps no `Connection` from being
 * collected, so one that is leaked is still found.
 *
 * See {@link connectionChannels}.
 */
export interface ConnectionIdentity {
  /** Counts from 1, of those that a message was told of. */
  readonly id: number;
  /** `client`: it was connected, or made of a stream; `server`: it was accepted. */
  readonly side: 'client' | 'server';
  /** As `connection.inspect()`: a snapshot of this moment. */
  inspect(): ConnectionSnapshot;
  /** As `writer.getExtraInfo`: `peername`, `sockname` and so on, also after the end. */
  getExtraInfo<K extends keyof ExtraInfo>(name: K): ExtraInfo[K] | undefined;
}

const open = channel(connectionChannels.open);
const secure = channel(connectionChannels.secure);
const close = channel(connectionChannels.close);
const error = channel(connectionChannels.error);
const pause = channel(connectionChannels.pause);
const refuse = channel(connectionChannels.refuse);

let lastId = 0;

/** Tells the channels of all connections of one kind. What is made for a message is made when somebody listens. @internal */
export class ConnectionDiagnostics implements ConnectionMonitor<ConnectionCore> {
  constructor(readonly side: ConnectionIdentity['side']) {}

  /** From here on it is told of this connection. */
  opened(core: ConnectionCore): void {
    core.monitor = this;
    if (open.hasSubscribers) publish(open, { connection: this.#identity(core) });
    if (secure.hasSubscribers && isEncrypted(core)) this.secured(core);
  }

  secured(core: ConnectionCore): void {
    if (secure.hasSubscribers) publish(secure, { connection: this.#identity(core) });
  }

  paused(core: ConnectionCore, side: Side): void {
    if (pause.hasSubscribers)
      publish(pause, { connection: this.#identity(core), side, paused: true, milliseconds: 0 });
  }

  resumed(core: ConnectionCore, side: Side, milliseconds: number): void {
    if (pause.hasSubscribers)
      publish(pause, { connection: this.#identity(core), side, paused: false, milliseconds });
  }

  refused(core: ConnectionCore, reason: unknown): void {
    if (refuse.hasSubscribers) publish(refuse, { connection: this.#identity(core), error: reason });
  }

  /** One could not be set up. */
  setupFailed(reason: Error): void {
    if (refuse.hasSubscribers) publish(refuse, { connection: undefined, error: reason });
  }

  handlerFailed(core: ConnectionCore, reason: unknown): void {
    if (error.hasSubscribers)
      publish(error, { connection: this.#identity(core), of: 'handler', error: reason });
  }

  gone(core: ConnectionCore): void {
    const { loss } = core.lifecycle;
    if (loss !== undefined && error.hasSubscribers)
      publish(error, { connection: this.#identity(core), of: 'connection', error: loss });
    if (close.hasSubscribers) publish(close, this.#closeMessage(core));
  }

  #closeMessage(core: ConnectionCore): CloseMessage {
    const { lifecycle, settings, since, bytesRead, bytesWritten } = core;
    const { failure, loss } = lifecycle;
    return {
      connection: this.#identity(core),
      milliseconds: settings.scheduler.now() - since,
      bytesRead,
      bytesWritten,
      reason: failure === undefined ? 'closed' : loss === undefined ? 'aborted' : 'lost',
      error: failure,
    };
  }

  #identity(core: ConnectionCore): ConnectionIdentity {
    // Not in a WeakMap: with many connections that costs the collector more than all else of a message.
    return (core.identity ??= new Identity(++lastId, this.side, core)) as ConnectionIdentity;
  }
}

/** Of all connections of clients. @internal */
export const clientDiagnostics = new ConnectionDiagnostics('client');

class Identity implements ConnectionIdentity {
  readonly #core: ConnectionCore;

  constructor(
    readonly id: number,
    readonly side: ConnectionIdentity['side'],
    core: ConnectionCore,
  ) {
    this.#core = core;
  }

  inspect(): ConnectionSnapshot {
    return inspectConnection(this.#core);
  }

  getExtraInfo<K extends keyof ExtraInfo>(name: K): ExtraInfo[K] | undefined {
    return this.#core.transport.getExtraInfo(name) as ExtraInfo[K] | undefined;
  }
}

function isEncrypted({ transport }: ConnectionCore): boolean {
  let socket: unknown;
  // It may be what a `wrap` has made.
  attempt(() => (socket = transport.getExtraInfo('socket')));
  return socket instanceof TLSSocket;
}

function publish(
  to: { publish(message: unknown): void },
  message: ConnectionMessages[keyof ConnectionMessages],
): void {
  to.publish(message);
}
