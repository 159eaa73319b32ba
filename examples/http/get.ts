/** Gets a page over HTTP/1.1, encrypted or not. */
import { decode, lines, useConnection, type Connection } from 'rxjs-net';
import { fromConnection, type ConnectOptions } from 'rxjs-net/node';
import { concat, concatMap, startWith, type Observable } from 'rxjs';
import { readResponse, type HttpResponse } from './response.js';

/** Emits the lines to print: the status, and the body as text. */
export function httpGet(address: string): Observable<string> {
  const url = new URL(address);
  return fromConnection(optionsFor(url)).pipe(
    useConnection((connection) =>
      request(connection, url, { headers: { Connection: 'close' } }).pipe(
        concatMap(({ head: { status, reason }, body$ }) =>
          body$.pipe(decode(lines({ limit: 2 ** 20 })), startWith(`${status} ${reason}`, '')),
        ),
      ),
    ),
  );
}

export interface RequestOptions {
  method?: string;
  headers?: Record<string, string>;
}

/** Sends a request without a body, and emits the response. The next one can follow when its body has been read. */
export function request(
  { reader, writer }: Connection,
  { host, pathname, search }: URL,
  { method = 'GET', headers = {} }: RequestOptions = {},
): Observable<HttpResponse> {
  const fields = Object.entries({ Host: host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return concat(
    writer.send(`${method} ${pathname}${search} HTTP/1.1\r\n${fields.join('')}\r\n`),
    readResponse(reader, method),
  );
}

function optionsFor({ protocol, hostname, port, href }: URL): ConnectOptions {
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new TypeError(`An http: or https: URL is needed, not ${href}`);
  }
  const tls = protocol === 'https:';
  // An IPv6 address stands in brackets in a URL, and without them everywhere else.
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (tls ? 443 : 80)), tls };
}
