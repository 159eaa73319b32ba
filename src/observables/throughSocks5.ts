import type { MonoTypeOperatorFunction } from 'rxjs';
import { ipAddress } from '../bytes/ipAddress.js';
import { encodeText } from '../bytes/text.js';
import type { Connection } from '../streams/Connection.js';
import { ProxyError } from '../streams/errors.js';
import { checkCredential, checkTunnelOptions, throughProxy, type TunnelOptions } from './throughProxy.js';

/** Where a tunnel leads, and who asks for it. See {@link throughSocks5}. */
export interface Socks5Options extends TunnelOptions {
  /** 1 to 255 bytes of UTF-8, for a proxy that wants to know who asks. Default: nobody in particular. */
  username?: string;
  /** Up to 255 bytes of UTF-8; goes to the proxy in plain. Default: none. */
  password?: string;
}

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const PASSWORD = 2;
const NONE_ACCEPTABLE = 255;
const REPLIES = [
  ...['', 'general failure', 'not allowed by its rules', 'network unreachable', 'host unreachable'],
  ...['connection refused', 'TTL expired', 'command not supported', 'address type not supported'],
];

/**
 * Leads a connection to a SOCKS5 proxy (RFC 1928, 1929) on to its target: between a source of connections to the proxy
 * and their use.
 *
 * ```text
 * source              --c--------------
 * written             --(hello)-(target)
 * answered            -------ok------ok
 * throughSocks5(t)    ---------------c
 * ```
 *
 * - **Emits** the same connection, once the tunnel stands, and with `tls` is encrypted; whoever owned it still does.
 *   What came after the proxy's answer is for the next read.
 * - **Completes** when the source has.
 * - **Errors** with `ProxyError`, whatever the proxy did wrong; with `tls` as `writer.startTls`; else with the error of
 *   the source. The connection is then closed.
 * - **Unsubscribe** before the tunnel stands closes the connection.
 *
 * A name is looked up by the proxy. `getExtraInfo('peername')` remains the proxy. Time comes from the connection's
 * scheduler.
 *
 * @throws `RangeError` or `TypeError` when an option is none, or has characters that cannot be
 *
 * @example
 * ```ts no-run
 * import { throughSocks5, useConnection } from 'rxjs-net';
 * import { fromConnection } from 'rxjs-net/node';
 *
 * fromConnection({ host: 'localhost', port: 1080 })
 *   .pipe(
 *     throughSocks5({ host: 'example.com', port: 443, tls: true }),
 *     useConnection(({ reader, writer }) => {
 *       writer.write('HEAD / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n');
 *       return reader.lines();
 *     }),
 *   )
 *   .subscribe(console.log);
 * ```
 */
export function throughSocks5(options: Socks5Options): MonoTypeOperatorFunction<Connection> {
  checkTunnelOptions(options);
  const { host, port, username, password = '' } = options;
  if (username === undefined && password !== '') throw new TypeError('A password needs a username');
  if (username !== undefined) checkCredential('username', username, 1);
  checkCredential('password', password, 0);
  const methods = username === undefined ? [NO_AUTHENTICATION] : [NO_AUTHENTICATION, PASSWORD];

  return throughProxy(options, function* (io, target) {
    yield* io.send(Uint8Array.of(VERSION, methods.length, ...methods));
    const method = yield* answer('method', VERSION);
    if (method === NONE_ACCEPTABLE) {
      const offered = `no authentication${username === undefined ? '' : ', a username and password'}`;
      throw new ProxyError(target, 'authentication', `the proxy takes none of what was offered (${offered})`);
    }
    if (!methods.includes(method)) throw malformed(`method ${method}, which was not offered`);
    if (method === PASSWORD) {
      yield* io.send(Uint8Array.of(1, ...counted(username!), ...counted(password)));
      const status = yield* answer('status', 1);
      if (status !== 0)
        throw new ProxyError(target, 'authentication', `the proxy refused the credentials, status ${status}`);
    }
    yield* io.send(Uint8Array.of(VERSION, 1, 0, ...addressed(host), port >> 8, port & 255));
    const reply = yield* answer('reply', VERSION);
    if (reply !== 0) {
      const words = REPLIES[reply] ?? 'a reply of its own';
      throw new ProxyError(target, 'refused', `the proxy replied ${reply}, ${words}`, { reply });
    }
    const [, type] = yield* io.exactly(2);
    // Where the proxy connects from: of no use here.
    const length = type === 1 ? 4 : type === 4 ? 16 : type === 3 ? yield* io.uint8() : undefined;
    if (length === undefined) throw malformed(`address type ${type!}`);
    yield* io.exactly(length + 2);

    function* answer(what: string, expected: number): Generator<undefined, number> {
      const [version, value] = yield* io.exactly(2);
      if (version !== expected) throw malformed(`version ${version!} with its ${what}, not ${expected}`);
      return value!;
    }
    function malformed(found: string): ProxyError {
      return new ProxyError(target, 'malformed', `what answers is no SOCKS5 proxy: ${found}`);
    }
  });
}

function counted(text: string): number[] {
  const bytes = encodeText(text);
  return [bytes.length, ...bytes];
}

function addressed(host: string): number[] {
  const address = ipAddress(host);
  if (address === undefined) return [3, ...counted(host)];
  return [address.length === 4 ? 1 : 4, ...address];
}
