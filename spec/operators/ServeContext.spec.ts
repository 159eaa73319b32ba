import {
  concat,
  defer,
  EMPTY,
  finalize,
  iif,
  map,
  mergeMap,
  NEVER,
  Observable,
  of,
  Subject,
  take,
  throwError,
  timer,
  VirtualTimeScheduler,
  type ObservableInput,
  type SchedulerLike,
} from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import {
  converse,
  lines,
  serve,
  type Connection,
  type ServeContext,
  type ServeHandler,
  type ServeOptions,
} from '../../src/index.js';
import { manualConnection, marbleConnection, type ManualConnection } from '../../src/testing.js';
import { messagesOf, reported } from '../observables/reported.js';
import { record, text } from '../streams/record.js';

type Work = (line: string) => ObservableInput<string>;

// A line protocol that keeps its connections, and says goodbye when the server stops.
const byConsume =
  (work: Work): ServeHandler<void> =>
  ({ reader, writer }, { stopping$, stopping }) =>
    concat(
      reader.consume(
        lines(),
        (line) => defer(() => work(line)).pipe(mergeMap((reply) => writer.send(reply))),
        {
          until: stopping$,
        },
      ),
      iif(() => stopping.aborted, writer.send('BYE reconnect\n'), EMPTY),
    );

// The same as a conversation.
const byConverse = (work: Work): ServeHandler<void> =>
  converse(function* (io, { stopping$ }: ServeContext) {
    for (;;) {
      const line = yield* io.unless(stopping$, () => io.line());
      if (line === undefined) break;
      yield* io.send(yield* io.wait(work(line)));
    }
    yield* io.send('BYE reconnect\n');
  });

const slowly =
  (scheduler: SchedulerLike, time: number): Work =>
  (line) =>
    timer(time, scheduler).pipe(map(() => `${line.toUpperCase()}\n`));

const atOnce: Work = (line) => of(`${line.toUpperCase()}\n`);

interface Served {
  source: Subject<Connection>;
  stop: Subject<void>;
  log: string[];
  errors: string[];
}

function serving(handler: ServeHandler<unknown>, options: ServeOptions = {}): Served {
  const [source, stop] = [new Subject<Connection>(), new Subject<void>()];
  const errors: string[] = [];
  const onError = (error: unknown): number => errors.push((error as Error).message);
  const scheduler = new VirtualTimeScheduler();
  const { log } = record(source.pipe(serve(handler, { onError, stop, scheduler, ...options })));
  return { source, stop, log, errors };
}

function connected({ source }: Served, ...received: string[]): ManualConnection {
  const connection = manualConnection();
  source.next(connection);
  connection.transport.receive(...received);
  return connection;
}

const restOf = ({ reader }: Connection): string[] => record(reader.read('utf-8')).log;

