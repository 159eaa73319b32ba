import { spawn } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { createServer, Server as NetServer, Socket } from 'node:net';
import { first, fromEvent, Subject, takeUntil, VirtualTimeScheduler } from 'rxjs';
import { fromServer } from '../../src/server/fromServer.js';
import type { Server } from '../../src/server/Server.js';
import type { ServerOptions } from '../../src/server/ServerOptions.js';
import type { Connection } from '../../src/streams/Connection.js';
import { text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { everythingFrom, plainPeers } from '../observables/plainPeers.js';

const host = '127.0.0.1';

describe('The options of fromServer', () => {
  const peers = plainPeers();
  const finish = new Subject<void>();
  const events: string[] = [];

  beforeEach(() => events.splice(0));

  afterEach(() => finish.next());

  function listen(options: Partial<ServerOptions> = {}): Promise<Server> {
    return new Promise((resolve, reject) => {
      fromServer({ host, port: 0, ...options } as ServerOptions)
        .pipe(takeUntil(finish))
        .subscribe({
          next: resolve,
          error: (error: unknown) => {
            events.push('error');
            reject(error);
          },
          complete: () => events.push('complete'),
        });
    });
  }

  function connectTo(server: Server): Promise<Socket> {
    return peers.connectAccepted(server.addresses[0]!.port);
  }

  it('backlog, ipv6Only: handed on to Node, and not when they are not given', async () => {
    const listening = spyOn(NetServer.prototype, 'listen').and.callThrough();
    await listen({ backlog: 5, ipv6Only: true });
    await listen({ backlog: undefined, ipv6Only: undefined } as unknown as ServerOptions);
    expect(listening.calls.allArgs().map(([options]) => options as unknown)).toEqual([
      { host, port: 0, backlog: 5, ipv6Only: true },
      { host, port: 0 },
    ]);
    for (const backlog of [0, -1, 1.5, NaN]) {
      expect(() => fromServer({ port: 0, backlog })).toThrowError(RangeError, /^backlog must be/);
    }
  });

  it('reusePort: an error at the call where Node would ignore it', () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const supported = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
    const call = expect(() => fromServer({ port: 0, reusePort: true }));
    if (supported) call.not.toThrow();
    else call.toThrowError(TypeError, /^reusePort needs Node.js 22.12 or later, this is v/);
    expect(() => fromServer({ port: 0, reusePort: false })).not.toThrow();
  });

  it('noDelay and keepAlive: on each connection', async () => {
    const setNoDelay = spyOn(Socket.prototype, 'setNoDelay').and.callThrough();
    const server = await listen({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 });
    const taken = eventually('the connection', server.connections$.pipe(first()));
    await connectTo(server);
    const { writer } = await taken;
    expect(writer.getExtraInfo('socket')).toBeInstanceOf(Socket);
    expect(setNoDelay).not.toHaveBeenCalledWith(false);
    writer.abort();
  });

  it('fd: a socket that listens already, as systemd passes it on', async () => {
    const listening = createServer().listen(0, host);
    await once(listening, 'listening');
    const { port } = listening.address() as { port: number };
    const script = `
      import { fromServer } from ${JSON.stringify(new URL('../../src/server/fromServer.js', import.meta.url).href)};
      fromServer({ fd: 3 }).subscribe((server) => {
        server.connections$.subscribe(({ reader, writer }) => {
          reader.readLine().subscribe((line) => {
            writer.write(\`\${server.addresses[0].port} \${Buffer.from(line)}\`);
            writer.close();
            server.close();
          });
        });
      });`;
    const { fd } = (listening as unknown as { _handle: { fd: number } })._handle;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'inherit', fd],
      timeout: 10_000,
    });
    const exited = eventually('the end of the child', fromEvent(child, 'exit'));
    listening.close();
    const client = await peers.connect(port);
    const answer = everythingFrom(client);
    client.write('hello\n');
    expect(text(await answer)).toBe(`${port} hello\n`);
    client.end();
    expect(await exited).toEqual([0, null] as unknown);
  });

  it('fd: an error where nothing is open, and at the call where it is no number for one', async () => {
    expect(await failureOf('listening', fromServer({ fd: 2 ** 30 }))).toEqual(jasmine.any(Error));
    for (const fd of [-1, 0.5, NaN]) {
      expect(() => fromServer({ fd })).toThrowError(RangeError, /^fd must be a non-negative integer/);
    }
  });

  it('idleTimeout: of each connection', async () => {
    const scheduler = new VirtualTimeScheduler();
    const server = await listen({ idleTimeout: 1000, scheduler });
    const taken = eventually('the connection', server.connections$.pipe(first()));
    await connectTo(server);
    const { writer } = await taken;
    const lost = failureOf('waitClosed()', writer.waitClosed());
    scheduler.flush();
    expect(((await lost) as Error).cause).toEqual(jasmine.objectContaining({ code: 'ERR_IDLE_TIMEOUT' }));
    expect(scheduler.now()).toBe(1000);
  });

  describe('signal:', () => {
    let controller: AbortController;

    beforeEach(() => (controller = new AbortController()));

    function listeners(): number {
      return getEventListeners(controller.signal, 'abort').length;
    }

    it('aborted before: its reason is the error', async () => {
      const signal = AbortSignal.abort('too early');
      expect(await failureOf('listening', fromServer({ host, port: 0, signal }))).toBe('too early');
    });

    it('aborted while it begins to listen: the same, and it listens no more', async () => {
      const { signal } = controller;
      const failed = failureOf('listening', fromServer({ host: 'localhost', port: 0, signal }));
      controller.abort('changed my mind');
      expect(await failed).toBe('changed my mind');
      expect(listeners()).toBe(0);
    });

    it('aborted later: stops listening, aborts all connections, and completes', async () => {
      const server = await listen({ signal: controller.signal });
      const taken: Connection[] = [];
      server.connections$.pipe(first()).subscribe((connection) => taken.push(connection));
      const clients = [await connectTo(server), await connectTo(server)];
      const resets = clients.map((client) => eventually('the reset', fromEvent(client.resume(), 'close')));
      const read = failureOf('the read', taken[0]!.reader.read());
      controller.abort('enough');
      expect(server.isServing).toBeFalse();
      expect(events).toEqual(['complete']);
      expect(await read).toEqual(
        jasmine.objectContaining({ code: 'ERR_CONNECTION_CLOSED', cause: 'enough' }),
      );
      await Promise.all(resets);
      for (const client of clients)
        expect(client.errored).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
      await eventually('the end', server.waitClosed());
      expect(listeners()).toBe(0);
    });

    it('never aborted: nothing is left on it when all is over', async () => {
      const server = await listen({ signal: controller.signal });
      server.connections$.subscribe();
      await connectTo(server);
      await connectTo(server);
      // One for all connections: Node warns of many.
      expect(listeners()).toBe(1);
      finish.next();
      expect(listeners()).withContext('while there are connections').toBe(1);
      server.abortClients();
      await eventually('the end', server.waitClosed());
      expect(listeners()).toBe(0);
    });
  });

  it('a peer that says nothing, or one byte at a time, holds its own connection for idleTimeout, and disturbs nobody', async () => {
    const scheduler = new VirtualTimeScheduler();
    const server = await listen({ idleTimeout: 10_000, scheduler });
    const lost: string[] = [];
    const ended = new Subject<void>();
    server.connections$.subscribe(({ reader, writer }) => {
      reader.lines().subscribe({
        next: (line) => writer.write(`${line.toUpperCase()}\n`),
        error: (error: Error) => {
          lost.push(`${(error.cause as { code: string }).code} at ${scheduler.now()}`);
          ended.next();
        },
        complete: () => writer.close(),
      });
    });
    const silent = await connectTo(server);
    const slow = await connectTo(server);
    const good = await connectTo(server);
    const resets = [silent, slow].map((peer) => eventually('the reset', fromEvent(peer.resume(), 'close')));
    for (let second = 1; second <= 9; second++) {
      slow.write('x');
      // The answer to a line of somebody else, sent behind it, says that the byte is there.
      const answer = eventually('an answer', fromEvent(good, 'data'));
      good.write(`${second}a\n`);
      expect(String(await answer)).toBe(`${second}A\n`);
      scheduler.maxFrames = second * 1000;
      scheduler.flush();
    }
    expect(lost).toEqual([]);
    scheduler.maxFrames = 10_000;
    scheduler.flush();
    await Promise.all(resets);
    expect(lost).toEqual(['ERR_IDLE_TIMEOUT at 10000', 'ERR_IDLE_TIMEOUT at 10000']);
    const rest = everythingFrom(good);
    good.end('still served\n');
    expect(text(await rest)).toBe('STILL SERVED\n');
    await eventually('the last one to go', server.active$.pipe(first((count) => count === 0)));
    expect(scheduler.actions.length).withContext('timers left').toBe(0);
  });
});
