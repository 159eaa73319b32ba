import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Subscription } from 'rxjs';
import { pageServer } from '../../../examples/console/pageServer.js';

describe('examples: console page server', () => {
  let folder: string;
  let served: Subscription;
  let port: number;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'page-'));
    writeFileSync(join(folder, 'index.html'), '<meta name="gateway" content="ws://localhost:8080" /> page');
    writeFileSync(join(folder, 'main.js'), 'program');
    port = await new Promise((resolve) => {
      served = pageServer(folder, 0, () => 'ws://127.0.0.1:1').subscribe(resolve);
    });
  });

  afterEach(() => {
    served.unsubscribe();
    rmSync(folder, { recursive: true });
  });

  it('serves the page, with the address of the gateway in it, and what belongs to it', async () => {
    expect(await get('/')).toEqual({
      status: 200,
      type: 'text/html; charset=utf-8',
      body: '<meta name="gateway" content="ws://127.0.0.1:1" /> page',
    });
    expect(await get('/main.js')).toEqual({
      status: 200,
      type: 'text/javascript; charset=utf-8',
      body: 'program',
    });
  });

  it('serves nothing else, however it is spelled', async () => {
    const others = ['/main', '/../main.js', '/..%2fmain.js', '/./main.js', '//main.js', '/main.js/', '/%'];
    for (const path of others)
      expect((await get(path)).status)
        .withContext(path)
        .toBe(404);
  });

  /** As it stands: fetch() would make another path of it. */
  function get(path: string): Promise<{ status?: number; type?: string; body: string }> {
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => {
          const { statusCode: status, headers } = response;
          resolve({ status: status!, type: headers['content-type']!, body });
        });
      });
      asked.on('error', reject).end();
    });
  }
});
