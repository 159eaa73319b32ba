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
    external: ['rxjs', 'rxjs/*'],
    logLevel: 'error',
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

const unused = await bundle("import 'rxjs-net';");
if (unused.length > 0) throw new Error(`an unused import of rxjs-net leaves ${unused.length} B in a bundle`);

for (const subpath of Object.keys(exports)) {
  if (subpath === './node' || subpath.endsWith('.json')) continue;
  const name = `rxjs-net${subpath.slice(1)}`;
  const minified = await bundle(`export * from '${name}';`);
  const gzipped = gzipSync(minified, { level: 9 }).length;
  const isCore = subpath === '.';
  console.log(
    `${name}${isCore ? ' core' : ''}: ${minified.length} B minified, ${gzipped} B gzipped` +
      (isCore ? ` (aim ≤ ${AIM} B)` : ''),
  );
  if (isCore && options.max !== undefined && gzipped > Number(options.max)) {
    console.log(`FAILED: rxjs-net core is ${gzipped - Number(options.max)} B larger than ${options.max} B`);
    process.exitCode = 1;
  }
}
