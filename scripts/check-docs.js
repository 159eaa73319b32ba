/**
 * Checks what the pages of the root and those below docs/ point to: the files and headings that they link to are there.
 *
 * In a table whose last column is headed `spec`, each row names a spec that is there: as a link to its file, with its
 * name for the text, `[closes at the end](../spec/x.spec.ts)` or `[closes at the end][x]`. `–` stands for a row with
 * nothing to prove; the name of a file in backquotes for a spec that is still to be written, which counts as skipped.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { summaryLine } from './summary-line.js';
import { writtenPages } from './written-pages.js';

const counts = { passed: 0, failed: 0, skipped: 0 };

/** @param {string} place @param {string} problem */
function fail(place, problem) {
  counts.failed++;
  console.log(`FAILED ${place}: ${problem}`);
}

/** @param {boolean} ok @param {string} place @param {string} problem */
function expect(ok, place, problem) {
  if (ok) counts.passed++;
  else fail(place, problem);
}

/** @type {Map<string, RegExp[]>} */
const namesByFile = new Map();

/**
 * The names of the specs, the marble cases or the contract's rules of a file, as patterns, since a name may be a template.
 *
 * @param {string} file
 */
function specNames(file) {
  const known = namesByFile.get(file);
  if (known) return known;
  /** @type {RegExp[]} */
  const names = [];
  /** @param {ts.Node | undefined} node */
  const add = (node) => {
    if (!node) return;
    if (ts.isStringLiteralLike(node)) names.push(pattern([node.text]));
    if (!ts.isTemplateExpression(node)) return;
    names.push(pattern([node.head.text, ...node.templateSpans.map((span) => span.literal.text)]));
  };
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isCallExpression(node) && ['it', 'rule'].includes(node.expression.getText()))
      add(node.arguments[0]);
    if (ts.isPropertyAssignment(node) && node.name.getText() === 'name') add(node.initializer);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true));
  namesByFile.set(file, names);
  return names;
}

/** @param {string[]} parts of a template, between what is put in */
function pattern(parts) {
  const escaped = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${escaped.join('.+')}$`);
}

/**
 * The anchors of a file's headings, as GitHub makes them.
 *
 * @param {string} text
 */
function anchors(text) {
  return [...withoutFences(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** @param {string} text with the same lines, those of code blocks blank */
function withoutFences(text) {
  let open = false;
  return text
    .split('\n')
    .map((line) => {
      const fence = /^\s*```/.test(line);
      if (fence) open = !open;
      return open || fence ? '' : line;
    })
    .join('\n');
}

/**
 * @param {string} origin
 * @param {string} place
 * @param {string} target
 * @param {string | undefined} spec the name that a spec of the target has to have
 */
function checkLink(origin, place, target, spec) {
  if (/^[a-z]+:/.test(target)) return;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? origin : normalize(join(dirname(origin), path)).replaceAll('\\', '/');
  if (!existsSync(file)) {
    fail(place, `there is no ${file}`);
  } else if (anchor !== undefined) {
    const found = anchors(readFileSync(file, 'utf8')).includes(anchor);
    expect(found, place, `there is no heading for #${anchor} in ${file}`);
  } else if (spec !== undefined) {
    const found = specNames(file).some((known) => known.test(spec));
    expect(found, place, `no spec of ${file} is called: ${spec}`);
  } else {
    counts.passed++;
  }
}

/** @param {string} origin */
function checkFile(origin) {
  const lines = withoutFences(readFileSync(origin, 'utf8')).split('\n');
  const references = new Map(
    lines.flatMap((line) => {
      const definition = /^\[([^\]]+)\]: (\S+)$/.exec(line);
      return definition ? [[definition[1] ?? '', definition[2] ?? '']] : [];
    }),
  );
  let inSpecTable = false;
  for (const [i, line] of lines.entries()) {
    const place = `${origin}:${i + 1}`;
    if (/^\[[^\]]+\]: /.test(line)) continue;
    const cells = line.startsWith('|') ? line.split('|').map((cell) => cell.trim()) : [];
    const last = cells.at(-2) ?? '';
    const isHeader = last === 'spec';
    inSpecTable = isHeader || (inSpecTable && cells.length > 0);
    for (const [start, label = '', inline, reference] of line
      .replaceAll(/(?<!\\)`[^`]*`/g, '`code`')
      .matchAll(/\[((?:\\.|[^\]])+)\](?:\(([^)\s]+)\)|\[([^\]]+)\])/g)) {
      const target = inline ?? references.get(reference ?? '');
      const names = inSpecTable && last.includes(start) ? label.replaceAll(/\\(.)/g, '$1') : undefined;
      if (target === undefined) fail(place, `there is no definition of [${reference}]`);
      else checkLink(origin, place, target, names);
    }
    if (!inSpecTable || isHeader || /^:?-+:?$/.test(last)) continue;
    if (/^`spec\/[^`]+`$/.test(last)) {
      counts.skipped++;
      console.log(`no spec is named yet: ${place} ${last}`);
    } else if (!/^(–|\[.*\])$/.test(last)) {
      fail(place, 'the row names no spec');
    }
  }
}

const pages = readdirSync('.').filter((name) => name.endsWith('.md'));
for (const origin of [...pages.sort(), ...writtenPages()]) checkFile(origin);
console.log(summaryLine('docs', counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
