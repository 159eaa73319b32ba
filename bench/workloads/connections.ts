import { processUsage } from '../processUsage.js';
import { handWritten, rxjsNet } from '../programs/node.js';
import type { Workload } from '../Workload.js';

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
  async prepare(worker, job, { source }) {
    const { port } = await worker.ask<{ port: number }>(job);
    return async (amount) => {
      const cpuBefore = processUsage(worker.pid).cpuSeconds;
      const { seconds } = await source.ask('connect', { port, amount });
      const cpu = processUsage(worker.pid).cpuSeconds - cpuBefore;
      return { seconds, values: [amount / seconds, (cpu / amount) * 1e6] };
    };
  },
};
