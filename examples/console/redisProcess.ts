/** A real redis-server for as long as it is asked for, if the machine has one. */
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { Observable } from 'rxjs';

/** Starts it on a free port. Emits the port once it serves, and completes without one where there is no redis-server. */
export function redisProcess(): Observable<number> {
  return new Observable((subscriber) => {
    const stop = new AbortController();
    subscriber.add(() => stop.abort());
    // Redis knows no port 0. Nobody else takes this one in the moment between.
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => {
        if (subscriber.closed) return;
        const args = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'];
        const redis = spawn('redis-server', args, {
          stdio: ['ignore', 'pipe', 'inherit'],
          signal: stop.signal,
        });
        redis.stdout.on('data', (lines: Buffer) => {
          if (lines.includes('Ready to accept connections')) subscriber.next(port);
        });
        redis.on('error', () => subscriber.complete());
        redis.on('exit', () => subscriber.complete());
      });
    });
  });
}
