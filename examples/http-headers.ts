/** Asks an HTTP server for the headers of a page. */
import { useConnection } from 'rxjs-net';
import { fromConnection } from 'rxjs-net/node';
import { takeWhile, type Observable } from 'rxjs';

/** Emits the status line and the headers, and closes the connection at the empty line behind them. */
export function httpHeaders(url: string): Observable<string> {
  const { protocol, host, hostname, port, pathname, search } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new TypeError(`An http: or https: URL is needed, not ${url}`);
  }
  const tls = protocol === 'https:';

  // An IPv6 address stands in brackets in a URL, and without them everywhere else.
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (tls ? 443 : 80)) };
  return fromConnection({ ...address, tls }).pipe(
    useConnection(({ reader, writer }) => {
      writer.write(`HEAD ${pathname}${search} HTTP/1.0\r\nHost: ${host}\r\n\r\n`);
      return reader.lines({ encoding: 'latin1' }).pipe(takeWhile((line) => line !== ''));
    }),
  );
}
