import { readdirSync } from 'node:fs';

/** `*.spec.ts` runs everywhere, `*.node.spec.ts` in Node only. That name is the whole rule. */
const SPEC = '.spec.ts';
const NODE_SPEC = '.node.spec.ts';

/**
 * The spec files below `spec/`, sorted. They are found as sources, not as compiled output, so that what is left
 * in `build/` of a deleted spec never runs.
 *
 * @param {'node' | 'browser'} platform
 * @param {string[]} only files or folders to keep; none: all
 */
export function specFiles(platform, only = []) {
  const wanted = only.map((path) => path.replace(/^\.\//, '').replace(/\/$/, ''));
  const all = readdirSync('spec', { recursive: true, encoding: 'utf8' })
    .map((name) => `spec/${name.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith(SPEC) && (platform === 'node' || !file.endsWith(NODE_SPEC)))
    .sort();
  for (const path of wanted) {
    if (!all.some((file) => isOrIsIn(file, path)))
      throw new Error(`no ${platform} spec file is, or lies in, ${path}`);
  }
  return wanted.length === 0 ? all : all.filter((file) => wanted.some((path) => isOrIsIn(file, path)));
}

/** @param {string} file @param {string} path */
function isOrIsIn(file, path) {
  return file === path || file.startsWith(`${path}/`);
}
