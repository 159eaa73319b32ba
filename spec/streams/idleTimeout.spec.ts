import { catchError, map, of, timer, VirtualTimeScheduler, type Observable, type SchedulerLike } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { decoder, serve, type Connection, type StreamError } from '../../src/index.js';
import { manualConnection, type ManualConnection } from '../../src/testing.js';
import { record } from './record.js';

type Act = (connection: ManualConnection) => void;

// Looked at every 2 ms: so an act at an odd time shows at the next one.
const idleTimeout = 8;

/** A count, then so many bytes. */
const sized = decoder(function* (bytes) {
  const count = yield* bytes.uint8();
  return yield* bytes.exactly(count);
});

/** How the connection ends when this happens on it, by the millisecond. */
function endOf(
  connection: ManualConnection,
  acts: Record<number, Act>,
  scheduler: SchedulerLike,
): Observable<string> {
  for (const [time, act] of Object.entries(acts)) scheduler.schedule(() => act(connection), Number(time));
  return connection.writer.waitClosed().pipe(
    map(() => 'closed'),
    catchError((error: Error) => of((error.cause as StreamError).code)),
  );
}

const LOST = { l: 'ERR_IDLE_TIMEOUT', c: 'closed' };

describe('idleTimeout', () => {
  function ends(name: string, marble: string, acts: Record<number, Act>, options = {}): void {
    it(
      name,
      marbles((m) => {
        const connection = manualConnection({ ...options, idleTimeout, scheduler: m.scheduler });
        m.expect(endOf(connection, acts, m.scheduler)).toBeObservable(marble, LOST);
      }),
    );
  }

  ends('ends a connection on which nothing happens, at the very time', '--------(l|)', {});

  describe('begins anew, within a quarter of it,', () => {
    ends('with a write', '------------(l|)', { 3: ({ writer }) => writer.write('x') });

    ends('with a write right before the end', '----------------(l|)', {
      7: ({ writer }) => writer.write('x'),
    });

    ends(
      'when the peer takes what was written',
      '--------------(l|)',
      { 1: ({ writer }) => writer.write('xyz'), 5: ({ transport }) => transport.drain(1) },
      { holdWrites: true },
    );

    ends('with a read that takes what comes', '------------(l|)', {
      1: ({ reader }) => reader.read(100).subscribe({ error: () => undefined }),
      3: ({ transport }) => transport.receive('x'),
    });

    ends('with a read that takes what has come before', '----------------(l|)', {
      1: ({ transport }) => transport.receive('x\n'),
      7: ({ reader }) => reader.readLine().subscribe(),
    });

    ends('with the KiB that a slow peer has sent at last', '------------(l|)', {
      1: ({ transport }) => transport.receive('x'.repeat(1023)),
      3: ({ transport }) => transport.receive('x'),
    });

    ends('with each further KiB', '----------------(l|)', {
      1: ({ transport }) => transport.receive('x'.repeat(1024)),
      7: ({ transport }) => transport.receive('x'.repeat(1024)),
    });
  });

  describe('does not begin anew', () => {
    ends('with bytes that nobody reads', '--------(l|)', {
      1: ({ transport }) => transport.receive('x'),
      3: ({ transport }) => transport.receive('x'.repeat(1000)),
      5: ({ transport }) => transport.receive('x'),
    });

    ends('with the bytes of a line that does not end', '--------(l|)', {
      0: ({ reader }) => reader.lines().subscribe({ error: () => undefined }),
      1: ({ transport }) => transport.receive('x'),
      3: ({ transport }) => transport.receive('y'),
      5: ({ transport }) => transport.receive('z'),
    });

    ends('with the bytes of a block that is not there yet', '--------(l|)', {
      0: ({ reader }) => reader.readExactly(100).subscribe({ error: () => undefined }),
      1: ({ transport }) => transport.receive('x'),
      5: ({ transport }) => transport.receive('y'),
    });

    ends('with what a decoder has taken of a frame that is not whole', '--------(l|)', {
      0: ({ reader }) => reader.frames(sized).subscribe({ error: () => undefined }),
      1: ({ transport }) => transport.receive('\u0003'),
      3: ({ transport }) => transport.receive('x'),
      5: ({ transport }) => transport.receive('y'),
    });

    ends('with the end of the peer', '--------(l|)', { 3: ({ transport }) => transport.receiveEof() });

    ends('with a wait for room, or an empty write', '--------(l|)', {
      3: ({ writer }) => writer.write(''),
      5: ({ writer }) => writer.drain().subscribe(),
    });
  });

  ends(
    'ends a close that the peer does not let happen',
    '----------(l|)',
    {
      1: ({ writer }) => {
        writer.write('never sent');
        writer.close();
      },
    },
    { holdWrites: true },
  );

  it(
    // What is read at the start counts as well: at the first look.
    'tells the reads as well, behind what had come',
    marbles((m) => {
      const { reader, transport } = manualConnection({ idleTimeout, scheduler: m.scheduler });
      transport.receive('one\ntw');
      const lines$ = reader.lines().pipe(catchError((error: StreamError) => of(error.code)));
      m.expect(lines$).toBeObservable('a---------(e|)', { a: 'one', e: 'ERR_CONNECTION_LOST' });
    }),
  );

  it('does nothing any more when the connection is closed, aborted or lost', () => {
    const acts: [Act, string[]][] = [
      [({ writer }) => writer.close(), ['close']],
      [({ writer }) => writer.abort(), ['abort']],
      [({ transport }) => transport.lose(), []],
      [({ transport }) => transport.lose(new Error('cut')), []],
    ];
    for (const [act, calls] of acts) {
      const scheduler = new VirtualTimeScheduler();
      const connection = manualConnection({ idleTimeout, scheduler });
      scheduler.schedule(() => act(connection), 3);
      scheduler.flush();
      expect(scheduler.now()).withContext('the last timer').toBeLessThanOrEqual(4);
      expect(connection.transport.calls).toEqual(calls);
    }
  });

  it('counts on for as long as something happens', () => {
    const scheduler = new VirtualTimeScheduler();
    const connection = manualConnection({ idleTimeout, scheduler });
    for (let time = 0; time <= 10_000; time += 7) {
      scheduler.schedule(() => connection.writer.write('x'), time);
    }
    scheduler.flush();
    expect(connection.writer.isClosing()).toBeTrue();
    // 9996 was the last of them.
    expect(scheduler.now()).toBe(9996 + idleTimeout);
  });

  for (const senseless of [0, -1, NaN, 2 ** 31, Infinity]) {
    it(`refuses ${senseless}`, () => {
      expect(() => manualConnection({ idleTimeout: senseless })).toThrowError(
        RangeError,
        /^idleTimeout must be/,
      );
      expect(() => serve(() => timer(1), { idleTimeout: senseless })).toThrowError(
        RangeError,
        /^idleTimeout must be/,
      );
    });
  }

  it(
    'of serve counts from the start of the handler, and is for onError to hear of',
    marbles((m) => {
      const connections = [manualConnection(), manualConnection()];
      const errors: [string, number][] = [];
      const served$ = m.hot<Connection>('---a-b', { a: connections[0]!, b: connections[1]! }).pipe(
        serve(({ reader }: Connection) => reader.lines(), {
          idleTimeout,
          concurrency: 1,
          scheduler: m.scheduler,
          onError: (error, { writer }) => {
            errors.push([(error as Error & { cause: StreamError }).cause.code, m.scheduler.now()]);
            expect(writer.isClosing()).toBeTrue();
          },
        }),
      );
      m.expect(served$).toBeObservable('');
      m.flush();
      expect(errors).toEqual([
        ['ERR_IDLE_TIMEOUT', 3 + idleTimeout],
        ['ERR_IDLE_TIMEOUT', 3 + 2 * idleTimeout],
      ]);
      for (const { transport } of connections) expect(transport.calls).toEqual(['abort']);
    }),
  );

  it('of serve does not watch a connection any more whose handler has closed it', () => {
    const scheduler = new VirtualTimeScheduler();
    const connection = manualConnection();
    const { log } = record(
      of<Connection>(connection).pipe(serve(() => of('done'), { idleTimeout, scheduler })),
    );
    scheduler.flush();
    expect(log).toEqual(['done', '|']);
    expect(scheduler.now()).toBe(0);
  });
});
