import {
  BehaviorSubject,
  defer,
  EMPTY,
  filter,
  finalize,
  map,
  NEVER,
  Observable,
  of,
  Subject,
  take,
  takeUntil,
  throwError,
  timer,
  VirtualTimeScheduler,
} from 'rxjs';
import { marbles, type Context } from 'rxjs-marbles/jasmine/index.js';
import {
  connectionPair,
  reconnecting,
  type Connection,
  type ConnectionHandler,
  type Reconnecting,
  type ReconnectingOptions,
  type ReconnectingStatus,
} from '../../src/index.js';
import { manualConnection, marbleConnection } from '../../src/testing.js';
import { record } from '../streams/record.js';
import { messagesOf, reported } from './reported.js';

interface Story extends ReconnectingOptions {
  /** What each attempt to connect does: `c` is a connection. The last goes on being used. */
  attempts: string[];
  /** What the handler emits on each connection. The last goes on being used. */
  handlers?: string[];
}

/** In virtual time, without chance: each wait is as long as its bound. */
function play(m: Context, { attempts, handlers = ['-'], ...options }: Story): Reconnecting<string> {
  const turn = <T>(marbleTexts: string[], values?: () => Record<string, T>): (() => Observable<T>) => {
    let count = 0;
    return () => m.cold(marbleTexts[Math.min(count++, marbleTexts.length - 1)]!, values?.(), new Error('e'));
  };
  const source$ = defer(turn<Connection>(attempts, () => ({ c: manualConnection() })));
  return reconnecting(source$, turn<string>(handlers), { random: () => 1, ...options });
}

function shown(status: ReconnectingStatus): string {
  const reasonOf = ({ reason }: { reason?: unknown }): string =>
    reason instanceof Error ? ` (${reason.message})` : '';
  switch (status.kind) {
    case 'connecting':
      return `connecting ${status.attempt}`;
    case 'open':
      return 'open';
    case 'waiting':
      return `waiting ${status.delay} for ${status.attempt}${reasonOf(status)}`;
    case 'closed':
      return `closed${reasonOf(status)}`;
  }
}

/** The statuses from now on, each with its time. */
function timesOf(m: Context, { status$ }: Reconnecting<unknown>): string[] {
  const log: string[] = [];
  status$.subscribe((status) => log.push(`${m.scheduler.now()} ${shown(status)}`));
  return log;
}

const statusesOf = ({ status$ }: Reconnecting<unknown>): string[] => record(status$.pipe(map(shown))).log;

const failing = throwError(() => new Error('refused'));
const connected = defer(() => of<Connection>(manualConnection()));

