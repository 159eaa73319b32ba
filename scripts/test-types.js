/**
 * Compiles all snippets of the README, the docs and the doc comments, as a user's program, with each version of
 * TypeScript that the package promises to work with, and checks the package's own declarations with it:
 *
 *   npm run test:types [-- VERSION …] [-- --if-changed]
 *
 * With --if-changed it ends at once where the sources are those of the last whole proof (compilers/proof.json).
 * The compilers come from npm, into compilers/: the project's own installation stays small.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { extractSnippets, snippetFile, snippetOrigins } from './extract-snippets.js';
import { installBeside } from './install-beside.js';
import { proofIn } from './proof.js';
import { summaryLine } from './summary-line.js';
import { writeTable } from './write-table.js';

// Inside the project: there `import 'rxjs-net'` finds the package by its own name, through its exports.
const OUT = 'build/types';
const TABLE = 'docs/guide/runtimes.md';

const STRICT = {
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  // Declarations are read as well: those of the package have to be good for an old compiler.
  skipLibCheck: false,
  target: 'ES2022',
};
const LIB = ['ES2022', 'DOM', 'DOM.AsyncIterable', 'ESNext.Disposable'];
/** @type {Record<string, { forNode: boolean, compilerOptions: Record<string, unknown> }>} */
const PROGRAMS = {
  'node16 modules': {
    forNode: true,
    compilerOptions: {
      ...STRICT,
      module: 'NodeNext',
      moduleResolution: 'NodeNext',
      lib: LIB,
      types: ['node'],
    },
  },
  bundler: {
    forNode: false,
    compilerOptions: { ...STRICT, module: 'ESNext', moduleResolution: 'Bundler', lib: LIB, types: [] },
  },
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'if-changed': { type: 'boolean', default: false } },
});
const proof = proofIn('compilers/proof.json');
if (options['if-changed'] && proof.isCurrent) {
  console.log(`The sources are those that each compiler has taken on ${proof.date}.`);
  process.exit(0);
}
installBeside('compilers');
const { dependencies } = JSON.parse(readFileSync('compilers/package.json', 'utf8'));
const known = Object.keys(dependencies).map((name) => name.replace('typescript-', ''));
const wanted = positionals.length > 0 ? positionals : known;
const unknown = wanted.filter((version) => !known.includes(version));
if (unknown.length > 0)
  throw new Error(`There is no TypeScript ${unknown.join(', ')}; there are ${known.join(', ')}`);

rmSync(OUT, { recursive: true, force: true });
const snippets = snippetOrigins().flatMap((origin) => extractSnippets(origin, readFileSync(origin, 'utf8')));
for (const [name, { forNode, compilerOptions }] of Object.entries(PROGRAMS)) {
  const folder = folderOf(name);
  mkdirSync(folder, { recursive: true });
  const used = snippets.filter(({ code }) => forNode || !needsNode(code));
  for (const snippet of used) writeFileSync(`${folder}/${snippetFile(snippet)}`, snippet.code);
  const files = used.map(snippetFile);
  // A package that is a module by itself: so are the snippets.
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, files }));
  console.log(`${name}: ${files.length} snippets`);
}

const counts = { passed: 0, failed: 0 };
/** @type {string[][]} */
const rows = [];
for (const version of wanted) {
  const row = [`TypeScript ${dependencies[`typescript-${version}`].split('@').at(-1)}`];
  for (const name of Object.keys(PROGRAMS)) row.push(compile(version, name) ? 'yes' : 'no');
  rows.push(row);
}
if (wanted.length === known.length && !options['if-changed']) {
  await writeTable(TABLE, 'typescript', ['compiler', ...Object.keys(PROGRAMS)], rows);
  if (counts.failed === 0) proof.write();
}
console.log(summaryLine('types', counts));
process.exitCode = counts.failed > 0 ? 1 : 0;

/** @param {string} name */
function folderOf(name) {
  return `${OUT}/${name.replaceAll(' ', '-')}`;
}

/** @param {string} code */
function needsNode(code) {
  return /from '(node:|rxjs-net\/(node|ws|nats)|@|ws')|\bprocess\.|\bBuffer\b/.test(code);
}

/** @param {string} version @param {string} name */
function compile(version, name) {
  const started = Date.now();
  const tsc = `compilers/node_modules/typescript-${version}/bin/tsc`;
  if (!existsSync(tsc)) throw new Error(`There is no ${tsc}`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [tsc, '-p', folderOf(name), '--pretty', 'false'],
    {
      encoding: 'utf8',
    },
  );
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  // What a package of others declares wrongly is not ours to mend, and does not hide what is ours.
  const errors = `${stdout}${stderr}`.split('\n').filter((line) => /^\S.*error TS/.test(line));
  const ours = errors.filter((line) => !line.startsWith('node_modules/'));
  const isRight = ours.length === 0 && (status === 0 || errors.length > 0);
  const others =
    errors.length > ours.length ? `, errors in packages of others: ${errors.length - ours.length}` : '';
  console.log(`${isRight ? 'ok     ' : 'FAILED '} TypeScript ${version}, ${name} (${seconds} s)${others}`);
  if (isRight) counts.passed++;
  else {
    counts.failed++;
    console.log(ours.length === 0 ? `${stdout}${stderr}` : ours.slice(0, 20).join('\n'));
  }
  return isRight;
}
