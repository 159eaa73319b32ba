import { StreamError } from '../bytes/errors.js';
import { printable } from '../bytes/printable.js';
import type { SocketAddress } from './Transport.js';

/** The connection broke: a reset, a network error, a peer that vanished. `cause` holds the transport's own error. */
export class ConnectionLostError extends StreamError {
  override readonly name = 'ConnectionLostError';
  readonly code = 'ERR_CONNECTION_LOST';

  constructor(cause?: unknown) {
    super(`The connection was lost${cause instanceof Error ? `: ${cause.message}` : ''}`, { cause });
  }
}

/** The connection is closed because this side closed or aborted it; `cause` is the reason given to `abort`. */
export class ConnectionClosedError extends StreamError {
  override readonly name = 'ConnectionClosedError';
  readonly code = 'ERR_CONNECTION_CLOSED';
}

/** A write after `writeEof()` or `close()`. */
export class WriteAfterEndError extends StreamError {
  override readonly name = 'WriteAfterEndError';
  readonly code = 'ERR_WRITE_AFTER_END';
}

/** More waits for the writer than may: `writeTo` with `overflow: 'buffer'` or `'error'`. What waited is dropped. */
export class WriteOverflowError extends StreamError {
  override readonly name = 'WriteOverflowError';
  readonly code = 'ERR_WRITE_OVERFLOW';

  constructor(
    /** The bytes of the value that did not fit. */
    readonly size: number,
    /** The bytes that waited already. */
    readonly waiting: number,
    /** How many may wait; 0 with `overflow: 'error'`. */
    readonly limit: number,
  ) {
    super(
      `The writer is paused, and ${size} bytes more do not fit: ${waiting} of at most ${limit} bytes wait already`,
    );
  }
}

/** A member of a broadcast does not keep up, and its policy is `disconnect`: its connection is aborted. */
export class SlowConsumerError extends StreamError {
  override readonly name = 'SlowConsumerError';
  readonly code = 'ERR_SLOW_CONSUMER';

  constructor(
    /** Bytes that wait to be sent to it. */
    readonly waiting: number,
    /** Bytes that may wait. */
    readonly limit: number,
  ) {
    super(
      `The peer does not keep up with the broadcast: ${waiting} bytes wait for it, over the limit of ${limit}`,
    );
  }
}

/** Another read holds the reader until it ends: `chunks`, `frames`, `lines`, `consume` or `pipeTo`. */
export class ReaderBusyError extends StreamError {
  override readonly name = 'ReaderBusyError';
  readonly code = 'ERR_READER_BUSY';

  constructor() {
    super(
      'The reader is held by a continuous read (chunks, frames, lines, consume, pipeTo): unsubscribe from it, or wait for its end, before another read',
    );
  }
}

/** Connecting took longer than `connectTimeout`; nothing was sent. */
export class ConnectTimeoutError extends StreamError {
  override readonly name = 'ConnectTimeoutError';
  readonly code = 'ERR_CONNECT_TIMEOUT';

  constructor(
    /** Milliseconds. */
    readonly timeout: number,
  ) {
    super(`No connection within ${timeout} ms`);
  }
}

/** The TLS handshake took longer than `handshakeTimeout`. */
export class HandshakeTimeoutError extends StreamError {
  override readonly name = 'HandshakeTimeoutError';
  readonly code = 'ERR_HANDSHAKE_TIMEOUT';

  constructor(
    /** Milliseconds. */
    readonly timeout: number,
    cause?: unknown,
  ) {
    super(`The TLS handshake was not over within ${timeout} ms`, { cause });
  }
}

/** A request of `framed` had no reply within its `timeout`. The connection, and the other requests, go on. */
export class RequestTimeoutError extends StreamError {
  override readonly name = 'RequestTimeoutError';
  readonly code = 'ERR_REQUEST_TIMEOUT';

  constructor(
    /** Milliseconds. */
    readonly timeout: number,
  ) {
    super(`No reply within ${timeout} ms`);
  }
}

