import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { config, Subject, takeUntil } from 'rxjs';
import { firstUnlessAborted, whenAborted } from '../../src/observables/abortSignal.js';
import { fromConnection } from '../../src/observables/fromConnection.js';
import { openConnection } from '../../src/observables/openConnection.js';
import { fromServer } from '../../src/server/fromServer.js';
import type { Server } from '../../src/server/Server.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { plainPeers } from './plainPeers.js';

const host = '127.0.0.1';
// Node warns of more than ten listeners.
const MANY = 30;

describe('One AbortSignal for many:', () => {
  const peers = plainPeers();
  const finish = new Subject<void>();
  const warnings: string[] = [];
  const onWarning = ({ name }: Error): void => void warnings.push(name);
  let controller: AbortController;
  let signal: AbortSignal;

  beforeEach(() => {
    warnings.splice(0);
    process.on('warning', onWarning);
    controller = new AbortController();
    ({ signal } = controller);
  });

  afterEach(() => {
    finish.next();
    process.off('warning', onWarning);
  });

  function listeners(): number {
    return getEventListeners(signal, 'abort').length;
  }

  async function expectNoWarning(): Promise<void> {
    // Warnings come with the next tick.
    await turn();
    expect(warnings).toEqual([]);
  }

  it('connections have one listener, until the last one is gone', async () => {
    const port = await peers.listen();
    const connections = await Promise.all(
      Array.from({ length: MANY }, () => openConnection({ host, port, signal })),
    );
    expect(listeners()).toBe(1);
    for (const { writer } of connections.slice(1)) {
      writer.abort();
      await eventually('the close', writer.waitClosed());
    }
    expect(listeners()).toBe(1);
    connections[0]!.writer.abort();
    await eventually('the last close', connections[0]!.writer.waitClosed());
    expect(listeners()).toBe(0);
    await expectNoWarning();
  });

  it('connections are all told, with the reason', async () => {
    const port = await peers.listen();
    const connections = await Promise.all(
      Array.from({ length: MANY }, () => openConnection({ host, port, signal })),
    );
    const reads = connections.map(({ reader }) => failureOf('a read', reader.read()));
    controller.abort('enough');
    for (const error of await Promise.all(reads)) {
      expect(error).toEqual(jasmine.objectContaining({ code: 'ERR_CONNECTION_CLOSED', cause: 'enough' }));
    }
    expect(listeners()).toBe(0);
    await expectNoWarning();
  });

  it('attempts under way have one listener, and are all cancelled', async () => {
    const options = { host: 'x.test', port: 1, lookup: () => undefined, signal };
    const failures = Array.from({ length: MANY }, () => failureOf('an attempt', fromConnection(options)));
    expect(listeners()).toBe(1);
    controller.abort('changed my mind');
    expect(new Set(await Promise.all(failures))).toEqual(new Set(['changed my mind']));
    expect(listeners()).toBe(0);
    await expectNoWarning();
  });

  it('servers, connections and attempts share the one', async () => {
    const servers: Server[] = [];
    for (let i = 0; i < MANY; i++) {
      servers.push(
        await new Promise((resolve) => {
          fromServer({ host, port: 0, signal }).pipe(takeUntil(finish)).subscribe(resolve);
        }),
      );
    }
    const { port } = servers[0]!.addresses[0]!;
    const connection = await openConnection({ host, port, signal });
    const attempt = failureOf(
      'the attempt',
      fromConnection({ host: 'x.test', port: 1, lookup: () => undefined, signal }),
    );
    expect(listeners()).toBe(1);
    controller.abort('all of you');
    expect(await attempt).toBe('all of you');
    expect(servers.map(({ isServing }) => isServing)).not.toContain(true);
    await failureOf('the read', connection.reader.read());
    await Promise.all(servers.map((server) => eventually('a server to be done', server.waitClosed())));
    expect(listeners()).toBe(0);
    await expectNoWarning();
  });

  it('the listeners of others stay', async () => {
    const told: string[] = [];
    signal.addEventListener('abort', () => told.push('another'));
    whenAborted(signal, () => told.push('mine'))();
    expect(listeners()).toBe(1);
    controller.abort();
    expect(told).toEqual(['another']);
    await expectNoWarning();
  });

  it('one that is taken back twice takes nobody else with it', () => {
    const told: string[] = [];
    const note = (): void => void told.push('told');
    const forget = whenAborted(signal, note);
    forget();
    whenAborted(signal, note);
    forget();
    whenAborted(signal, note);
    controller.abort();
    expect(told).toEqual(['told', 'told']);
    expect(listeners()).toBe(0);
  });

  it('one that is taken back by another while they are told is not told', () => {
    const told: string[] = [];
    whenAborted(signal, () => {
      told.push('first');
      forget();
    });
    const forget = whenAborted(signal, () => told.push('second'));
    whenAborted(signal, () => told.push('third'));
    controller.abort();
    expect(told).toEqual(['first', 'third']);
  });

  it('one that throws is reported, and the others are told', async () => {
    const told: string[] = [];
    const reported = new Promise((resolve) => (config.onUnhandledError = resolve));
    whenAborted(signal, () => {
      throw new Error('not today');
    });
    whenAborted(signal, () => told.push('second'));
    controller.abort();
    expect(told).toEqual(['second']);
    expect(listeners()).toBe(0);
    expect(await eventually('the report', reported)).toEqual(new Error('not today'));
    config.onUnhandledError = null;
  });

  it('the first value is let through, and the signal let go of', () => {
    const source = new Subject<number>();
    const values: number[] = [];
    source.pipe(firstUnlessAborted(signal)).subscribe((value) => values.push(value));
    source.next(1);
    expect(values).toEqual([1]);
    expect(listeners()).toBe(0);
  });
});
