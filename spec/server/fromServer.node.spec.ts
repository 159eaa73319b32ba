import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import {
  firstValueFrom,
  fromEvent,
  mergeMap,
  NEVER,
  startWith,
  Subject,
  switchMap,
  takeUntil,
  tap,
  toArray,
} from 'rxjs';
import { fromServer } from '../../src/server/fromServer.js';
import type { Server } from '../../src/server/Server.js';
import { shown } from '../../src/streams/check.js';
import { text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { plainPeers } from '../observables/plainPeers.js';
import { temporaryPaths } from '../observables/temporaryPaths.js';

const host = '127.0.0.1';

describe('fromServer', () => {
  const peers = plainPeers();
  const temporaryPath = temporaryPaths();
  const finish = new Subject<void>();

  afterEach(() => finish.next());

  function listen(port = 0): Promise<Server> {
    // firstValueFrom alone would unsubscribe, and that stops the server.
    return new Promise((resolve, reject) => {
      fromServer({ host, port }).pipe(takeUntil(finish)).subscribe({ next: resolve, error: reject });
    });
  }

  describe('checks its options at the call:', () => {
    for (const port of [-1, 65536, 0.5, NaN, '0' as unknown as number]) {
      it(`a port of ${typeof port} ${port}`, () => {
        expect(() => fromServer({ port })).toThrowError(RangeError, new RegExp(`port .*not ${shown(port)}$`));
      });
    }

    it('what it hands on to its connections', () => {
      expect(() => fromServer({ port: 0, limit: 0 })).toThrowError(RangeError, /limit .*not 0$/);
      expect(() => fromServer({ port: 0, highWaterMark: NaN })).toThrowError(RangeError, /not NaN and NaN$/);
      expect(() => fromServer({ port: 0, closeTimeout: -1 })).toThrowError(
        RangeError,
        /closeTimeout .*not -1$/,
      );
    });
  });

  it('takes a free port for port 0, and names it', async () => {
    const server = await listen();
    expect(server.addresses).toEqual([
      { address: host, family: 'IPv4', port: jasmine.any(Number) as unknown as number },
    ]);
    expect(server.addresses[0]!.port).toBeGreaterThan(0);
    expect(server.isServing).toBeTrue();
    const client = await peers.connect(server.addresses[0]!.port);
    expect(client.remotePort).toBe(server.addresses[0]!.port);
  });

  it('listens anew for each subscription', async () => {
    const [one, other] = [await listen(), await listen()];
    expect(one.addresses[0]!.port).not.toBe(other.addresses[0]!.port);
  });

  it("errors with Node's own error when the port is taken", async () => {
    const port = await peers.listen();
    const error = await failureOf('listening', fromServer({ host, port }));
    expect(error).toEqual(jasmine.objectContaining({ code: 'EADDRINUSE', syscall: 'listen', port }));
  });

  it('has nothing left on the disk when it tells that a path is taken: whoever hears of it may end the process', async () => {
    const path = temporaryPath();
    await peers.listenOnPath(path);
    const names = await new Promise((resolve) => {
      fromServer({ path, replaceStale: true }).subscribe({
        error: () => resolve(readdirSync(dirname(path))),
      });
    });
    expect(names).toEqual([basename(path)]);
  });

  it('stops listening when it is unsubscribed from: the next connect is refused', async () => {
    const server = await listen();
    const { port } = server.addresses[0]!;
    finish.next();
    expect(server.isServing).toBeFalse();
    const error = await failureOf('the connect', peers.connect(port));
    expect(error).toEqual(jasmine.objectContaining({ code: 'ECONNREFUSED' }));
  });

  it('never listens when it is unsubscribed from before', async () => {
    const events: string[] = [];
    fromServer({ host, port: 0 })
      .subscribe({
        next: () => events.push('next'),
        error: () => events.push('error'),
        complete: () => events.push('complete'),
      })
      .unsubscribe();
    // One that is begun later listens later.
    await listen();
    expect(events).toEqual([]);
  });

  it('never listens when it is unsubscribed from while the name of the host is looked up', async () => {
    const events: string[] = [];
    fromServer({ host: 'localhost', port: 0 })
      .subscribe({ next: () => events.push('next'), error: () => events.push('error') })
      .unsubscribe();
    const other = fromServer({ host: 'localhost', port: 0 });
    expect((await eventually('a server on the same name', other)).addresses.length).toBe(1);
    expect(events).toEqual([]);
  });

  it('frees the port: the same one can be listened on again', async () => {
    const first = await listen();
    const { port } = first.addresses[0]!;
    finish.next();
    const second = await listen(port);
    expect(second.addresses[0]!.port).toBe(port);
  });

  it('completes when the server is closed', async () => {
    const servers = fromServer({ host, port: 0 }).pipe(
      tap((server) => server.close()),
      toArray(),
    );
    const [server] = await eventually('the completion', servers);
    expect(server!.isServing).toBeFalse();
  });

  it('leaves connections alone that were taken when it stops', async () => {
    const server = await listen();
    const taken = firstValueFrom(server.connections$);
    const client = await peers.connect(server.addresses[0]!.port);
    const { reader, writer } = await eventually('the connection', taken);
    finish.next();
    client.write('still there?');
    expect(text(await eventually('the question', reader.readExactly(12)))).toBe('still there?');
    const answer = eventually('the answer', fromEvent(client, 'data'));
    writer.write('yes');
    expect(String(await answer)).toBe('yes');
    client.end();
    writer.close();
    await eventually('the close', writer.waitClosed());
  });

  it('gives its options to the connections', async () => {
    const port = new Subject<number>();
    const connection = eventually(
      'the connection',
      fromServer({ host, port: 0, limit: 3 }).pipe(
        switchMap((server) => {
          const accepted = server.connections$;
          queueMicrotask(() => port.next(server.addresses[0]!.port));
          return accepted;
        }),
        mergeMap(({ reader, writer }) => reader.readLine().pipe(tap({ finalize: () => writer.abort() }))),
      ),
    );
    const failed = failureOf('the line', connection);
    const client = await peers.connect(await eventually('the port', port));
    client.write('a line that is too long\n');
    expect(await failed).toEqual(jasmine.objectContaining({ code: 'ERR_LIMIT_OVERRUN' }));
  });

  it('listens as long as it is subscribed to, also when nobody connects', async () => {
    const events: string[] = [];
    const server = await new Promise<Server>((resolve) => {
      fromServer({ host, port: 0 })
        .pipe(
          tap({ complete: () => events.push('complete') }),
          switchMap((value) => NEVER.pipe(startWith(value))),
          takeUntil(finish),
        )
        .subscribe(resolve);
    });
    await peers.connect(server.addresses[0]!.port);
    expect(server.isServing).toBeTrue();
    expect(events).toEqual([]);
  });
});
