import {
  concat,
  finalize,
  ignoreElements,
  map,
  NEVER,
  of,
  Subject,
  take,
  throwError,
  timer,
  VirtualTimeScheduler,
} from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { serve, type Connection, type ConnectionHandler, type ServeOptions } from '../../src/index.js';
import { manualConnection, type ManualConnection } from '../../src/testing.js';
import { record } from '../streams/record.js';

interface Served {
  source: Subject<Connection>;
  log: string[];
  errors: string[];
}

function serving(handler: ConnectionHandler<unknown>, options: ServeOptions = {}): Served {
  const source = new Subject<Connection>();
  const errors: string[] = [];
  const onError = (error: unknown): number => errors.push((error as Error).message);
  const { log } = record(source.pipe(serve(handler, { onError, ...options })));
  return { source, log, errors };
}

/** Warnings of the process while this runs, and until the next step. */
async function warnings(run: () => void): Promise<string[]> {
  const seen: string[] = [];
  const platform = globalThis as {
    process?: { on(name: string, listener: (warning: Error) => void): void; off: unknown };
    reportError?: (error: Error) => void;
  };
  const { process } = platform;
  const before = platform.reportError;
  const see = (warning: Error): number => seen.push(warning.message);
  if (process === undefined) platform.reportError = see;
  else process.on('warning', see);
  run();
  await new Promise((resolve) => setTimeout(resolve));
  if (process === undefined) platform.reportError = before!;
  else (process.off as (name: string, listener: unknown) => void).call(process, 'warning', see);
  return seen;
}

const throwing = (): never => {
  throw new Error('teardown');
};

