import { processUsage } from '../processUsage.js';
import { handWritten, rxjsNet } from '../programs/node.js';
import type { Worker } from '../Worker.js';
import type { OtherEnds, Run, Workload } from '../Workload.js';

/** A client connects, a byte goes each way, both close; tens of them at a time. */
export const connections: Workload = {
  name: 'connections',
  metrics: [
    { title: 'short connections', unit: 'connections/s', aim: 0.85 },
    // The client may be the slower side: what a connection costs the server tells more then.
    { title: 'short connections: CPU of the server', unit: 'µs/connection', lessIsBetter: true },
  ],
  contenders: [
    { label: 'hand-written', program: handWritten, job: 'shortConnections' },
    { label: 'rxjs-net serve()', program: rxjsNet, job: 'shortConnections' },
  ],
  amount: 1000,
  prepare: connectToIt,
};

/** The same behind a proxy, which sends a header of the PROXY protocol before the byte, beside none. */
export const proxiedConnections: Workload = {
  name: 'proxied-connections',
  metrics: [
    { title: 'short connections behind a proxy', unit: 'connections/s', aim: 0.95 },
    {
      title: 'short connections behind a proxy: CPU of the server',
      unit: 'µs/connection',
      lessIsBetter: true,
    },
  ],
  contenders: [
    { label: 'rxjs-net serve(), no proxy', program: rxjsNet, job: 'shortConnections' },
    { label: 'rxjs-net serve(), version 2', program: rxjsNet, job: 'proxiedByBlock' },
    { label: 'rxjs-net serve(), version 1', program: rxjsNet, job: 'proxiedByLine' },
  ],
  amount: 1000,
  prepare: connectToIt,
};

async function connectToIt(worker: Worker, job: string, { source }: OtherEnds): Promise<Run> {
  const server = await worker.ask<{ port: number; first?: string }>(job);
  return async (amount) => {
    const cpuBefore = processUsage(worker.pid).cpuSeconds;
    const { seconds } = await source.ask('connect', { ...server, amount });
    const cpu = processUsage(worker.pid).cpuSeconds - cpuBefore;
    return { seconds, values: [amount / seconds, (cpu / amount) * 1e6] };
  };
}
