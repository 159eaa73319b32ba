import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, readdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import { fromEvent, Subject, takeUntil } from 'rxjs';
import { addressInUse, claimPath } from '../../src/server/claimPath.js';
import { fromServer } from '../../src/server/fromServer.js';
import { identityOf } from '../../src/server/SocketFile.js';
import type { Server } from '../../src/server/Server.js';
import { StaleSocketError } from '../../src/streams/errors.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { plainPeers } from '../observables/plainPeers.js';
import { temporaryPaths } from '../observables/temporaryPaths.js';

/** Puts the socket of a server on the path that is no more. */
export async function leaveStale(path: string): Promise<void> {
  const server = createServer().listen(`${path}~`);
  await once(server, 'listening');
  linkSync(`${path}~`, path);
  server.close();
  await once(server, 'close');
}

/** What whoever serves on the path says first, or the code of the error. */
function greetingOn(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(String(code)));
    socket.on('data', (data) => {
      socket.destroy();
      resolve(String(data));
    });
  });
}

describe('A path on which there is a socket', () => {
  const peers = plainPeers();
  const temporaryPath = temporaryPaths();
  const finish = new Subject<void>();

  afterEach(() => finish.next());

  /** Listens until the end of the spec, and greets with its name. */
  function listen(path: string, name: string, stop = finish): Promise<Server> {
    return new Promise((resolve, reject) => {
      fromServer({ path, replaceStale: true })
        .pipe(takeUntil(stop))
        .subscribe({
          next: (server) => {
            server.connections$.subscribe(({ writer }) => {
              writer.write(name);
              writer.close();
            });
            resolve(server);
          },
          error: reject,
        });
    });
  }

  function filesBeside(path: string): string[] {
    return readdirSync(dirname(path));
  }

  it('may be tried again when it is gone', async () => {
    const path = temporaryPath();
    for (const replaceStale of [false, true]) {
      await expectAsync(eventually('the answer', claimPath(path, replaceStale))).toBeResolved();
    }
  });

  it('is in use while somebody listens', async () => {
    const path = temporaryPath();
    await peers.listenOnPath(path);
    for (const replaceStale of [false, true]) {
      expect(await failureOf('the claim', claimPath(path, replaceStale))).toEqual(addressInUse(path));
    }
  });

  it('is in use while somebody listens who has no time to accept', async () => {
    const path = temporaryPath();
    const script = `
      import { createServer } from 'node:net';
      createServer().listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => {
        process.stdout.write('listening');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    await eventually('the child', fromEvent(child.stdout, 'data'));
    const waiting = Array.from({ length: 4 }, () => connect({ path }).on('error', () => undefined));
    await new Promise((resolve) => setImmediate(resolve));
    expect(await failureOf('the claim', claimPath(path, true))).toEqual(addressInUse(path));
    for (const socket of waiting) socket.destroy();
    child.kill('SIGKILL');
    await exited;
  });

  it('is in use where it is a link to one, stale or not', async () => {
    const [target, path] = [temporaryPath('target'), temporaryPath('link')];
    await leaveStale(target);
    symlinkSync(target, path);
    expect(await failureOf('the claim', claimPath(path, true))).toEqual(addressInUse(path));
    expect(identityOf(target)).toBeDefined();
  });

  it('is stale where nobody listens any more, and is removed only if asked to', async () => {
    const path = temporaryPath();
    await leaveStale(path);
    const error = await failureOf('the claim', claimPath(path, false));
    expect(error).toBeInstanceOf(StaleSocketError);
    expect((error as Error).cause).toEqual(addressInUse(path));
    expect(filesBeside(path)).toEqual(['socket']);
    await eventually('the removal', claimPath(path, true));
    expect(filesBeside(path)).toEqual([]);
  });

  it("is an error like Node's own", async () => {
    const path = temporaryPath();
    await peers.listenOnPath(path);
    const another = createServer().listen(path);
    const [error] = (await once(another, 'error').catch((caught: unknown) => [caught])) as [Error];
    expect({ ...addressInUse(path) }).toEqual({ ...(error as NodeJS.ErrnoException) });
    expect(addressInUse(path).message).toBe(error.message);
  });

  it('is taken over by exactly one of two servers that begin at once, and the other one is told', async () => {
    for (let round = 0; round < 20; round++) {
      const path = temporaryPath(`round ${round}`);
      await leaveStale(path);
      const stop = new Subject<void>();
      const outcomes = await Promise.allSettled(['one', 'other'].map((name) => listen(path, name, stop)));
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect((outcomes[1 - winner] as PromiseRejectedResult).reason).toEqual(addressInUse(path));
      expect(await greetingOn(path)).toBe(['one', 'other'][winner]!);
      expect(filesBeside(path)).toEqual([`round ${round}`]);
      stop.next();
      expect(filesBeside(path)).toEqual([]);
    }
  });

  it('is taken by exactly one of many servers that begin at once, where there is nothing', async () => {
    const path = temporaryPath();
    const names = Array.from({ length: 10 }, (_, index) => `server ${index}`);
    const outcomes = await Promise.allSettled(names.map((name) => listen(path, name)));
    const winners = names.filter((_, index) => outcomes[index]!.status === 'fulfilled');
    expect(winners.length).toBe(1);
    expect(await greetingOn(path)).toBe(winners[0]!);
    expect(filesBeside(path)).toEqual(['socket']);
  });

  it('is taken over by exactly one of several processes that begin at once', async () => {
    const program = `
      import { fromServer } from ${JSON.stringify(new URL('../../src/server/fromServer.js', import.meta.url).href)};
      process.stdout.write('ready ');
      process.stdin.on('data', (paths) => {
        for (const path of String(paths).trim().split('\\n')) {
          fromServer({ path, replaceStale: true }).subscribe({
            next: (server) => {
              process.stdout.write('listening ');
              server.connections$.subscribe(({ writer }) => (writer.write(String(process.pid)), writer.close()));
            },
            error: (error) => process.stdout.write(error.code + ' '),
          });
        }
      });
      process.stdin.on('end', () => process.exit());`;
    const children = [1, 2, 3].map(() =>
      spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    const said = children.map((): string[] => []);
    children.forEach(({ stdout }, index) => stdout.on('data', (data) => said[index]!.push(String(data))));
    const wordsOf = (count: number): Promise<string[][]> =>
      new Promise((resolve) => {
        const look = (): void => {
          const words = said.map((chunks) => chunks.join('').trim().split(' '));
          if (words.every(({ length }) => length >= count)) resolve(words);
          else setImmediate(look);
        };
        look();
      });
    await wordsOf(1);
    const paths = Array.from({ length: 20 }, (_, index) => temporaryPath(`round ${index}`));
    for (const path of paths) await leaveStale(path);
    for (const child of children) child.stdin.write(`${paths.join('\n')}\n`);
    const words = await wordsOf(1 + paths.length);
    const all = words.flatMap(([, ...rest]) => rest).sort();
    expect(all.filter((word) => word === 'listening').length).toBe(paths.length);
    expect(all.filter((word) => word === 'EADDRINUSE').length).toBe(2 * paths.length);
    const pids = children.map(({ pid }) => String(pid));
    for (const path of paths) expect(pids).toContain(await greetingOn(path));
    expect(filesBeside(paths[0]!).length).withContext('nothing is left beside them').toBe(paths.length);
    const exits = children.map((child) => once(child, 'exit'));
    for (const child of children) child.stdin.end();
    await Promise.all(exits);
  });

  it('is shared by the workers of a cluster', async () => {
    const path = temporaryPath();
    const program = `
      import cluster from 'node:cluster';
      import { fromServer } from ${JSON.stringify(new URL('../../src/server/fromServer.js', import.meta.url).href)};
      if (cluster.isPrimary) {
        let listening = 0;
        const onMessage = () => ++listening === 2 && process.stdout.write('listening');
        for (let i = 0; i < 2; i++) cluster.fork().on('message', onMessage);
        process.stdin.on('end', () => process.exit()).resume();
      } else {
        fromServer({ path: ${JSON.stringify(path)}, replaceStale: true }).subscribe({
          next: (server) => {
            server.connections$.subscribe(({ writer }) => (writer.write(String(cluster.worker.id)), writer.close()));
            process.send('listening');
          },
          error: (error) => console.error(error),
        });
      }`;
    const file = temporaryPath('program.mjs');
    writeFileSync(file, program);
    const child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    await eventually('both workers', fromEvent(child.stdout, 'data'));
    const greetings = new Set<string>();
    for (let i = 0; i < 10; i++) greetings.add(await greetingOn(path));
    expect([...greetings].sort()).toEqual(['1', '2']);
    child.stdin.end();
    await exited;
  });

  it('may be listened on again and again, also without a pause', async () => {
    const path = temporaryPath();
    for (let round = 0; round < 20; round++) {
      const server = await listen(path, `round ${round}`);
      expect(await greetingOn(path)).toBe(`round ${round}`);
      server.close();
    }
    expect(filesBeside(path)).toEqual([]);
  });

  it('that vanishes while it is asked is tried again', async () => {
    const path = temporaryPath();
    await leaveStale(path);
    const listening = listen(path, 'at last');
    // By then it has been found in use.
    await new Promise((resolve) => process.nextTick(resolve));
    unlinkSync(path);
    await listening;
    expect(await greetingOn(path)).toBe('at last');
  });

  it('of a folder that vanishes is an error of the source', async () => {
    const path = temporaryPath('folder/socket');
    rmSync(dirname(path), { recursive: true, force: true });
    const error = await failureOf('listening', fromServer({ path }));
    expect(error).toEqual(jasmine.objectContaining({ syscall: 'listen', address: path }));
    expect((error as Error).message).toMatch(/socket$/);
  });
});

describe('An abstract name', () => {
  const finish = new Subject<void>();

  afterEach(() => finish.next());

  function listen(path: string): Promise<Server> {
    return new Promise((resolve, reject) => {
      fromServer({ path, replaceStale: true })
        .pipe(takeUntil(finish))
        .subscribe({ next: resolve, error: reject });
    });
  }

  if (process.platform !== 'linux') return;

  it('that is in use is in use: there is no file to look at', async () => {
    const path = `\0rxjs-net ${process.pid} in use`;
    const server = await listen(path);
    expect(server.path).toBe(path);
    for (const replaceStale of [false, true]) {
      const error = await failureOf('listening', fromServer({ path, replaceStale }));
      expect(error).toEqual(jasmine.objectContaining({ code: 'EADDRINUSE', syscall: 'listen' }));
    }
    expect(server.isServing).toBeTrue();
  });

  it('is listened on, connected to and let go of', async () => {
    const path = `\0rxjs-net ${process.pid} used`;
    for (let round = 0; round < 3; round++) {
      const server = await listen(path);
      const accepted = eventually('the connection', server.connections$);
      const client = connect({ path });
      const { writer } = await accepted;
      expect(writer.getExtraInfo('sockname')).toEqual({ address: path, family: 'Unix', port: 0 });
      writer.abort();
      client.destroy();
      server.close();
      await eventually('the end', server.waitClosed());
    }
  });
});
