import { resolve } from 'node:path';
import { bufferCount, filter, firstValueFrom, Subject, tap, toArray } from 'rxjs';
import { load } from '../../../examples/cluster/load.js';
import type { Outcome } from '../../../examples/cluster/Outcome.js';
import { unusedPort } from '../../interop/ServerProgram.js';
import { HAPROXY_LISTENS } from '../../interop/startHaproxy.js';
import { usePrograms } from '../../interop/usePrograms.js';
import { describeExamples, ExampleProcess } from '../run-example.js';

interface Ports {
  readonly shortPort: number;
  readonly linesPort: number;
}

/** Requests that have to be answered before anything is done to the workers, and after it. */
const SOME = 40;

describeExamples('cluster', () => {
  it('two workers are replaced under a load of both protocols, and every request is answered', async () => {
    const { cluster, ports } = await start('--workers=2');
    const { outcomes, stop, answered } = begin(ports);

    await answered(SOME);
    cluster.signal('SIGHUP');
    await cluster.printed(/replaced: done/);
    const before = new Set(outcomes.map(({ worker }) => worker));
    await answered(SOME);
    await stop();
    cluster.signal('SIGTERM');
    const { lines, errors, code } = await cluster.end;

    expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
    const pids = (pattern: RegExp): number[] =>
      lines.flatMap((line) => pattern.exec(line)?.[1] ?? []).map(Number);
    const served = pids(/\(pid (\d+)\) serves$/);
    expect(served.length).toBe(4);
    expect(pids(/\(pid (\d+)\) has ended$/).sort()).toEqual(served.sort());
    expect([...before].every((pid) => served.includes(pid!))).toBeTrue();
    // Each protocol was answered by each worker.
    for (const protocol of ['short', 'lines']) {
      const by = new Set(
        outcomes.filter((outcome) => outcome.protocol === protocol).map(({ worker }) => worker),
      );
      expect(by.size).withContext(protocol).toBeGreaterThan(2);
    }
    expect({ errors, code }).toEqual({ errors: '', code: 0 });
  });

  it('a new worker serves before the old one is stopped', async () => {
    const { cluster } = await start('--workers=1');
    cluster.signal('SIGHUP');
    await cluster.printed(/replaced: done/);
    cluster.signal('SIGTERM');
    const { lines } = await cluster.end;
    expect(lines.map((line) => line.replace(/ \(pid \d+\)| on port.*| by kill.*/, ''))).toEqual([
      'worker 1 starts',
      'worker 1 serves',
      'Short connections',
      'Replace them',
      'the workers are replaced',
      'worker 2 starts',
      'worker 2 serves',
      'worker 1 is stopping',
      'worker 1 has ended',
      'the workers are replaced: done',
      'worker 2 is stopping',
      'worker 2 has ended',
    ]);
  });

  it('one that is killed costs its own open requests only, and is started again', async () => {
    const { cluster, ports } = await start('--workers=2');
    const { outcomes, stop, answered } = begin(ports);
    await answered(SOME);
    const pid = Number(await cluster.printed(/\(pid (\d+)\) serves/));
    process.kill(pid, 'SIGKILL');
    await cluster.printed(/worker 3 \(pid \d+\) serves/);
    await answered(SOME);
    await stop();
    cluster.signal('SIGTERM');
    const { code } = await cluster.end;

    const failed = outcomes.filter(({ error }) => error !== undefined);
    expect(failed.filter(({ worker }) => worker !== undefined && worker !== pid)).toEqual([]);
    expect(failed.length).toBeLessThan(SOME);
    expect(outcomes.length - failed.length).toBeGreaterThanOrEqual(2 * SOME);
    expect(code).toBe(0);
  });

  it('stopped while it starts it ends, as do its workers', async () => {
    const cluster = new ExampleProcess('cluster', '--rate=0', '--workers=2');
    await cluster.printed(/worker 2 starts/);
    cluster.signal('SIGTERM');
    const { lines, errors, code } = await cluster.end;
    expect({ errors, code }).toEqual({ errors: '', code: 0 });
    expect(lines.filter((line) => line.endsWith('has ended')).length).toBe(2);
  });
});

