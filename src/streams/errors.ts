import { StreamError } from '../bytes/errors.js';
import { printable } from '../bytes/printable.js';
import type { SocketAddress } from './Transport.js';

/**
 * The connection broke: a reset, a network error, a peer that vanished. `cause` holds the transport's own error.
 *
 * @example
 * ```ts
 * import { connectionPair, ConnectionLostError } from 'rxjs-net';
 *
 * const [client, server] = connectionPair();
 * client.reader.lines().subscribe({
 *   next: console.log, // hello
 *   error: (error: unknown) => {
 *     if (error instanceof ConnectionLostError) console.log((error.cause as { code: string }).code); // ECONNRESET
 *   },
 * });
 * server.writer.write('hello\n');
 * server.writer.abort();
 * ```
 */
export class ConnectionLostError extends StreamError {
  override readonly name = 'ConnectionLostError';
  readonly code = 'ERR_CONNECTION_LOST';

  constructor(cause?: unknown) {
    super(`The connection was lost${cause instanceof Error ? `: ${cause.message}` : ''}`, { cause });
  }
}

/**
 * The connection is closed because this side closed or aborted it; `cause` is the reason given to `abort`.
 *
 * @example
 * ```ts
 * import { connectionPair, ConnectionClosedError } from 'rxjs-net';
 *
 * const [{ reader, writer }] = connectionPair();
 * reader.readLine().subscribe({
 *   error: (error: unknown) => {
 *     if (error instanceof ConnectionClosedError) console.log(error.cause); // not of interest any more
 *   },
 * });
 * writer.abort('not of interest any more');
 * ```
 */
export class ConnectionClosedError extends StreamError {
  override readonly name = 'ConnectionClosedError';
  readonly code = 'ERR_CONNECTION_CLOSED';
}

/**
 * A write after `writeEof()` or `close()`.
 *
 * @example
 * ```ts
 * import { connectionPair, WriteAfterEndError } from 'rxjs-net';
 *
 * const [{ writer }] = connectionPair();
 * writer.writeEof();
 * try {
 *   writer.write('one more thing');
 * } catch (error) {
 *   if (error instanceof WriteAfterEndError) console.log(error.code); // ERR_WRITE_AFTER_END
 * }
 * ```
 */
export class WriteAfterEndError extends StreamError {
  override readonly name = 'WriteAfterEndError';
  readonly code = 'ERR_WRITE_AFTER_END';
}

/**
 * More waits for the writer than may: `writeTo` with `overflow: 'buffer'` or `'error'`. What waited is dropped.
 *
 * @example
 * ```ts
 * import { connectionPair, WriteOverflowError, writeTo } from 'rxjs-net';
 * import { of } from 'rxjs';
 *
 * // The peer reads nothing, and 8 bytes may wait besides what the writer holds.
 * const [{ writer }] = connectionPair({ limit: 1, highWaterMark: 0 });
 * of('12345', '12345', '12345', '12345')
 *   .pipe(writeTo(writer, { limit: 8 }))
 *   .subscribe({
 *     error: (error: unknown) => {
 *       if (error instanceof WriteOverflowError) console.log(error.size, error.waiting, error.limit); // 5 5 8
 *     },
 *   });
 * ```
 */
export class WriteOverflowError extends StreamError {
  override readonly name = 'WriteOverflowError';
  readonly code = 'ERR_WRITE_OVERFLOW';

  constructor(
    /** The bytes of the value that did not fit. */
    readonly size: number,
    /** The bytes that waited already. */
    readonly waiting: number,
    /** How many bytes may wait; 0 with `overflow: 'error'`. */
    readonly limit: number,
  ) {
    super(
      `The writer is paused, and ${size} bytes more do not fit: ${waiting} of at most ${limit} bytes wait already`,
    );
  }
}

/**
 * A member of a broadcast does not keep up, and its policy is `disconnect`: its connection is aborted.
 *
 * @example
 * ```ts
 * import { broadcast, connectionPair, SlowConsumerError } from 'rxjs-net';
 *
 * const prices = broadcast<string>({ slow: 'disconnect', limit: 8 });
 * const [{ writer }] = connectionPair({ limit: 1 });
 * prices.join(writer).subscribe({
 *   error: (error: unknown) => {
 *     if (error instanceof SlowConsumerError) console.log(error.waiting, error.limit); // 10 8
 *   },
 * });
 * // Its peer reads nothing.
 * for (let i = 0; i < 4; i++) prices.send('42.00').subscribe();
 * ```
 */
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

