/**
 * What the Node specs run of src/: a page in build/coverage/index.html, a summary and a table by folder here.
 *
 *   npm run coverage [-- spec files or folders]
 *
 * It tells what no spec reaches. Whether a spec would notice a change of what it reaches: npm run mutation.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';

const OUT = 'build/coverage';
const { status } = spawnSync(
  'node_modules/.bin/c8',
  [
    // The specs run from build/spec: only by their maps these are files of src/.
    '--exclude-after-remap',
    '--include=src/**',
    `--reports-dir=${OUT}`,
    ...['text-summary', 'html', 'json-summary'].map((name) => `--reporter=${name}`),
    ...[process.execPath, 'scripts/run-node-specs.js', ...process.argv.slice(2)],
  ],
  { stdio: 'inherit' },
);

const KINDS = /** @type {const} */ (['statements', 'branches', 'functions']);
/** @typedef {Record<typeof KINDS[number], { total: number, covered: number }>} Coverage */
/** @type {Record<string, Coverage>} */
const files = JSON.parse(readFileSync(`${OUT}/coverage-summary.json`, 'utf8'));
/** @type {Map<string, Coverage>} */
const folders = new Map();
for (const [file, of] of Object.entries(files)) {
  if (file === 'total') continue;
  const parts = relative('src', file).split(sep);
  const name = parts.length === 1 ? '(entry points)' : parts.slice(0, -1).join('/');
  const sum = folders.get(name) ?? sumOfNothing();
  for (const kind of KINDS) {
    sum[kind].total += of[kind].total;
    sum[kind].covered += of[kind].covered;
  }
  folders.set(name, sum);
}
console.log(`\n${'folder'.padEnd(20)}${KINDS.map((kind) => kind.padStart(12)).join('')}`);
for (const [name, sum] of [...folders].sort(([one], [other]) => one.localeCompare(other))) {
  const shares = KINDS.map((kind) => share(sum[kind]).padStart(12));
  console.log(`${name.padEnd(20)}${shares.join('')}`);
}
process.exitCode = status ?? 1;

/** @returns {Coverage} */
function sumOfNothing() {
  const none = () => ({ total: 0, covered: 0 });
  return { statements: none(), branches: none(), functions: none() };
}

/** @param {{ total: number, covered: number }} counts */
function share({ total, covered }) {
  return total === 0 ? '–' : `${((100 * covered) / total).toFixed(1)} %`;
}
