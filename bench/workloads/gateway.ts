import { handWritten, rxjsNet } from '../programs/node.js';
import type { Workload } from '../Workload.js';

const BLOCK = 65536;

/** From WebSocket to TCP and back, between two processes: one speaks the one, one the other. One direction at a time. */
export const gateway: Workload = {
  name: 'gateway',
  metrics: [
    { title: 'gateway, WebSocket to TCP', unit: 'GB/s', aim: 0.9 },
    { title: 'gateway, TCP to WebSocket', unit: 'GB/s', aim: 0.9 },
  ],
  contenders: [
    { label: 'hand-written ws and node:net', program: handWritten, job: 'gateway' },
    { label: 'rxjs-net, examples/gateway', program: rxjsNet, job: 'gateway' },
  ],
  amount: 500,
  async prepare(worker, job, { source, sink }) {
    const consumer = await sink.ask<{ port: number }>('sink');
    const producer = await sink.ask<{ port: number }>('sendOnDemand');
    const toConsumer = await worker.ask<{ url: string }>(job, { port: consumer.port });
    const toProducer = await worker.ask<{ url: string }>(job, { port: producer.port });
    return async (amount) => {
      const work = { size: BLOCK, amount };
      const sunk = sink.ask('sunk', work);
      await source.ask('pumpMessages', { ...work, url: toConsumer.url });
      const sent = await sunk;
      const taken = await source.ask('takeMessages', { ...work, url: toProducer.url });
      const speed = (seconds: number): number => (amount * BLOCK) / 1e9 / seconds;
      return { seconds: sent.seconds + taken.seconds, values: [speed(sent.seconds), speed(taken.seconds)] };
    };
  },
};
