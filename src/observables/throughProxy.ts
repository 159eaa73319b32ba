import { concat, defer, finalize, mergeMap, of, type MonoTypeOperatorFunction } from 'rxjs';
import { checkOptions } from '../bytes/check.js';
import { IncompleteReadError, LimitOverrunError } from '../bytes/errors.js';
import { ipAddress } from '../bytes/ipAddress.js';
import { encodeText } from '../bytes/text.js';
import { checkTimeout, shown } from '../streams/check.js';
import type { Connection } from '../streams/Connection.js';
import { ConnectionLostError, ProxyError, StepTimeoutError } from '../streams/errors.js';
import type { StartTlsOptions } from '../streams/Transport.js';
import type { Conversation } from './Conversation.js';
import { converse } from './converse.js';

/** Where a tunnel through a proxy leads. See {@link throughSocks5}. */
export interface TunnelOptions {
  /** A name, which the proxy looks up, or an IP address. */
  host: string;
  /** The port, 1 to 65535. */
  port: number;
  /**
   * TLS to the target, inside the tunnel: with the transport's defaults, which verify that the certificate is the
   * target's, or with options. Default: false.
   */
  tls?: boolean | StartTlsOptions;
  /** Milliseconds for the proxy to build the tunnel, more than 0; TLS has its own. Default: 60 s. */
  handshakeTimeout?: number;
}

/** Names and values that a proxy is told are as long as one byte can say. */
const MOST_BYTES = 255;

/**
 * Asks the proxy at the other end of each connection for a tunnel, and emits the connection once that stands.
 *
 * @internal
 */
export function throughProxy(
  { host, port, tls = false, handshakeTimeout = 60_000 }: TunnelOptions,
  ask: (io: Conversation<never>, target: string) => Generator<undefined, void>,
): MonoTypeOperatorFunction<Connection> {
  const target = targetOf({ host, port });
  const handshake = converse(function* (io: Conversation<never>) {
    try {
      yield* io.within(handshakeTimeout, ask(io, target));
    } catch (error) {
      throw explained(target, error);
    }
    if (tls !== false) yield* io.startTls(tlsTo(host, tls));
  });
  return mergeMap((connection) => {
    let stands = false;
    const tunnel$ = defer(() => {
      stands = true;
      return of(connection);
    });
    return concat(handshake(connection), tunnel$).pipe(
      finalize(() => {
        if (!stands) connection.release();
      }),
    );
  });
}

/** `host:port`, with an IPv6 address in brackets. @internal */
export function targetOf({ host, port }: Pick<TunnelOptions, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Throws what is wrong with the options. @internal */
export function checkTunnelOptions(options: TunnelOptions): void {
  checkOptions(options);
  const { host, port, tls, handshakeTimeout } = options;
  if (typeof host !== 'string') throw new TypeError(`host must be a string, not ${shown(host)}`);
  if (!(host.length <= MOST_BYTES && (/^[\w.-]+$/.test(host) || ipAddress(host) !== undefined))) {
    throw new RangeError(
      `host must be an IP address, or a name of 1 to ${MOST_BYTES} letters, digits, "-", "_" and "." (others as xn--…), not ${shown(host)}`,
    );
  }
  if (!(Number.isInteger(port) && port >= 1 && port <= 65535))
    throw new RangeError(`port must be an integer from 1 to 65535, not ${shown(port)}`);
  if ((tls as unknown) === null || !['undefined', 'boolean', 'object'].includes(typeof tls))
    throw new TypeError(`tls must be true, false or an object with options of TLS, not ${shown(tls)}`);
  if (handshakeTimeout !== undefined) checkTimeout('handshakeTimeout', handshakeTimeout);
}

/** Text that is secret: no message shows it. @internal */
export function checkCredential(name: string, value: string, least: 0 | 1): void {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string, not ${typeof value}`);
  const { length } = encodeText(value);
  if (length < least || length > MOST_BYTES)
    throw new RangeError(`${name} must be ${least} to ${MOST_BYTES} bytes of UTF-8, not ${length}`);
  if (/\p{Cc}/u.test(value)) throw new RangeError(`${name} must not have control characters`);
}

// Whoever answers in the tunnel has to prove to be the target, and never the proxy, which the transport is connected to.
function tlsTo(host: string, tls: true | StartTlsOptions): StartTlsOptions {
  const options = (tls === true ? {} : tls) as { servername?: string };
  const name = ipAddress(host) === undefined ? { servername: host } : {};
  const given = options.servername === undefined ? name : {};
  return { ...options, ...given, host } as object;
}

// What a proxy has to do with becomes one kind of error; what this side has done stays what it is.
function explained(target: string, cause: unknown): unknown {
  if (cause instanceof StepTimeoutError)
    return new ProxyError(target, 'timeout', `the proxy has not built it within ${cause.timeout} ms`, {
      cause,
    });
  if (cause instanceof IncompleteReadError) {
    const { length } = cause.partial;
    const message = `the proxy closed the connection before the end of its answer, ${length} bytes into this part`;
    return new ProxyError(target, 'closed', message, { cause });
  }
  if (cause instanceof ConnectionLostError)
    return new ProxyError(target, 'closed', `to the proxy: ${cause.message}`, { cause });
  if (cause instanceof LimitOverrunError)
    return new ProxyError(target, 'malformed', `the answer of the proxy is too long: ${cause.message}`, {
      cause,
    });
  return cause;
}
