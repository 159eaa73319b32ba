/** Three examples, one after the other, on real sockets. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Server } from 'rxjs-net/node';
import {
  concat,
  defer,
  finalize,
  fromEvent,
  map,
  merge,
  mergeMap,
  of,
  startWith,
  Subject,
  take,
  type Observable,
} from 'rxjs';
import { echoClient } from './echo-client.js';
import { echoServer } from './echo-server.js';
import { httpHeaders } from './http-headers.js';
import { slowConsumer } from './slow-consumer.js';

/** Emits the lines to print. */
export function tour(): Observable<string> {
  return concat(
    chapter('1. A server and a client of ours, over TCP', echo()),
    chapter('2. The headers of a real HTTP server (node:http)', headers()),
    chapter('3. A fast server, slowed down by a slow client: 32 MiB', slowConsumer()),
    of('', 'Next: npm start -- help'),
  );
}

function chapter(title: string, lines: Observable<string>): Observable<string> {
  return lines.pipe(
    map((line) => `   ${line}`),
    startWith('', title),
  );
}

function echo(): Observable<string> {
  const listening$ = new Subject<Server>();
  return merge(
    listening$.pipe(
      take(1),
      mergeMap((server) => echoClient(server.addresses[0]!.port).pipe(finalize(() => server.close()))),
      map((line) => `client  ${line}`),
    ),
    echoServer(0, (server) => listening$.next(server)).pipe(map((line) => `server  ${line}`)),
  );
}

function headers(): Observable<string> {
  return defer(() => {
    const server = createServer((_request, response) =>
      response.setHeader('Server', 'node:http').end('Hello'),
    );
    server.listen(0, '127.0.0.1');
    return fromEvent(server, 'listening').pipe(
      take(1),
      mergeMap(() => httpHeaders(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)),
      finalize(() => server.close()),
    );
  });
}
