import { connectionPair, serve, type Connection } from 'rxjs-net';
import type { ServerStats } from 'rxjs-net/node';
import { NEVER, Subject, throwError, VirtualTimeScheduler } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { ServerStatistics } from '../../src/server/ServerStatistics.js';
import type { ConnectionCore } from '../../src/streams/ConnectionCore.js';

/** What a server has that nobody has ever connected to. */
const NOTHING: ServerStats = {
  accepted: 0,
  active: 0,
  waiting: 0,
  refused: 0,
  handshakeErrors: 0,
  handlerErrors: {},
  bytesRead: 0,
  bytesWritten: 0,
  pauses: { read: { count: 0, milliseconds: 0, now: 0 }, write: { count: 0, milliseconds: 0, now: 0 } },
  durations: { count: 0, sum: 0, max: 0 },
};

describe('ServerStatistics', () => {
  let time: VirtualTimeScheduler;
  let active: Set<ConnectionCore>;
  let statistics: ServerStatistics;

  beforeEach(() => {
    time = new VirtualTimeScheduler();
    active = new Set();
    statistics = new ServerStatistics(active, new Set(), time);
  });

  /** Accepts a connection; gives both ends of it. */
  function accept(): [client: Connection, server: Connection] {
    const [client, server] = connectionPair({
      scheduler: time,
      limit: 10,
      highWaterMark: 20,
      lowWaterMark: 5,
    });
    const { core } = server;
    statistics.opened(core);
    active.add(core);
    core.onGone(() => active.delete(core));
    return [client, server];
  }

  function after(milliseconds: number, call: () => void): void {
    time.schedule(call, milliseconds);
  }

  it('begins with nothing', () => {
    expect(statistics.stats()).toEqual(NOTHING);
  });

  it('counts bytes of connections that are open, and keeps those of connections that are gone', () => {
    const [one, other] = [accept(), accept()];
    one[0].writer.write('12345');
    other[0].writer.write('123');
    other[1].writer.write('12');
    time.flush();
    expect(statistics.stats()).toEqual({ ...NOTHING, accepted: 2, active: 2, bytesRead: 8, bytesWritten: 2 });
    one[0].writer.abort();
    time.flush();
    expect(statistics.stats()).toEqual(
      jasmine.objectContaining({ accepted: 2, active: 1, bytesRead: 8, bytesWritten: 2 }),
    );
  });

  it('counts no connection twice while those are told that it is gone', () => {
    const [client, { core }] = connectionPair({ scheduler: time });
    statistics.opened(core);
    active.add(core);
    const seen: number[] = [];
    // Told before it is taken out.
    core.onGone(() => seen.push(statistics.stats().bytesRead));
    client.writer.write('12345');
    time.flush();
    client.writer.abort();
    time.flush();
    expect(seen).toEqual([5]);
  });

  it('knows how long connections were open', () => {
    for (const milliseconds of [100, 700, 400]) {
      const [, { writer }] = accept();
      after(milliseconds, () => writer.abort());
    }
    time.flush();
    expect(statistics.stats().durations).toEqual({ count: 3, sum: 1200, max: 700 });
  });

  it('counts pauses of both sides, also those that go on', () => {
    const [client, server] = accept();
    const seen: ServerStats['pauses'][] = [];
    const look = (): unknown => seen.push(statistics.stats().pauses);
    client.writer.write('x'.repeat(60));
    after(50, () => server.writer.write('x'.repeat(60)));
    after(50, () => server.writer.write('x'.repeat(60)));
    after(100, look);
    after(300, () => server.reader.readExactly(60).subscribe());
    after(300, () => client.reader.readExactly(120).subscribe());
    after(500, look);
    time.flush();
    expect(seen).toEqual([
      { read: { count: 1, milliseconds: 100, now: 1 }, write: { count: 1, milliseconds: 50, now: 1 } },
      { read: { count: 1, milliseconds: 300, now: 0 }, write: { count: 1, milliseconds: 250, now: 0 } },
    ]);
  });

  it('counts a pause that the loss of its connection has ended', () => {
    const [client] = accept();
    client.writer.write('x'.repeat(60));
    after(70, () => client.writer.abort());
    time.flush();
    expect(statistics.stats().pauses.read).toEqual({ count: 1, milliseconds: 70, now: 0 });
  });

  it('counts those that wait for a place, those that are refused, and errors of handlers', () => {
    const source$ = new Subject<Connection>();
    const seen: unknown[] = [];
    const look = (): void => {
      const { waiting, refused, handlerErrors } = statistics.stats();
      seen.push([waiting, refused, handlerErrors]);
    };
    const fails$ = new Subject<void>();
    source$
      .pipe(serve(() => fails$, { concurrency: 1, maxPending: 1, scheduler: time, onError: () => undefined }))
      .subscribe();
    for (let i = 0; i < 3; i++) {
      source$.next(accept()[1]);
      look();
    }
    fails$.error(Object.assign(new Error(), { code: 'E_ONE' }));
    time.flush();
    look();
    expect(seen).toEqual([
      [0, 0, {}],
      [1, 0, {}],
      [1, 1, {}],
      // The error is that of the next one as well, which came to its place.
      [0, 1, { E_ONE: 2 }],
    ]);
  });

  it('names errors by their code, or else their name, or what they are', () => {
    const hostile = {
      get code(): string {
        throw new Error('nobody looks at me');
      },
    };
    const errors = [new RangeError(), Object.assign(new Error(), { code: 7 }), 'text', undefined, hostile];
    const source$ = new Subject<Connection>();
    const handler = (): unknown => throwError(() => errors.shift());
    source$.pipe(serve(handler as () => never, { scheduler: time, onError: () => undefined })).subscribe();
    while (errors.length > 0) source$.next(accept()[1]);
    const expected = { RangeError: 1, 7: 1, string: 1, undefined: 1, object: 1 };
    expect(statistics.stats().handlerErrors).toEqual(expected);
  });

  it('has at most a hundred names of errors, and one for all others', () => {
    const [, { core }] = accept();
    for (let i = 0; i < 1000; i++) statistics.handlerFailed(core, { code: `E${i}` });
    statistics.handlerFailed(core, { code: 'E5' });
    const { handlerErrors } = statistics.stats();
    expect(Object.keys(handlerErrors).length).toBe(101);
    expect(handlerErrors).toEqual(jasmine.objectContaining({ E0: 1, E5: 2, E99: 1, other: 900 }));
  });

  it('gives out data that nobody can change it by', () => {
    const stats = statistics.stats();
    accept();
    expect(stats).toEqual(NOTHING);
    Object.assign(stats.durations, { count: 7 });
    Object.assign(stats.pauses.read, { count: 7 });
    expect(statistics.stats()).toEqual({ ...NOTHING, accepted: 1, active: 1 });
  });

  it(
    'tells at once, every second, and at the end',
    marbles((m) => {
      const told = new ServerStatistics(new Set(), new Set(), m.scheduler);
      const accepted = (count: number): ServerStats => ({ ...NOTHING, accepted: count });
      m.cold('--a').subscribe(() => told.opened(connectionPair()[0].core));
      m.cold('1500ms a').subscribe(() => told.opened(connectionPair()[0].core));
      const expected = 'a 999ms b 999ms c 499ms (c|)';
      const values = { a: accepted(0), b: accepted(1), c: accepted(2) };
      m.expect(told.stats$(m.cold('2500ms |'))).toBeObservable(expected, values);
    }),
  );

  it(
    'tells once, the final numbers, after the end',
    marbles((m) => {
      const told = new ServerStatistics(new Set(), new Set(), m.scheduler);
      const ended$ = new Subject<never>();
      ended$.complete();
      m.expect(told.stats$(ended$)).toBeObservable('(a|)', { a: NOTHING });
    }),
  );

  it('leaves no timer when it is unsubscribed, at whatever time', () => {
    const seen: ServerStats[] = [];
    const subscription = statistics.stats$(NEVER).subscribe((stats) => {
      seen.push(stats);
      if (seen.length === 3) subscription.unsubscribe();
    });
    time.flush();
    expect(seen.length).toBe(3);
    expect(time.frame).toBe(2000);
    statistics.stats$(NEVER).subscribe().unsubscribe();
    time.flush();
    expect(time.frame).toBe(2000);
  });

  it('ends also where its first value brings the end about', () => {
    const ended$ = new Subject<never>();
    const log: string[] = [];
    statistics.stats$(ended$).subscribe({
      next: () => {
        log.push('value');
        ended$.complete();
      },
      complete: () => log.push('complete'),
    });
    time.flush();
    expect(log).toEqual(['value', 'value', 'complete']);
  });
});
