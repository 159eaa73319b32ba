/**
 * Checks CHANGELOG.md against the public API, as api-report/ has it:
 *
 * - each exported name is named in it, one that the last release did not have in its top section;
 * - each name that the last release had (api-report/released.json), and that is no longer exported, is named in the top
 *   section, under "Removed" or "Changed";
 * - it has the form of Keep a Changelog, and its newest release is the version of package.json.
 *
 * `npm run release:prepare` writes released.json.
 */
import { readFileSync } from 'node:fs';
import { exportedNames } from './exported-names.js';
import { summaryLine } from './summary-line.js';

const KINDS = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'];
const counts = { passed: 0, failed: 0 };

/** @param {boolean} ok @param {string} problem */
function expect(ok, problem) {
  if (ok) counts.passed++;
  else {
    counts.failed++;
    console.log(`FAILED CHANGELOG.md: ${problem}`);
  }
}

/** @param {string} text @param {string} name */
function names(text, name) {
  const escaped = name.replaceAll('$', String.raw`\$`);
  return new RegExp(String.raw`\`${escaped}(?![\w$])[^\`]*\``).test(text);
}

const text = readFileSync('CHANGELOG.md', 'utf8');
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const released = JSON.parse(readFileSync('api-report/released.json', 'utf8'));
const sections = text.split(/^## /m).slice(1);
const [top = ''] = sections;

const titles = sections.map((section) => section.split('\n', 1)[0] ?? '');
for (const title of titles)
  expect(
    /^\[(Unreleased|\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d)/.test(title),
    `"${title}" is no heading of a release`,
  );
const newest = titles.find((title) => !title.startsWith('[Unreleased]'));
expect(
  newest?.startsWith(`[${version}]`) === true,
  `its newest release is not ${version}, that of package.json`,
);
for (const [, kind = ''] of text.matchAll(/^### (.*)$/gm))
  expect(KINDS.includes(kind), `"${kind}" is not one of ${KINDS.join(', ')}`);

const goneOrChanged = [...top.matchAll(/^### (?:Removed|Changed)\n([^]*?)(?=^### |(?![^]))/gm)].join('\n');
const exports = exportedNames();
for (const [entry, exported] of Object.entries(exports)) {
  const before = released.names[entry] ?? [];
  // Right after a release its own section is the top one.
  for (const name of exported)
    expect(
      names(before.includes(name) ? text : top, name),
      `${name} of ${entry} is not named${before.includes(name) ? '' : ` in its top section, but is not in ${released.version}`}`,
    );
}
for (const [entry, before] of Object.entries(released.names))
  for (const name of /** @type {string[]} */ (before))
    if (!exports[entry]?.includes(name))
      expect(
        names(goneOrChanged, name),
        `${name} of ${entry} was in ${released.version}, and has gone without a word`,
      );
console.log(summaryLine('changelog', counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
