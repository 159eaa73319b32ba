/**
 * Runs the compiled specs in Node:
 *
 *   npm run test:node -- [spec files or folders] [--filter=REGEXP] [--seed=N] [--slowest=N] [--trace-handles]
 *
 * With --shard=1/2 it runs every second file only: scripts/run-node-shards.js makes one run of both.
 *
 * Jasmine's own command line passes a run that leaves sockets open (it exits the process), that has no specs in a
 * file, or whose specs call process.exit(0). Here each of these fails.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import Jasmine from 'jasmine';
import { WebSocket } from 'ws';
import { startRelay } from './browser/relay.js';
import { OpenHandles, traceCreation } from './open-handles.js';
import { specFiles } from './spec-files.js';
import { summaryLine } from './summary-line.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    filter: { type: 'string' },
    seed: { type: 'string' },
    // Tells at the end which specs took the longest.
    slowest: { type: 'string', default: '0' },
    'trace-handles': { type: 'boolean' },
    // The folder of the compiled specs, and the name before the summary: scripts/test-oldest-rxjs.js sets them.
    compiled: { type: 'string', default: 'build/spec' },
    name: { type: 'string', default: 'node' },
    shard: { type: 'string', default: '1/1' },
    // Folders that are not to run.
    without: { type: 'string', multiple: true, default: [] },
  },
});
const HANDLE_GRACE_MS = 1000;

const counts = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const pending = [];
/** @type {{ name: string, milliseconds: number }[]} */
const durations = [];

/** @param {string} title @param {string[]} details */
function fail(title, details) {
  counts.failed++;
  console.log(`\nFAILED ${title}\n${details.join('\n').replace(/^/gm, '  ')}`);
}

/** @param {jasmine.FailedExpectation[]} failures */
function texts(failures) {
  // The stack repeats the message only where an Error was thrown.
  return failures.map(({ message, stack }) => (stack.includes(message) ? stack : `${message}\n${stack}`));
}

/** @type {jasmine.CustomReporter} */
const reporter = {
  specDone(result) {
    durations.push({ name: result.fullName, milliseconds: result.duration ?? 0 });
    if (result.status === 'passed') counts.passed++;
    if (result.status === 'pending') {
      counts.skipped++;
      pending.push(`${result.fullName}: ${result.pendingReason || 'no reason given'}`);
    }
    if (result.status === 'failed') {
      const why = texts(result.failedExpectations);
      fail(result.fullName, why.length > 0 ? why : ['The spec has no expectation.']);
    }
  },
  suiteDone(result) {
    if (result.failedExpectations.length > 0)
      fail(`${result.fullName} (suite)`, texts(result.failedExpectations));
  },
  jasmineDone(result) {
    if (result.failedExpectations.length > 0) fail('outside of any spec', texts(result.failedExpectations));
    // "incomplete" is a forgotten fit() or fdescribe(), or no specs at all, which is told below.
    if (result.overallStatus === 'incomplete' && counts.passed + counts.failed > 0) {
      fail('the run is incomplete', [result.incompleteReason]);
    }
  },
};

// While specs run, jasmine has handlers of its own for these and blames the spec.
process.on('uncaughtException', (error) =>
  fail('uncaught exception outside of the specs', [String(error.stack ?? error)]),
);
process.on('unhandledRejection', (error) =>
  fail('unhandled rejection outside of the specs', [
    error instanceof Error ? String(error.stack) : String(error),
  ]),
);
let finished = false;
process.on('exit', () => {
  if (finished) return;
  console.log('\nFAILED the process ended before all specs had run');
  tell({ ...counts, failed: counts.failed + 1 });
  process.exitCode = 1;
});

/**
 * To the one who runs the shards, or to whoever reads this.
 *
 * @param {typeof counts} counted
 */
function tell(counted) {
  if (process.send) process.send(counted);
  else console.log(summaryLine(options.name, counted));
}

const [shard = 1, shards = 1] = options.shard.split('/').map(Number);
const files = specFiles('node', positionals)
  .filter((file) => !options.without.some((folder) => file.startsWith(`${folder}/`)))
  .filter((_, i) => i % shards === shard - 1)
  .map((file) => resolve(options.compiled, file.replace(/\.ts$/, '.js')));
// The examples import the package by its name. In the compiled tree that is the sources under test, not what `dist` has.
const manifest = JSON.parse(readFileSync('package.json', 'utf8').replaceAll('./dist/', './src/'));
writeFileSync(
  resolve(options.compiled, 'package.json'),
  JSON.stringify({ name: manifest.name, type: manifest.type, exports: manifest.exports }),
);
const seed = Number(options.seed ?? Math.floor(Math.random() * 100_000));
const rxjs = createRequire(pathToFileURL(resolve(options.compiled, 'spec/'))).resolve('rxjs/package.json');
const { version } = JSON.parse(readFileSync(rxjs, 'utf8'));
console.log(
  `Node ${process.version}, rxjs ${version}, ${files.length} spec files, --seed=${seed}${shards > 1 ? ` --shard=${options.shard}` : ''}`,
);

const runner = new Jasmine();
// A failing spec says itself what it waited for in vain. On a busy machine the usual five seconds are soon over.
const SPEC_LIMIT_MS = 30_000;
jasmine.DEFAULT_TIMEOUT_INTERVAL = SPEC_LIMIT_MS;
runner.exitOnCompletion = false;
runner.clearReporters();
runner.addReporter(reporter);
runner.env.configure({
  random: true,
  seed,
  failSpecWithNoExpectations: true,
  forbidDuplicateNames: true,
});
// What spec/transports/web/relay.ts finds here, and in a browser from scripts/browser/around-the-specs.js.
const relay = await startRelay();
Object.assign(globalThis, { relay: { url: relay.url, silentUrl: relay.silentUrl, WebSocket } });

const whereCreated = options['trace-handles'] ? traceCreation() : undefined;
const handles = new OpenHandles();

const started = Date.now();
if (files.length > 0) {
  // A file that cannot be loaded, or a name that there is twice: the relay would keep the process for ever.
  await runner
    .execute(files, options.filter)
    .catch((/** @type {unknown} */ error) =>
      fail('the specs could not be loaded', [String(error instanceof Error ? error.stack : error)]),
    );
}

const left = await handles.left(HANDLE_GRACE_MS);
if (left.length > 0) {
  fail(`open handles are left behind by the specs`, [
    ...left,
    ...(whereCreated?.() ?? ['(npm run test:node -- --trace-handles shows where they were made)']),
  ]);
}
await relay.close();
if (counts.passed + counts.failed === 0) fail('no spec has run', ['Is the filter, or the file name, right?']);
if (pending.length > 0) console.log(`\nSKIPPED\n${pending.join('\n').replace(/^/gm, '  ')}`);
const slowest = durations.sort((a, b) => b.milliseconds - a.milliseconds).slice(0, Number(options.slowest));
for (const { name, milliseconds } of slowest) console.log(`${String(milliseconds).padStart(6)} ms  ${name}`);
console.log(`\n${((Date.now() - started) / 1000).toFixed(1)} s`);
tell(counts);
finished = true;
// Not just exitCode: an open handle must fail the run, not keep it waiting.
process.exit(counts.failed > 0 ? 1 : 0);
