/**
 * Runs all specs in Node, in two processes at a time: most of a run waits, and a machine has more than one core.
 *
 *   npm run test:node [-- the arguments of scripts/run-node-specs.js]
 *
 * A few files, or a filter, run in one.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { summaryLine } from './summary-line.js';

const SHARDS = 2;

const args = process.argv.slice(2);
const name = args.find((arg) => arg.startsWith('--name='))?.slice('--name='.length) ?? 'node';
const isWhole = args.every((arg) => /^--(name|compiled|seed|without)=/.test(arg));
const shards = isWhole && availableParallelism() > 1 ? SHARDS : 1;
// The same for all, so that one number repeats the run.
const seed = args.some((arg) => arg.startsWith('--seed='))
  ? []
  : [`--seed=${Math.floor(Math.random() * 100_000)}`];

/** Those that have told what they ran. @type {Set<number>} */
const heard = new Set();
const sum = { passed: 0, failed: 0, skipped: 0 };
const codes = await Promise.all(Array.from({ length: shards }, (_, i) => run(i + 1)));
console.log(summaryLine(name, sum));
process.exitCode = codes.every((code) => code === 0) && sum.failed === 0 ? 0 : 1;

/** @param {number} shard */
async function run(shard) {
  const child = fork('scripts/run-node-specs.js', [...args, ...seed, `--shard=${shard}/${shards}`], {
    execArgv: ['--enable-source-maps'],
  });
  child.on('message', (/** @type {typeof sum} */ counts) => {
    heard.add(shard);
    sum.passed += counts.passed;
    sum.failed += counts.failed;
    sum.skipped += counts.skipped;
  });
  const [code, signal] = await once(child, 'close');
  if (!heard.has(shard)) {
    sum.failed++;
    console.log(`\nFAILED shard ${shard} of ${shards} has not told what it ran: ${signal ?? `code ${code}`}`);
  }
  return code;
}
