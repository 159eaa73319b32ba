import { execFileSync, spawn } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { openSync } from 'node:fs';
import { Socket } from 'node:net';
import { fromEvent, mergeMap, Subject, tap, toArray, VirtualTimeScheduler } from 'rxjs';
import type { TcpTarget } from '../../src/node.js';
import { fromConnection } from '../../src/observables/fromConnection.js';
import { openConnection } from '../../src/observables/openConnection.js';
import { ConnectionClosedError, ConnectTimeoutError } from '../../src/streams/errors.js';
import { text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { ownedClients } from './ownedClients.js';
import { plainPeers } from './plainPeers.js';
import { temporaryPaths } from './temporaryPaths.js';

type Lookup = NonNullable<TcpTarget['lookup']>;

const host = '127.0.0.1';

/** Knows some names, and answers in the form that it is asked for. */
function phoneBook(
  names: Record<string, { address: string; family: 4 | 6 }[]>,
  asked: unknown[] = [],
): Lookup {
  return (name, options, answer) => {
    asked.push(options.family);
    const family = Number(options.family ?? 0);
    const found = names[name]!.filter((entry) => family === 0 || entry.family === family);
    process.nextTick(() => {
      if (options.all) answer(null, found);
      else answer(null, found[0]!.address, found[0]!.family);
    });
  };
}

describe('The options of fromConnection', () => {
  const peers = plainPeers();
  const temporaryPath = temporaryPaths();
  const connect = ownedClients();

  const there = { address: host, family: 4 as const };
  const nowhere = { address: '::1', family: 6 as const };

  it('lookup: asked for the name in place of the system', async () => {
    const port = await peers.listen();
    const lookup = phoneBook({ 'no.such.host.test': [there] });
    const { writer } = await connect({ host: 'no.such.host.test', port, lookup });
    expect(writer.getExtraInfo('peername')).toEqual({ address: host, family: 'IPv4', port });
  });

  it('lookup: its error is the error of the connect', async () => {
    const failing: Lookup = (_name, _options, answer) => answer(new Error('no dial tone'), '');
    const error = await failureOf(
      'the connect',
      fromConnection({ host: 'x.test', port: 1, lookup: failing }),
    );
    expect((error as Error).message).toBe('no dial tone');
  });

  it('family: addresses of that version only', async () => {
    const port = await peers.listen();
    const asked: unknown[] = [];
    const lookup = phoneBook({ 'both.test': [nowhere, there] }, asked);
    const { writer } = await connect({ host: 'both.test', port, lookup, family: 4 });
    expect(writer.getExtraInfo('peername')!.family).toBe('IPv4');
    expect(asked).toEqual([4]);
    const refused = await failureOf(
      'the connect',
      fromConnection({ host: 'both.test', port, lookup, family: 6 }),
    );
    expect(refused).toEqual(jasmine.objectContaining({ address: '::1' }));
  });

  it('autoSelectFamily: the next address when the first refuses, or not', async () => {
    const port = await peers.listen();
    const lookup = phoneBook({ 'both.test': [nowhere, there] });
    const options = { host: 'both.test', port, lookup, autoSelectFamilyAttemptTimeout: 1000 };
    const { writer } = await connect({ ...options, autoSelectFamily: true });
    expect(writer.getExtraInfo('peername')!.address).toBe(host);
    const error = await failureOf('the connect', fromConnection({ ...options, autoSelectFamily: false }));
    expect(error).toEqual(jasmine.objectContaining({ address: '::1' }));
  });

  it('autoSelectFamily: one error for each address where all refuse', async () => {
    const port = await peers.unusedPort();
    const lookup = phoneBook({ 'both.test': [nowhere, there] });
    const error = await failureOf('the connect', fromConnection({ host: 'both.test', port, lookup }));
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors.length).toBe(2);
  });

  it('localAddress and localPort: where the connection comes from', async () => {
    const port = await peers.listen();
    const localPort = await peers.unusedPort();
    const { writer } = await connect({ host, port, localAddress: host, localPort });
    expect(writer.getExtraInfo('sockname')).toEqual({ address: host, family: 'IPv4', port: localPort });
  });

  it('keepAlive: as it is told, and not otherwise', async () => {
    const port = await peers.listen();
    const setKeepAlive = spyOn(Socket.prototype, 'setKeepAlive').and.callThrough();
    await connect({ host, port });
    expect(setKeepAlive).not.toHaveBeenCalled();
    await connect({ host, port, keepAlive: true, keepAliveInitialDelay: 60_000 });
    expect(setKeepAlive.calls.allArgs()).toEqual([[true, 60_000]]);
  });

  it('host: localhost by default', async () => {
    const port = await peers.listen();
    const asked: string[] = [];
    const lookup: Lookup = (name, options, answer) => {
      asked.push(name);
      phoneBook({ localhost: [there] })(name, options, answer);
    };
    await connect({ port, lookup });
    expect(asked).toEqual(['localhost']);
  });

  describe('fd:', () => {
    it('a pipe that is open', async () => {
      const path = temporaryPath('pipe');
      execFileSync('mkfifo', [path]);
      // Both ends in one: what is written can be read.
      const { reader, writer } = await connect({ fd: openSync(path, 'r+') });
      writer.write('round trip\n');
      expect(text(await eventually('the line', reader.readLine()))).toBe('round trip\n');
      writer.abort();
      await eventually('the close', writer.waitClosed());
    });

    it('a socket that somebody else has connected', async () => {
      const [mine, other] = await peers.pair();
      const script = `
        import { fromConnection } from ${JSON.stringify(new URL('../../src/observables/fromConnection.js', import.meta.url).href)};
        fromConnection({ fd: 3 }).subscribe(({ reader, writer }) => {
          reader.readLine().subscribe((line) => {
            writer.write(\`\${writer.getExtraInfo('peername').port} \${Buffer.from(line)}\`);
            writer.close();
          });
        });`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'ignore', 'inherit', mine],
        timeout: 10_000,
      });
      const exited = eventually('the end of the child', fromEvent(child, 'exit'));
      const answer = eventually('the answer', fromEvent(other, 'data'));
      other.write('hello\n');
      expect(String(await answer)).toBe(`${other.localPort!} hello\n`);
      mine.destroy();
      other.end();
      expect(await exited).toEqual([0, null] as unknown);
    });

    it('nothing that is open: an error', async () => {
      const error = await failureOf('the connect', fromConnection({ fd: 2 ** 30 }));
      expect(error).toEqual(jasmine.any(Error));
      for (const fd of [-1, 1.5, NaN, '3' as unknown as number]) {
        expect(() => fromConnection({ fd })).toThrowError(RangeError, /^fd must be a non-negative integer/);
      }
    });
  });

  describe('connectTimeout:', () => {
    const silent: Lookup = () => undefined;

    it('how long it may take, from the look-up on', async () => {
      const scheduler = new VirtualTimeScheduler();
      const options = { host: 'x.test', port: 1, lookup: silent, connectTimeout: 1500, scheduler };
      const failed = failureOf('the connect', fromConnection(options));
      const destroyed = spyOn(Socket.prototype, 'destroy').and.callThrough();
      scheduler.maxFrames = 1499;
      scheduler.flush();
      expect(destroyed).not.toHaveBeenCalled();
      scheduler.maxFrames = 1500;
      scheduler.flush();
      expect(destroyed).toHaveBeenCalled();
      const error = await failed;
      expect(error).toBeInstanceOf(ConnectTimeoutError);
      expect((error as ConnectTimeoutError).timeout).toBe(1500);
    });

    it('no timer is left when it is there in time, has failed, or is unsubscribed from', async () => {
      const port = await peers.listen();
      const scheduler = new VirtualTimeScheduler();
      const { writer } = await connect({ host, port, connectTimeout: 1500, scheduler });
      scheduler.flush();
      expect(writer.isClosing()).toBeFalse();
      const unused = await peers.unusedPort();
      await failureOf('the connect', fromConnection({ host, port: unused, connectTimeout: 1500, scheduler }));
      fromConnection({ host: 'x.test', port: 1, lookup: silent, connectTimeout: 1500, scheduler })
        .subscribe()
        .unsubscribe();
      scheduler.flush();
      expect(scheduler.now()).toBe(0);
    });

    for (const connectTimeout of [0, -1, NaN, Infinity]) {
      it(`${connectTimeout} is refused at the call`, () => {
        expect(() => fromConnection({ port: 1, connectTimeout })).toThrowError(
          RangeError,
          /^connectTimeout must/,
        );
      });
    }
  });

  describe('signal:', () => {
    let controller: AbortController;
    let signal: AbortSignal;

    beforeEach(() => {
      controller = new AbortController();
      ({ signal } = controller);
    });

    function listeners(): number {
      return getEventListeners(signal, 'abort').length;
    }

    it('aborted before: its reason is the error, and no socket is made', async () => {
      const opened = spyOn(Socket.prototype, 'connect').and.callThrough();
      signal = AbortSignal.abort('too early');
      expect(await failureOf('the connect', fromConnection({ port: 1, signal }))).toBe('too early');
      await expectAsync(openConnection({ port: 1, signal })).toBeRejectedWith('too early');
      expect(opened).not.toHaveBeenCalled();
    });

    it('aborted during the attempt: its reason is the error, and the attempt is cancelled', async () => {
      const lookup: Lookup = () => undefined;
      const failed = failureOf('the connect', fromConnection({ host: 'x.test', port: 1, lookup, signal }));
      const destroyed = spyOn(Socket.prototype, 'destroy').and.callThrough();
      controller.abort('changed my mind');
      expect(await failed).toBe('changed my mind');
      expect(destroyed).toHaveBeenCalled();
      expect(listeners()).toBe(0);
    });

    it('aborted during the TLS handshake: the same', async () => {
      const accepted = new Subject<Socket>();
      const port = await peers.listen((socket) => accepted.next(socket));
      const hello = eventually(
        'the first message',
        accepted.pipe(mergeMap((peer) => fromEvent(peer, 'data'))),
      );
      const failed = failureOf('the connect', fromConnection({ host, port, tls: true, signal }));
      await hello;
      controller.abort('changed my mind');
      expect(await failed).toBe('changed my mind');
      expect(listeners()).toBe(0);
    });

    it('aborted later: aborts the connection, and completes the source', async () => {
      const port = await peers.listen();
      const connections = fromConnection({ host, port, signal }).pipe(
        tap(() => process.nextTick(() => controller.abort('enough'))),
        toArray(),
      );
      const [connection] = await eventually('the completion', connections);
      const error = await failureOf('the read', connection!.reader.read());
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect((error as Error).cause).toBe('enough');
      expect(listeners()).toBe(0);
    });

    it('aborted inside next: the same', async () => {
      const port = await peers.listen();
      const connections = fromConnection({ host, port, signal }).pipe(
        tap(() => controller.abort('enough')),
        toArray(),
      );
      const [connection] = await eventually('the completion', connections);
      expect(await failureOf('the read', connection!.reader.read())).toEqual(
        jasmine.objectContaining({ code: 'ERR_CONNECTION_CLOSED', cause: 'enough' }),
      );
      expect(listeners()).toBe(0);
    });

    it('never aborted: nothing is left on it when the connection is gone, or never was', async () => {
      const port = await peers.listen();
      const connection = await openConnection({ host, port, signal });
      expect(listeners()).toBe(1);
      connection.writer.abort();
      await eventually('the close', connection.writer.waitClosed());
      expect(listeners()).toBe(0);
      await failureOf('the connect', fromConnection({ host, port: await peers.unusedPort(), signal }));
      fromConnection({ host, port, signal }).subscribe().unsubscribe();
      expect(listeners()).toBe(0);
    });
  });

  it('a socket that is neither connected nor connecting is an error', async () => {
    const error = await failureOf('the connect', fromConnection({ socket: new Socket() }));
    expect(error).toEqual(jasmine.any(TypeError));
    const [gone] = await peers.pair();
    gone.destroy();
    expect(await failureOf('the connect', fromConnection({ socket: gone }))).toEqual(jasmine.any(TypeError));
  });
});