/**
 * Another read holds the reader until it ends: `chunks`, `frames`, `lines`, `consume` or `pipeTo`.
 *
 * @example
 * ```ts
 * import { connectionPair, ReaderBusyError } from 'rxjs-net';
 *
 * const [{ reader }] = connectionPair();
 * reader.lines().subscribe();
 * reader.readLine().subscribe({
 *   error: (error: unknown) => {
 *     if (error instanceof ReaderBusyError) console.log(error.code); // ERR_READER_BUSY
 *   },
 * });
 * ```
 */
export class ReaderBusyError extends StreamError {
  override readonly name = 'ReaderBusyError';
  readonly code = 'ERR_READER_BUSY';

  constructor() {
    super(
      'The reader is held by a continuous read (chunks, frames, lines, consume, pipeTo): unsubscribe from it, or wait for its end, before another read',
    );
  }
}

/**
 * Connecting took longer than `connectTimeout`; nothing was sent.
 *
 * @example
 * ```ts no-run
 * import { ConnectTimeoutError, useConnection } from 'rxjs-net';
 * import { fromConnection } from 'rxjs-net/node';
 *
 * fromConnection({ host: 'far-away.example', port: 7, connectTimeout: 3000 })
 *   .pipe(useConnection(({ reader }) => reader.lines()))
 *   .subscribe({
 *     next: console.log,
 *     error: (error: unknown) => {
 *       if (error instanceof ConnectTimeoutError) console.log(`no answer within ${error.timeout} ms`);
 *     },
 *   });
 * ```
 */
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

/**
 * The TLS handshake took longer than `handshakeTimeout`.
 *
 * @example
 * ```ts
 * import { HandshakeTimeoutError, serve } from 'rxjs-net';
 * import { fromConnection, serverConnections$ } from 'rxjs-net/node';
 *
 * // It knows nothing of TLS, and waits for the end of the first line.
 * const server = serverConnections$({
 *   port: 0,
 *   onListening: ({ addresses: [address] }) => {
 *     fromConnection({ port: address!.port, tls: { handshakeTimeout: 50 } }).subscribe({
 *       error: (error: unknown) => {
 *         if (error instanceof HandshakeTimeoutError) console.log(error.timeout); // 50
 *         server.unsubscribe();
 *       },
 *     });
 *   },
 * })
 *   .pipe(serve(({ reader }) => reader.lines()))
 *   .subscribe();
 * ```
 */
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

/**
 * A request of `framed` had no reply within its `timeout`. The connection, and the other requests, go on.
 *
 * @example
 * ```ts
 * import { connectionPair, framed, lines, RequestTimeoutError } from 'rxjs-net';
 *
 * // Nobody answers at the other end.
 * const [connection] = connectionPair();
 * framed(connection, lines(), { timeout: 10 })
 *   .request('are you there?')
 *   .subscribe({
 *     error: (error: unknown) => {
 *       if (error instanceof RequestTimeoutError) console.log(error.timeout); // 10
 *     },
 *   });
 * ```
 */
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

/**
 * A step of a conversation, given so many milliseconds by `io.within`, was not over by then.
 *
 * @example
 * ```ts
 * import { connectionPair, converse, StepTimeoutError } from 'rxjs-net';
 *
 * const ask = converse(function* (io) {
 *   try {
 *     return yield* io.within(10, io.line());
 *   } catch (error) {
 *     if (error instanceof StepTimeoutError) return `nothing within ${error.timeout} ms`;
 *     throw error;
 *   }
 * });
 * const [connection] = connectionPair();
 * ask(connection).subscribe(console.log); // nothing within 10 ms
 * ```
 */
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

/**
 * Nothing of use happened on a connection for `idleTimeout`: the `cause` of its `ConnectionLostError`.
 *
 * @example
 * ```ts
 * import { connectionPair, IdleTimeoutError } from 'rxjs-net';
 *
 * const [{ reader }] = connectionPair({ idleTimeout: 10 });
 * reader.readLine().subscribe({
 *   error: ({ cause }: Error) => {
 *     if (cause instanceof IdleTimeoutError) console.log(cause.timeout); // 10
 *   },
 * });
 * ```
 */
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
 *
 * @example
 * ```ts
 * import { UnreadPlaintextError } from 'rxjs-net';
 * import { fromDuplex } from 'rxjs-net/node';
 * import { PassThrough } from 'node:stream';
 *
 * // What is written comes back: so a word is there that nobody has read.
 * fromDuplex(() => new PassThrough()).subscribe(({ writer }) => {
 *   writer.write('hello');
 *   setTimeout(() => {
 *     writer.startTls({ servername: 'example.com' }).subscribe({
 *       error: (error: unknown) => {
 *         if (error instanceof UnreadPlaintextError) console.log(error.bytes); // 5
 *       },
 *     });
 *   });
 * });
 * ```
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

