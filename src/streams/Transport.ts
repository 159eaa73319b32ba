import type { Observable } from 'rxjs';
import type { Data } from '../bytes/Separator.js';

/**
 * What an adapter implements to carry a connection: seven verbs and three facts, and some more where it can.
 * Everything else (buffering, water marks, reading, errors) is done once, in the reader and the writer.
 *
 * A transport begins open. It delivers to its receiver, synchronously or later, in this order: any number of
 * `data`, at most one `eof`, and exactly one `closed`, which is the last call of all.
 */
export interface Transport {
  /** Called once, before anything else: from here on, and not before, the receiver is told what happens. */
  start(receiver: TransportReceiver): void;
  /**
   * Accepts data, at least one byte of it; a string goes out as UTF-8. Never blocks and never refuses. The bytes
   * may be used until they have been handed on, so whoever wrote them leaves them as they are until then.
   * After the connection is lost, does nothing.
   */
  write(data: Data): void;
  /** Ends the sending direction, after what is queued; receiving goes on. Called at most once, if `canWriteEof`. */
  writeEof(): void;
  /** Stops delivering `data` and `eof`; a little more may come that was under way already. */
  pause(): void;
  /** Delivers again. */
  resume(): void;
  /** Sends what is queued, then closes: the peer sees the end of the stream. Delivers `closed`, no more `data`. */
  close(): void;
  /** Drops what is queued and resets the connection, for the peer too where there is a way. Delivers `closed(reason)`. */
  abort(reason?: unknown): void;
  /** Bytes accepted and not yet handed on. */
  readonly writeQueueSize: number;
  readonly canWriteEof: boolean;
  /** Bytes accepted so far. Where a transport does not count them the writer does, which takes longer for text. */
  readonly bytesWritten?: number | undefined;
  /** What is known of the connection under `name` (see `ExtraInfo`), or `undefined`. */
  getExtraInfo(name: string): unknown;
  /**
   * Only where it can: encrypts the connection from here on; emits once and completes. From the subscription on
   * nothing more is received or sent in plain, and when it fails or is unsubscribed the connection is lost.
   */
  startTls?(options?: StartTlsOptions): Observable<void>;
  /**
   * Only where something stays after `closed`, as a TLS socket does until its peer ends too: calls when that is gone as
   * well, at once if it is. Until then it counts as a connection that is open, and `abort` ends it.
   */
  onReleased?(released: () => void): void;
  /**
   * Only in message mode: each write is sent as one message, empty ones too, and what is received is for decoders of
   * messages.
   */
  readonly messages?: boolean;
  /**
   * Only where a rate holds back what has arrived: for how many milliseconds it has let nothing pass, or undefined. Who is
   * made to wait is not idle.
   */
  readonly limitedFor?: number | undefined;
}

/** The options of `startTls`, by kind of transport, which adds its own by declaration merging. */
export interface StartTlsOptionsMap {
  none: undefined;
}

/** With `rxjs-net/node`: Node's options of TLS, and `isServer`. */
export type StartTlsOptions = StartTlsOptionsMap[keyof StartTlsOptionsMap];

/** What a transport calls. Every call may come back into the transport before it returns. */
export interface TransportReceiver {
  /** At least one byte. The receiver keeps the chunk: never reuse its memory. */
  data(chunk: Uint8Array): void;
  /** The peer will send no more. */
  eof(): void;
  /** `writeQueueSize` went down. */
  flushed(): void;
  /** The connection is gone, with an error if it broke. Exactly once, last. */
  closed(error?: unknown): void;
}

/**
 * The address of one end of a connection, in Node's shape. Of a Unix socket: its path, `''` for an end that has none,
 * with `family` `Unix` and `port` 0.
 */
export interface SocketAddress {
  address: string;
  family: string;
  port: number;
}

/**
 * What `writer.getExtraInfo` knows, under asyncio's names. Transports of your own can add to it by declaration
 * merging.
 */
export interface ExtraInfo {
  /** The remote address. */
  peername: SocketAddress;
  /** The local address. */
  sockname: SocketAddress;
  /** The `net.Socket` below, or what stands in its place: a `WebSocket`, a `MessagePort`. */
  socket: unknown;
  /**
   * Of what travels in messages: how a reader that stops stops the peer. By the stream or the socket below, by credits,
   * or not at all but for a bound.
   */
  flowControl: 'stream' | 'socket' | 'credit' | 'bound';
  /** Of a WebSocket: the subprotocol that was agreed on, `''` for none. */
  protocol: string;
  /** Of a WebSocket's client: the URL. */
  url: string;
  /** Of a WebSocket that has closed: the code (RFC 6455, 7.4) and the reason. */
  closeCode: number;
  closeReason: string;
}
