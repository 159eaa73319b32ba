import { handWritten, rxjsNet } from '../programs/node.js';
import type { Metric, Workload } from '../Workload.js';
import type { Worker } from '../Worker.js';

interface Memory {
  readonly heap: number;
  readonly rss: number;
}

const SOCKETS = 'idleSockets';
// Of the hand-written one in this round: its turn comes first.
let socket = NaN;

function metric(title: string): Metric {
  return { title, unit: 'bytes/connection', lessIsBetter: true, absolute: true };
}

function memory(worker: Worker): Promise<Memory> {
  return worker.ask<Memory>('memory');
}

/** What connections to an echo server cost it in memory that have been used and wait for more. */
export const idleConnections: Workload = {
  name: 'idle-connections',
  metrics: [
    metric('idle connections: heap and external memory'),
    metric('idle connections: heap and external memory on top of the socket (the aim: 4096)'),
    metric('idle connections: resident set'),
  ],
  contenders: [
    { label: 'hand-written', program: handWritten, job: SOCKETS },
    { label: 'rxjs-net pipeTo()', program: rxjsNet, job: 'idleConnections' },
    { label: 'rxjs-net consume()', program: rxjsNet, job: 'idleConsumers' },
    { label: 'rxjs-net converse()', program: rxjsNet, job: 'idleConversations' },
  ],
  // Each is a file descriptor of both processes.
  amount: 4000,
  fresh: true,
  async prepare(worker, job, { source }) {
    const { port } = await worker.ask<{ port: number }>(job);
    // What is compiled and allocated with the first ones is not to be counted.
    await source.ask('hold', { port, amount: 500 });
    await source.ask('letGo');
    return async (amount) => {
      const before = await memory(worker);
      const { seconds } = await source.ask('hold', { port, amount });
      const after = await memory(worker);
      await source.ask('letGo');
      const heap = (after.heap - before.heap) / amount;
      if (job === SOCKETS) socket = heap;
      return { seconds, values: [heap, heap - socket, (after.rss - before.rss) / amount] };
    };
  },
};
