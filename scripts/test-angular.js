/**
 * `npm run test:angular`: installs and builds examples/angular against the packed library, checks what was rendered for
 * it on the server, runs its unit tests, and drives it in Chromium against the gateway and the servers.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { addLibrary, buildServers, FOLDER, install, PAGE, run, runScript } from './angular-example.js';
import { summaryLine } from './summary-line.js';

/**
 * Runs what prints its results as TAP, shows what failed, and counts.
 *
 * @param {string} name
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} options
 * @param {(output: string) => Record<'passed' | 'failed' | 'skipped', number>} count
 */
function runTests(name, command, args, options, count) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    ...options,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 180_000,
    killSignal: 'SIGKILL',
  });
  const counts = count(stdout);
  const failed = error !== undefined || status !== 0 || counts.failed > 0 || counts.passed === 0;
  if (failed) console.log(`${stdout}${stderr}${error ? error.message : ''}`.trimEnd());
  console.log(summaryLine(name, { ...counts, failed: Math.max(counts.failed, failed ? 1 : 0) }));
  if (failed) process.exitCode = 1;
}

/** @param {boolean} ok @param {string} problem */
function check(ok, problem) {
  if (ok) return;
  console.log(`FAILED angular: ${problem}`);
  process.exitCode = 1;
}

/** Two copies of rxjs, or of the library, do not know each other's classes and schedulers. */
function checkCopies() {
  const { inputs } = JSON.parse(readFileSync(resolve(FOLDER, 'dist/browser-stats.json'), 'utf8'));
  const files = {
    rxjs: /(^|\/)rxjs\/dist\/.*\/internal\/Observable\.js$/,
    'rxjs-net': /(^|\/)dist\/streams\/Connection\.js$/,
  };
  for (const [what, file] of Object.entries(files)) {
    const copies = Object.keys(inputs).filter((name) => file.test(name));
    check(copies.length === 1, `the bundle holds ${copies.length} copies of ${what}: ${copies.join(', ')}`);
  }
}

/** docs/guide/angular.md shows the files as they are. */
function checkSnippets() {
  const page = readFileSync('docs/guide/angular.md', 'utf8');
  const snippets = [...page.matchAll(/<!-- (examples\/\S+) -->\n\n```\w+\n([^]*?)```/g)];
  check(snippets.length > 0, 'docs/guide/angular.md shows no file');
  for (const [, file = '', code = ''] of snippets) {
    check(
      unindented(readFileSync(file, 'utf8')).includes(unindented(code)),
      `docs/guide/angular.md shows another ${file} than there is`,
    );
  }
}

/** @param {string} code which may stand further in, in the file */
function unindented(code) {
  return code.replace(/^ +/gm, '');
}

install();
addLibrary();
run(process.execPath, ['../../node_modules/eslint/bin/eslint.js', 'src'], { cwd: FOLDER, timeout: 120_000 });
// Whoever connects while the page is rendered finds no WebSocket, and the page says so.
runScript('build', { NODE_OPTIONS: `--import=${new URL('no-websocket.js', import.meta.url).href}` });
const html = readFileSync(resolve(PAGE, 'index.html'), 'utf8');
check(html.includes('ng-server-context="ssg"'), 'the page was not rendered');
check(
  html.includes('Nobody has asked for it.') && !html.includes('is not to be used here'),
  'the page was rendered with a connection',
);
checkCopies();
checkSnippets();
buildServers();

const number = (/** @type {string} */ text, /** @type {RegExp} */ pattern) =>
  Number(pattern.exec(text)?.[1] ?? 0);
runTests(
  'angular',
  'npm',
  ['run', '-s', 'test'],
  { cwd: FOLDER, env: { ...process.env, NO_COLOR: '1' } },
  (output) => ({
    passed: number(output, /^ +Tests +.*?(\d+) passed/m),
    failed: number(output, /^ +Tests +.*?(\d+) failed/m),
    skipped: number(output, /^ +Tests +.*?(\d+) skipped/m),
  }),
);
runTests(
  'angular-chromium',
  process.execPath,
  ['--test', '--test-reporter=tap', 'examples/angular/e2e/console.e2e.js'],
  {},
  (output) => ({
    passed: number(output, /^# pass (\d+)$/m),
    failed: number(output, /^# fail (\d+)$/m),
    skipped: number(output, /^# skipped (\d+)$/m),
  }),
);
