import { rmSync } from 'node:fs';
import { build } from 'esbuild';

/**
 * Bundles spec files for a browser, one output for each, with what they share split off. It starts from the
 * TypeScript sources for the sake of short source maps; type-checking them is the compiler's business.
 *
 * @param {string[]} files
 * @param {string} outdir
 * @returns {Promise<string[]>} the outputs that hold specs, below `outdir`
 */
export async function bundleSpecs(files, outdir) {
  rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    entryPoints: files,
    outdir,
    outbase: '.',
    chunkNames: 'shared/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    sourcemap: true,
    metafile: true,
    // The specs name the CommonJS file, which is the one that Node can load. In a bundle it would bring a second
    // copy of rxjs, whose delay() and timer() know nothing of the TestScheduler's virtual time.
    alias: { 'rxjs-marbles/jasmine/index.js': 'rxjs-marbles/esm5/jasmine/index.js' },
  });
  const copies = new Set(
    Object.keys(metafile.inputs).flatMap((path) => /.*\/rxjs\/dist\/[^/]+(?=\/)/.exec(path) ?? []),
  );
  if (copies.size > 1)
    throw new Error(`the bundle holds more than one copy of rxjs: ${[...copies].join(', ')}`);
  return Object.entries(metafile.outputs).flatMap(([path, { entryPoint }]) => (entryPoint ? [path] : []));
}