/** A step of a conversation, given so many milliseconds by `io.within`, was not over by then. */
export class StepTimeoutError extends StreamError {
  override readonly name = 'StepTimeoutError';
  readonly code = 'ERR_STEP_TIMEOUT';

  constructor(
    /** Milliseconds. */
    readonly timeout: number,
  ) {
    super(`The step was not over within ${timeout} ms`);
  }
}

/** Nothing of use happened on a connection for `idleTimeout`: the `cause` of its `ConnectionLostError`. */
export class IdleTimeoutError extends StreamError {
  override readonly name = 'IdleTimeoutError';
  readonly code = 'ERR_IDLE_TIMEOUT';

  constructor(
    /** Milliseconds. */
    readonly timeout: number,
  ) {
    super(`The connection was idle for ${timeout} ms`);
  }
}

/**
 * `startTls` was called, and plaintext from after the message that asked for it may be there, unread or read already:
 * whoever sent it may not be the peer that the handshake proves (CVE-2011-0411). Read that message by itself, with
 * `readLine`, `readUntil`, `readExactly`, `readFrame`, or in the work of `consume`; or abort.
 */
export class UnreadPlaintextError extends StreamError {
  override readonly name = 'UnreadPlaintextError';
  readonly code = 'ERR_UNREAD_PLAINTEXT';

  constructor(
    /** How many bytes are unread; 0 where a read may have delivered them. */
    readonly bytes: number,
  ) {
    super(
      bytes > 0
        ? `startTls() with ${bytes} bytes unread that came in plain`
        : 'startTls() after a read (lines, frames, chunks, read(n)) that may have delivered more than the message that asked for it: read that with readLine, readUntil, readExactly or readFrame, or in consume',
    );
  }
}

/** The file of a Unix socket is there, but nobody listens on it any more: remove it, or ask for `replaceStale`. */
export class StaleSocketError extends StreamError {
  override readonly name = 'StaleSocketError';
  readonly code = 'ERR_STALE_SOCKET';

  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    super(`${path} is the socket of a server that is no more: remove the file, or set replaceStale`, {
      cause,
    });
  }
}

/** `serve` refused a connection: as many handlers run, and as many connections wait, as it allows. */
export class TooManyConnectionsError extends StreamError {
  override readonly name = 'TooManyConnectionsError';
  readonly code = 'ERR_TOO_MANY_CONNECTIONS';

  constructor(
    readonly concurrency: number,
    readonly maxPending: number,
  ) {
    super(`A connection was refused: ${concurrency} are served and ${maxPending} wait, the most that may`);
  }
}

/** `serve` refused a connection: its address has as many, served and waiting, as `maxPerAddress` allows. */
export class AddressLimitError extends StreamError {
  override readonly name = 'AddressLimitError';
  readonly code = 'ERR_ADDRESS_LIMIT';

  constructor(
    /** As it is counted: of IPv6 the network of 64 bits, `2001:db8:0:1::/64`. */
    readonly address: string,
    /** The `maxPerAddress`. */
    readonly limit: number,
  ) {
    super(
      `A connection was refused: of ${printable(address, 64)} ${limit} are served or wait, the most that may`,
    );
  }
}

/**
 * A proxy has not built the tunnel that `throughSocks5` or `throughHttpProxy` asked it for; the connection is closed.
 *
 * - `refused`: it does not, or cannot, reach the target: `status` or `reply` says why.
 * - `authentication`: it wants other credentials, or a way to prove them that is not known here.
 * - `malformed`: what it answers is not of the protocol, or too long.
 * - `closed`: the connection ended, or was lost, before the answer was there.
 * - `timeout`: `handshakeTimeout` is over.
 *
 * The message quotes what the proxy has said, with escapes for what cannot be seen, and cut when it is long.
 */
export class ProxyError extends StreamError {
  override readonly name = 'ProxyError';
  readonly code = 'ERR_PROXY';
  /** Of an HTTP proxy: the status of its answer, such as 407. */
  readonly status: number | undefined;
  /** Of a SOCKS5 proxy: the code of its reply, such as 5, the target refused the connection. */
  readonly reply: number | undefined;

