/**
 * `npm run bench:rolling`: the workers of examples/cluster are replaced, ten times all of them, while requests of both
 * protocols come through HAProxy at a fixed rate; then one is killed. Ends with 1 if a request fails or a reply is lost, if
 * the one that is killed costs more than its own open requests, or if the load is not spread evenly.
 *
 * `npm run bench:rolling -- --rounds=2 --rate=500` is a shorter one. `--direct` leaves HAProxy out.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Subject } from 'rxjs';
import { load } from '../examples/cluster/load.js';
import type { Outcome } from '../examples/cluster/Outcome.js';
import { listen } from './contenders/listen.js';
import { Cluster } from './rolling/Cluster.js';
import { Tally } from './rolling/Tally.js';

/** How long the load is looked at to see how evenly it is spread, and how far from the mean a worker may be. */
const LOOK_MS = 10_000;
const EVEN = 0.1;
/** How long the connections that stay may take to be spread over new workers. */
const SETTLE_MS = 6000;
/** What takes longer counts as lost. On a machine that is short of time requests wait for seconds. */
const PATIENCE_MS = 30_000;
/** What of the rate must have been answered, or it would not be that rate that was proved. */
const REACHED = 0.95;

const { values: options } = parseArgs({
  options: {
    rate: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '10' },
    workers: { type: 'string', default: '4' },
    connections: { type: 'string', default: '200' },
    direct: { type: 'boolean', default: false },
    reusePort: { type: 'boolean', default: false },
  },
});

function whole(name: 'rate' | 'rounds' | 'workers' | 'connections'): number {
  const number = Number(options[name]);
  if (Number.isInteger(number) && number >= 1) return number;
  console.error(`--${name} must be a positive integer, not ${options[name]}`);
  process.exit(1);
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { port } = await listen(server);
  server.close();
  return port;
}

/** Starts HAProxy before the workers, and waits until it listens. */
async function startHaproxy(
  shortPort: number,
  linesPort: number,
): Promise<{ shortPort: number; linesPort: number; stop(): void }> {
  const front = { shortPort: await freePort(), linesPort: await freePort() };
  const config = fileURLToPath(new URL('../../examples/cluster/haproxy.cfg', import.meta.url));
  const haproxy = spawn('haproxy', ['-W', '-db', '-f', config], {
    env: {
      ...process.env,
      SHORT_PORT: String(front.shortPort),
      LINES_PORT: String(front.linesPort),
      SHORT_WORKERS: String(shortPort),
      LINES_WORKERS: String(linesPort),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stop = (): void => void haproxy.kill();
  process.on('exit', stop);
  let said = '';
  await new Promise<void>((resolve, reject) => {
    haproxy.on('error', reject);
    haproxy.on('exit', () => reject(new Error(`HAProxy has ended: ${said}`)));
    haproxy.stderr.on('data', (text: Buffer) => {
      said += String(text);
      if (said.includes('Loading success')) resolve();
    });
  });
  return { ...front, stop };
}

const rate = whole('rate');
const rounds = whole('rounds');
const workers = whole('workers');
const connections = whole('connections');

const { cluster, ...back } = await Cluster.start({
  host: '127.0.0.1',
  shortPort: options.reusePort ? await freePort() : 0,
  linesPort: options.reusePort ? await freePort() : 0,
  grace: 20_000,
  workers,
  ...(options.direct ? {} : { trusted: ['127.0.0.1'] }),
  ...(options.reusePort ? { reusePort: true } : {}),
});
const front = options.direct
  ? { ...back, stop: () => undefined }
  : await startHaproxy(back.shortPort, back.linesPort);

const tallies: Tally[] = [];
let current = new Tally('start');
const stop$ = new Subject<void>();
const over = new Promise<void>((resolve) => {
  load({ host: '127.0.0.1', ...front, rate, connections, timeout: PATIENCE_MS, stop$ }).subscribe({
    next: (outcome) => current.add(outcome),
    complete: resolve,
  });
});

async function during(name: string, work: () => Promise<unknown>): Promise<Tally> {
  process.stderr.write(`${name} …\n`);
  const tally = new Tally(name);
  current.end();
  current = tally;
  tallies.push(tally);
  await work();
  tally.end();
  return tally;
}

const failures: string[] = [];

await during('warm-up', () => setTimeout(SETTLE_MS));
const before = await during('before', () => setTimeout(LOOK_MS));
const rolled = await during(`replaced ${rounds} times`, async () => {
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`  round ${round} …\n`);
    const state = await cluster.roll();
    if (state !== 'done') failures.push(`round ${round}: ${state}`);
  }
});
await during('settles', () => setTimeout(SETTLE_MS));
const after = await during('after', () => setTimeout(LOOK_MS));
let pid = NaN;
let gone = NaN;
const killed = await during('kill -9 of one', async () => {
  const served = cluster.served();
  pid = await cluster.killOne();
  gone = Date.now();
  await served;
  await setTimeout(SETTLE_MS);
});
const rest = await during('the last replies', async () => {
  stop$.next();
  await over;
});
const code = await cluster.stop();
front.stop();

function shown(outcomes: readonly Outcome[]): string {
  const { protocol, begun, ended, worker, error } = outcomes[0]!;
  return `${protocol}, worker ${worker ?? '?'}, after ${ended - begun} ms: ${String(error)}`;
}

const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;
console.table(
  Object.fromEntries(
    tallies.map((tally) => [
      tally.name,
      {
        short: tally.answered('short'),
        'short failed': tally.failed('short'),
        lines: tally.answered('lines'),
        'lines lost': tally.failed('lines'),
        'answers/s': Math.round(tally.rate),
        'p50 ms': tally.percentile(50),
        'p99 ms': tally.percentile(99),
        unevenness: percent(tally.unevenness()),
      },
    ]),
  ),
);

for (const tally of tallies) {
  const mayFail = tally === killed || tally === rest;
  if (!mayFail && tally.failures.length > 0) {
    failures.push(
      `${tally.name}: ${tally.failures.length} failed, such as: ${String(tally.failures[0]!.error)}`,
    );
  }
}
for (const tally of [before, after]) {
  for (const protocol of ['short', 'lines'] as const) {
    console.log(`${tally.name}, ${protocol}: ${tally.shares([protocol]).join(', ')} answers by each worker`);
    const unevenness = tally.unevenness([protocol]);
    if (unevenness > EVEN) failures.push(`${tally.name}, ${protocol}: uneven by ${percent(unevenness)}`);
  }
}
for (const tally of [before, rolled, after]) {
  if (tally.rate < REACHED * rate) failures.push(`${tally.name}: ${Math.round(tally.rate)} answers a second`);
}
// What it had open, or was given in the moment of its death: nobody else's, and nothing that came later.
const costs = [...killed.failures, ...rest.failures];
console.log(`kill -9 of one: ${costs.length} requests were open there`);
// A client of the keep-alive protocol learns of it a little later than the primary: there the worker tells whose they were.
const late = costs.filter(({ protocol, begun }) => protocol === 'short' && begun > gone);
const others = costs.filter(({ worker }) => worker !== undefined && worker !== pid);
if (late.length > 0)
  failures.push(`after the kill: ${late.length} that began later, such as: ${shown(late)}`);
if (others.length > 0) failures.push(`after the kill: ${others.length} of other workers: ${shown(others)}`);
if (code !== 0) failures.push(`the primary ended with ${code}`);

for (const failure of failures) console.error(`FAILED ${failure}`);
process.exit(failures.length > 0 ? 1 : 0);
