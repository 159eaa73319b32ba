import { handWritten, nodeTools, rxjsNet, webStreams } from '../programs/node.js';
import { asyncio, uvloop } from '../programs/python.js';
import type { Workload } from '../Workload.js';

const BLOCK = 65536;

/** A proxy between a producer and a consumer, each a process. It carries both directions; one is loaded. */
export const proxy: Workload = {
  name: 'proxy',
  metrics: [{ title: 'proxy', unit: 'GB/s', aim: 0.9 }],
  contenders: [
    { label: 'hand-written', program: handWritten, job: 'proxy' },
    { label: 'rxjs-net pipeTo()', program: rxjsNet, job: 'proxy' },
    { label: 'stream.pipeline', program: nodeTools, job: 'pipeline' },
    { label: 'Web Streams pipeTo', program: webStreams, job: 'proxy' },
    { label: 'asyncio', program: asyncio, job: 'proxy' },
    { label: 'uvloop', program: uvloop, job: 'proxy' },
  ],
  amount: 1000,
  async prepare(worker, job, { source, sink }) {
    const consumer = await sink.ask<{ port: number }>('sink');
    const { port } = await worker.ask<{ port: number }>(job, { port: consumer.port });
    return async (amount) => {
      const sunk = sink.ask('sunk', { size: BLOCK, amount });
      await source.ask('pump', { port, size: BLOCK, amount });
      const { seconds } = await sunk;
      return { seconds, values: [(amount * BLOCK) / 1e9 / seconds] };
    };
  },
};