describe('serve, where one connection goes wrong', () => {
  it('an onError whose promise rejects is told as a warning, and no more', async () => {
    const seen = await warnings(() => {
      const onError = (): void => Promise.reject(new Error('of onError')) as never;
      const { source, log } = serving(() => throwError(() => new Error('of the handler')), { onError });
      source.next(manualConnection());
      expect(log).withContext('serve goes on').toEqual([]);
    });
    expect(seen).toEqual(['of onError']);
  });

  describe('without onError, an error is shown that has', () => {
    const parts = ['name', 'message', 'stack', 'code', 'detail', 'toString'];
    for (const part of parts) {
      for (const [what, property] of [
        ['a getter that throws', { get: throwing }],
        ['an object without a prototype', { value: Object.create(null) as unknown }],
        ['a symbol', { value: Symbol('s') }],
      ] as [string, PropertyDescriptor][]) {
        it(`as its ${part} ${what}`, async () => {
          const error = Object.defineProperty(new Error('mine'), part, property);
          const seen = await warnings(() => {
            serving(() => throwError(() => error), { onError: undefined as never }).source.next(
              manualConnection(),
            );
          });
          expect(seen).toEqual(['A handler failed with an error that cannot be shown']);
        });
      }
    }
  });

  describe('an onError that throws', () => {
    const cases: [string, ServeOptions, (connection: ManualConnection) => void][] = [
      ['of a refused connection', { concurrency: 1, maxPending: 0 }, () => undefined],
      ['of one that is lost', {}, ({ transport }) => transport.lose(new Error('reset'))],
      ['of one that its handler has closed', {}, ({ transport }) => transport.receive('close\n')],
    ];
    for (const [name, options, act] of cases) {
      it(`${name} is told as a warning, and no more`, async () => {
        const seen = await warnings(() => {
          const { source, log } = serving(
            ({ reader, writer }) =>
              reader.lines().pipe(
                map((line) => {
                  if (line !== 'close') return line;
                  writer.close();
                  throw new Error('after close');
                }),
              ),
            {
              ...options,
              onError: (_error, { writer }) => {
                writer.write('-ERR\r\n');
                throw new Error('of onError');
              },
            },
          );
          const first = manualConnection();
          const second = manualConnection();
          source.next(first);
          source.next(second);
          act(second);
          first.transport.receive('still here\n');
          expect(log).toEqual(['still here']);
        });
        expect(seen.length).toBe(1);
      });
    }
  });

  it('a refused connection can be told why', () => {
    const [first, told, silent] = [manualConnection(), manualConnection(), manualConnection()];
    const { source } = serving(() => NEVER, {
      concurrency: 1,
      maxPending: 0,
      onError: (_error, connection) => {
        if (connection === told) connection.writer.write('busy\r\n');
      },
    });
    for (const connection of [first, told, silent]) source.next(connection);
    expect(told.transport.calls).toEqual(['write busy\r\n', 'close']);
    expect(silent.transport.calls).toEqual(['abort']);
  });

  it('a teardown of a handler that throws goes to onError, however the handler ends', () => {
    const ends: Record<string, (connection: ManualConnection) => void> = {
      loss: ({ transport }) => transport.lose(new Error('reset')),
      end: ({ transport }) => transport.receiveEof(),
      abort: ({ writer }) => writer.abort(),
    };
    for (const [name, end] of Object.entries(ends)) {
      const { source, log, errors } = serving(({ reader }) => reader.lines().pipe(finalize(throwing)));
      const [bad, good] = [manualConnection(), manualConnection()];
      source.next(bad);
      source.next(good);
      end(bad);
      good.transport.receive('fine\n');
      expect(log).withContext(name).toEqual(['fine']);
      expect(errors.some((error) => error.includes('teardown')))
        .withContext(`${name}: ${errors.join()}`)
        .toBeTrue();
      const next = manualConnection();
      source.next(next);
      next.transport.receive('next\n');
      expect(log).withContext(name).toEqual(['fine', 'next']);
    }
  });

  it('teardowns that throw keep nobody from being ended when the grace is over, or at unsubscription', () => {
    for (const how of ['grace', 'unsubscribe', 'error of the source']) {
      const scheduler = new VirtualTimeScheduler();
      const stop = new Subject<void>();
      const source = new Subject<Connection>();
      const errors: unknown[] = [];
      const clients = [manualConnection(), manualConnection(), manualConnection()];
      const subscription = source
        .pipe(
          serve(() => NEVER.pipe(finalize(throwing)), {
            stop,
            grace: 1,
            scheduler,
            onError: (error) => errors.push(error),
          }),
        )
        .subscribe({ error: () => undefined });
      for (const client of clients) source.next(client);
      if (how === 'grace') {
        stop.next();
        scheduler.flush();
      } else if (how === 'unsubscribe') {
        subscription.unsubscribe();
      } else {
        source.error(new Error('EMFILE'));
      }
      for (const { transport } of clients) {
        expect(transport.calls)
          .withContext(how)
          .toEqual([how === 'grace' ? 'abort' : 'close']);
      }
      expect(errors.length).withContext(how).toBe(3);
    }
  });

  it('whatever is thrown, without onError it is a warning', async () => {
    const evil = new Error('evil');
    Object.defineProperty(evil, 'name', { get: throwing });
    const silent = new Error('silent');
    Object.defineProperty(silent, 'message', { get: throwing });
    const thrown = [
      Object.create(null),
      evil,
      silent,
      Symbol('s'),
      undefined,
      null,
      1n,
      { toString: throwing },
    ];
    const seen = await warnings(() => {
      const source = new Subject<Connection>();
      const { log } = record(
        source.pipe(serve(({ reader }) => reader.lines().pipe(map((at) => fail(Number(at)))))),
      );
      const fail = (at: number): never => {
        throw thrown[at];
      };
      for (const at of thrown.keys()) {
        const connection = manualConnection();
        source.next(connection);
        connection.transport.receive(`${at}\n`);
      }
      expect(log).toEqual([]);
    });
    expect(seen.length).toBe(thrown.length);
  });

  describe('completes when its connections are closed', () => {
    it('not when their handlers are done', () => {
      const { source, log } = serving(({ writer }) => writer.send('x').pipe(ignoreElements()));
      const client = manualConnection({ holdWrites: true });
      source.next(client);
      source.complete();
      expect(client.transport.calls).toEqual(['write x', 'close']);
      expect(log).toEqual([]);
      client.transport.drain();
      expect(log).toEqual(['|']);
    });

    it('also after stop', () => {
      const stop = new Subject<void>();
      const scheduler = new VirtualTimeScheduler();
      const { source, log } = serving(({ writer }) => writer.send('x'), { stop, scheduler });
      const client = manualConnection({ holdWrites: true });
      source.next(client);
      stop.next();
      expect(log).toEqual([]);
      client.transport.drain();
      expect(log).toEqual(['|']);
    });

    it('a place is free when the connection is closed, not when the handler is done', () => {
      const { source, log } = serving(({ reader }) => reader.lines(), { concurrency: 1 });
      const [first, second] = [manualConnection({ holdWrites: true }), manualConnection()];
      source.next(first);
      source.next(second);
      first.writer.write('x');
      first.transport.receiveEof();
      second.transport.receive('served\n');
      expect(log).toEqual([]);
      first.transport.drain();
      expect(log).toEqual(['served']);
    });
  });

  it('a peer sees a reset when the grace is over, whatever a teardown does', () => {
    const scheduler = new VirtualTimeScheduler();
    const stop = new Subject<void>();
    const connection = manualConnection({ holdWrites: true });
    const errors: string[] = [];
    concat(of<Connection>(connection), NEVER)
      .pipe(
        serve(
          ({ writer }) => {
            writer.write('half an answer');
            return NEVER.pipe(finalize(() => writer.close()));
          },
          { stop, grace: 5, scheduler, onError: (error) => errors.push(String(error)) },
        ),
      )
      .subscribe();
    stop.next();
    scheduler.flush();
    expect(connection.transport.calls).toEqual(['write half an answer', 'abort']);
    expect(errors).toEqual([]);
  });

  describe('one that waits', () => {
    const queueing = () => {
      const [stop, done] = [new Subject<void>(), new Subject<void>()];
      const served: Connection[] = [];
      const { source, log } = serving(
        (connection) => {
          served.push(connection);
          return done.pipe(take(1), ignoreElements());
        },
        { concurrency: 1, stop, scheduler: new VirtualTimeScheduler() },
      );
      const [first, second] = [manualConnection(), manualConnection({ holdWrites: true })];
      second.writer.write('220 hello');
      source.next(first);
      source.next(second);
      return { stop, done, served, log, first, second };
    };

    it('says for what, and nothing any more once it is served', () => {
      const { done, first, second } = queueing();
      expect(first.inspect().waitsFor).toBeUndefined();
      expect(second.inspect().waitsFor).toBe('one of the 1 places of serve');
      done.next();
      expect(second.inspect().waitsFor).toBeUndefined();
    });

    it('is not served any more after stop, also while it still closes', () => {
      const { stop, done, served, log, first, second } = queueing();
      stop.next();
      expect(second.inspect().waitsFor).toBeUndefined();
      done.next();
      expect(served).toEqual([first]);
      expect(second.transport.calls).toEqual(['write 220 hello', 'close']);
      expect(log).toEqual([]);
      second.transport.drain();
      expect(log).toEqual(['|']);
    });
  });

  describe('one that goes while it waits', () => {
    it('leaves its place to another, and is not served', () => {
      const handled: Connection[] = [];
      const done = new Subject<void>();
      const { source, errors } = serving(
        (connection) => {
          handled.push(connection);
          return done;
        },
        { concurrency: 1, maxPending: 1 },
      );
      const [first, gone, live, refused] = Array.from({ length: 4 }, () => manualConnection());
      source.next(first!);
      source.next(gone!);
      gone!.transport.lose(new Error('reset'));
      source.next(live!);
      source.next(refused!);
      expect(errors.length).toBe(1);
      done.complete();
      expect(handled).toEqual([first!, live!]);
    });

    it('is no reason to stay', () => {
      const done = new Subject<void>();
      const { source, log } = serving(() => done, { concurrency: 1 });
      const [first, gone] = [manualConnection(), manualConnection()];
      source.next(first);
      source.next(gone);
      source.complete();
      gone.transport.lose();
      done.complete();
      expect(log).toEqual(['|']);
    });
  });

  describe('a handler that goes on when its connection has closed', () => {
    const cases: [string, ServeOptions, (connection: Connection) => void][] = [
      ['as it has closed it', {}, ({ writer }) => writer.close()],
      ['as it is to go on', { onLoss: 'continue' }, () => undefined],
    ];
    for (const [name, options, act] of cases) {
      const start = (more: ServeOptions = {}) => {
        const scheduler = new VirtualTimeScheduler();
        const events: string[] = [];
        const source = new Subject<Connection>();
        const served = source
          .pipe(
            serve(
              (connection) => {
                act(connection);
                return timer(500, scheduler).pipe(finalize(() => events.push('handler')));
              },
              { onError: () => undefined, ...options, ...more, scheduler },
            ),
          )
          .subscribe({ complete: () => events.push('complete') });
        const connect = (): void => {
          const connection = manualConnection();
          source.next(connection);
          connection.transport.lose(new Error('reset'));
        };
        connect();
        return { scheduler, events, source, served, connect };
      };

      it(`${name}, is waited for`, () => {
        const { scheduler, events, source } = start();
        source.complete();
        expect(events).withContext('before the handler is done').toEqual([]);
        scheduler.flush();
        expect(events).toEqual(['handler', 'complete']);
      });

      it(`${name}, ends when the grace is over`, () => {
        const { scheduler, events } = start({ stop: of('now'), grace: 100 });
        expect(events).withContext('nothing was accepted').toEqual(['complete']);
        const stop = new Subject<void>();
        const other = start({ stop, grace: 100 });
        stop.next();
        other.scheduler.flush();
        expect(other.events).toEqual(['handler', 'complete']);
        expect(other.scheduler.now()).toBe(100);
        scheduler.flush();
      });

      it(`${name}, ends with the subscription`, () => {
        const { events, served } = start();
        served.unsubscribe();
        expect(events).toEqual(['handler']);
      });

      it(`${name}, gives its place to another`, () => {
        const refused: string[] = [];
        const onError = (error: unknown): number => refused.push((error as Error).name);
        const { scheduler, connect } = start({ concurrency: 1, maxPending: 0, onError });
        connect();
        expect(refused).toEqual([]);
        scheduler.flush();
      });
    }
  });

  describe('a refused connection', () => {
    const refusing = (onError: NonNullable<ServeOptions['onError']>) => {
      const scheduler = new VirtualTimeScheduler();
      const stop = new Subject<void>();
      const source = new Subject<Connection>();
      const options: ServeOptions = { concurrency: 1, maxPending: 0, stop, grace: 100, scheduler, onError };
      const { log } = record(source.pipe(serve(() => stop, options)));
      source.next(manualConnection());
      const refused = manualConnection({ holdWrites: true });
      source.next(refused);
      return { scheduler, stop, log, refused };
    };

    it('is waited for, as its last reply is not sent yet', () => {
      const { stop, log, refused } = refusing((_error, { writer }) => writer.write('busy'));
      stop.next();
      stop.complete();
      expect(log).withContext('before the reply is sent').not.toContain('|');
      refused.transport.drain();
      expect(log).toContain('|');
    });

    it('is reset when the grace is over', () => {
      const { scheduler, stop, log, refused } = refusing((_error, { writer }) => writer.write('busy'));
      stop.next();
      scheduler.flush();
      expect(refused.transport.calls).toEqual(['write busy', 'close', 'abort']);
      expect(scheduler.now()).toBe(100);
      expect(log).toContain('|');
    });

    it('that is closing, with bytes of before on their way, is not reset', () => {
      const source = new Subject<Connection>();
      const onError: ServeOptions['onError'] = (_error, { writer }) => writer.close();
      source.pipe(serve(() => NEVER, { concurrency: 1, maxPending: 0, onError })).subscribe();
      source.next(manualConnection());
      const refused = manualConnection({ holdWrites: true });
      refused.writer.write('220 hello');
      source.next(refused);
      expect(refused.transport.calls).toEqual(['write 220 hello', 'close']);
      refused.transport.drain();
    });

    it('that is closed without a word is not reset', () => {
      const { refused } = refusing((_error, { writer }) => writer.close());
      expect(refused.transport.calls).toEqual(['close']);
    });
  });

  it('a thousand that wait for handlers that are done at once leave a flat stack', () => {
    const first = new Subject<void>();
    let handled = 0;
    const { source, log } = serving(() => (handled++ === 0 ? first : of('done')), { concurrency: 1 });
    for (let i = 0; i < 20_000; i++) source.next(manualConnection());
    source.complete();
    first.complete();
    expect(handled).toBe(20_000);
    expect(log.length).toBe(20_000);
  });

  it(
    'errors of a handler come while it can still be answered',
    marbles((m) => {
      const connection = manualConnection();
      const served$ = concat(of<Connection>(connection), timer(9, m.scheduler).pipe(ignoreElements())).pipe(
        serve(() => throwError(() => new Error('bug')), {
          onError: (error, { writer }) => writer.write((error as Error).message),
        }),
      );
      m.expect(served$).toBeObservable('---------|');
      m.flush();
      expect(connection.transport.calls).toEqual(['write bug', 'close']);
    }),
  );
});