/**
 * The file of a Unix socket is there, but nobody listens on it any more: remove it, or ask for `replaceStale`.
 *
 * @example
 * ```ts no-run
 * import { serve, StaleSocketError } from 'rxjs-net';
 * import { unixServerConnections$ } from 'rxjs-net/node';
 *
 * unixServerConnections$('/run/echo.sock')
 *   .pipe(serve(({ reader, writer }) => reader.pipeTo(writer)))
 *   .subscribe({
 *     error: (error: unknown) => {
 *       if (error instanceof StaleSocketError) console.log(`left over: ${error.path}`);
 *     },
 *   });
 * ```
 */
export class StaleSocketError extends StreamError {
  override readonly name = 'StaleSocketError';
  readonly code = 'ERR_STALE_SOCKET';

  constructor(
    /** The path of the file. */
    readonly path: string,
    cause: unknown,
  ) {
    super(`${path} is the socket of a server that is no more: remove the file, or set replaceStale`, {
      cause,
    });
  }
}

/**
 * `serve` refused a connection: as many handlers run, and as many connections wait, as it allows.
 *
 * @example
 * ```ts
 * import { connectionPair, serve, TooManyConnectionsError } from 'rxjs-net';
 * import { from, NEVER } from 'rxjs';
 *
 * const ends = [connectionPair()[1], connectionPair()[1], connectionPair()[1]];
 * from(ends)
 *   .pipe(
 *     serve(() => NEVER, {
 *       concurrency: 1,
 *       maxPending: 1,
 *       onError(error, { writer }) {
 *         if (!(error instanceof TooManyConnectionsError)) return;
 *         writer.write('too many: come again later\n');
 *         console.log(error.concurrency, error.maxPending); // 1 1
 *       },
 *     }),
 *   )
 *   .subscribe();
 * ```
 */
export class TooManyConnectionsError extends StreamError {
  override readonly name = 'TooManyConnectionsError';
  readonly code = 'ERR_TOO_MANY_CONNECTIONS';

  constructor(
    /** Connections that are served. */
    readonly concurrency: number,
    /** Connections that wait. */
    readonly maxPending: number,
  ) {
    super(`A connection was refused: ${concurrency} are served and ${maxPending} wait, the most that may`);
  }
}

/**
 * `serve` refused a connection: its address has as many, served and waiting, as `maxPerAddress` allows.
 *
 * @example
 * ```ts
 * import { AddressLimitError, connectionPair, serve } from 'rxjs-net';
 * import { from, NEVER } from 'rxjs';
 *
 * const ends = [connectionPair()[1], connectionPair()[1]];
 * from(ends)
 *   .pipe(
 *     serve(() => NEVER, {
 *       maxPerAddress: 1,
 *       addressOf: () => '192.0.2.7',
 *       onError: (error) => {
 *         if (error instanceof AddressLimitError) console.log(error.address, error.limit); // 192.0.2.7 1
 *       },
 *     }),
 *   )
 *   .subscribe();
 * ```
 */
export class AddressLimitError extends StreamError {
  override readonly name = 'AddressLimitError';
  readonly code = 'ERR_ADDRESS_LIMIT';

