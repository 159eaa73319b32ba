import {
  concat,
  defer,
  finalize,
  map,
  mergeMap,
  NEVER,
  of,
  Subject,
  throwError,
  timer,
  VirtualTimeScheduler,
} from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { serve, type Connection, type ServeOptions, type StreamError } from '../../src/index.js';
import { manualConnection, marbleConnection } from '../../src/testing.js';
import { checkCases } from '../diagrams/checkCases.js';
import { serveCases } from '../diagrams/operators.js';
import { record, text } from '../streams/record.js';

describe('serve', () => {
  checkCases(serveCases);

  it(
    'tells onError of a loss when it happens',
    marbles((m) => {
      const connection = marbleConnection(m, { incoming: '---a-----#', values: { a: 'a\n' } });
      const errors$ = new Subject<string>();
      const served$ = of<Connection>(connection).pipe(
        serve(({ reader }) => reader.lines(), {
          onError: (error) => errors$.next((error as StreamError).code),
        }),
      );
      m.expect(served$).toBeObservable('---a-----|');
      m.expect(errors$).toBeObservable('---------e', { e: 'ERR_CONNECTION_LOST' });
    }),
  );

  it('onError comes while the connection is still open: there is time for a last word', () => {
    const connection = manualConnection();
    const log = record(
      of<Connection>(connection).pipe(
        serve(() => throwError(() => new Error('bug')), {
          onError: (error, { writer }) => writer.write(`500 ${(error as Error).message}`),
        }),
      ),
    );
    expect(log.log).toEqual(['|']);
    expect(connection.transport.calls).toEqual(['write 500 bug', 'close']);
    connection.transport.lose();
  });

  it('a handler that throws is a handler that errors', () => {
    const connection = manualConnection();
    const errors: unknown[] = [];
    const handler = (): never => {
      throw new Error('thrown');
    };
    of<Connection>(connection)
      .pipe(serve(handler, { onError: (error) => errors.push(error) }))
      .subscribe();
    expect(errors).toEqual([new Error('thrown')]);
    expect(connection.transport.calls).toEqual(['close']);
    connection.transport.lose();
  });

  it('passes on an error of the source', () => {
    expect(record(throwError(() => new Error('EADDRINUSE')).pipe(serve(() => NEVER))).log).toEqual([
      '# EADDRINUSE',
    ]);
  });

  it('unsubscribing closes every connection that is being served', () => {
    const clients = [manualConnection(), manualConnection()];
    of<Connection[]>(...clients)
      .pipe(serve(({ reader }) => reader.read().pipe(map(text))))
      .subscribe()
      .unsubscribe();
    for (const { transport } of clients) {
      expect(transport.calls).toEqual(['close']);
      transport.lose();
    }
  });

  it('refuses a senseless concurrency at the call', () => {
    for (const concurrency of [0, -1, NaN]) {
      expect(() => serve(() => NEVER, { concurrency })).toThrowError(
        RangeError,
        new RegExp(`not ${concurrency}`),
      );
    }
  });

  it('merges with other streams as any observable', () => {
    const connection = manualConnection();
    const log = record(
      of<Connection>(connection).pipe(
        serve(() => [1, 2]),
        mergeMap((n) => [n * 10]),
      ),
    );
    expect(log.log).toEqual(['10', '20', '|']);
    connection.transport.lose();
  });

  describe('stop', () => {
    it(
      'takes no more connections, and completes when the last handler is done within the grace',
      marbles((m) => {
        const [a, b, c] = [manualConnection(), manualConnection(), manualConnection()];
        const source = m.hot<Connection>('a--b---c---|', { a, b, c });
        const stop = m.hot('     -----s');
        const served$ = source.pipe(
          serve(() => timer(7, m.scheduler).pipe(map(() => 'done')), {
            stop,
            grace: 6,
            scheduler: m.scheduler,
          }),
        );
        m.expect(served$).toBeObservable('-------x--(x|)', { x: 'done' });
        m.expect(source).toHaveSubscriptions('^----!');
        m.expect(stop).toHaveSubscriptions('  ^----!');
        m.flush();
        for (const { transport } of [a, b]) expect(transport.calls).toEqual(['close']);
        expect(c.transport.calls).toEqual([]);
      }),
    );

    it(
      'aborts what is not done by then',
      marbles((m) => {
        const [a, b] = [manualConnection({ holdWrites: true }), manualConnection()];
        const ended: string[] = [];
        const served$ = m.hot<Connection>('ab', { a, b }).pipe(
          serve(
            ({ writer }) => {
              writer.write('begin');
              return NEVER.pipe(finalize(() => ended.push(`at ${m.scheduler.now()}`)));
            },
            { stop: m.hot('----s'), grace: 5, scheduler: m.scheduler, onError: fail },
          ),
        );
        m.expect(served$).toBeObservable('---------|');
        m.flush();
        expect(ended).toEqual(['at 9', 'at 9']);
        // Not a close first: the peer would take half an answer for a whole one.
        for (const { transport } of [a, b]) expect(transport.calls).toEqual(['write begin', 'abort']);
      }),
    );

    it(
      'with a grace of 0 aborts at once',
      marbles((m) => {
        const a = manualConnection({ holdWrites: true });
        const options = { stop: m.hot('---s'), grace: 0, scheduler: m.scheduler };
        const served$ = m
          .hot<Connection>('a', { a })
          .pipe(serve(({ writer }) => writer.send('x'.repeat(70_000)), options));
        m.expect(served$).toBeObservable('---|');
        m.flush();
        expect(a.transport.calls.slice(1)).toEqual(['abort']);
      }),
    );

    it('gives 30 seconds by default', () => {
      const scheduler = new VirtualTimeScheduler();
      const stop = new Subject<void>();
      const { log } = record(
        concat(of<Connection>(manualConnection()), NEVER).pipe(serve(() => NEVER, { stop, scheduler })),
      );
      stop.next();
      scheduler.maxFrames = 29_999;
      scheduler.flush();
      expect(log).toEqual([]);
      scheduler.maxFrames = 30_000;
      scheduler.flush();
      expect(log).toEqual(['|']);
    });

    it(
      'closes the connections that wait, whose handlers never run',
      marbles((m) => {
        const [a, b, c] = [manualConnection(), manualConnection(), manualConnection()];
        const started: Connection[] = [];
        const served$ = m.hot<Connection>('abc', { a, b, c }).pipe(
          serve(
            (connection) => {
              started.push(connection);
              return timer(6, m.scheduler);
            },
            { stop: m.hot('----s'), grace: 10, concurrency: 1, scheduler: m.scheduler },
          ),
        );
        m.expect(served$).toBeObservable('------(x|)', { x: 0 });
        m.scheduler.schedule(() => {
          expect([a, b, c].map(({ transport }) => transport.calls)).toEqual([[], ['close'], ['close']]);
        }, 5);
        m.flush();
        expect(started).toEqual([a]);
        for (const { transport } of [a, b, c]) expect(transport.calls).toEqual(['close']);
      }),
    );

    it('that emits at once completes at once, and nothing was ever subscribed to', () => {
      const scheduler = new VirtualTimeScheduler();
      let subscribed = 0;
      const source = defer(() => (subscribed++, of<Connection>(manualConnection())));
      const { log } = record(source.pipe(serve(() => NEVER, { stop: of('now'), scheduler })));
      expect(log).toEqual(['|']);
      expect(subscribed).toBe(0);
      scheduler.flush();
      expect(scheduler.now()).withContext('the last timer').toBe(0);
    });

    it(
      'that errors is an error of the stream, and closes everything',
      marbles((m) => {
        const [a, b] = [manualConnection(), manualConnection()];
        const source = m.hot<Connection>('ab', { a, b });
        const stop = m.hot('    ----#');
        const served$ = source.pipe(serve(() => NEVER, { stop, concurrency: 1, scheduler: m.scheduler }));
        m.expect(served$).toBeObservable('----#');
        m.expect(source).toHaveSubscriptions('^---!');
        m.flush();
        for (const { transport } of [a, b]) expect(transport.calls).toEqual(['close']);
      }),
    );

    it('that errors at once does so before anything is subscribed to', () => {
      let subscribed = 0;
      const source = defer(() => (subscribed++, NEVER));
      const stop = throwError(() => new Error('no stop'));
      expect(record(source.pipe(serve(() => NEVER, { stop }))).log).toEqual(['# no stop']);
      expect(subscribed).toBe(0);
    });

    it(
      'that completes without a value never stops',
      marbles((m) => {
        const a = manualConnection();
        const options = { stop: m.hot('--|'), grace: 1, scheduler: m.scheduler };
        m.expect(m.hot<Connection>('----a', { a }).pipe(serve(() => of('served'), options))).toBeObservable(
          '----x',
          {
            x: 'served',
          },
        );
      }),
    );

    it('may be a promise', async () => {
      const scheduler = new VirtualTimeScheduler();
      const stop = Promise.resolve();
      const { log } = record(NEVER.pipe(serve(() => NEVER, { stop, scheduler })));
      await stop;
      expect(log).toEqual(['|']);
    });

    it(
      'is left alone when serving ends without it',
      marbles((m) => {
        const stop = m.hot('------s');
        const options = { stop, scheduler: m.scheduler };
        m.expect(m.hot<Connection>('---|').pipe(serve(() => NEVER, options))).toBeObservable('---|');
        m.expect(stop).toHaveSubscriptions('^--!');
      }),
    );

    it('leaves no timer behind when all handlers are done', () => {
      const scheduler = new VirtualTimeScheduler();
      const [stop, done] = [new Subject<void>(), new Subject<void>()];
      const { log } = record(
        concat(of<Connection>(manualConnection()), NEVER).pipe(serve(() => done, { stop, scheduler })),
      );
      stop.next();
      done.complete();
      expect(log).toEqual(['|']);
      scheduler.flush();
      expect(scheduler.now()).toBe(0);
    });

    it('tells nobody of errors that the abort makes', () => {
      const scheduler = new VirtualTimeScheduler();
      const stop = new Subject<void>();
      const connection = manualConnection();
      const { log } = record(
        concat(of<Connection>(connection), NEVER).pipe(
          serve(({ reader }) => reader.read().pipe(map(text)), { stop, grace: 1, scheduler, onError: fail }),
        ),
      );
      stop.next();
      scheduler.flush();
      expect(log).toEqual(['|']);
    });
  });

  describe('concurrency and maxPending', () => {
    it(
      'serve in the order of arrival, so many at a time',
      marbles((m) => {
        const connections = ['a', 'b', 'c', 'd'].map((name) => {
          return manualConnection({ extraInfo: { name } });
        });
        const [a, b, c, d] = connections;
        const served$ = m.hot<Connection>('abcd|', { a: a!, b: b!, c: c!, d: d! }).pipe(
          serve(
            ({ writer }) => timer(5, m.scheduler).pipe(map(() => writer.getExtraInfo('name') as string)),
            {
              concurrency: 2,
            },
          ),
        );
        m.expect(served$).toBeObservable('-----ab---c(d|)');
      }),
    );

    function crowd(
      count: number,
      options: ServeOptions,
    ): { refused: number[]; codes: string[]; stopped: Subject<void> } {
      const stopped = new Subject<void>();
      const connections = Array.from({ length: count }, () => manualConnection());
      const refused: number[] = [];
      const codes: string[] = [];
      of<Connection[]>(...connections)
        .pipe(
          serve(() => stopped, {
            ...options,
            onError: (error, connection) => {
              const index = connections.findIndex((one) => one === connection);
              refused.push(index);
              codes.push((error as StreamError).code);
              expect(connection.writer.isClosing()).toBeFalse();
            },
          }),
        )
        .subscribe();
      for (const index of refused) expect(connections[index]!.transport.calls).toEqual(['abort']);
      return { refused, codes, stopped };
    }

    it('refuse, by a reset, those for whom there is no room', () => {
      const { refused, codes, stopped } = crowd(6, { concurrency: 2, maxPending: 1 });
      expect(refused).toEqual([3, 4, 5]);
      expect(codes).toEqual(Array(3).fill('ERR_TOO_MANY_CONNECTIONS'));
      stopped.complete();
    });

    it('let nobody wait with a maxPending of 0', () => {
      const { refused, stopped } = crowd(4, { concurrency: 2, maxPending: 0 });
      expect(refused).toEqual([2, 3]);
      stopped.complete();
    });

    it('refuse nobody without a bound', () => {
      const { refused, stopped } = crowd(100, { maxPending: 0 });
      expect(refused).toEqual([]);
      stopped.complete();
      expect(crowd(100, { concurrency: 1 }).refused).toEqual([]);
    });

    it('have room again when a handler has ended, however it ended', () => {
      const source = new Subject<Connection>();
      const ends = [
        (handler: Subject<void>) => handler.complete(),
        (handler: Subject<void>) => handler.error(new Error('handler')),
      ];
      const errors: string[] = [];
      const handlers: Subject<void>[] = [];
      source
        .pipe(
          serve(
            () => {
              const handler = new Subject<void>();
              handlers.push(handler);
              return handler;
            },
            {
              concurrency: 1,
              maxPending: 1,
              onError: (error) => errors.push((error as Error).name),
            },
          ),
        )
        .subscribe();
      for (const end of [...ends, ...ends]) {
        source.next(manualConnection());
        end(handlers.at(-1)!);
      }
      expect(handlers.length).toBe(4);
      expect(errors).toEqual(['Error', 'Error']);
      for (let i = 0; i < 3; i++) source.next(manualConnection());
      expect(errors).toEqual(['Error', 'Error', 'TooManyConnectionsError']);
      handlers.at(-1)!.complete();
      expect(handlers.length).toBe(6);
      source.next(manualConnection());
      expect(errors.length).toBe(3);
    });

    it('have room again for one that may not wait', () => {
      const source = new Subject<Connection>();
      let handler = new Subject<void>();
      const errors: unknown[] = [];
      source
        .pipe(serve(() => handler, { concurrency: 1, maxPending: 0, onError: (error) => errors.push(error) }))
        .subscribe();
      for (let i = 0; i < 3; i++) {
        source.next(manualConnection());
        const last = handler;
        handler = new Subject<void>();
        last.complete();
      }
      expect(errors).toEqual([]);
    });

    it('have senseless bounds refused at the call', () => {
      for (const maxPending of [-1, NaN]) {
        expect(() => serve(() => NEVER, { maxPending })).toThrowError(RangeError, /^maxPending must be/);
      }
      for (const grace of [-1, NaN, 2 ** 31, Infinity]) {
        expect(() => serve(() => NEVER, { grace })).toThrowError(RangeError, /^grace must be/);
      }
    });
  });

  it('names the option that is wrong, at the call', () => {
    const wrong: [option: keyof ServeOptions, value: unknown, message: RegExp][] = [
      ['onError', 'log', /^onError must be a function, not log/],
      ['concurrency', 0, /^concurrency must be a positive integer/],
      ['maxPending', -1, /^maxPending must be a non-negative integer/],
      ['maxPerAddress', 0, /^maxPerAddress must be a positive integer/],
      ['addressOf', '::1', /^addressOf must be a function, not ::1/],
      ['idleTimeout', 0, /^idleTimeout must be/],
      ['stop', 5, /You provided .* where a stream was expected/],
      ['grace', -1, /^grace must be/],
      ['scheduler', {}, /^scheduler must have a method schedule, not/],
    ];
    for (const [option, value, message] of wrong)
      expect(() => serve(() => NEVER, { [option]: value }))
        .withContext(option)
        .toThrowError(message);
  });

  describe('idleTimeout', () => {
    it(
      'begins with the handler, and ends a connection on which nothing happens',
      marbles((m) => {
        const [busy, idle] = [manualConnection(), manualConnection()];
        const served$ = m.hot<Connection>('bi', { b: busy, i: idle });
        const errors$ = new Subject<string>();
        const stream$ = served$.pipe(
          serve(({ reader }) => reader.lines(), {
            idleTimeout: 4,
            scheduler: m.scheduler,
            onError: (error) => errors$.next(((error as Error).cause as StreamError).code),
          }),
        );
        m.hot('--x-x-x').subscribe(() => busy.transport.receive('a\n'));
        m.expect(stream$).toBeObservable('--x-x-x-', { x: 'a' });
        // The first of the two is looked at from its own beginning on.
        m.expect(errors$).toBeObservable('-----e----e', { e: 'ERR_IDLE_TIMEOUT' });
      }),
    );

    it('is none if nothing is said', () => {
      const scheduler = new VirtualTimeScheduler();
      const { log } = record(of<Connection>(manualConnection()).pipe(serve(() => NEVER, { scheduler })));
      scheduler.flush();
      expect(scheduler.now()).toBe(0);
      expect(log).toEqual([]);
    });
  });

  it('unsubscribing closes the connections that wait as well', () => {
    const clients = [manualConnection(), manualConnection()];
    const never = concat(of<Connection[]>(...clients), NEVER).pipe(serve(() => NEVER, { concurrency: 1 }));
    never.subscribe().unsubscribe();
    for (const { transport } of clients) expect(transport.calls).toEqual(['close']);
  });
});
