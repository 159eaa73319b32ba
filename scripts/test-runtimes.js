/**
 * Proves what runs where, and writes the table of docs/guide/runtimes.md:
 *
 *   npm run test:runtimes [-- --quick]
 *
 * All specs in Node run on Node 20, 22, 24 and 26, the smoke test of the built package on these, on Bun and on Deno.
 * With --quick it ends at once where the code is that of the last whole proof (runtimes/proof.json). If not, the smoke test runs
 * everywhere, and on the other versions of Node the specs of sockets, servers and streams of the platform. It writes nothing.
 *
 * The runtimes come from npm, into runtimes/: the project's own installation stays small.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { installBeside } from './install-beside.js';
import { proofIn } from './proof.js';
import { summaryLine } from './summary-line.js';
import { writeTable } from './write-table.js';

const PAGE = 'docs/guide/runtimes.md';
const MODULES = 'runtimes/node_modules';
/** @type {Record<string, string[]>} */
const NODES = {
  'Node 20': [process.execPath],
  'Node 22': [`${MODULES}/node-22/bin/node`],
  'Node 24': [`${MODULES}/node-24/bin/node`],
  'Node 26': [`${MODULES}/node-26/bin/node`],
};
/** @type {Record<string, string[]>} */
const OTHERS = {
  Bun: [`${MODULES}/.bin/bun`],
  Deno: [`${MODULES}/.bin/deno`, 'run', '-A', '--node-modules-dir=manual'],
};
/** Where the platform is met: all else is plain JavaScript. */
const ADAPTERS = ['spec/transports', 'spec/server', 'spec/observables'];
const SMOKE_LIMIT_MS = 120_000;

const { quick = false } = parseArgs({ options: { quick: { type: 'boolean' } } }).values;
const counts = { passed: 0, failed: 0 };
const proof = proofIn('runtimes/proof.json');
if (quick && proof.isCurrent) {
  console.log(
    `The code is that of the whole proof of ${proof.date}: docs/guide/runtimes.md has what it says.`,
  );
  process.exit(0);
}
installBeside('runtimes');

/** @type {string[][]} */
const rows = [];
for (const [name, command] of Object.entries(NODES)) {
  const isThis = name === 'Node 20';
  const specs = quick && isThis ? undefined : runSpecs(name, command, quick ? ADAPTERS : []);
  rows.push([versionOf(name, command), specs ?? '', runSmoke(name, command)]);
}
for (const [name, command] of Object.entries(OTHERS))
  rows.push([versionOf(name, command), '–', runSmoke(name, command)]);

if (!quick) {
  await writeTable(PAGE, 'runtimes', ['runtime', 'specs', 'smoke test'], rows);
  if (counts.failed === 0) proof.write();
}
console.log(summaryLine('runtimes', counts));
process.exitCode = counts.failed > 0 ? 1 : 0;

/** @param {string} name @param {string[]} command */
function versionOf(name, [program = '']) {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? 'of an unknown version';
  return `${name.split(' ')[0]} ${version}`;
}

/** @param {string} name @param {string[]} command @param {string[]} only */
function runSpecs(name, command, only) {
  const label = name.toLowerCase().replace(' ', '-');
  console.log(`\n${name}: ${only.length > 0 ? only.join(', ') : 'all specs'}`);
  const { status, stdout } = run(command, ['scripts/run-node-shards.js', `--name=${label}`, ...only]);
  const found = new RegExp(`^${label}: (.*)$`, 'm').exec(stdout)?.[1] ?? 'the run has told nothing';
  return judge(`${name}, the specs`, status === 0) ? found : `**${found}**`;
}

/** @param {string} name @param {string[]} command */
function runSmoke(name, command) {
  console.log(`\n${name}: the smoke test`);
  const { status, stdout } = run(command, ['scripts/smoke.js'], SMOKE_LIMIT_MS);
  const passed = stdout.match(/^ok /gm)?.length ?? 0;
  const failed = stdout.match(/^FAILED /gm)?.length ?? 0;
  const isRight = judge(`${name}, the smoke test`, status === 0 && passed > 0);
  return isRight ? `${passed} passed` : `**${passed} passed, ${failed} failed**`;
}

/** @param {string} what @param {boolean} isRight */
function judge(what, isRight) {
  if (isRight) counts.passed++;
  else {
    counts.failed++;
    console.log(`FAILED ${what}`);
  }
  return isRight;
}

/**
 * Shows what is printed, and returns it.
 *
 * @param {string[]} command @param {string[]} args @param {number} [timeout]
 */
function run([program = '', ...before], args, timeout) {
  const options = {
    encoding: /** @type {const} */ ('utf8'),
    maxBuffer: 2 ** 28,
    ...(timeout && { timeout }),
  };
  const { status, stdout, stderr } = spawnSync(program, [...before, ...args], options);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  return { status, stdout };
}
