import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authority, server as certificate } from '../transports/node/certificates.js';
import { describeExamples, runExample } from './run-example.js';

describeExamples('http-headers', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.close();
    server?.closeAllConnections();
    server = undefined;
  });

  async function serve(listener: RequestListener): Promise<number> {
    server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  it('asks for the page with its query, and prints the status line and the headers', async () => {
    const requests: unknown[] = [];
    const port = await serve(({ method, url, headers, httpVersion }, response) => {
      requests.push({ method, url, host: headers.host, httpVersion });
      response.writeHead(404, 'Nothing Here', { 'X-Name': 'Müller', Date: 'today' }).end('a body');
    });

    const { lines, errors, code } = await runExample('http-headers', `http://127.0.0.1:${port}/a/page?b=c#d`);

    expect(lines).toEqual([
      'HTTP/1.1 404 Nothing Here',
      'X-Name: Müller',
      'Date: today',
      'Connection: close',
    ]);
    expect({ errors, code }).toEqual({ errors: '', code: 0 });
    expect(requests).toEqual([
      { method: 'HEAD', url: '/a/page?b=c', host: `127.0.0.1:${port}`, httpVersion: '1.0' },
    ]);
  });

  it('ends at the empty line, also when the server keeps the connection', async () => {
    const port = await serve((_, response) => {
      response.writeHead(200, { Date: 'today' }).flushHeaders();
    });

    const { lines, code } = await runExample('http-headers', `http://127.0.0.1:${port}`);

    expect(lines[0]).toBe('HTTP/1.1 200 OK');
    expect(code).toBe(0);
  });

  it('asks over TLS, and trusts nobody it should not', async () => {
    server = createHttpsServer(certificate, (_, response) => {
      response.writeHead(200, { Date: 'today' }).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`;

    const stranger = await runExample('http-headers', url);
    expect(stranger.errors).toContain('certificate');
    expect(stranger.code).toBe(1);

    const folder = mkdtempSync(join(tmpdir(), 'rxjs-net-'));
    try {
      const file = join(folder, 'authority.pem');
      writeFileSync(file, authority);
      process.env.NODE_EXTRA_CA_CERTS = file;
      const { lines, errors, code } = await runExample('http-headers', url);
      expect(lines).toEqual(['HTTP/1.1 200 OK', 'Date: today', 'Connection: close']);
      expect({ errors, code }).toEqual({ errors: '', code: 0 });
    } finally {
      delete process.env.NODE_EXTRA_CA_CERTS;
      rmSync(folder, { recursive: true });
    }
  });

  it('says which URLs are none', async () => {
    const [ftp, none] = await Promise.all(
      ['ftp://localhost/', 'localhost'].map((url) => runExample('http-headers', url)),
    );

    const errors = 'An http: or https: URL is needed, not ftp://localhost/\n';
    expect(ftp).toEqual({ lines: [''], errors, code: 1 });
    expect(none).toEqual({ lines: [''], errors: 'Invalid URL\n', code: 1 });
  });
});
