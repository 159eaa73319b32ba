/**
 * Checks that the pages for those who change the project are true: ARCHITECTURE.md, CONTRIBUTING.md, SECURITY.md, and
 * docs/decisions.
 *
 * - What they name in backquotes is there: files and folders (from the root, or below src/), npm scripts, entry points,
 *   and each word of everything else is a word of the code, of rxjs or of the platform. So are the words in pictures
 *   that are written as names are, `likeThis` or `LikeThis`.
 * - Each folder below src/ is named in ARCHITECTURE.md.
 * - Its table of folders has the rules of .dependency-cruiser.js, and its picture draws each folder above those that
 *   it imports.
 *
 * Besides, docs/errors.md has the code of every error, and the workflows of .github run scripts that there are.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import * as rxjs from 'rxjs';
import ts from 'typescript';
import cruiser from '../.dependency-cruiser.js';
import { summaryLine } from './summary-line.js';

const PAGE = 'ARCHITECTURE.md';
const PAGES = [PAGE, 'CONTRIBUTING.md', 'SECURITY.md', ...below('docs/decisions', /\.md$/)];
/** Where the words of the code are. */
const CODE = [
  ...['src', 'spec', 'scripts', 'examples', 'bench', 'fuzz'].flatMap((folder) => below(folder, /\.[jt]s$/)),
];
const PLAIN = ['package.json', '.ci/run', 'tsconfig.json', 'tsconfig.spec.json'];
/** Words of the languages and of other programs' that the pages quote. */
const ALSO = 'await async yield function new of op it fit describe unref awaitable asyncio BREAKING'.split(
  ' ',
);

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const packages = Object.keys({ ...manifest.devDependencies, ...manifest.peerDependencies });
const words = knownWords();
const counts = { passed: 0, failed: 0 };

/** @param {boolean} ok @param {string} place @param {string} problem */
function expect(ok, place, problem) {
  if (ok) {
    counts.passed++;
  } else {
    counts.failed++;
    console.log(`FAILED ${place}: ${problem}`);
  }
}

/** @param {string} folder @param {RegExp} kind @returns {string[]} */
function below(folder, kind) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? below(path, kind) : kind.test(path) ? [path] : [];
    })
    .sort();
}

/** Without comments: what is named there only is not there any more. */
function knownWords() {
  const known = new Set([...ALSO, ...Object.keys(rxjs), ...Object.getOwnPropertyNames(globalThis)]);
  const add = (/** @type {string} */ text) => {
    for (const [word] of text.matchAll(/[\p{L}_$][\p{L}\d_$]*/gu)) known.add(word);
  };
  for (const file of PLAIN) add(readFileSync(file, 'utf8'));
  for (const file of CODE) {
    add(file);
    const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard);
    scanner.setText(readFileSync(file, 'utf8'));
    while (scanner.scan() !== ts.SyntaxKind.EndOfFileToken) add(scanner.getTokenText());
  }
  for (const shared of [Array, Promise, Uint8Array, Buffer, Error, Symbol, String, Object]) {
    for (const object of [shared, shared.prototype])
      for (const name of Object.getOwnPropertyNames(object)) known.add(name);
  }
  return known;
}