describe('the stopping signal of serve', () => {
  for (const [style, keepAlive] of [
    ['consume', byConsume],
    ['converse', byConverse],
  ] as const) {
    describe(`in a handler by ${style}`, () => {
      it(
        'reaches idle clients at once, and busy ones after the reply under way',
        marbles((m) => {
          const stop = m.hot('        -----s');
          const idle = marbleConnection(m, { incoming: '-a', values: { a: 'one\n' } });
          const busy = marbleConnection(m, { incoming: '---a-b', values: { a: 'two\n', b: 'late\n' } });
          const served$ = m
            .hot<Connection>('ab', { a: idle, b: busy })
            .pipe(serve(keepAlive(slowly(m.scheduler, 3)), { stop, scheduler: m.scheduler, onError: fail }));
          const values = { a: 'ONE\n', b: 'TWO\n', x: 'BYE reconnect\n' };
          m.expect(idle.outgoing$).toBeObservable('----a(x|)', values);
          m.expect(busy.outgoing$).toBeObservable('------(bx|)', values);
          m.expect(served$).toBeObservable('      ------|');
          m.flush();
          for (const { transport } of [idle, busy]) expect(transport.calls.at(-1)).toBe('close');
        }),
      );

      it('leaves in the reader what has not come whole', () => {
        const server = serving(keepAlive(atOnce));
        const connection = connected(server, 'one\ntw');
        server.stop.next();
        expect(connection.transport.calls).toEqual(['write ONE\n', 'write BYE reconnect\n', 'close']);
        connection.transport.receiveEof();
        expect(restOf(connection)).toEqual(['tw', '|']);
      });

      it('ends a client that asks without a pause after the reply under way', () => {
        const reply = new Subject<string>();
        const server = serving(keepAlive(() => reply.pipe(take(1))));
        const connection = connected(server, '1\n2\n3\n4\n');
        reply.next('first\n');
        server.stop.next();
        expect(connection.transport.calls).toEqual(['write first\n']);
        reply.next('second\n');
        const said = ['write first\n', 'write second\n', 'write BYE reconnect\n', 'close'];
        expect(connection.transport.calls).toEqual(said);
      });

      it('given inside the work on a frame lets that frame have its reply', () => {
        const server = serving(
          keepAlive((line) => {
            server.stop.next();
            return of(`${line}!\n`);
          }),
        );
        const connection = connected(server, 'shutdown\nmore\n');
        expect(connection.transport.calls).toEqual(['write shutdown!\n', 'write BYE reconnect\n', 'close']);
        expect(server.log).toEqual(['|']);
        connection.transport.receiveEof();
        expect(restOf(connection)).toEqual(['more\n', '|']);
      });

      it('given twice, and to one that has left, says goodbye once', () => {
        const server = serving(keepAlive(atOnce));
        const [left, there] = [connected(server), connected(server)];
        left.transport.lose();
        for (let i = 0; i < 2; i++) server.stop.next();
        expect(left.transport.calls.filter((call) => call.startsWith('write'))).toEqual([]);
        expect(there.transport.calls).toEqual(['write BYE reconnect\n', 'close']);
        expect(server.log).toEqual(['|']);
      });

      it('is not given when serving is unsubscribed: nothing more is said', () => {
        const connection = manualConnection();
        concat(of<Connection>(connection), NEVER)
          .pipe(serve(keepAlive(atOnce)))
          .subscribe()
          .unsubscribe();
        expect(connection.transport.calls).toEqual(['close']);
      });

      it('comes to those who are served, not to those who wait', () => {
        const server = serving(keepAlive(atOnce), { concurrency: 1 });
        const [served, waits] = [connected(server), connected(server, 'unread\n')];
        server.stop.next();
        expect(served.transport.calls).toEqual(['write BYE reconnect\n', 'close']);
        expect(waits.transport.calls).toEqual(['close']);
        expect(server.log).toEqual(['|']);
      });
    });
  }

  it('emits once and completes, in virtual time', () => {
    marbles((m) => {
      const connection = manualConnection();
      const contexts: ServeContext[] = [];
      const served$ = m.hot<Connection>('-a', { a: connection }).pipe(
        serve(
          (_connection, context) => {
            contexts.push(context);
            return context.stopping$.pipe(map(() => 's'));
          },
          { stop: m.hot('---x--x'), scheduler: m.scheduler },
        ),
      );
      m.expect(served$).toBeObservable('---(s|)');
      m.flush();
      expect(record(contexts[0]!.stopping$).log).toEqual(['undefined', '|']);
    })();
  });

  it('is one object for all connections, and one signal', () => {
    const contexts: ServeContext[] = [];
    const server = serving((_connection, context) => {
      contexts.push(context);
      return NEVER;
    });
    for (let i = 0; i < 3; i++) connected(server);
    expect(new Set(contexts).size).toBe(1);
    const { stopping } = contexts[0]!;
    expect(contexts[1]!.stopping).toBe(stopping);
    expect(stopping.aborted).toBeFalse();
    const seen: string[] = [];
    stopping.addEventListener('abort', () => seen.push(record(contexts[0]!.stopping$).log.join()));
    contexts[0]!.stopping$.subscribe(() => seen.push(`aborted: ${stopping.aborted}`));
    server.stop.next();
    expect(seen).toEqual(['undefined,|', 'aborted: true']);
  });

  it('asked for when it has been given is there at once', () => {
    let context!: ServeContext;
    const server = serving((_connection, given) => {
      context = given;
      server.stop.next();
      return given.stopping$.pipe(map(() => `aborted: ${given.stopping.aborted}`));
    });
    connected(server);
    expect(server.log).toEqual(['aborted: true', '|']);
    expect(context.stopping.aborted).toBeTrue();
  });

  it('has nobody to tell when it is given before the first connection', () => {
    let runs = 0;
    const handler = (): Observable<never> => (runs++, NEVER);
    const server = serving(handler, { stop: of('now') });
    connected(server);
    expect(server.log).toEqual(['|']);
    expect(runs).toBe(0);
  });

  it('that a handler answers by throwing ends that connection and no other', () => {
    const server = serving(({ writer }, { stopping$ }) =>
      stopping$.pipe(
        mergeMap(() => {
          if (writer.getExtraInfo('name') === 'bad') throw new Error('at the end');
          return writer.send('BYE\n');
        }),
      ),
    );
    const clients = ['good', 'bad', 'good'].map((name) => manualConnection({ extraInfo: { name } }));
    for (const client of clients) server.source.next(client);
    server.stop.next();
    expect(server.errors).toEqual(['at the end']);
    expect(server.log).toEqual(['|']);
    expect(clients.map(({ transport }) => transport.calls)).toEqual([
      ['write BYE\n', 'close'],
      ['close'],
      ['write BYE\n', 'close'],
    ]);
  });

  it('that a handler answers by a teardown that throws reaches the others', async () => {
    const server = serving((_connection, { stopping$ }) => {
      return new Observable((subscriber) => {
        subscriber.add(stopping$.subscribe(() => subscriber.complete()));
        subscriber.add(() => {
          throw new Error('teardown');
        });
      });
    });
    const clients = [connected(server), connected(server)];
    const errors = await reported(() => server.stop.next());
    expect(messagesOf(errors)).toEqual(['teardown', 'teardown']);
    for (const { transport } of clients) expect(transport.calls).toEqual(['close']);
    expect(server.log).toEqual(['|']);
  });

  it('that listeners answer by teardowns that throw reaches all of them', async () => {
    const told: string[] = [];
    const server = serving((_connection, { stopping$ }) => {
      for (const name of ['first', 'second'])
        stopping$
          .pipe(
            finalize(() => {
              throw new Error(`teardown of the ${name}`);
            }),
          )
          .subscribe({ complete: () => told.push(name) });
      return NEVER;
    });
    connected(server);
    const errors = await reported(() => server.stop.next());
    expect(told).toEqual(['first', 'second']);
    expect(messagesOf(errors)).toEqual(['teardown of the first', 'teardown of the second']);
  });

  it('comes once to a listener that ends all serving by it', () => {
    const [source, stop] = [new Subject<Connection>(), new Subject<void>()];
    let told = 0;
    const handler: ServeHandler<never> = (_connection, { stopping$ }) => {
      stopping$.subscribe(() => {
        told++;
        subscription.unsubscribe();
      });
      return NEVER;
    };
    const subscription = source.pipe(serve(handler, { stop })).subscribe();
    source.next(manualConnection());
    stop.next();
    expect(told).toBe(1);
  });

  describe('lets as many listen as there are connections', () => {
    const signalOf = (process: object | undefined): AbortSignal => {
      const before = Object.getOwnPropertyDescriptor(globalThis, 'process');
      const server = serving(() => NEVER);
      let signal: AbortSignal | undefined;
      const source = new Subject<Connection>();
      source.pipe(serve((_connection, { stopping }) => ((signal = stopping), NEVER))).subscribe();
      Object.defineProperty(globalThis, 'process', { value: process, configurable: true, writable: true });
      try {
        source.next(manualConnection());
      } finally {
        if (before === undefined) delete (globalThis as { process?: unknown }).process;
        else Object.defineProperty(globalThis, 'process', before);
      }
      server.stop.next();
      return signal!;
    };

    it('in Node, which would warn of more than ten', () => {
      const setMaxListeners = jasmine.createSpy('setMaxListeners');
      const getBuiltinModule = jasmine.createSpy('getBuiltinModule').and.returnValue({ setMaxListeners });
      const signal = signalOf({ getBuiltinModule });
      expect(getBuiltinModule).toHaveBeenCalledOnceWith('node:events');
      expect(setMaxListeners).toHaveBeenCalledOnceWith(0, signal);
    });

    for (const [name, process] of [
      ['without a process', undefined],
      ['with a process that has no modules', {}],
      ['with a process that has no such module', { getBuiltinModule: () => undefined }],
    ] as const) {
      it(`${name}, where nobody warns`, () => {
        expect(signalOf(process).aborted).toBeFalse();
      });
    }
  });

  it('may have a handler unsubscribe from everything', () => {
    const [source, stop] = [new Subject<Connection>(), new Subject<void>()];
    const told: number[] = [];
    const subscription = source
      .pipe(
        serve(
          (_connection, { stopping$ }) =>
            stopping$.pipe(
              map(() => {
                told.push(told.length);
                subscription.unsubscribe();
              }),
            ),
          { stop, scheduler: new VirtualTimeScheduler() },
        ),
      )
      .subscribe();
    const clients = [manualConnection(), manualConnection()];
    for (const client of clients) source.next(client);
    stop.next();
    expect(told).toEqual([0]);
    for (const { transport } of clients) expect(transport.calls).toEqual(['close']);
  });

  it('comes last to who still listens when serving ends in another way', () => {
    const seen: string[] = [];
    let context!: ServeContext;
    const handler: ServeHandler<never> = (_connection, given) => {
      context = given;
      given.stopping$.subscribe(() => seen.push('told'));
      return new Observable(() => () => seen.push(`torn down, aborted: ${given.stopping.aborted}`));
    };
    const subscription = concat(of<Connection>(manualConnection()), NEVER).pipe(serve(handler)).subscribe();
    subscription.unsubscribe();
    expect(seen).toEqual(['torn down, aborted: false', 'told']);
    expect(context.stopping.aborted).toBeTrue();
  });

  it('is not given when the source completes: its handlers go on', () => {
    const server = serving((_connection, { stopping$ }) => stopping$.pipe(map(() => 'told')));
    const connection = connected(server);
    server.source.complete();
    expect(server.log).toEqual([]);
    server.stop.next();
    expect(server.log).toEqual(['told', '|']);
    expect(connection.transport.calls).toEqual(['close']);
  });

  it('costs those who come and go the same, however many there are', () => {
    let context!: ServeContext;
    const server = serving((_connection, given) => ((context = given), NEVER));
    connected(server);
    const others = Array.from({ length: 100_000 }, () => context.stopping$.subscribe());
    // The oldest first: what looks for each of them would look at all.
    for (const other of others) other.unsubscribe();
    let told = 0;
    context.stopping$.subscribe(() => told++);
    server.stop.next();
    expect(told).toBe(1);
  });

  it('errors of stop reach serve, and no handler', () => {
    let told = 0;
    const { log } = record(
      NEVER.pipe(
        serve((_connection, { stopping$ }) => stopping$.pipe(map(() => told++)), {
          stop: throwError(() => new Error('no stop')),
        }),
      ),
    );
    expect(log).toEqual(['# no stop']);
    expect(told).toBe(0);
  });

  it('is for text as for bytes: what a reader has left is all there', () => {
    const server = serving(({ reader }, { stopping$ }) =>
      reader.consume(lines(), () => undefined, { until: stopping$ }),
    );
    const connection = connected(server, 'a\nb');
    server.stop.next();
    connection.transport.receiveEof();
    expect(record(connection.reader.read().pipe(map(text))).log).toEqual(['b', '|']);
  });
});
