/**
 * Compiles every ```ts block of README.md, docs/*.md and the doc comments in src against the built package, as a
 * module of its own, and runs it in Node. A block whose fence says ```ts no-run is only compiled; one that says
 * ```ts file=store.ts may be imported by others.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { extractSnippets, snippetFile, snippetOrigins } from './extract-snippets.js';
import { summaryLine } from './summary-line.js';

// Inside the project, so that `import 'rxjs-net'` finds the package by its own name, through its exports.
const OUT = resolve('build/snippets');
const RUN_LIMIT_MS = 10_000;

const counts = { passed: 0, failed: 0, skipped: 0 };

/** @param {string} title @param {string} details */
function fail(title, details) {
  counts.failed++;
  console.log(`FAILED ${title}\n${details.trimEnd().replace(/^/gm, '  ')}\n`);
}

if (!existsSync('README.md')) fail('README.md', 'is missing');
const snippets = snippetOrigins().flatMap((origin) => {
  try {
    const found = extractSnippets(origin, readFileSync(origin, 'utf8'));
    if (origin === 'README.md' && found.length === 0) fail(origin, 'holds no ```ts block');
    return found;
  } catch (error) {
    fail(origin, String(error));
    return [];
  }
});

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
/** @type {Map<string, import('./extract-snippets.js').Snippet>} */
const files = new Map();
for (const snippet of snippets) {
  const file = resolve(OUT, snippetFile(snippet));
  if (files.has(file))
    fail(`${snippet.origin}:${snippet.line}`, `${snippet.file} is the name of another block`);
  files.set(file, snippet);
}
for (const [file, { code }] of files) writeFileSync(file, code);

/**
 * Puts `README.md:12` where a message names the snippet's file. The line numbers are the same.
 *
 * @param {string} message
 */
function inTermsOfOrigins(message) {
  for (const [file, { origin }] of files)
    message = message.replaceAll(`file://${file}`, file).replaceAll(file, origin);
  return message;
}

const program = ts.createProgram([...files.keys()], {
  strict: true,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.asynciterable.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  rewriteRelativeImportExtensions: true,
  types: ['node'],
  skipLibCheck: true,
  sourceMap: true,
  rootDir: OUT,
  outDir: OUT,
});
program.emit();

for (const [file, { origin, line, run }] of files) {
  const source = program.getSourceFile(file);
  const errors = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  if (errors.length > 0) {
    const text = errors.map((error) => {
      const at = (error.file?.getLineAndCharacterOfPosition(error.start ?? 0).line ?? 0) + 1;
      return `${origin}:${at}: ${ts.flattenDiagnosticMessageText(error.messageText, '\n')}`;
    });
    fail(`${origin}:${line} does not compile`, text.join('\n'));
  } else if (!run) {
    counts.skipped++;
    console.log(`compiled, not run: ${origin}:${line}`);
  } else {
    const result = spawnSync(process.execPath, ['--enable-source-maps', file.replace(/\.ts$/, '.js')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: RUN_LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    if (result.status === 0) counts.passed++;
    else if (result.error)
      fail(`${origin}:${line} still runs after ${RUN_LIMIT_MS / 1000} s`, result.stdout + result.stderr);
    else
      fail(
        `${origin}:${line} ends with code ${result.status}`,
        inTermsOfOrigins(result.stdout + result.stderr),
      );
  }
}
console.log(summaryLine('snippets', counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