/** @param {string} span @param {string} page */
function isPath(span, page) {
  const path = span.replace(/^\.\//, '');
  const places = [path, `src/${path}`, `docs/${path}`, join(dirname(page), path)];
  return places.some((place) => existsSync(place) && (!path.endsWith('/') || statSync(place).isDirectory()));
}

/** @param {string} text a command of a shell */
function checkCommand(text, place = '', page = '') {
  const script = /^npm (?:run (?:-s )?([\w:-]+)|(test|start)\b)/.exec(text);
  const name = script?.[1] ?? script?.[2];
  if (name !== undefined) expect(name in manifest.scripts, place, `there is no script ${name}: ${text}`);
  for (const word of text.split(/\s+/).slice(1)) {
    if (/^[\w.-]+(\/[\w.-]+)+$/.test(word) && !word.includes('YOUR'))
      expect(isPath(word, page), place, `there is no ${word}: ${text}`);
  }
}

/** @param {string} span @param {string} place @param {string} page */
function checkSpan(span, place, page) {
  if (/^(npm|node|npx|git) /.test(span)) {
    checkCommand(span, place, page);
  } else if (/[<*…]/.test(span) && /[/.]/.test(span)) {
    // A pattern, such as `*.node.spec.ts`.
    counts.passed++;
  } else if (span === 'rxjs-net' || span.startsWith('rxjs-net/')) {
    const known = span.replace('rxjs-net', '.') in manifest.exports;
    expect(known, place, `there is no entry point ${span}`);
  } else if (/^(@[\w-]+\/)?[\w-]+$/.test(span) && (packages.includes(span) || words.has(span))) {
    counts.passed++;
  } else if (span.startsWith('node:')) {
    expect(builtinModules.includes(span.slice(5)), place, `Node has no ${span}`);
  } else if (/^\.?[\w@.-]+(\/[\w@.-]+)*\/?$/.test(span) && /\/|^\.\w|\.(ts|js|json|md|yml)$/.test(span)) {
    expect(isPath(span, page), place, `there is no ${span}`);
  } else {
    const code = span.replaceAll(/'[^']*'|"[^"]*"/g, '');
    for (const [word] of code.matchAll(/[\p{L}_$][\p{L}\d_$]*/gu))
      expect(
        words.has(word) || words.has(word.replace(/\$$/, '')),
        place,
        `the code has no ${word} (${span})`,
      );
  }
}

/** @param {string[]} names */
function sorted(names) {
  return [...names].sort().join();
}

/** @param {string} page */
function checkPage(page) {
  expect(existsSync(page), page, 'is missing');
  if (!existsSync(page)) return;
  let fence = '';
  for (const [i, line] of readFileSync(page, 'utf8').split('\n').entries()) {
    const place = `${page}:${i + 1}`;
    const mark = /^\s*```(\w*)/.exec(line);
    if (mark) fence = fence === '' ? mark[1] || 'text' : '';
    else if (fence === 'sh') checkCommand(line.replace(/\s#.*/, '').trim(), place, page);
    else if (fence === 'text')
      for (const [name] of line.matchAll(/\b([a-z]+|[A-Z][a-z]+)([A-Z][a-z]+)+\b\$?/g))
        expect(words.has(name), place, `the code has no ${name}`);
    else if (fence === '')
      for (const [, span = ''] of line.matchAll(/`([^`]+)`/g)) checkSpan(span, place, page);
  }
}

/** The folders that a rule named `layer-…` lets files of a folder import. */
const rules = new Map(
  (cruiser.forbidden ?? []).flatMap((rule) => {
    const [, folder] = /^layer-(\w+)$/.exec(rule.name ?? '') ?? [];
    const [, list] = /may import: (.*)$/.exec(rule.comment ?? '') ?? [];
    return folder === undefined || list === undefined
      ? []
      : [[folder, list.split(', ').filter((name) => name !== folder)]];
  }),
);

function checkFolders() {
  const text = readFileSync(PAGE, 'utf8');
  const folders = below('src', /\.ts$/).map((file) => dirname(file).slice('src/'.length));
  for (const folder of new Set(folders.filter((name) => name !== '')))
    expect(text.includes(`\`${folder}/\``), PAGE, `src/${folder}/ is not described`);

  const table = new Map(
    [...text.matchAll(/^\| `(\w+)\/` +\|([^|]*)\|/gm)].map(([, folder = '', cell = '']) => [
      folder,
      [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    ]),
  );
  for (const [folder, allowed] of rules) {
    const said = table.get(folder);
    expect(
      sorted(said ?? []) === sorted(allowed),
      PAGE,
      `${folder}/ may import ${allowed.join(', ') || 'nothing'}, and the table says ${said?.join(', ') ?? 'nothing of it'}`,
    );
  }
  for (const folder of table.keys()) expect(rules.has(folder), PAGE, `no rule is about ${folder}/`);

  const [, picture = ''] = /## The folders\n\n```text\n([^]*?)```/.exec(text) ?? [];
  const [layers = '', beside = ''] = picture.split('beside them:');
  const drawn = [...layers.matchAll(/^ (\w+)\/ /gm)].map(([, name = '']) => name);
  const others = [...beside.matchAll(/^ (\w+)\/ /gm)].map(([, name = '']) => name);
  expect(
    sorted([...drawn, ...others]) === sorted([...rules.keys()]),
    PAGE,
    `the picture has ${drawn.join(', ')}, and beside them ${others.join(', ')}`,
  );
  for (const [i, folder] of drawn.entries()) {
    for (const imported of rules.get(folder) ?? [])
      expect(!drawn.slice(0, i).includes(imported), PAGE, `${folder}/ imports ${imported}/, drawn above it`);
  }
}

function checkErrors() {
  const page = readFileSync('docs/errors.md', 'utf8');
  for (const file of below('src', /errors\.ts$/)) {
    for (const [, code = ''] of readFileSync(file, 'utf8').matchAll(/readonly code = '(\w+)'/g))
      expect(page.includes(`\`${code}\``), 'docs/errors.md', `${code} (${file}) is not there`);
  }
}

function checkWorkflows() {
  for (const file of below('.github/workflows', /\.yml$/)) {
    for (const [i, line] of readFileSync(file, 'utf8').split('\n').entries()) {
      const [, command] = /^ *(?:- )?run: (\S.*)$/.exec(line) ?? [];
      if (command !== undefined) checkCommand(command, `${file}:${i + 1}`, file);
    }
  }
}

for (const page of PAGES) checkPage(page);
checkFolders();
checkErrors();
checkWorkflows();
console.log(summaryLine('architecture', counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
