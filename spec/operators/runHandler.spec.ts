import {
  catchError,
  delay,
  EMPTY,
  finalize,
  interval,
  map,
  merge,
  NEVER,
  of,
  repeat,
  take,
  type Observable,
} from 'rxjs';
import { marbles, type Context } from 'rxjs-marbles/jasmine/index.js';
import {
  lines,
  serve,
  useConnection,
  type Connection,
  type ConnectionHandler,
  type StreamReader,
} from '../../src/index.js';
import { manualConnection, type ManualConnection } from '../../src/testing.js';
import { record } from '../streams/record.js';

const CODES = { e: 'ERR_CONNECTION_LOST', c: 'ERR_CONNECTION_CLOSED' };

describe('A handler whose connection is gone', () => {
  type Act = (connection: ManualConnection) => void;
  const lose: Act = ({ transport }) => transport.lose(new Error('reset'));

  /** What `useConnection` gives, and what `serve` tells `onError`, in the same marbles. */
  function ends(
    name: string,
    handler: (m: Context) => ConnectionHandler<unknown>,
    marble: string,
    acts: Record<number, Act>,
    values: Record<string, unknown> = {},
  ): void {
    const play = (m: Context): ManualConnection => {
      const connection = manualConnection({ scheduler: m.scheduler });
      for (const [time, act] of Object.entries(acts))
        m.scheduler.schedule(() => act(connection), Number(time));
      return connection;
    };
    const code = catchError((error: { code: string }) => of(error.code));

    it(
      `${name}: useConnection`,
      marbles((m) => {
        const connection = play(m);
        const used$ = merge(of<Connection>(connection), NEVER).pipe(useConnection(handler(m)), code);
        m.expect(used$).toBeObservable(marble.replace(/([ec])$/, '($1|)'), { ...CODES, ...values });
      }),
    );

    it(
      `${name}: serve`,
      marbles((m) => {
        const connection = play(m);
        const errors: [string, number][] = [];
        const onError = (error: unknown): number =>
          errors.push([(error as { code: string }).code, m.scheduler.now()]);
        const served$ = merge(of<Connection>(connection), NEVER).pipe(serve(handler(m), { onError }));
        const end = /[ec]$/.exec(marble);
        m.expect(served$).toBeObservable(marble.replace(/[ec]$/, '-'), values);
        m.flush();
        expect(errors).toEqual(end === null ? [] : [[CODES[end[0] as 'e'], end.index]]);
      }),
    );
  }

  const ticks = (m: Context) => () =>
    interval(2, m.scheduler).pipe(
      map(() => 't'),
      take(4),
    );
  const t = { t: 't' };

  ends('is unsubscribed when it reads nothing', ticks, '--t-te', { 5: lose }, t);
  ends(
    'is unsubscribed after an abort from outside',
    ticks,
    '--t-tc',
    { 5: ({ writer }) => writer.abort() },
    t,
  );
  ends(
    'goes on after a close of its own, and after the end of the peer',
    ticks,
    '--t-t-t-t-',
    {
      3: ({ transport }) => transport.receiveEof(),
      5: ({ writer }) => writer.close(),
      9: () => undefined,
    },
    t,
  );
  it('is told by its read, if it has one, and then left to itself', () => {
    const connection = manualConnection();
    let stopped = false;
    const { log } = record(
      of<Connection>(connection).pipe(
        useConnection(({ reader }) =>
          merge(reader.lines().pipe(catchError(() => of('told'))), NEVER).pipe(
            finalize(() => (stopped = true)),
          ),
        ),
      ),
    );
    lose(connection);
    expect(log).toEqual(['told']);
    expect(stopped).toBeFalse();
  });

  it(
    'works off the frames that it has received',
    marbles((m) => {
      const connection = manualConnection({ scheduler: m.scheduler });
      connection.transport.receive('a\nb\nc\n');
      m.scheduler.schedule(() => lose(connection), 3);
      const work = (line: string): Observable<string> => of(line).pipe(delay(2, m.scheduler));
      const used$ = of<Connection>(connection).pipe(
        useConnection(({ reader }) => reader.consume(lines(), work)),
        catchError(() => of('e')),
      );
      m.expect(used$).toBeObservable('--a-b-(ce|)');
    }),
  );

  it('takes what has come, by one-shot reads too, before it is ended', () => {
    const connection = manualConnection();
    connection.transport.receive('a\nb\n');
    const errors: unknown[] = [];
    const seen: string[] = [];
    let next: (() => void) | undefined;
    of<Connection>(connection)
      .pipe(
        serve(
          ({ reader }) => {
            next = (): void => takeLine(reader, seen);
            return NEVER;
          },
          { onError: (error) => errors.push((error as { code: string }).code) },
        ),
      )
      .subscribe();
    lose(connection);
    expect(errors).toEqual([]);
    next!();
    expect(errors).toEqual([]);
    next!();
    expect(seen).toEqual(['a', 'b']);
    expect(errors).toEqual(['ERR_CONNECTION_LOST']);
  });

  it('hears of it once the handler has begun, if it was gone before', () => {
    const connection = manualConnection();
    lose(connection);
    const idle = useConnection(() => NEVER);
    expect(record(of<Connection>(connection).pipe(idle)).log).toEqual(['# ERR_CONNECTION_LOST']);
    const done = useConnection(({ writer }) => {
      writer.write('dropped');
      return of('done');
    });
    expect(record(of<Connection>(connection).pipe(done)).log).toEqual(['done', '|']);
    const reads = useConnection(({ reader }) => reader.read().pipe(catchError(() => of('told'))));
    expect(record(of<Connection>(connection).pipe(reads)).log).toEqual(['told', '|']);
  });

  it('may abort and be done', () => {
    const connection = manualConnection();
    const { log } = record(
      of<Connection>(connection).pipe(
        useConnection(({ writer }) => {
          writer.abort();
          return EMPTY;
        }),
      ),
    );
    expect(log).toEqual(['|']);
  });

  it("goes on with onLoss: 'continue'", () => {
    const connection = manualConnection();
    const { log } = record(
      of<Connection>(connection).pipe(useConnection(() => NEVER, { onLoss: 'continue' })),
    );
    const served = manualConnection();
    const errors: unknown[] = [];
    const onError = (error: unknown): number => errors.push(error);
    const serving = serve(() => NEVER, { onLoss: 'continue', onError });
    of<Connection>(served).pipe(serving).subscribe();
    lose(connection);
    lose(served);
    expect(log).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('reconnects, whatever the handler does', () => {
    const connections: ManualConnection[] = [];
    const source$ = of(0).pipe(
      map((): Connection => {
        const connection = manualConnection();
        connections.push(connection);
        return connection;
      }),
    );
    source$
      .pipe(
        useConnection(() => NEVER),
        catchError(() => EMPTY),
        repeat(3),
        take(9),
      )
      .subscribe();
    for (let i = 0; i < 3; i++) lose(connections[i]!);
    expect(connections.length).toBe(3);
  });
});

function takeLine(reader: StreamReader, seen: string[]): void {
  reader.readLine().subscribe((line) => seen.push(String.fromCharCode(line[0]!)));
}

describe('A handler', () => {
  it('that returns nothing is an error that names it', () => {
    const forgetful = (): never => undefined as never;
    const { log } = record(of<Connection>(manualConnection()).pipe(useConnection(forgetful)));
    expect(log[0]).toMatch(/^# The handler forgetful returned undefined: it has to return/);
    const nameless = record(of<Connection>(manualConnection()).pipe(useConnection(() => null as never)));
    expect(nameless.log[0]).toMatch(/^# The handler returned null/);
  });

  it('has to be a function, and onLoss one of two words', () => {
    for (const use of [useConnection, serve]) {
      expect(() => use(undefined as never)).toThrowError(
        TypeError,
        /^handler must be a function, not undefined/,
      );
      expect(() => use(() => NEVER, { onLoss: 'ignore' as never })).toThrowError(
        RangeError,
        'onLoss must be one of unsubscribe, continue, not ignore',
      );
      expect(() => use(() => NEVER, 5 as never)).toThrowError(TypeError, 'options must be an object, not 5');
    }
  });
});