  constructor(
    /** As it is counted: of IPv6 the network of 64 bits, `2001:db8:0:1::/64`. */
    readonly address: string,
    /** Connections that it may have: the `maxPerAddress`. */
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
 *
 * @example
 * ```ts
 * import { connectionPair, ProxyError, throughHttpProxy } from 'rxjs-net';
 * import { of } from 'rxjs';
 *
 * const [connection, proxy] = connectionPair();
 * proxy.writer.write('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
 * of(connection)
 *   .pipe(throughHttpProxy({ host: 'example.com', port: 443 }))
 *   .subscribe({
 *     error: (error: unknown) => {
 *       if (error instanceof ProxyError) console.log(error.reason, error.status); // authentication 407
 *     },
 *   });
 * ```
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
    /** Why, as above. */
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
 *
 * @example
 * ```ts
 * import { ProxyProtocolError } from 'rxjs-net';
 * import { fromConnection, fromServer } from 'rxjs-net/node';
 *
 * fromServer({ host: '127.0.0.1', port: 0, proxyProtocol: { trusted: ['127.0.0.1'] } }).subscribe((server) => {
 *   server.handshakeErrors$.subscribe((error) => {
 *     if (error instanceof ProxyProtocolError) console.log(error.reason, error.peername?.address); // missing 127.0.0.1
 *     server.close();
 *   });
 *   const { port } = server.addresses[0]!;
 *   fromConnection({ host: '127.0.0.1', port }).subscribe(({ writer }) => writer.write('GET / HTTP/1.1\r\n\r\n'));
 * });
 * ```
 */
export class ProxyProtocolError extends StreamError {
  override readonly name = 'ProxyProtocolError';
  readonly code = 'ERR_PROXY_PROTOCOL';

  constructor(
    /** Why, as above. */
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
 *
 * @example
 * ```ts no-run
 * import { useConnection, WebSocketCloseError } from 'rxjs-net';
 * import { fromWebSocket } from 'rxjs-net/web';
 *
 * fromWebSocket('wss://feed.example/')
 *   .pipe(useConnection(({ reader }) => reader.lines()))
 *   .subscribe({
 *     next: console.log,
 *     error: (error: Error) => {
 *       // After it was open, it is the cause of the loss.
 *       const reason = error instanceof WebSocketCloseError ? error : error.cause;
 *       if (reason instanceof WebSocketCloseError) console.log(reason.closeCode, reason.closeReason);
 *     },
 *   });
 * ```
 */
export class WebSocketCloseError extends StreamError {
  override readonly name = 'WebSocketCloseError';
  readonly code = 'ERR_WEBSOCKET_CLOSED';

  constructor(
    /** The code, as RFC 6455, 7.4 and its registry have it: 1006 where the link broke without a word, 4000 to 4999 of programs. */
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
 *
 * @example
 * ```ts no-run
 * import { ReceiveLimitError, useConnection } from 'rxjs-net';
 * import { fromWebSocket } from 'rxjs-net/web';
 * import { concatMap, timer } from 'rxjs';
 *
 * fromWebSocket('wss://feed.example/', { receiveLimit: 1_000_000 })
 *   .pipe(useConnection(({ reader }) => reader.lines().pipe(concatMap((line) => timer(1000)))))
 *   .subscribe({
 *     error: ({ cause }: Error) => {
 *       if (cause instanceof ReceiveLimitError) console.log(`${cause.size} bytes wait, of at most ${cause.limit}`);
 *     },
 *   });
 * ```
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

/**
 * The peer broke the rules of flow control: it sent more than it may, or does not speak the protocol it agreed to.
 *
 * @example
 * ```ts
 * import { FlowControlError } from 'rxjs-net';
 * import { fromMessagePort } from 'rxjs-net/web';
 *
 * const { port1, port2 } = new MessageChannel();
 * fromMessagePort(port1).subscribe(({ reader }) =>
 *   reader.read().subscribe({
 *     error: ({ cause }: Error) => {
 *       if (cause instanceof FlowControlError) console.log(cause.code); // ERR_FLOW_CONTROL
 *     },
 *   }),
 * );
 * // Not what `fromMessagePort` at the other end would have sent.
 * port2.postMessage({ type: 'hello' });
 * ```
 */
export class FlowControlError extends StreamError {
  override readonly name = 'FlowControlError';
  readonly code = 'ERR_FLOW_CONTROL';
}

/**
 * Nothing came from the peer within `heartbeat`: the `cause` of a `ConnectionLostError`. The link may have died long before.
 *
 * @example
 * ```ts no-run
 * import { HeartbeatTimeoutError, useConnection } from 'rxjs-net';
 * import { fromWebSocket } from 'rxjs-net/web';
 *
 * fromWebSocket('wss://feed.example/', { heartbeat: { interval: 30_000, timeout: 5000, ping: 'ping\n' } })
 *   .pipe(useConnection(({ reader }) => reader.lines()))
 *   .subscribe({
 *     next: console.log,
 *     error: ({ cause }: Error) => {
 *       if (cause instanceof HeartbeatTimeoutError) console.log(`nothing for ${cause.timeout} ms after a ping`);
 *     },
 *   });
 * ```
 */
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
