import { processUsage, resetPeak } from '../processUsage.js';
import { handWritten, nodeTools, rxjsNet, webStreams } from '../programs/node.js';
import { asyncio, uvloop } from '../programs/python.js';
import type { Workload } from '../Workload.js';

const MiB = 2 ** 20;
const BLOCK = 65536;
const TOTAL = 2048 * MiB;

/** 2 GiB from a producer that is faster than the consumer: what waits in the consumer's process meanwhile. */
export const slowConsumer: Workload = {
  name: 'slow-consumer',
  metrics: [
    {
      title: 'slow consumer of 2 GiB: peak memory above idle',
      unit: 'MiB',
      lessIsBetter: true,
      absolute: true,
    },
  ],
  contenders: [
    { label: 'hand-written', program: handWritten, job: 'slowConsumer' },
    { label: 'rxjs-net consume()', program: rxjsNet, job: 'slowConsumer' },
    { label: 'for await', program: nodeTools, job: 'slowForAwait' },
    { label: 'stream.pipeline', program: nodeTools, job: 'slowPipeline' },
    { label: 'Web Streams', program: webStreams, job: 'slowConsumer' },
    { label: 'asyncio', program: asyncio, job: 'slowConsumer' },
    { label: 'uvloop', program: uvloop, job: 'slowConsumer' },
  ],
  amount: TOTAL / BLOCK,
  fresh: true,
  async prepare(worker, job, { source }) {
    // Started and connected, as it is when nothing comes.
    const first = await source.ask<{ port: number }>('sendLines', { size: BLOCK, amount: 1 });
    await worker.ask(job, { port: first.port, size: BLOCK, amount: 1 });
    return async (amount) => {
      const { port } = await source.ask<{ port: number }>('sendLines', { size: BLOCK, amount });
      const idle = processUsage(worker.pid).rss;
      resetPeak(worker.pid);
      const { seconds } = await worker.ask(job, { port, size: BLOCK, amount });
      return { seconds, values: [(processUsage(worker.pid).peakRss - idle) / MiB] };
    };
  },
};