describeExamples('cluster, behind HAProxy', () => {
  const programs = usePrograms('haproxy');

  it('is rolled, and every client is answered, and seen by its own address', async () => {
    const { cluster, ports: workers } = await start('--workers=2', '--trust-proxy=127.0.0.1');
    const ports = { shortPort: await unusedPort(), linesPort: await unusedPort() };
    const haproxy = programs.start('haproxy', ['-W', '-db', '-f', resolve('examples/cluster/haproxy.cfg')], {
      env: {
        SHORT_PORT: String(ports.shortPort),
        LINES_PORT: String(ports.linesPort),
        SHORT_WORKERS: String(workers.shortPort),
        LINES_WORKERS: String(workers.linesPort),
      },
    });
    await haproxy.says(HAPROXY_LISTENS);
    const { outcomes, stop, answered } = begin(ports);
    await answered(SOME);
    cluster.signal('SIGHUP');
    await cluster.printed(/replaced: done/);
    await answered(SOME);
    await stop();
    cluster.signal('SIGTERM');

    expect((await cluster.end).code).toBe(0);
    // A reply has the port that the worker takes the client for, and the load looks at it.
    expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(new Set(outcomes.map(({ worker }) => worker)).size).toBeGreaterThan(2);
  });
});

describeExamples('cluster, activated by its sockets', () => {
  const programs = usePrograms('systemd-socket-activate');

  it('is started by the first client, serves on the sockets it is given, and rolls on them', async () => {
    const ports = { shortPort: await unusedPort(), linesPort: await unusedPort() };
    const listen = Object.values(ports).flatMap((port) => ['-l', `127.0.0.1:${port}`]);
    const example = [process.execPath, resolve('build/examples/start.js'), 'cluster'];
    const options = ['--fds=3,4', '--rate=0', '--workers=2'];
    const program = programs.start('systemd-socket-activate', [...listen, ...example, ...options]);
    await program.says(/Listening on .* as 4/);
    const { outcomes, stop, answered } = begin(ports);
    await answered(SOME);
    const pid = Number((await program.says(/Replace them by kill -HUP (\d+)/))[1]);
    process.kill(pid, 'SIGHUP');
    await program.says(/replaced: done/);
    await answered(SOME);
    await stop();
    process.kill(pid, 'SIGTERM');

    expect(await program.exitCode()).toBe(0);
    expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(program.said).toContain(
      `Short connections on port ${ports.shortPort}, keep-alive on port ${ports.linesPort}`,
    );
  });
});

async function start(...args: string[]): Promise<{ cluster: ExampleProcess; ports: Ports }> {
  const cluster = new ExampleProcess('cluster', '--rate=0', ...args);
  const workers = /\d+$/.exec(args[0]!)![0];
  for (let id = 1; id <= Number(workers); id++) await cluster.printed(new RegExp(`worker ${id} .*serves`));
  return {
    cluster,
    ports: {
      shortPort: Number(await cluster.printed(/Short connections on port (\d+)/)),
      linesPort: Number(await cluster.printed(/keep-alive on port (\d+)/)),
    },
  };
}

/** A small load, which goes on until it is stopped. */
function begin(ports: Ports) {
  const stop$ = new Subject<void>();
  const outcomes: Outcome[] = [];
  const more$ = new Subject<Outcome>();
  const over = firstValueFrom(
    load({ host: '127.0.0.1', ...ports, rate: 100, connections: 10, stop$ }).pipe(
      tap((outcome) => {
        outcomes.push(outcome);
        more$.next(outcome);
      }),
      toArray(),
    ),
  );
  return {
    outcomes,
    answered: (count: number) =>
      firstValueFrom(
        more$.pipe(
          filter(({ error }) => error === undefined),
          bufferCount(count),
        ),
      ),
    async stop() {
      stop$.next();
      await over;
    },
  };
}
