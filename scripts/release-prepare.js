/**
 * Prepares a release, and publishes nothing:
 *
 *   npm run release:prepare -- 0.2.0               on a clean tree; once more, it changes nothing
 *   npm run release:prepare -- 0.2.0 --dry-run     checks all, and says what it would do
 *
 * It runs the cheap checks, sets the version, cuts the section of CHANGELOG.md, writes api-report/ and the notes of the release
 * (build/release/<version>.md, with sizes), and has npm publish it as a dry run, in which a warning is a failure.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { exportedNames } from './exported-names.js';
import { writeReleaseNotes } from './release-notes.js';

// What has to hold, and takes seconds. .ci/run has the rest.
const CHECKS = ['imports', 'format:check', 'docs:check', 'api:docs', 'api:changelog'];
/** What a release changes. */
const FILES = ['CHANGELOG.md', 'package.json', 'package-lock.json', 'api-report/'];

const { values: options, positionals } = parseArgs({
  options: { 'dry-run': { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [version = ''] = positionals;
const dryRun = options['dry-run'];

/** @param {string} message @returns {never} */
function stop(message) {
  console.log(`FAILED  ${message}`);
  process.exit(1);
}

/** @param {string} what @param {string} program @param {string[]} args */
function run(what, program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) stop(`${what}\n${`${stdout}${stderr}`.trim().replace(/^/gm, '        ')}`);
  console.log(`ok      ${what}`);
  return { stdout, stderr };
}

/** @param {string} file @param {(text: string) => string} change */
function edit(file, change) {
  const before = readFileSync(file, 'utf8');
  const after = change(before);
  if (after === before) return;
  if (!dryRun) writeFileSync(file, after);
  console.log(`${dryRun ? 'would change' : 'changed'} ${file}`);
}

/** @param {string} file */
function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** @param {string} text of CHANGELOG.md: what was not released is of this version, from today on */
function cutChangelog(text) {
  if (text.includes(`\n## [${version}] - `)) return text;
  if (!text.includes('\n## [Unreleased]\n')) stop('CHANGELOG.md has no section [Unreleased]');
  const today = new Date().toISOString().slice(0, 10);
  return text.replace('\n## [Unreleased]\n', `\n## [Unreleased]\n\n## [${version}] - ${today}\n`);
}

/** @param {string} one @param {string} other */
function isLater(one, other) {
  return one.localeCompare(other, 'en', { numeric: true }) > 0;
}

const before = readJson('package.json').version;
if (!/^\d+\.\d+\.\d+$/.test(version)) stop('say which version: npm run release:prepare -- 1.2.3 [--dry-run]');
if (version !== before && !isLater(version, before)) stop(`${version} is not later than ${before}`);
const dirty = execFileSync('git', ['status', '--porcelain', '--untracked-files=all'], { encoding: 'utf8' })
  .split('\n')
  .filter(Boolean)
  .filter((line) => version !== before || !FILES.some((file) => line.slice(3).startsWith(file)));
if (dirty.length > 0) stop(`the tree is not clean:\n${dirty.join('\n')}`);
console.log(`ok      ${before} → ${version}, on a clean tree`);

run('the build', 'npm', ['run', '-s', 'build']);
for (const script of CHECKS) run(script, 'npm', ['run', '-s', script]);
run('api:check', process.execPath, ['scripts/api-report.js', '--check']);

edit('package.json', (text) => text.replace(`"version": "${before}"`, `"version": "${version}"`));
edit('package-lock.json', (text) => {
  const lock = JSON.parse(text);
  lock.version = lock.packages[''].version = version;
  return `${JSON.stringify(lock, null, 2)}\n`;
});
edit('CHANGELOG.md', cutChangelog);
edit('api-report/released.json', () => `${JSON.stringify({ version, names: exportedNames() }, null, 2)}\n`);
if (!dryRun) run('api:changelog, of the release', 'npm', ['run', '-s', 'api:changelog']);
if (!dryRun) run('format:check, of the release', 'npx', ['prettier', '--check', ...FILES]);

const notes = writeReleaseNotes(version);
console.log(`ok      ${notes} has the notes of the release, and its sizes`);

const published = run('npm publish --dry-run', 'npm', ['publish', '--dry-run', '--json']);
const warnings = published.stderr
  .split('\n')
  // It publishes nothing, and knows nobody.
  .filter((line) => /\bwarn\b/i.test(line) && !line.includes('requires you to be logged in'));
if (warnings.length > 0) stop(`npm publish --dry-run warns:\n${warnings.join('\n')}`);
showTarball(JSON.parse(published.stdout.slice(published.stdout.indexOf('{'))));

if (readJson('package.json').repository === undefined) {
  console.log(`
  !!  package.json has no "repository": npm refuses provenance without one, and the links of README.md lead nowhere on the
  !!  registry's page. .github/workflows/release.yml sets it to the repository that it runs in. Whoever publishes by hand does:
  !!      npm pkg set repository.type=git repository.url=git+https://…`);
}
console.log(`
Next:
  1. look at it:   git diff; less ${notes}
  2. all checks:   .ci/run
  3. commit:       git commit -am "release: ${version}"
  4. tag:          git tag v${version} && git push --follow-tags origin main v${version}
  5. publish:      .github/workflows/release.yml does, at that tag, by npm publish --provenance
${dryRun ? '\n(dry run: nothing was changed)' : ''}`);

/** @param {any} report of npm, which has it by the name of the package, or not */
function showTarball(report) {
  const { filename, size, unpackedSize, files } = report.files ? report : Object.values(report)[0];
  const kilo = (/** @type {number} */ bytes) => `${Math.round(bytes / 1000)} kB`;
  console.log(`\n${filename}: ${files.length} files, ${kilo(size)}, ${kilo(unpackedSize)} unpacked`);
  /** @type {Map<string, { count: number, bytes: number }>} */
  const folders = new Map();
  for (const file of files) {
    const [folder = '', ...rest] = file.path.split('/');
    const key = rest.length > 0 ? `${folder}/` : folder;
    const { count, bytes } = folders.get(key) ?? { count: 0, bytes: 0 };
    folders.set(key, { count: count + 1, bytes: bytes + Number(file.size) });
  }
  for (const [folder, { count, bytes }] of folders)
    console.log(`  ${folder.padEnd(18)} ${count === 1 ? '' : `${count} files, `}${kilo(bytes)}`);
}
