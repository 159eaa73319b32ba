import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { concat, concatMap, map, toArray, type Observable } from 'rxjs';
import { request, type RequestOptions } from '../../examples/http/get.js';
import { readResponse, type HttpResponse } from '../../examples/http/response.js';
import { fromConnection } from '../../src/node.js';
import { useConnection, type Connection } from '../../src/index.js';
import { difference, joined, seededBytes, text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { settled } from '../contracts/settled.js';
import { missing, newFolder, ServerProgram, startOnPort } from './ServerProgram.js';

const MEBIBYTE = 2 ** 20;

interface Got {
  response: HttpResponse;
  body: Uint8Array;
}

/** Sends a request on a connection, and reads the whole response. */
function fetchOn(connection: Connection, url: string, options?: RequestOptions): Observable<Got> {
  return request(connection, new URL(url), options).pipe(concatMap(whole));
}

function whole(response: HttpResponse): Observable<Got> {
  return response.body$.pipe(
    toArray(),
    map((chunks) => ({ response, body: joined(chunks) })),
  );
}

/** On a new connection. */
function get(url: string, options?: RequestOptions): Promise<Got> {
  return eventually(
    url,
    onConnection(url, (connection) => fetchOn(connection, url, options)),
  );
}

function onConnection<R>(url: string, work: (connection: Connection) => Observable<R>): Observable<R> {
  return fromConnection({ host: '127.0.0.1', port: Number(new URL(url).port) }).pipe(useConnection(work));
}

describe('Responses of node:http', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  async function serve(listener: RequestListener): Promise<string> {
    server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  it('have a length', async () => {
    const url = await serve((_, response) => response.setHeader('Content-Length', 5).end('hello'));
    const { response, body } = await get(url);
    expect([response.head.status, response.head.reason, response.keepAlive, text(body)]).toEqual([
      200,
      'OK',
      true,
      'hello',
    ]);
  });

  it('come in chunks, with trailers', async () => {
    const data = seededBytes(1, MEBIBYTE);
    const url = await serve((_, response) => {
      response.setHeader('Trailer', 'X-Sum');
      for (let at = 0; at < data.length; at += 10_007) response.write(data.subarray(at, at + 10_007));
      response.addTrailers({ 'X-Sum': '42' });
      response.end();
    });
    const { response, body } = await get(url);
    expect(response.head.headers.get('transfer-encoding')).toBe('chunked');
    expect(difference(body, data)).toBe('none');
    expect(response.trailers.get('x-sum')).toBe('42');
  });

  it('end with the connection', async () => {
    const data = seededBytes(2, MEBIBYTE);
    const url = await serve((_, response) => {
      response.useChunkedEncodingByDefault = false;
      response.removeHeader('transfer-encoding');
      response.write(data);
      response.end();
    });
    const { response, body } = await get(url);
    expect(response.head.headers.has('content-length')).toBeFalse();
    expect(response.keepAlive).toBeFalse();
    expect(difference(body, data)).toBe('none');
  });

  it('follow each other on one connection, whatever ends them', async () => {
    const sockets = new Set<unknown>();
    const url = await serve(({ url, socket }, response) => {
      sockets.add(socket);
      if (url === '/none') response.writeHead(204).end();
      else if (url === '/length') response.setHeader('Content-Length', 6).end('length');
      else {
        response.write('chun');
        response.end('ked');
      }
    });
    const paths = ['length', 'chunked', 'none', 'length', 'chunked'];
    const bodies$ = onConnection(url, (connection) =>
      concat(
        ...paths.map((path) => fetchOn(connection, `${url}${path}`)),
        fetchOn(connection, `${url}length`, { method: 'HEAD' }),
        fetchOn(connection, `${url}chunked`, { method: 'HEAD' }),
        fetchOn(connection, `${url}length`),
      ).pipe(
        map(({ body }) => text(body)),
        toArray(),
      ),
    );
    expect(await eventually('all responses', bodies$)).toEqual([
      'length',
      'chunked',
      '',
      'length',
      'chunked',
      '',
      '',
      'length',
    ]);
    expect(sockets.size).toBe(1);
  });

  it('may come together, as their requests did', async () => {
    const url = await serve(({ url }, response) => response.end(`this is ${url!}`));
    const bodies$ = onConnection(url, (connection) => {
      const { host } = new URL(url);
      for (const path of ['a', 'b', 'c'])
        connection.writer.write(`GET /${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      const next$ = readResponse(connection.reader).pipe(concatMap(whole));
      return concat(next$, next$, next$).pipe(
        map(({ body }) => text(body)),
        toArray(),
      );
    });
    expect(await eventually('all responses', bodies$)).toEqual(['this is /a', 'this is /b', 'this is /c']);
  });

  it('come behind 100 Continue and 103 Early Hints', async () => {
    const url = await serve((_, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => response.end('final'));
    });
    const { response, body } = await get(url, { headers: { Expect: '100-continue' } });
    expect([response.head.status, text(body)]).toEqual([200, 'final']);
    expect(response.head.headers.has('link')).toBeFalse();
  });

  it('that are cut off are not taken for whole', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'Content-Length': 10 });
      response.write('half', () => response.socket!.end());
    });
    const failure = await failureOf(
      'the body',
      onConnection(url, (connection) => fetchOn(connection, url)),
    );
    expect(failure).toEqual(jasmine.objectContaining({ name: 'IncompleteReadError' }));
  });

  it('are held back by a client that is slow to work on them', async () => {
    let accepted = 0;
    const blocks = 1024;
    const block = new Uint8Array(65_536);
    const url = await serve((_, response) => {
      // One at a time: written together they would be accepted together.
      const produce = (): unknown =>
        accepted === blocks ? response.end() : response.write(block, () => (accepted++, produce()));
      produce();
    });
    let received = 0;
    let acceptedAtFirst: number | undefined;
    const done$ = onConnection(url, (connection) =>
      request(connection, new URL(url)).pipe(
        concatMap((response) =>
          response.consume(async (data) => {
            received += data.length;
            // The first piece takes as long as the server sends.
            acceptedAtFirst ??= await settled(() => accepted);
            return data.length;
          }),
        ),
        toArray(),
      ),
    );
    await eventually('the body', done$);
    expect(acceptedAtFirst).toBeLessThan(0.75 * blocks);
    expect([received, accepted]).toEqual([blocks * block.length, blocks]);
  });
});

describe('Responses of other servers', () => {
  let program: ServerProgram | undefined;
  const page = seededBytes(4, 300_000);

  afterEach(async () => {
    await program?.kill();
    program = undefined;
  });

  it('are read: python3 -m http.server', async () => {
    const absent = missing('python3');
    if (absent !== undefined) pending(absent);
    const folder = newFolder();
    writeFileSync(join(folder, 'page'), page);
    const args = ['-u', '-m', 'http.server', '0', '--bind', '127.0.0.1', '--directory', folder];
    program = new ServerProgram('python3', args, folder);
    const port = await program.printed(/port (\d+)/);

    const { response, body } = await get(`http://127.0.0.1:${port!}/page`);
    expect([response.head.version, response.head.status, response.keepAlive]).toEqual(['1.0', 200, false]);
    expect(difference(body, page)).toBe('none');
    expect((await get(`http://127.0.0.1:${port!}/no`)).response.head.status).toBe(404);
  });

  it('are read: nginx', async () => {
    const absent = missing('nginx');
    if (absent !== undefined) pending(absent);
    const started = await startOnPort((port, folder) => {
      writeFileSync(join(folder, 'page'), page);
      writeFileSync(join(folder, 'nginx.conf'), nginxConf(port, folder));
      return new ServerProgram(
        'nginx',
        ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'],
        folder,
      );
    }, /using the "\w+" event method/);
    program = started.program;
    const url = `http://127.0.0.1:${started.port}`;

    const statuses$ = onConnection(url, (connection) =>
      concat(
        fetchOn(connection, `${url}/page`),
        fetchOn(connection, `${url}/chunked`),
        fetchOn(connection, `${url}/page`, { method: 'HEAD' }),
        fetchOn(connection, `${url}/none`),
        fetchOn(connection, `${url}/page`, { headers: { Connection: 'close' } }),
      ).pipe(
        map(({ response, body }) => {
          const chunked = response.head.headers.has('transfer-encoding');
          return [response.head.status, chunked, response.keepAlive, body.length];
        }),
        toArray(),
      ),
    );
    expect(await eventually('all responses', statuses$)).toEqual([
      [200, false, true, page.length],
      [200, true, true, page.length],
      [200, false, true, 0],
      [204, false, true, 0],
      [200, false, false, page.length],
    ]);
  });
});

function nginxConf(port: number, folder: string): string {
  return `
    daemon off;
    master_process off;
    pid ${folder}/pid;
    error_log stderr notice;
    events {}
    http {
      access_log off;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      server {
        listen 127.0.0.1:${port};
        root ${folder};
        location = /chunked { ssi on; ssi_types *; alias ${folder}/page; }
        location = /none { return 204; }
      }
    }
  `;
}
