import { handWritten, rxjsNet } from '../programs/node.js';
import { effect } from '../programs/peers.js';
import { asyncio, uvloop } from '../programs/python.js';
import type { Workload } from '../Workload.js';

const SIZE = 64;

/** One message out, the same one back, then the next: by a client against an echo server. */
export const roundTrips: Workload = {
  name: 'round-trips',
  metrics: [
    { title: `round trips of ${SIZE} bytes`, unit: 'trips/s', aim: 0.9 },
    { title: 'round trip, p50', unit: 'µs', lessIsBetter: true, tableOnly: true },
    { title: 'round trip, p99', unit: 'µs', lessIsBetter: true },
    { title: 'round trip, p99.9', unit: 'µs', lessIsBetter: true, tableOnly: true },
  ],
  contenders: [
    { label: 'hand-written', program: handWritten, job: 'roundTrips' },
    { label: 'rxjs-net readExactly()', program: rxjsNet, job: 'roundTrips' },
    { label: 'Effect', program: effect, job: 'roundTrips' },
    { label: 'asyncio', program: asyncio, job: 'roundTrips' },
    { label: 'uvloop', program: uvloop, job: 'roundTrips' },
  ],
  amount: 500,
  async prepare(worker, job, { source }) {
    const { port } = await source.ask<{ port: number }>('echo');
    return async (amount) => {
      const { seconds, p50, p99, p999 } = await worker.ask<{ p50: number; p99: number; p999: number }>(job, {
        port,
        size: SIZE,
        amount,
      });
      return { seconds, values: [amount / seconds, p50, p99, p999] };
    };
  },
};
