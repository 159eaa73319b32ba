/**
 * Short connections, served by four workers of node:cluster, and by four threads that sockets are moved to. Needs a Node that
 * can move them, 24.21 or 26.6: `npx tsc -b tsconfig.examples.json && npx -y node@24 build/bench/threads.js`.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { median } from './measure.js';
import { processUsage } from './processUsage.js';
import { Cluster } from './rolling/Cluster.js';

const WORKERS = 4;
const CLIENTS = 64;
const RUNS = 5;
const RUN_MS = 4000;

interface Result {
  readonly rate: number;
  readonly mib: number;
}

/** So many clients, each with one connection after the other. Resolves with connections a second. */
async function load(port: number): Promise<number> {
  const end = performance.now() + RUN_MS;
  let answered = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.write('x\n');
      let reply = '';
      socket.on('data', (data: Buffer) => (reply += String(data)));
      await once(socket, 'close');
      if (!reply.startsWith('x ')) throw new Error(`The reply is ${JSON.stringify(reply)}`);
      answered++;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return answered / (RUN_MS / 1000);
}

async function measure(port: number, pids: () => readonly number[]): Promise<Result> {
  const rate = await load(port);
  const bytes = pids().reduce((sum, pid) => sum + processUsage(pid).rss, 0);
  return { rate, mib: bytes / 2 ** 20 };
}

const { cluster, shortPort } = await Cluster.start({
  host: '127.0.0.1',
  shortPort: 0,
  linesPort: 0,
  grace: 1000,
  workers: WORKERS,
});
const program = fileURLToPath(new URL('rolling/threadServer.js', import.meta.url));
const threads: ChildProcess = fork(program, [String(WORKERS)]);
const [{ port }] = (await once(threads, 'message')) as [{ port: number }];

const results = { cluster: [] as Result[], threads: [] as Result[] };
// One after the other in turns: what else the machine does is the same for both. The first of each is warm-up.
for (let run = 0; run <= RUNS; run++) {
  const ofCluster = await measure(shortPort, () => [cluster.primary, ...cluster.pids.values()]);
  const ofThreads = await measure(port, () => [threads.pid!]);
  if (run === 0) continue;
  results.cluster.push(ofCluster);
  results.threads.push(ofThreads);
}
console.log(process.version);
console.table(
  Object.fromEntries(
    Object.entries(results).map(([name, runs]) => [
      name,
      {
        'connections/s': Math.round(median(runs.map(({ rate }) => rate))),
        'of the runs': runs.map(({ rate }) => Math.round(rate)).join(', '),
        'MiB, of all processes': Math.round(median(runs.map(({ mib }) => mib))),
      },
    ]),
  ),
);
threads.kill();
await cluster.stop();
process.exit();
