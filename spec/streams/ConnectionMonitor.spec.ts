import { connectionPair, serve, type Connection } from '../../src/index.js';
import { NEVER, Subject, VirtualTimeScheduler } from 'rxjs';

/** What a connection tells its monitor, as text. */
function monitored(connection: Connection): string[] {
  const told: string[] = [];
  connection.core.monitor = {
    paused: (_, side) => told.push(`${side} paused`),
    resumed: (_, side, milliseconds) => told.push(`${side} resumed after ${milliseconds}`),
    waiting: (_, waits) => told.push(waits ? 'waits' : 'waits no more'),
    refused: (_, error) => told.push(`refused: ${(error as Error).message}`),
    handlerFailed: (_, error) => told.push(`handler failed: ${String(error)}`),
    secured: () => told.push('secured'),
    gone: ({ lifecycle }) => told.push(`gone: ${lifecycle.phase}`),
  };
  return told;
}

describe('ConnectionMonitor', () => {
  let time: VirtualTimeScheduler;
  let client: Connection;
  let server: Connection;

  beforeEach(() => {
    time = new VirtualTimeScheduler();
    [client, server] = connectionPair({ scheduler: time, limit: 10, highWaterMark: 20, lowWaterMark: 5 });
  });

  function after(milliseconds: number, call: () => void): void {
    time.schedule(call, milliseconds);
  }

  it('is told of the pauses of both sides, and how long they were', () => {
    const told = [monitored(client), monitored(server)];
    after(100, () => client.writer.write('x'.repeat(30)));
    after(150, () => client.writer.write('x'.repeat(30)));
    after(400, () => server.reader.readExactly(60).subscribe());
    time.flush();
    expect(told).toEqual([
      ['write paused', 'write resumed after 250'],
      ['read paused', 'read resumed after 300'],
    ]);
  });

  it('is told of the end of a pause when the connection goes', () => {
    const told = [monitored(client), monitored(server)];
    after(0, () => client.writer.write('x'.repeat(60)));
    after(0, () => client.writer.write('x'.repeat(60)));
    after(70, () => client.writer.abort());
    time.flush();
    expect(told).toEqual([
      ['write paused', 'write resumed after 70', 'gone: gone'],
      ['read paused', 'read resumed after 70', 'gone: gone'],
    ]);
    expect(client.core.standstill('write')).toEqual(jasmine.objectContaining({ count: 1, isNow: false }));
    expect(client.core.standstill('write')!.total(1000)).toBe(70);
    expect(client.core.standstill('read')).toBeUndefined();
  });

  it('is told of a connection that waits for a place of serve, and of one that is refused', () => {
    const [, second] = connectionPair({ scheduler: time });
    const [, third] = connectionPair({ scheduler: time });
    const told = [server, second, third].map(monitored);
    const source$ = new Subject<Connection>();
    source$
      .pipe(serve(() => NEVER, { concurrency: 1, maxPending: 1, scheduler: time, onError: () => undefined }))
      .subscribe();
    source$.next(server);
    source$.next(second);
    expect(second.core.waitsFor).toEqual({ what: 'one of the 1 places of serve', since: 0 });
    source$.next(third);
    server.writer.abort();
    expect(told).toEqual([
      // It had no read that would have failed, so its handler ends when all others know.
      ['gone: gone', 'handler failed: ConnectionClosedError: The connection was aborted by this side'],
      ['waits', 'waits no more'],
      ['refused: A connection was refused: 1 are served and 1 wait, the most that may', 'gone: gone'],
    ]);
    expect(second.core.waitsFor).toBeUndefined();
  });

  it('that does not ask who waits is told of everything else', () => {
    const told = monitored(server);
    delete server.core.monitor!.waiting;
    server.core.waits('somebody');
    expect(server.core.waitsFor).toEqual({ what: 'somebody', since: 0 });
    server.core.waits();
    server.writer.abort();
    expect(told).toEqual(['gone: gone']);
  });

  it('is told once of a wait that is told of again, and the time is that of the first', () => {
    const told = monitored(server);
    server.core.waits('somebody');
    after(10, () => server.core.waits('somebody else'));
    time.flush();
    expect(server.core.waitsFor).toEqual({ what: 'somebody', since: 0 });
    server.core.waits();
    server.core.waits();
    expect(told).toEqual(['waits', 'waits no more']);
  });

  it('is told once when a connection that waits goes', () => {
    const [peer, second] = connectionPair({ scheduler: time });
    const told = monitored(second);
    const source$ = new Subject<Connection>();
    source$.pipe(serve(() => NEVER, { concurrency: 1, scheduler: time })).subscribe();
    source$.next(server);
    source$.next(second);
    peer.writer.abort();
    expect(told).toEqual(['waits', 'waits no more', 'gone: gone']);
  });

  it('is told of what a handler fails with', () => {
    const told = monitored(server);
    const source$ = new Subject<Connection>();
    const fail = (): never => {
      throw new RangeError('too much');
    };
    source$.pipe(serve(fail, { scheduler: time, onError: () => undefined })).subscribe();
    source$.next(server);
    expect(told).toEqual(['handler failed: RangeError: too much', 'gone: gone']);
  });
});
