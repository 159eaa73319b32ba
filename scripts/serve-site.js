import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { gzipSync } from 'node:zlib';

/** @type {Record<string, string>} */
const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

/**
 * Serves a built site as hosts do: `/start` is start.html, text is compressed, and files whose names change with their
 * content may be kept.
 *
 * @param {string} folder
 */
export async function serveSite(folder) {
  let bytes = 0;
  /** @type {Map<string, Buffer>} */
  const compressed = new Map();
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const file = fileOf(folder, path);
    const name = file ?? join(folder, '404.html');
    const type = TYPES[extname(name)] ?? 'application/octet-stream';
    let body = compressed.get(name);
    if (!body) {
      body = extname(name) === '.png' ? readFileSync(name) : gzipSync(readFileSync(name));
      compressed.set(name, body);
    }
    bytes += body.length;
    response.writeHead(file === undefined ? 404 : 200, {
      'content-type': type,
      ...(extname(name) === '.png' ? {} : { 'content-encoding': 'gzip' }),
      'cache-control': path.startsWith('/assets/') ? 'max-age=31536000, immutable' : 'no-cache',
    });
    response.end(body);
  });
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(undefined));
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    /** What has been sent, without the headers. */
    bytes: () => bytes,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** @param {string} folder @param {string} path */
function fileOf(folder, path) {
  const file = join(folder, normalize(path));
  const candidates = path.endsWith('/') ? [join(file, 'index.html')] : [file, `${file}.html`];
  return candidates.find((candidate) => existsSync(candidate) && statSync(candidate).isFile());
}