  constructor(
    /** Where the tunnel was to lead: `host:port`. */
    readonly target: string,
    readonly reason: 'refused' | 'authentication' | 'malformed' | 'closed' | 'timeout',
    message: string,
    { status, reply, ...options }: ErrorOptions & { status?: number; reply?: number } = {},
  ) {
    super(`No tunnel to ${target}: ${message}`, options);
    this.status = status;
    this.reply = reply;
  }
}

/**
 * A server with `proxyProtocol` has refused a connection: told by `handshakeErrors$`. Its socket is destroyed.
 *
 * - `untrusted`: it comes from an address that is not `trusted`; nothing was read.
 * - `missing`: it begins with something else than a header.
 * - `malformed`: the header is not as the specification has it, or too long; the `cause` says what was found.
 * - `timeout`: the header was not there within the `timeout`.
 * - `ended`: the peer ended the connection, or reset it (the `cause`), before the header was there. The health checks of
 *   balancers do so, some before the connection is accepted.
 */
export class ProxyProtocolError extends StreamError {
  override readonly name = 'ProxyProtocolError';
  readonly code = 'ERR_PROXY_PROTOCOL';

  constructor(
    readonly reason: 'untrusted' | 'missing' | 'malformed' | 'timeout' | 'ended',
    /** Who had connected; of a Unix socket, or where the system no longer knows: undefined. */
    readonly peername: SocketAddress | undefined,
    message: string,
    options?: ErrorOptions,
  ) {
    const from = peername === undefined ? '' : ` from ${peername.address}, port ${peername.port},`;
    super(`A connection${from} was refused: ${message}`, options);
  }
}

/**
 * A WebSocket was closed with a code other than 1000, 1001 or 1005, or could not be opened. The `cause` of a
 * `ConnectionLostError`, or, at connect, the error of the source.
 */
export class WebSocketCloseError extends StreamError {
  override readonly name = 'WebSocketCloseError';
  readonly code = 'ERR_WEBSOCKET_CLOSED';

  constructor(
    /** As RFC 6455, 7.4 and its registry have it: 1006 where the link broke without a word, 4000 to 4999 of programs. */
    readonly closeCode: number,
    /** What the peer gave as its reason; `''` if nothing. */
    readonly closeReason: string,
    message = `The WebSocket was closed with code ${closeCode}${closeReason === '' ? '' : `: ${printable(closeReason, 123)}`}`,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * More was received than may wait, on a link that cannot slow its peer down. The `cause` of a `ConnectionLostError`; what had
 * come by then is still delivered.
 */
export class ReceiveLimitError extends StreamError {
  override readonly name = 'ReceiveLimitError';
  readonly code = 'ERR_RECEIVE_LIMIT';

  constructor(
    /** Bytes that wait. */
    readonly size: number,
    /** Bytes that may wait: the `receiveLimit`. */
    readonly limit: number,
  ) {
    super(
      `${size} bytes wait to be read, and nothing here can slow the peer down: more than the receiveLimit of ${limit}. Read faster, or use a transport with flow control`,
    );
  }
}

/** The peer broke the rules of flow control: it sent more than it may, or does not speak the protocol it agreed to. */
export class FlowControlError extends StreamError {
  override readonly name = 'FlowControlError';
  readonly code = 'ERR_FLOW_CONTROL';
}

/** Nothing came from the peer within `heartbeat`: the `cause` of a `ConnectionLostError`. The link may have died long before. */
export class HeartbeatTimeoutError extends StreamError {
  override readonly name = 'HeartbeatTimeoutError';
  readonly code = 'ERR_HEARTBEAT_TIMEOUT';

  constructor(
    /** Milliseconds. */
    readonly timeout: number,
  ) {
    super(`Nothing came from the peer for ${timeout} ms after a ping`);
  }
}

/** What Node reports when the peer resets, for transports that have no kernel to make it. @internal */
export function connectionReset(by = ''): Error {
  return Object.assign(new Error(`read ECONNRESET${by}`), { code: 'ECONNRESET' });
}