describe('reconnecting', () => {
  describe('in virtual time', () => {
    it(
      'emits what the handler emits on one connection after the other, and completes with it',
      marbles((m) => {
        const client = play(m, {
          attempts: ['--#', '---(c|)'],
          handlers: ['-x-y-#', '--z-|'],
          initialDelay: 5,
        });
        const log = timesOf(m, client);
        // 2: refused; 7: again; 10: open; 15: failed; 25: again; 28: open.
        m.expect(client).toBeObservable('-----------x-y----------------z-|');
        m.flush();
        expect(log).toEqual([
          '0 closed',
          '0 connecting 1',
          '2 waiting 5 for 2 (e)',
          '7 connecting 2',
          '10 open',
          '15 waiting 10 for 3 (e)',
          '25 connecting 3',
          '28 open',
          '32 closed',
        ]);
      }),
    );

    it(
      'waits longer after each attempt, up to a bound',
      marbles((m) => {
        const client = play(m, { attempts: ['#'], initialDelay: 10, maxDelay: 100, factor: 3 });
        const log = timesOf(m, client);
        m.expect(client, '300ms !').toBeObservable('-');
        m.flush();
        expect(log.filter((line) => line.includes('waiting'))).toEqual([
          '0 waiting 10 for 2 (e)',
          '10 waiting 30 for 3 (e)',
          '40 waiting 90 for 4 (e)',
          '130 waiting 100 for 5 (e)',
          '230 waiting 100 for 6 (e)',
        ]);
      }),
    );

    it(
      'waits for 100 ms at first and 30 s at most, unless it is told otherwise',
      marbles((m) => {
        const client = play(m, { attempts: ['#'] });
        const delays: number[] = [];
        client.status$.subscribe((status) => status.kind === 'waiting' && delays.push(status.delay));
        m.expect(client, '200s !').toBeObservable('-');
        m.flush();
        expect(delays.slice(0, 3)).toEqual([100, 200, 400]);
        expect(delays.slice(-3)).toEqual([25_600, 30_000, 30_000, 30_000, 30_000].slice(-3));
      }),
    );

    it(
      'takes a random part of the bound',
      marbles((m) => {
        const parts = [0, 0.5, 0.25, 0.1];
        const client = play(m, { attempts: ['#'], initialDelay: 100, random: () => parts.shift() ?? 1 });
        const log = timesOf(m, client);
        m.expect(client, '299ms !').toBeObservable('-');
        m.flush();
        expect(log.filter((line) => line.includes('waiting'))).toEqual([
          '0 waiting 0 for 2 (e)',
          '0 waiting 100 for 3 (e)',
          '100 waiting 100 for 4 (e)',
          '200 waiting 80 for 5 (e)',
          '280 waiting 1600 for 6 (e)',
        ]);
      }),
    );

    it(
      'begins the backoff anew only after a connection that was stable',
      marbles((m) => {
        const client = play(m, {
          attempts: ['#', '#', '(c|)'],
          handlers: ['19ms #', '20ms #'],
          initialDelay: 5,
          stableAfter: 20,
        });
        const log = timesOf(m, client);
        m.expect(client, '110ms !').toBeObservable('-');
        m.flush();
        expect(log.slice(2)).toEqual([
          '0 waiting 5 for 2 (e)',
          '5 connecting 2',
          '5 waiting 10 for 3 (e)',
          '15 connecting 3',
          '15 open',
          '34 waiting 20 for 4 (e)',
          '54 connecting 4',
          '54 open',
          '74 waiting 5 for 1 (e)',
          '79 connecting 1',
          '79 open',
          '99 waiting 5 for 1 (e)',
          '104 connecting 1',
          '104 open',
          '110 closed',
        ]);
      }),
    );

    it(
      'does not take the time of an attempt for that of a connection',
      marbles((m) => {
        const client = play(m, { attempts: ['50ms #'], initialDelay: 5, stableAfter: 20 });
        const log = timesOf(m, client);
        m.expect(client, '110ms !').toBeObservable('-');
        m.flush();
        expect(log.filter((line) => line.includes('waiting'))).toEqual([
          '50 waiting 5 for 2 (e)',
          '105 waiting 10 for 3 (e)',
        ]);
      }),
    );

    it(
      'errors with the last error of maxAttempts',
      marbles((m) => {
        const client = play(m, { attempts: ['-#'], initialDelay: 5, maxAttempts: 3 });
        const log = timesOf(m, client);
        m.expect(client).toBeObservable('------------------#', undefined, new Error('e'));
        m.flush();
        expect(log.slice(-2)).toEqual(['17 connecting 3', '18 closed (e)']);
      }),
    );

    it(
      'counts attempts from the last connection that was stable',
      marbles((m) => {
        const client = play(m, {
          attempts: ['#', '(c|)', '#'],
          handlers: ['20ms #'],
          initialDelay: 5,
          stableAfter: 20,
          maxAttempts: 2,
        });
        const log = timesOf(m, client);
        m.expect(client).toBeObservable('40ms #', undefined, new Error('e'));
        m.flush();
        expect(log.slice(3)).toEqual([
          '5 connecting 2',
          '5 open',
          '25 waiting 5 for 1 (e)',
          '30 connecting 1',
          '30 waiting 10 for 2 (e)',
          '40 connecting 2',
          '40 closed (e)',
        ]);
      }),
    );

    it(
      'is done when the handler completes, or follows a stream without an end',
      marbles((m) => {
        const story = { attempts: ['(c|)'], handlers: ['-x|', '--y|', '#'], initialDelay: 5 };
        m.expect(play(m, story)).toBeObservable('-x|');
        const endless = play(m, { ...story, onComplete: 'reconnect', maxAttempts: 3 });
        const log = timesOf(m, endless);
        m.expect(endless).toBeObservable('-x-------y----------#', undefined, new Error('e'));
        m.flush();
        expect(log.filter((line) => line.includes('waiting'))).toEqual([
          '2 waiting 5 for 2',
          '10 waiting 10 for 3',
        ]);
      }),
    );

    it(
      'completes when the last of maxAttempts has completed, and there is no error to tell',
      marbles((m) => {
        const client = play(m, {
          attempts: ['(c|)'],
          handlers: ['-x|'],
          initialDelay: 5,
          onComplete: 'reconnect',
          maxAttempts: 2,
        });
        m.expect(client).toBeObservable('-x------x|');
      }),
    );

    it(
      'ends a wait at once when asked to, and begins the backoff anew',
      marbles((m) => {
        const client = play(m, {
          attempts: ['#'],
          initialDelay: 10,
          retryNow$: m.hot('--r--r----------|'),
        });
        const log = timesOf(m, client);
        m.expect(client, '30ms !').toBeObservable('-');
        m.flush();
        expect(log.slice(1)).toEqual([
          '0 connecting 1',
          '0 waiting 10 for 2 (e)',
          '2 connecting 1',
          '2 waiting 10 for 2 (e)',
          '5 connecting 1',
          '5 waiting 10 for 2 (e)',
          '15 connecting 2',
          '15 waiting 20 for 3 (e)',
          '30 closed',
        ]);
      }),
    );

    it(
      'leaves an attempt and a connection alone when asked for one at once',
      marbles((m) => {
        const client = play(m, {
          attempts: ['----(c|)'],
          handlers: ['-----x|'],
          retryNow$: m.hot('--r--r--'),
        });
        m.expect(client).toBeObservable('---------x|');
      }),
    );

    it(
      'unsubscribes from whatever goes on',
      marbles((m) => {
        const connecting$ = m.cold<Connection>('----------');
        m.expect(
          reconnecting(connecting$, () => NEVER),
          '---!',
        ).toBeObservable('-');
        m.expect(connecting$).toHaveSubscriptions('^--!');

        const connection = manualConnection();
        const work$ = m.cold('-a-a-a-a-a');
        m.expect(
          reconnecting(of<Connection>(connection), () => work$),
          '----!',
        ).toBeObservable('-a-a');
        m.expect(work$).toHaveSubscriptions('^---!');

        const refused$ = m.cold<Connection>('#');
        const retryNow$ = m.hot('----------r');
        const options = { random: () => 1, initialDelay: 8, retryNow$ };
        m.expect(
          reconnecting(refused$, () => NEVER, options),
          '-----!',
        ).toBeObservable('-');
        m.expect(refused$).toHaveSubscriptions('(^!)');
        m.expect(retryNow$).toHaveSubscriptions('^----!');
        m.flush();
        expect(connection.transport.calls).toEqual(['close']);
      }),
    );

    it(
      'reconnects after a loss, also while no read is there to be told',
      marbles((m) => {
        const lost = marbleConnection(m, { incoming: '---#' });
        const next = marbleConnection(m, { incoming: '----------a|', values: { a: 'hi\n' } });
        const connections = [lost, next];
        const client = reconnecting(
          defer(() => of<Connection>(connections.shift()!)),
          (connection) => (connection === lost ? NEVER : connection.reader.lines()),
          { random: () => 1, initialDelay: 5 },
        );
        m.expect(client).toBeObservable('----------a|', { a: 'hi' });
      }),
    );
  });

  it('measures by the scheduler it is given', () => {
    const scheduler = new VirtualTimeScheduler();
    const client = reconnecting(failing, () => EMPTY, { scheduler, random: () => 1, maxAttempts: 3 });
    const { log } = record(client);
    expect(log).toEqual([]);
    scheduler.flush();
    expect(log).toEqual(['# refused']);
    expect(scheduler.now()).toBe(300);
  });

  it('leaves no timer and no subscription of the waits that are over', () => {
    const scheduler = new VirtualTimeScheduler(undefined, 10_000);
    const retryNow$ = new Subject<void>();
    let sources = 0;
    const source$ = new Observable<Connection>((subscriber) => {
      sources++;
      subscriber.error(new Error('refused'));
      return () => sources--;
    });
    const run = reconnecting(source$, () => EMPTY, { scheduler, retryNow$, random: () => 0.5 }).subscribe();
    scheduler.flush();
    expect(sources).toBe(0);
    run.unsubscribe();
    expect(retryNow$.observed).toBeFalse();
  });

  describe('its status', () => {
    it('is there before, during and after a subscription, the current one first', () => {
      const work$ = new Subject<number>();
      const client = reconnecting(connected, () => work$);
      const early = statusesOf(client);
      expect(early).toEqual(['closed']);
      const { log } = record(client);
      expect(statusesOf(client)).toEqual(['open']);
      work$.next(1);
      work$.complete();
      expect(log).toEqual(['1', '|']);
      expect(statusesOf(client)).toEqual(['closed']);
      expect(early).toEqual(['closed', 'connecting 1', 'open', 'closed']);
    });

    it('starts nothing by itself', () => {
      let subscriptions = 0;
      const client = reconnecting(
        defer(() => (subscriptions++, connected)),
        () => NEVER,
      );
      client.status$.subscribe().unsubscribe();
      expect(subscriptions).toBe(0);
      const first = client.subscribe();
      first.unsubscribe();
      client.subscribe().unsubscribe();
      expect(subscriptions).toBe(2);
    });

    it('holds the connection that is open', () => {
      const connection = manualConnection();
      const client = reconnecting(of<Connection>(connection), () => NEVER);
      const open: Connection[] = [];
      client.status$.subscribe((status) => status.kind === 'open' && open.push(status.connection));
      client.subscribe().unsubscribe();
      expect(open).toEqual([connection]);
    });

    it('is that of the latest of several subscriptions', () => {
      const client = reconnecting(connected, () => NEVER);
      const statuses = statusesOf(client);
      const first = client.subscribe();
      const second = client.subscribe();
      first.unsubscribe();
      expect(statuses.slice(-1)).toEqual(['open']);
      second.unsubscribe();
      expect(statuses.slice(-1)).toEqual(['closed']);
    });

    it('is as it is told before whoever subscribed hears of the end', () => {
      const client = reconnecting(failing, () => EMPTY, { maxAttempts: 1 });
      const seen: string[] = [];
      client.subscribe({ error: () => seen.push(...statusesOf(client)) });
      const done = reconnecting(connected, () => EMPTY);
      done.subscribe({ complete: () => seen.push(...statusesOf(done)) });
      expect(seen).toEqual(['closed (refused)', 'closed']);
    });

    for (const kind of ['connecting', 'open', 'waiting'] as const) {
      it(`may be answered by unsubscribing: ${kind}`, () => {
        let connects = 0;
        let handled = 0;
        const connection = manualConnection();
        const source$ = defer(() => (connects++, of<Connection>(connection)));
        const handler = (): Observable<never> => (handled++, throwError(() => new Error('e')));
        const client = reconnecting(source$, handler);
        const stop$ = new Subject<void>();
        client.status$.pipe(filter((status) => status.kind === kind)).subscribe(() => stop$.next());
        const others = statusesOf(client);
        expect(record(client.pipe(takeUntil(stop$))).log).toEqual(['|']);
        expect([connects, handled]).toEqual([kind === 'connecting' ? 0 : 1, kind === 'waiting' ? 1 : 0]);
        const all = ['closed', 'connecting 1', 'open', jasmine.stringMatching(/^waiting/)];
        const until = ['connecting', 'open', 'waiting'].indexOf(kind) + 2;
        expect(others).toEqual([...all.slice(0, until), 'closed'] as string[]);
        expect(connection.transport.calls).toEqual(kind === 'connecting' ? [] : ['close']);
      });
    }

    it('is closed once, when all that ran has been stopped', () => {
      const connection = manualConnection();
      const log: string[] = [];
      const handler = (): Observable<never> => NEVER.pipe(finalize(() => log.push('stopped')));
      const client = reconnecting(of<Connection>(connection), handler);
      const run = client.subscribe();
      client.status$.subscribe((status) => {
        log.push(`${shown(status)} ${connection.transport.calls.join()}`);
        if (status.kind === 'closed') run.unsubscribe();
      });
      run.unsubscribe();
      expect(log).toEqual(['open ', 'stopped', 'closed close']);
    });

    it('is closed once also where whoever is told of a failure unsubscribes', () => {
      const work$ = new Subject<never>();
      const client = reconnecting(connected, () => work$, { maxAttempts: 1 });
      const run = client.subscribe({ error: () => undefined });
      client.status$.pipe(filter(({ kind }) => kind === 'closed')).subscribe(() => run.unsubscribe());
      const statuses = statusesOf(client);
      work$.error(new Error('e'));
      expect(statuses).toEqual(['open', 'closed (e)']);
    });

    it('is told to the others when one throws, and the client goes on', async () => {
      const client = reconnecting(connected, () => of('value'));
      const log: string[] = [];
      const errors = await reported(() => {
        client.status$.subscribe(({ kind }) => {
          throw new Error(kind);
        });
        client.status$.subscribe(({ kind }) => log.push(kind));
        client.subscribe((value) => log.push(value));
      });
      expect(log).toEqual(['closed', 'connecting', 'open', 'value', 'closed']);
      expect(messagesOf(errors)).toEqual(['closed', 'connecting', 'open', 'closed']);
    });

    it('may be answered by another attempt at once', () => {
      const retryNow$ = new Subject<void>();
      const client = reconnecting(failing, () => EMPTY, { retryNow$, scheduler: new VirtualTimeScheduler() });
      client.status$
        .pipe(
          filter(({ kind }) => kind === 'waiting'),
          take(2),
        )
        .subscribe(() => retryNow$.next());
      const statuses = statusesOf(client);
      client.subscribe().unsubscribe();
      expect(statuses.map((status) => status.split(' ')[0])).toEqual([
        'closed',
        'connecting',
        'waiting',
        'connecting',
        'waiting',
        'connecting',
        'waiting',
        'closed',
      ]);
    });
  });

  describe('asked for another attempt at once', () => {
    it('by a signal that has a value from the start, which does not keep it from waiting', () => {
      const scheduler = new VirtualTimeScheduler();
      let attempts = 0;
      const source$ = defer(() => (attempts++, failing));
      const retryNow$ = new BehaviorSubject('online');
      const run = reconnecting(source$, () => EMPTY, { retryNow$, scheduler }).subscribe();
      expect(attempts).toBe(1);
      retryNow$.next('online');
      expect(attempts).toBe(2);
      run.unsubscribe();
    });

    it('errors with an error of that, now or later, and stops', () => {
      let attempts = 0;
      const source$ = defer(() => (attempts++, connected));
      const signal = throwError(() => new Error('signal'));
      const client = reconnecting(source$, () => NEVER, { retryNow$: signal });
      expect(record(client).log).toEqual(['# signal']);
      expect(attempts).toBe(0);
      expect(statusesOf(client)).toEqual(['closed (signal)']);

      const retryNow$ = new Subject<void>();
      let stopped = 0;
      const later = reconnecting(source$, () => NEVER.pipe(finalize(() => stopped++)), { retryNow$ });
      const { log } = record(later);
      retryNow$.error(new Error('later'));
      expect(log).toEqual(['# later']);
      expect(stopped).toBe(1);
    });
  });

  describe('tries again or not', () => {
    it('as shouldRetry says, for connects, losses and handlers', () => {
      const asked: unknown[] = [];
      const shouldRetry = (error: unknown): boolean => {
        asked.push((error as Error).message);
        return false;
      };
      const client = reconnecting(failing, () => EMPTY, { shouldRetry });
      expect(record(client).log).toEqual(['# refused']);
      expect(statusesOf(client)).toEqual(['closed (refused)']);
      const wrong = (): never => {
        throw new Error('wrong');
      };
      expect(record(reconnecting(connected, wrong, { shouldRetry })).log).toEqual(['# wrong']);
      const connection = manualConnection();
      const { log } = record(
        reconnecting(of<Connection>(connection), ({ reader }) => reader.lines(), { shouldRetry }),
      );
      connection.transport.lose(new Error('reset'));
      expect(log).toEqual(['# ERR_CONNECTION_LOST']);
      expect(asked.slice(0, 2)).toEqual(['refused', 'wrong']);
      expect(asked.length).toBe(3);
    });

    it('is not asked after a completion, nor for the last attempt', () => {
      const shouldRetry = jasmine.createSpy('shouldRetry').and.returnValue(true);
      record(reconnecting(connected, () => EMPTY, { shouldRetry, onComplete: 'reconnect', maxAttempts: 1 }));
      record(reconnecting(failing, () => EMPTY, { shouldRetry, maxAttempts: 1 }));
      expect(shouldRetry).not.toHaveBeenCalled();
    });

    it('errors with what shouldRetry and random throw, and with what is no part of a wait', () => {
      const boom = (): never => {
        throw new Error('boom');
      };
      for (const options of [{ shouldRetry: boom }, { random: boom }]) {
        const client = reconnecting(failing, () => EMPTY, options);
        expect(record(client).log).toEqual(['# boom']);
        expect(statusesOf(client)).toEqual(['closed (boom)']);
      }
      for (const random of [() => NaN, () => -1, () => Infinity, () => '1' as unknown as number]) {
        const { log } = record(reconnecting(failing, () => EMPTY, { random, maxAttempts: 2 }));
        expect(log.join()).toMatch(/^# random\(\) must return a number of 0 to 1, not /);
      }
    });

    it('also when the source throws, or completes without a connection', () => {
      const scheduler = new VirtualTimeScheduler();
      const throwing = defer((): Observable<Connection> => {
        throw new Error('thrown');
      });
      const { log } = record(reconnecting(throwing, () => EMPTY, { maxAttempts: 2, scheduler }));
      scheduler.flush();
      expect(log).toEqual(['# thrown']);
      expect(record(reconnecting(EMPTY, () => EMPTY)).log).toEqual(['|']);
    });
  });

  it('stops a handler that emits at once when nobody wants more', () => {
    let emitted = 0;
    const endless = new Observable<number>((subscriber) => {
      while (!subscriber.closed) subscriber.next(emitted++);
    });
    expect(record(reconnecting(connected, () => endless).pipe(take(3))).log).toEqual(['0', '1', '2', '|']);
    expect(emitted).toBe(3);
  });

  it('takes handlers of useConnection, with their options', () => {
    const [client, server] = connectionPair();
    server.writer.write('hello\n');
    server.writer.close();
    const handler: ConnectionHandler<string> = ({ reader }) => reader.lines();
    expect(record(reconnecting(of(client), handler)).log).toEqual(['hello', '|']);

    const connection = manualConnection();
    const work$ = new Subject<string>();
    const going = reconnecting(of<Connection>(connection), () => work$, { onLoss: 'continue' });
    const { log } = record(going);
    connection.transport.lose();
    work$.next('still');
    expect(log).toEqual(['still']);
  });

  it('has its status also after a pipe has made another Observable of it, and can be shared', () => {
    const client = reconnecting(connected, () => timer(0));
    expect(client.pipe(take(1))).not.toBe(client);
    expect(client).toBeInstanceOf(Observable);
    expect('status$' in client.pipe(take(1))).toBeFalse();
  });

  it('refuses what cannot be right, at the call', () => {
    const make =
      (options: unknown, source: unknown = connected, handler: unknown = () => EMPTY) =>
      () =>
        reconnecting(
          source as Observable<Connection>,
          handler as () => never,
          options as ReconnectingOptions,
        );
    for (const options of [
      { initialDelay: -1 },
      { initialDelay: NaN },
      { initialDelay: '5' },
      { initialDelay: 31_000 },
      { initialDelay: 5, maxDelay: 4 },
      { maxDelay: Infinity },
      { maxDelay: 2 ** 31 },
      { stableAfter: -1 },
      { factor: 0.5 },
      { factor: Infinity },
      { factor: NaN },
      { factor: '2' },
      { maxAttempts: 0 },
      { maxAttempts: 1.5 },
      { maxAttempts: NaN },
      { onComplete: 'repeat' },
      { onLoss: 'stay' },
    ]) {
      expect(make(options)).withContext(JSON.stringify(options)).toThrowError(RangeError);
    }
    for (const options of [{ random: 1 }, { shouldRetry: 'all' }, { retryNow$: 5 }, { retryNow$: {} }, 5]) {
      expect(make(options)).withContext(JSON.stringify(options)).toThrowError(TypeError);
    }
    expect(make({}, [connected])).toThrowError(/source\$ must be an Observable of connections/);
    expect(make({}, connected, 5)).toThrowError(/handler must be a function/);
    for (const options of [
      { maxAttempts: Infinity },
      { initialDelay: 0 },
      { maxDelay: 0 },
      { maxDelay: 50 },
    ]) {
      expect(make(options)).withContext(JSON.stringify(options)).not.toThrow();
    }
  });
});
