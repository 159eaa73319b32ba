/**
 * Runs the tutorial's tests (docs/guide/testing.md) in vitest and in node:test, against the built package by its own name,
 * as a user has them: examples/testing. The specs hold them once more, in jasmine.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { summaryLine } from './summary-line.js';

const RUN_LIMIT_MS = 60_000;

/**
 * Runs a test framework, shows what it prints, and counts.
 *
 * @param {string} name
 * @param {string[]} args
 * @param {(output: string) => { passed: number, failed: number }} count
 */
function run(name, args, count) {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_LIMIT_MS,
    env: { ...process.env, CI: 'true', NO_COLOR: '1' },
  });
  const counts = count(stdout);
  if (error) console.log(`FAILED ${name}: ${error.message}`);
  if (counts.passed + counts.failed === 0) console.log(`FAILED ${name}: no test ran`);
  const failed = error !== undefined || status !== 0 || counts.failed > 0 || counts.passed === 0;
  if (failed) console.log(`${stdout}${stderr}`.trimEnd());
  console.log(summaryLine(name, { ...counts, failed: Math.max(counts.failed, failed ? 1 : 0) }));
  if (failed) process.exitCode = 1;
}

/** The client stands in three places: each has to show the same. */
function checkCopies() {
  const client = readFileSync('examples/testing/smtp-client.ts', 'utf8').trim();
  const copies = {
    'spec/testing/smtpClient.ts': client.replace("'rxjs-net'", "'../../src/index.js'"),
    'docs/guide/testing.md': client.slice(client.indexOf('/** Sends a mail')),
  };
  for (const [file, copy] of Object.entries(copies)) {
    if (readFileSync(file, 'utf8').includes(copy)) continue;
    console.log(`FAILED ${file} holds another client than examples/testing/smtp-client.ts`);
    process.exitCode = 1;
  }
}

checkCopies();

const report = resolve('build/vitest.json');
rmSync(report, { force: true });
run(
  'vitest',
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--dir=examples/testing',
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${report}`,
  ],
  () => {
    if (!existsSync(report)) return { passed: 0, failed: 0 };
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests };
  },
);

run(
  'node-test',
  ['--enable-source-maps', '--test', '--test-reporter=tap', 'build/examples/testing/smtp.node-test.js'],
  (output) => {
    const number = (/** @type {string} */ word) =>
      Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
    return { passed: number('pass'), failed: number('fail') };
  },
);
