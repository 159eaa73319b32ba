import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { listen } from '../contenders/listen.js';
import { startChild, type Worker } from '../Worker.js';
import { firstLine, type Program } from './Program.js';

async function startRedis(): Promise<Worker> {
  // A free port: redis-server takes no 0.
  const placeholder = createServer();
  const { port } = await listen(placeholder);
  placeholder.close();
  await once(placeholder, 'close');
  const child = startChild('redis-server', ['--port', String(port), '--save', '', '--appendonly', 'no']);
  child.stdout!.resume();
  for (let tries = 0; (await firstLine('redis-cli', ['-p', String(port), 'ping'])) !== 'PONG'; tries++) {
    if (tries === 100) throw new Error('redis-server does not answer');
    await setTimeout(50);
  }
  return {
    pid: child.pid!,
    // It needs no telling: whatever it is asked, it serves.
    ask: <T>() => Promise.resolve({ port, seconds: 0 } as T & { port: number; seconds: number }),
    stop: () => child.kill('SIGKILL'),
  };
}

const redisVersion = (await firstLine('redis-server', ['--version']))?.match(/v=(\S+)/)?.[1];
const benchmarkVersion = await firstLine('redis-benchmark', ['--version']);

export const redis: Program = {
  name: 'redis-server',
  ...(redisVersion === undefined
    ? { missing: 'no redis-server on the PATH' }
    : { version: `Redis ${redisVersion}` }),
  start: startRedis,
};

/** What makes the load: without it nothing is measured with it. */
export const redisBenchmark: Omit<Program, 'start'> = {
  name: 'redis-benchmark',
  ...(benchmarkVersion === undefined
    ? { missing: 'no redis-benchmark on the PATH (Debian: redis-tools): its workloads are left out' }
    : { version: benchmarkVersion }),
};
