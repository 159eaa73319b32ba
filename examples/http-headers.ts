/** Asks an HTTP server for the headers of a page. */
import { useConnection } from 'rxjs-net';
import { fromConnection } from 'rxjs-net/node';
import { takeWhile, type Observable } from 'rxjs';

/** Emits the status line and the headers, and closes the connection at the empty line behind them. */
export function httpHeaders(url: string): Observable<string> {
  const { protocol, host, hostname, port, pathname, search } = new URL(url);
  if (protocol === 'https:') throw new TypeError('https: needs TLS, which is not there yet; http: works');
  if (protocol !== 'http:') throw new TypeError(`An http: URL is needed, not ${url}`);

  // An IPv6 address stands in brackets in a URL, and without them everywhere else.
  return fromConnection({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) }).pipe(
    useConnection(({ reader, writer }) => {
      writer.write(`HEAD ${pathname}${search} HTTP/1.0\r\nHost: ${host}\r\n\r\n`);
      return reader.lines({ encoding: 'latin1' }).pipe(takeWhile((line) => line !== ''));
    }),
  );
}
