import type { Observable } from 'rxjs';
import type { Data } from '../bytes/Separator.js';

/**
 * What an adapter implements to carry a connection: seven verbs and three facts, and some more where it can.
 * Everything else (buffering, water marks, reading, errors) is done once, in the reader and the writer.
 *
 * A transport begins open. It delivers to its receiver, synchronously or later, in this order: any number of
 * `data`, at most one `eof`, and exactly one `closed`, which is the last call of all. `checkTransport` of
 * `rxjs-net/testing` checks one against all that is said here.
 *
 * @example
 * ```ts
 * import { Connection, type Transport, type TransportReceiver } from 'rxjs-net';
 *
 * // What is written comes back, at once: so nothing ever waits, and there is nothing to pause.
 * class Echo implements Transport {
 *   readonly canWriteEof = false;
 *   readonly writeQueueSize = 0;
 *   #receiver?: TransportReceiver | undefined;
 *
 *   start(receiver: TransportReceiver) {
 *     this.#receiver = receiver;
 *   }
 *   write(data: Uint8Array | string) {
 *     this.#receiver?.data(typeof data === 'string' ? new TextEncoder().encode(data) : data.slice());
 *   }
 *   writeEof() {}
 *   pause() {}
 *   resume() {}
 *   close() {
 *     this.#end(undefined);
 *   }
 *   abort(reason?: unknown) {
 *     this.#end(reason);
 *   }
 *   getExtraInfo() {}
 *
 *   #end(error: unknown) {
 *     const receiver = this.#receiver;
 *     this.#receiver = undefined;
 *     receiver?.closed(error);
 *   }
 * }
 *
 * const { reader, writer } = new Connection(new Echo());
 * reader.lines().subscribe(console.log); // hello
 * writer.write('hello\n');
 * ```
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
  /** Whether one direction can be ended alone, by `writeEof`. */
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

/**
 * The options of `startTls`, by kind of transport, which adds its own by declaration merging.
 * See {@link StreamWriter.startTls}.
 */
export interface StartTlsOptionsMap {
  /** Of a transport that takes no options. */
  none: undefined;
}

/** With `rxjs-net/node`: Node's options of TLS, and `isServer`. See {@link StreamWriter.startTls}. */
export type StartTlsOptions = StartTlsOptionsMap[keyof StartTlsOptionsMap];

/** What a transport calls. Every call may come back into the transport before it returns. See {@link Transport}. */
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
 *
 * See {@link StreamWriter.getExtraInfo}.
 */
export interface SocketAddress {
  /** The IP address, such as `127.0.0.1` or `::1`; of a Unix socket its path. */
  address: string;
  /** `IPv4`, `IPv6` or `Unix`. */
  family: string;
  /** The port, 0 to 65535. */
  port: number;
}

/**
 * What `writer.getExtraInfo` knows, under asyncio's names. Transports of your own can add to it by declaration
 * merging.
 *
 * See {@link StreamWriter.getExtraInfo}.
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
  /** Of a WebSocket that has closed: the code (RFC 6455, 7.4). */
  closeCode: number;
  /** Of a WebSocket that has closed: the reason that the peer gave, `''` for none. */
  closeReason: string;
}
