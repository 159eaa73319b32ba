/** A web server for one folder: what a build of a page has made. */
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { Observable } from 'rxjs';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};

/**
 * Listens until it is unsubscribed. Emits its port once it does.
 *
 * @param gateway the address of the gateway, which the page finds in its `<meta name="gateway">`
 */
export function pageServer(folder: string, port: number, gateway: () => string): Observable<number> {
  return new Observable((subscriber) => {
    const server = createServer((request, response) => {
      void answer(request.url ?? '/', response, folder, gateway);
    });
    server.on('error', (error) => subscriber.error(error));
    server.listen(port, '127.0.0.1', () => subscriber.next((server.address() as AddressInfo).port));
    return () => {
      server.close();
      server.closeAllConnections();
    };
  });
}

async function answer(
  url: string,
  response: ServerResponse,
  folder: string,
  gateway: () => string,
): Promise<void> {
  const name = url === '/' ? 'index.html' : url.slice(1);
  // Only what is in the list: so no spelling leads out of the folder.
  const isFile = (await readdir(folder)).includes(name);
  if (!isFile) {
    response.writeHead(404).end();
    return;
  }
  const content = await readFile(join(folder, name));
  response.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream' });
  response.end(
    extname(name) === '.html'
      ? content.toString().replace(/(<meta name="gateway" content=)"[^"]*"/, `$1"${gateway()}"`)
      : content,
  );
}
