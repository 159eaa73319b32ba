import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { take, toArray } from 'rxjs';
import type { Connection } from '../../src/streams/Connection.js';
import { difference, seededBytes, text } from '../contracts/bytes.js';
import { certificateFiles, certificates } from './certificates.js';
import { httpResponse, type HttpResponse } from './http.js';
import { handOver } from './nobody.js';
import { patiently } from './patience.js';
import type { Program } from './Program.js';
import { startNginx } from './startNginx.js';
import { useConnections } from './useConnections.js';
import { usePrograms } from './usePrograms.js';

const host = '127.0.0.1';
const large = seededBytes(5, 8 * 2 ** 20);

function get(path: string, ...headers: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n');
}

describe('Our client and nginx', () => {
  const programs = usePrograms('nginx', 'openssl');
  const ours = useConnections();

  function begin(port: number): Program {
    const { folder } = programs;
    const { cert, key } = certificateFiles(folder);
    return startNginx(
      programs,
      `server {
          listen ${host}:${port} ssl;
          ssl_certificate ${cert};
          ssl_certificate_key ${key};
          ssl_protocols TLSv1.2 TLSv1.3;
          root ${folder}/www;
        }`,
    );
  }

  async function connect(): Promise<Connection> {
    const root = join(programs.folder, 'www');
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, 'small'), 'hello\r\n\r\nworld\n');
    writeFileSync(join(root, 'large'), large);
    for (const path of [root, join(root, 'small'), join(root, 'large')]) handOver(path);
    const { port } = await programs.startOnFreePort(begin, /start worker process /);
    const tls = { ca: certificates().ca, servername: 'localhost', ALPNProtocols: ['http/1.1'] };
    return ours.connect({ host, port, tls });
  }

  function responses({ reader }: Connection, count: number): Promise<HttpResponse[]> {
    return patiently(`${count} responses`, reader.frames(httpResponse).pipe(take(count), toArray()));
  }

  it('agree on HTTP/1.1, and keep the connection for a second request', async () => {
    const connection = await connect();
    const { writer } = connection;
    expect(writer.getExtraInfo('alpnProtocol')).toBe('http/1.1');
    expect(writer.getExtraInfo('tlsVersion')).toBe('TLSv1.3');
    writer.write(get('/small'));
    const [first] = await responses(connection, 1);
    expect([first!.status, text(first!.body)]).toEqual([200, 'hello\r\n\r\nworld\n']);
    expect(first!.headers.get('connection')).toBe('keep-alive');
    writer.write(get('/missing'));
    const [second] = await responses(connection, 1);
    expect(second!.status).toBe(404);
    expect(text(second!.body)).toContain('404 Not Found');
  });

  it('answer requests that come in one write, in order', async () => {
    const connection = await connect();
    connection.writer.write(get('/small') + get('/missing') + get('/small', 'Range: bytes=0-4'));
    const all = await responses(connection, 3);
    expect(all.map(({ status }) => status)).toEqual([200, 404, 206]);
    expect(text(all[2]!.body)).toBe('hello');
  });

  it('carry a file of 8 MiB, then end as asked', async () => {
    const connection = await connect();
    connection.writer.write(get('/large', 'Connection: close'));
    const [response] = await responses(connection, 1);
    expect(response!.headers.get('connection')).toBe('close');
    expect(difference(response!.body, large)).toBe('none');
    expect(await patiently('the end', connection.reader.read())).toEqual(new Uint8Array(0));
    expect(connection.reader.atEof()).toBeTrue();
  });

  it('carry a file of 8 MiB that is read a little at a time', async () => {
    const connection = await connect();
    const { reader, writer } = connection;
    writer.write(get('/large'));
    const head = text(await patiently('the head', reader.readUntil('\r\n\r\n')));
    expect(head).toContain(`Content-Length: ${large.length}\r\n`);
    let most = 0;
    for (let at = 0; at < large.length; at += 100_000) {
      const expected = large.subarray(at, at + 100_000);
      most = Math.max(most, reader.bufferedBytes);
      const piece = await patiently('a piece', reader.readExactly(expected.length));
      if (difference(piece, expected) !== 'none') fail(`behind byte ${at}: ${difference(piece, expected)}`);
    }
    expect(most)
      .withContext('bytes that waited')
      .toBeLessThanOrEqual(3 * 65536);
  });
});
