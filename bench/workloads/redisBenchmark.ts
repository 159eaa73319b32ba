import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { processUsage } from '../processUsage.js';
import { handWritten, rxjsNet } from '../programs/node.js';
import { asyncio, uvloop } from '../programs/python.js';
import { redis, redisBenchmark as redisBenchmarkTool } from '../programs/redis.js';
import type { Workload } from '../Workload.js';

const CLIENTS = 50;
const run = promisify(execFile);

/** The tool that comes with Redis, against servers that each hold a map in memory. */
function redisBenchmark(pipeline: number): Workload {
  const title = (verb: string): string => `redis-benchmark ${verb}, pipeline ${pipeline}`;
  return {
    name: `redis-${pipeline}`,
    metrics: [
      { title: title('SET'), unit: 'requests/s' },
      { title: title('GET'), unit: 'requests/s' },
      // The load may be the slower side: what a request costs the server tells more then.
      {
        title: `redis-benchmark, pipeline ${pipeline}: CPU of the server`,
        unit: 'µs/request',
        lessIsBetter: true,
      },
    ],
    contenders: [
      { label: 'hand-written', program: handWritten, job: 'redis' },
      { label: 'rxjs-net decoder object', program: rxjsNet, job: 'redisByObject' },
      { label: 'rxjs-net generator', program: rxjsNet, job: 'redisByGenerator' },
      { label: 'rxjs-net conversation', program: rxjsNet, job: 'redisByConversation' },
      { label: 'rxjs-net one-shot reads', program: rxjsNet, job: 'redisByReads' },
      { label: 'asyncio', program: asyncio, job: 'redis' },
      { label: 'uvloop', program: uvloop, job: 'redis' },
      { label: 'redis-server', program: redis, job: '' },
    ],
    amount: 5000,
    async prepare(worker, job) {
      const { port } = await worker.ask<{ port: number }>(job);
      return async (amount) => {
        const cpuBefore = processUsage(worker.pid).cpuSeconds;
        const start = performance.now();
        const rates = await load(port, amount, pipeline);
        const seconds = (performance.now() - start) / 1000;
        const cpu = processUsage(worker.pid).cpuSeconds - cpuBefore;
        return { seconds, values: [...rates, (cpu / (2 * amount)) * 1e6] };
      };
    },
  };
}

/** Requests per second, for SET and for GET. */
async function load(port: number, requests: number, pipeline: number): Promise<[number, number]> {
  const options = { '-p': port, '-c': CLIENTS, '-n': requests, '-P': pipeline, '-t': 'set,get' };
  const { stdout } = await run('redis-benchmark', [...Object.entries(options).flat().map(String), '--csv']);
  const rate = (verb: string): number => {
    const found = new RegExp(`^"${verb}","([\\d.]+)"`, 'm').exec(stdout);
    if (found === null) throw new Error(`redis-benchmark has printed no ${verb}: ${stdout}`);
    return Number(found[1]);
  };
  return [rate('SET'), rate('GET')];
}

export const redisBenchmarks: readonly Workload[] =
  redisBenchmarkTool.missing === undefined ? [redisBenchmark(1), redisBenchmark(16)] : [];
