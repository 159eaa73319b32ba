import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { createServer, type Socket } from 'node:net';
import { concatMap, firstValueFrom, fromEvent, Subject, takeUntil } from 'rxjs';
import { serve } from '../../src/operators/serve.js';
import { fromServer } from '../../src/server/fromServer.js';
import type { Server } from '../../src/server/Server.js';
import { unixServerConnections$, type UnixServerOptions } from '../../src/server/unixServerConnections.js';
import { StaleSocketError } from '../../src/streams/errors.js';
import { text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { everythingFrom, plainPeers } from '../observables/plainPeers.js';
import { temporaryPaths } from '../observables/temporaryPaths.js';

describe('unixServerConnections$', () => {
  const peers = plainPeers();
  const temporaryPath = temporaryPaths();
  const finish = new Subject<void>();
  const events: string[] = [];

  beforeEach(() => events.splice(0));

  afterEach(() => finish.next());

  // Serves lines in capitals until the end of the spec.
  function shoutOn(path: string, options: UnixServerOptions = {}): Promise<Server> {
    return new Promise((resolve, reject) => {
      unixServerConnections$(path, { ...options, onListening: resolve })
        .pipe(
          serve(({ reader, writer }) =>
            reader.lines().pipe(concatMap((line) => writer.send(`${line.toUpperCase()}\n`))),
          ),
          takeUntil(finish),
        )
        .subscribe({ error: reject });
    });
  }

  async function expectToBeServed(path: string): Promise<void> {
    const client = await peers.connectToPath(path);
    const answer = everythingFrom(client);
    client.end('hello\n');
    expect(text(await answer)).toBe('HELLO\n');
  }

  // What a server leaves behind that was killed.
  async function leaveStale(path: string): Promise<void> {
    const server = createServer().listen(`${path}~`);
    await eventually('the listening', fromEvent(server, 'listening'));
    renameSync(`${path}~`, path);
    const closed = eventually('the close', fromEvent(server, 'close'));
    server.close();
    await closed;
  }

  it('throws at the call for a path that the system would cut off', () => {
    expect(() => unixServerConnections$(`/${'x'.repeat(107)}`)).toThrowError(
      RangeError,
      /at most 10\d bytes/,
    );
    expect(() => fromServer({ path: '' })).toThrowError(TypeError, /path of a Unix socket/);
  });

  it('serves on the path, and says so', async () => {
    const path = temporaryPath();
    const server = await shoutOn(path);
    expect(server.path).toBe(path);
    expect(server.addresses).toEqual([]);
    await expectToBeServed(path);
  });

  it('knows the path as the local address, and nothing of the peer', async () => {
    const path = temporaryPath();
    const names = new Subject<unknown[]>();
    const told = eventually('a connection', names);
    await new Promise<Server>((resolve) => {
      unixServerConnections$(path, { onListening: resolve })
        .pipe(takeUntil(finish))
        .subscribe(({ writer }) => {
          names.next([writer.getExtraInfo('sockname'), writer.getExtraInfo('peername')]);
          writer.abort();
        });
    });
    await peers.connectToPath(path);
    expect(await told).toEqual([path, ''].map((address) => ({ address, family: 'Unix', port: 0 })));
  });

  it('removes the file when it is unsubscribed from', async () => {
    const path = temporaryPath();
    await shoutOn(path);
    expect(existsSync(path)).toBeTrue();
    finish.next();
    expect(existsSync(path)).toBeFalse();
  });

  it('removes the file when the server is closed', async () => {
    const path = temporaryPath();
    const server = await shoutOn(path);
    server.close();
    expect(existsSync(path)).toBeFalse();
  });

  describe('leaves alone at the close what is on its path by then:', () => {
    // Makes room for it, as somebody does who takes the path.
    async function closing(put: (path: string) => unknown): Promise<string> {
      const path = temporaryPath();
      const server = await shoutOn(path);
      unlinkSync(path);
      await put(path);
      server.close();
      await eventually('the end', server.waitClosed());
      return path;
    }

    it('the socket of another server', async () => {
      await expectToBeServed(await closing((path) => shoutOn(path)));
    });

    it('the socket of a server that was moved there', async () => {
      const path = await closing(async (target) => {
        await shoutOn(`${target} 2`);
        renameSync(`${target} 2`, target);
      });
      await expectToBeServed(path);
    });

    it('the socket of a server of plain Node', async () => {
      const path = await closing((target) => peers.listenOnPath(target, (socket) => socket.end('plain')));
      expect(text(await everythingFrom(await peers.connectToPath(path)))).toBe('plain');
    });

    it('a file', async () => {
      const path = await closing((target) => writeFileSync(target, 'Dear Sir'));
      expect(readFileSync(path, 'utf8')).toBe('Dear Sir');
    });

    it('a folder', async () => {
      const path = await closing((target) => mkdirSync(target));
      expect(statSync(path).isDirectory()).toBeTrue();
    });

    it('a link', async () => {
      const path = await closing((target) => symlinkSync('nothing', target));
      expect(readlinkSync(path)).toBe('nothing');
    });

    it('nothing', async () => {
      const path = await closing(() => undefined);
      expect(existsSync(path)).toBeFalse();
    });
  });

  it('serves on a path that is as long as it may be', async () => {
    const folder = temporaryPath('x');
    const path = folder.padEnd(process.platform === 'linux' ? 107 : 103, 'x');
    await shoutOn(path);
    await expectToBeServed(path);
    finish.next();
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  it('leaves no file when it is unsubscribed from before it listens', async () => {
    const path = temporaryPath();
    unixServerConnections$(path, { onListening: () => events.push('listening') })
      .subscribe()
      .unsubscribe();
    await shoutOn(temporaryPath('another, later'));
    expect(existsSync(path)).toBeFalse();
    expect(events).toEqual([]);
  });

  it('refuses the path of a live server, which goes on', async () => {
    const path = temporaryPath();
    await shoutOn(path);
    const client = await peers.connectToPath(path);
    for (const replaceStale of [false, true]) {
      const error = await failureOf('listening', unixServerConnections$(path, { replaceStale }));
      expect(error).toEqual(jasmine.objectContaining({ code: 'EADDRINUSE', syscall: 'listen' }));
    }
    const answer = everythingFrom(client);
    client.end('still here\n');
    expect(text(await answer)).toBe('STILL HERE\n');
    await expectToBeServed(path);
  });

  it('tells of a file that a server has left behind', async () => {
    const path = temporaryPath();
    await leaveStale(path);
    const error = await failureOf('listening', unixServerConnections$(path));
    expect(error).toBeInstanceOf(StaleSocketError);
    expect((error as StaleSocketError).path).toBe(path);
    expect((error as Error).message).toContain(path);
    expect((error as Error).cause).toEqual(jasmine.objectContaining({ code: 'EADDRINUSE' }));
    expect(existsSync(path)).withContext('the file is left alone').toBeTrue();
  });

  it('takes the place of a server that is no more, if asked to', async () => {
    const path = temporaryPath();
    await leaveStale(path);
    await shoutOn(path, { replaceStale: true });
    await expectToBeServed(path);
    finish.next();
    expect(existsSync(path)).toBeFalse();
  });

  it('never listens when it is unsubscribed from while it looks whether the file is stale', async () => {
    const path = temporaryPath();
    await leaveStale(path);
    const stop = new Subject<void>();
    unixServerConnections$(path, { replaceStale: true, onListening: () => events.push('listening') })
      .pipe(takeUntil(stop))
      .subscribe({ error: () => events.push('error') });
    // The next tick tells of the address in use; the answer of the other socket comes later.
    await new Promise((resolve) => process.nextTick(resolve));
    stop.next();
    await expectAsync(shoutOn(path)).toBeRejectedWith(jasmine.any(StaleSocketError));
    await expectAsync(shoutOn(path)).toBeRejectedWith(jasmine.any(StaleSocketError));
    expect(existsSync(path)).toBeTrue();
    expect(events).toEqual([]);
  });

  it('never removes a file that is no socket', async () => {
    const path = temporaryPath('a letter');
    writeFileSync(path, 'Dear Sir');
    const error = await failureOf('listening', unixServerConnections$(path, { replaceStale: true }));
    expect(error).toEqual(jasmine.objectContaining({ code: 'EADDRINUSE' }));
    expect(readFileSync(path, 'utf8')).toBe('Dear Sir');
  });

  it("errors with Node's own error when the folder does not exist", async () => {
    const error = await failureOf(
      'listening',
      unixServerConnections$(temporaryPath('no such folder/socket')),
    );
    expect(error).toEqual(jasmine.objectContaining({ syscall: 'listen' }));
    expect((error as NodeJS.ErrnoException).code).toMatch(/EACCES|ENOENT/);
  });

  it('lets every user read or write, if asked to', async () => {
    const path = temporaryPath();
    await shoutOn(path, { readableAll: true, writableAll: true });
    expect(statSync(path).mode & 0o666).toBe(0o666);
  });

  it('leaves connections alone that were taken', async () => {
    const path = temporaryPath();
    const server = await new Promise<Server>((resolve) => {
      fromServer({ path }).pipe(takeUntil(finish)).subscribe(resolve);
    });
    const taken = firstValueFrom(server.connections$);
    const client: Socket = await peers.connectToPath(path);
    const { reader, writer } = await eventually('the connection', taken);
    finish.next();
    client.end('after the end of listening');
    expect(text(await eventually('the words', reader.read()))).toBe('after the end of listening');
    writer.close();
    await eventually('the close', writer.waitClosed());
  });

  it('takes no other target beside the path', () => {
    const both = { path: '/x', port: 0 } as unknown as { path: string };
    expect(() => fromServer(both)).toThrowError(TypeError, /One of port .* path and fd/);
    expect(() => fromServer({} as { path: string })).toThrowError(TypeError, /One of port .* path and fd/);
  });
});
