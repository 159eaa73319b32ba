import type { MonoTypeOperatorFunction } from 'rxjs';
import { printable } from '../bytes/printable.js';
import { decodeText, encodeText } from '../bytes/text.js';
import { shown } from '../streams/check.js';
import type { Connection } from '../streams/Connection.js';
import { ProxyError } from '../streams/errors.js';
import {
  checkCredential,
  checkTunnelOptions,
  targetOf,
  throughProxy,
  type TunnelOptions,
} from './throughProxy.js';

/** Where a tunnel leads, and who asks for it. See {@link throughHttpProxy}. */
export interface HttpProxyOptions extends TunnelOptions {
  /**
   * For `Proxy-Authorization: Basic`, which goes to the proxy as it is: each up to 255 bytes of UTF-8, no colon in the
   * username. Default: none.
   */
  credentials?: { username: string; password: string };
  /** Further headers of the request, such as another `Proxy-Authorization`. Default: none. */
  headers?: Readonly<Record<string, string>>;
}

/** So many bytes the heads of an answer may have, all together. */
const MOST_BYTES = 16384;
/** So many characters of what the proxy says are shown. */
const SHOWN = 200;

/**
 * Leads a connection to an HTTP proxy on to its target, by CONNECT (RFC 9110, 9.3.6): between a source of connections
 * to the proxy and their use.
 *
 * ```text
 * source                 --c---------
 * written                --(CONNECT)
 * answered               ---------200
 * throughHttpProxy(t)    ---------c
 * ```
 *
 * - **Emits** the same connection, once the tunnel stands, and with `tls` is encrypted; whoever owned it still does.
 *   What came after the head of the proxy's answer is for the next read.
 * - **Completes** when the source has.
 * - **Errors** with `ProxyError`, whatever the proxy did wrong; with `tls` as `writer.startTls`; else with the error of
 *   the source. The connection is then closed.
 * - **Unsubscribe** before the tunnel stands closes the connection.
 * - **Buffers** no more than 16 KiB of the answer: more is a `ProxyError`.
 *
 * A name is looked up by the proxy. `getExtraInfo('peername')` remains the proxy. Time comes from the connection's
 * scheduler.
 *
 * @throws `RangeError` or `TypeError` when an option is none, or has characters that cannot be
 *
 * @example
 * ```ts no-run
 * import { throughHttpProxy, useConnection } from 'rxjs-net';
 * import { fromConnection } from 'rxjs-net/node';
 *
 * const credentials = { username: 'me', password: 'secret' };
 *
 * fromConnection({ host: 'proxy.example', port: 3128 })
 *   .pipe(
 *     throughHttpProxy({ host: 'mail.example.com', port: 465, credentials, tls: true }),
 *     useConnection(({ reader }) => reader.readLine()),
 *   )
 *   .subscribe((greeting) => console.log(new TextDecoder().decode(greeting)));
 * ```
 */
export function throughHttpProxy(options: HttpProxyOptions): MonoTypeOperatorFunction<Connection> {
  checkTunnelOptions(options);
  const request = requestOf(options);

  return throughProxy(options, function* (io, target) {
    yield* io.send(request);
    let status: number;
    let words: string;
    let left = MOST_BYTES;
    do {
      const first = yield* line();
      const found = /^HTTP\/1\.\d ([1-5]\d\d)(?: (.*))?$/s.exec(first);
      if (found === null) throw malformed(`status line "${first}"`);
      status = Number(found[1]);
      words = found[2] ?? '';
      for (let header = yield* line(); header !== ''; header = yield* line()) {
        if (!/^(?:[^\s:]+:|[ \t])/.test(header)) throw malformed(`header "${header}"`);
        const challenge = /^Proxy-Authenticate:\s*(.*)/is.exec(header);
        if (status === 407 && challenge !== null) words += `; ${challenge[1]!}`;
      }
      // Others come before the answer itself.
    } while (status < 200 && status !== 101);
    if (status >= 200 && status < 300) return;
    // 401 is for origins, but some proxies answer with it to credentials that are wrong.
    const reason = status === 407 || status === 401 ? 'authentication' : 'refused';
    const message = `the proxy answered ${status}${words === '' ? '' : ` ${printable(words, SHOWN)}`}`;
    throw new ProxyError(target, reason, message, { status });

    function* line(): Generator<undefined, string> {
      const bytes = yield* io.until('\n', left);
      left -= bytes.length;
      return decodeText(bytes, 'latin1').replace(/\r?\n$/, '');
    }
    function malformed(found: string): ProxyError {
      return new ProxyError(target, 'malformed', `what answers is no HTTP proxy: ${printable(found, SHOWN)}`);
    }
  });
}

function requestOf({ host, port, credentials, headers = {} }: HttpProxyOptions): string {
  const target = targetOf({ host, port });
  checkHeaders(headers, credentials === undefined ? [] : ['proxy-authorization']);
  const all: Record<string, string> = { Host: target, ...headers };
  if (credentials !== undefined) {
    checkCredential('credentials.username', credentials.username, 1);
    checkCredential('credentials.password', credentials.password, 0);
    if (credentials.username.includes(':'))
      throw new RangeError('credentials.username must not have a colon');
    const both = encodeText(`${credentials.username}:${credentials.password}`);
    all['Proxy-Authorization'] = `Basic ${btoa(String.fromCharCode(...both))}`;
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `CONNECT ${target} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

function checkHeaders(headers: Readonly<Record<string, string>>, taken: readonly string[]): void {
  const ours = ['host', 'content-length', 'transfer-encoding', ...taken];
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name))
      throw new RangeError(`headers: ${shown(name)} is no name of a header`);
    if (ours.includes(name.toLowerCase())) throw new TypeError(`headers: ${name} is not for you to set`);
    // A value may be a secret: no message shows it.
    if (typeof value !== 'string')
      throw new TypeError(`headers: ${name} must be a string, not ${typeof value}`);
    if (!/^[\t\x20-\x7e]*$/.test(value))
      throw new RangeError(`headers: ${name} must be printable ASCII on one line`);
  }
}
