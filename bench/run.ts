/**
 * `npm run bench`: every workload by every contender, in turn over several rounds of one run; medians, and ratios to
 * the hand-written one. `npm run bench -- lines redis` picks workloads by a part of their name, `--quick` looks only
 * whether it all runs. A run of everything that left nobody out writes its results to bench/results, any other one to
 * build/bench/results.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { format } from 'prettier';
import { measure, type Pace } from './measure.js';
import { otherEnd, programs, redisBenchmark } from './programs/index.js';
import { chart } from './report/chart.js';
import { comparisonTable, heading, page } from './report/markdown.js';
import { compare, newReport } from './report/Report.js';
import { workloads } from './workloads/index.js';

const FULL: Pace = { rounds: 7, seconds: 0.5, shorten: 1 };
const QUICK: Pace = { rounds: 1, seconds: 0.1, shorten: 20 };

const { values: options, positionals: names } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const picked = workloads.filter(
  ({ name }) => names.length === 0 || names.some((part) => name.includes(part)),
);
if (picked.length === 0) {
  console.error(`No such workload: there are ${workloads.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}
const pace = options.quick ? QUICK : FULL;

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (text !== '') process.stderr.write(`${text}\n`);
}

const leftOut = [...programs, redisBenchmark].flatMap(({ name, missing }) =>
  missing === undefined ? [] : [`${name}: ${missing}`],
);
const versions = [
  `Node.js ${process.versions.node}`,
  ...new Set(programs.flatMap(({ version }) => version ?? [])),
];
let report = newReport(versions, pace, leftOut);
console.log(heading(report));

const ends = { source: await otherEnd.start(), sink: await otherEnd.start() };
for (const workload of picked) {
  const results = await measure(workload, ends, pace, progress, ({ label }, error) => {
    leftOut.push(`${workload.name} by ${label}: ${String(error)}`);
    process.exitCode = 1;
  });
  progress('');
  const comparisons = compare(workload, results);
  report = { ...report, comparisons: [...report.comparisons, ...comparisons] };
  console.log(comparisons.map(comparisonTable).join('\n'));
}
ends.source.stop();
ends.sink.stop();
for (const line of leftOut) console.error(`LEFT OUT: ${line}`);

const isComplete = !options.quick && picked.length === workloads.length && leftOut.length === 0;
const folder = fileURLToPath(new URL(isComplete ? '../../bench/results/' : './results/', import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileSync(
  `${folder}results.json`,
  await format(JSON.stringify(report), { parser: 'json', printWidth: 110 }),
);
writeFileSync(`${folder}results.md`, page(report));
writeFileSync(`${folder}ratios.svg`, chart(report));
console.error(`Written: ${folder}`);
