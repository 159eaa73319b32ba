/**
 * `npm run bench`: every workload by every contender, interleaved over several rounds in one run; medians, and the
 * ratio of ours to each. A ratio above 1 means ours is faster. Arguments pick workloads by a part of their name.
 */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { workloads, type Workload } from './workloads.js';

const ROUNDS = 7;
const here = fileURLToPath(new URL('.', import.meta.url));
// The program is not compiled: it lies where the sources are.
const asyncioClient = fileURLToPath(new URL('../../bench/asyncio_client.py', import.meta.url));

async function seconds(job: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await job();
  return (performance.now() - start) / 1000;
}

async function asyncio(port: number, job: readonly string[]): Promise<number> {
  const { stdout } = await promisify(execFile)('python3', [asyncioClient, String(port), ...job]);
  return Number(stdout);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function perSecond({ amount, unit }: Workload, time: number): string {
  return `${Math.round(amount / time).toLocaleString('en')} ${unit}/s`;
}

async function measure(workload: Workload, port: number, python: boolean): Promise<void> {
  const times: Record<'ours' | 'handwritten' | 'asyncio', number[]> = {
    ours: [],
    handwritten: [],
    asyncio: [],
  };
  for (let round = -1; round < ROUNDS; round++) {
    process.stderr.write(
      `\r\x1b[K${workload.name}: ${round < 0 ? 'warming up' : `round ${round + 1} of ${ROUNDS}`}`,
    );
    const ours = await seconds(() => workload.ours(port));
    const handwritten = await seconds(() => workload.handwritten(port));
    if (round < 0) continue;
    times.ours.push(ours);
    times.handwritten.push(handwritten);
    if (python && workload.asyncio && round < 3) times.asyncio.push(await asyncio(port, workload.asyncio));
  }
  process.stderr.write('\r\x1b[K');
  const ours = median(times.ours);
  console.log(`${workload.name}: ${perSecond(workload, ours)}`);
  const compare = (peer: string, time: number, aim: number | undefined): void => {
    const aimed = aim ? ` (aim ${aim})` : '';
    console.log(`  ${(time / ours).toFixed(2)} x ${peer}${aimed}, which does ${perSecond(workload, time)}`);
  };
  compare('hand-written node:net', median(times.handwritten), workload.aim);
  if (times.asyncio.length > 0) compare("CPython's asyncio", median(times.asyncio), workload.asyncioAim);
}

const python = await promisify(execFile)('python3', ['--version']).then(
  ({ stdout }) => stdout.trim(),
  () => undefined,
);
const peer = fork(`${here}peer.js`);
const [port] = (await once(peer, 'message')) as [number];
console.log(
  `Node ${process.version}, ${python ?? 'no python3: asyncio is left out'}, medians of ${ROUNDS} rounds\n`,
);
const wanted = process.argv.slice(2);
for (const workload of workloads) {
  if (wanted.length > 0 && !wanted.some((part) => workload.name.includes(part))) continue;
  await measure(workload, port, python !== undefined);
}
peer.disconnect();
