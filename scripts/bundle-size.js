/**
 * What the built package costs a page: the size of `rxjs-net` (rxjs itself not counted), that nothing of it is left
 * where nothing of it is used, and that no entry point for browsers needs one of Node's modules.
 *
 *   npm run size -- [--max=BYTES]     fails when the core is larger, gzipped
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const AIM = 6144;
/** What every use needs, and the operators; the rest is counted by what it adds, as it comes along only if it is used. */
const CORE = 'Connection, connectionPair, decode, readExactly, readLine, readUntil, serve, useConnection';
const EXTRAS = ['decoder', 'lines', 'json', 'delimited', 'fixedLength', 'lengthPrefixed', 'netstring'];
EXTRAS.push('writeTo', 'sendAll', 'framed', 'converse', 'reconnecting', 'ByteWriter', 'slip', 'cobs');
EXTRAS.push('silence', 'throughSocks5', 'throughHttpProxy', 'RateLimit', 'broadcast');
const { values: options } = parseArgs({ options: { max: { type: 'string' } } });
const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));

/** @param {string} code a module's source, seen from the project's folder */
async function bundle(code) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: '.', loader: 'js' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    // A node: import that gets this far is an error of esbuild's, with the file that asks for it.
    platform: 'browser',
    target: 'es2022',
    external: ['rxjs', 'rxjs/*', '@nats-io/*'],
    logLevel: 'error',
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

const unused = await bundle("import 'rxjs-net';");
if (unused.length > 0) throw new Error(`an unused import of rxjs-net leaves ${unused.length} B in a bundle`);

/** @param {string} code */
async function size(code) {
  const minified = await bundle(code);
  return { minified: minified.length, gzipped: gzipSync(minified, { level: 9 }).length };
}

const core = await size(`export { ${CORE} } from 'rxjs-net';`);
console.log(`rxjs-net core: ${core.minified} B minified, ${core.gzipped} B gzipped (aim ≤ ${AIM} B)`);
if (options.max !== undefined && core.gzipped > Number(options.max)) {
  console.log(
    `FAILED: rxjs-net core is ${core.gzipped - Number(options.max)} B larger than ${options.max} B`,
  );
  process.exitCode = 1;
}
const { minified, gzipped } = await size("export { Connection } from 'rxjs-net';");
console.log(`  Connection alone: ${minified} B minified, ${gzipped} B gzipped`);
for (const name of EXTRAS) {
  const { gzipped } = await size(`export { ${CORE}, ${name} } from 'rxjs-net';`);
  console.log(`  with ${name}: ${gzipped - core.gzipped} B more, gzipped`);
}
for (const name of ['fromWebSocket', 'fromMessagePort', 'fromWebStreams']) {
  const more = await size(`export { Connection } from 'rxjs-net'; export { ${name} } from 'rxjs-net/web';`);
  console.log(`  ${name}: ${more.gzipped - gzipped} B more than Connection alone, gzipped`);
}
for (const subpath of Object.keys(exports)) {
  if (subpath === './node' || subpath === './ws' || subpath.endsWith('.json')) continue;
  const name = `rxjs-net${subpath.slice(1)}`;
  const { minified, gzipped } = await size(`export * from '${name}';`);
  console.log(`${name}, everything: ${minified} B minified, ${gzipped} B gzipped`);
}
