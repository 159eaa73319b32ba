import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeExamples, ExampleProcess, runExample } from './run-example.js';

describeExamples('http-get', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  async function serve(): Promise<string> {
    server = createServer(({ url, headers }, response) => {
      response.statusCode = url === '/page?a=b' ? 200 : 404;
      response.write(`first line of ${headers.host!}, Gr\u00fc`);
      if (url !== '/endless') response.end('\u00dfe\nlast line');
      else response.write('\n');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it('prints the status and the body', async () => {
    const host = await serve();
    expect(await runExample('http-get', `http://${host}/page?a=b#c`)).toEqual({
      lines: ['200 OK', '', `first line of ${host}, Gr\u00fc\u00dfe`, 'last line'],
      errors: '',
      code: 0,
    });
    expect((await runExample('http-get', `http://${host}`)).lines[0]).toBe('404 Not Found');
  });

  it('prints the body as it comes', async () => {
    const host = await serve();
    const example = new ExampleProcess('http-get', `http://${host}/endless`);
    await example.printed(/first line/);
    example.interrupt();
    const { errors, code } = await example.end;
    expect({ errors, code }).toEqual({ errors: '', code: 0 });
  });

  it('says which URLs it needs', async () => {
    const [ftp, none] = await Promise.all(
      ['ftp://localhost/', 'no'].map((url) => runExample('http-get', url)),
    );
    expect(ftp).toEqual({
      lines: [''],
      errors: 'An http: or https: URL is needed, not ftp://localhost/\n',
      code: 1,
    });
    expect(none).toEqual({ lines: [''], errors: 'Invalid URL\n', code: 1 });
  });
});
