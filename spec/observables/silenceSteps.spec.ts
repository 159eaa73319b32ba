import fc from 'fast-check';
import { Subject, VirtualTimeScheduler } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { converse, silence, type Conversation } from '../../src/index.js';
import { manualConnection, marbleConnection } from '../../src/testing.js';
import { bytes, record, text } from '../streams/record.js';
import { runs } from '../contracts/runs.js';

const code = (error: unknown): string => (error as { code: string }).code;

/** Emits what each step gives, or the code of its error. */
function saying(...steps: ((io: Conversation<string>) => Iterable<undefined> | object)[]) {
  return converse(function* (io: Conversation<string>) {
    for (const step of steps) {
      try {
        const value: unknown = yield* step(io) as Generator<undefined>;
        io.emit(value instanceof Uint8Array ? text(value) : String(value));
      } catch (error) {
        io.emit(code(error));
      }
    }
  });
}

describe('untilSilence', () => {
  const rows: [name: string, incoming: string, expected: string, steps: Parameters<typeof saying>][] = [
    ['takes what came before a pause', '-a-b------', '------(x|)', [(io) => io.untilSilence(3)]],
    [
      'leaves what comes later',
      '-a-b----c---',
      '------x-(c|)',
      [(io) => io.untilSilence(3), (io) => io.text(1)],
    ],
    [
      'takes frame after frame',
      '-a-b----c-----',
      '------x----(c|)',
      [(io) => io.untilSilence(3), (io) => io.untilSilence(3)],
    ],
    [
      'counts from its own begin for what is there already',
      'ab------------',
      '-----n--(x|)',
      [(io) => io.delay(5), (io) => io.untilSilence(3)],
    ],
    [
      'takes the rest at the end of the stream, and then nothing',
      '-a-|',
      '---(ai|)',
      [(io) => io.untilSilence(3), (io) => io.untilSilence(3)],
    ],
    [
      'takes nothing of more bytes than fit',
      '-a-w------',
      '---(lw|)',
      [(io) => io.untilSilence(3, 4), (io) => io.text(5)],
    ],
    [
      'takes nothing when its time is over',
      '-a-a-a-----',
      '----t---(y|)',
      [(io) => io.within(4, io.untilSilence(3)), (io) => io.untilSilence(3)],
    ],
    [
      'takes nothing after a loss',
      '-a-#',
      '---(oo|)',
      [(io) => io.untilSilence(3), (io) => io.untilSilence(3)],
    ],
  ];
  const said = {
    a: 'a',
    n: '0',
    c: 'c',
    x: 'ab',
    y: 'aaa',
    w: 'awwww',
    i: 'ERR_INCOMPLETE_READ',
    l: 'ERR_LIMIT_OVERRUN',
    t: 'ERR_STEP_TIMEOUT',
    o: 'ERR_CONNECTION_LOST',
  };
  for (const [name, incoming, expected, steps] of rows) {
    it(
      name,
      marbles((m) => {
        const connection = marbleConnection(m, { incoming, values: { w: 'wwww' } });
        m.expect(saying(...steps)(connection)).toBeObservable(expected, said);
      }),
    );
  }

  it('unsubscribed, leaves all bytes and no timer', () => {
    const scheduler = new VirtualTimeScheduler();
    const connection = manualConnection({ scheduler });
    const subscription = saying((io) => io.untilSilence(3))(connection).subscribe();
    connection.transport.receive('a', 'b');
    subscription.unsubscribe();
    scheduler.flush();
    expect(scheduler.now()).toBe(0);
    expect(record(connection.reader.readExactly(2)).log).toEqual(['ab', '|']);
  });

  it('leaves no timer after an error that is caught', () => {
    for (const happen of ['receiveEof', 'lose'] as const) {
      const scheduler = new VirtualTimeScheduler();
      const connection = manualConnection({ scheduler });
      const { log } = record(
        saying(
          (io) => io.untilSilence(3, 4),
          (io) => io.text(5),
        )(connection),
      );
      connection.transport.receive('ab');
      if (happen === 'lose') connection.transport.lose(new Error('unplugged'));
      else connection.transport.receive('cde');
      expect(log[0]).toBe(happen === 'lose' ? 'ERR_CONNECTION_LOST' : 'ERR_LIMIT_OVERRUN');
      scheduler.flush();
      expect(scheduler.now()).toBe(0);
    }
  });

  it('lets in what the reader would have stopped at', () => {
    const scheduler = new VirtualTimeScheduler();
    const connection = manualConnection({ scheduler, limit: 4 });
    connection.transport.receive('much more', ' than the limit');
    const { log } = record(saying((io) => io.untilSilence(3))(connection));
    connection.transport.receive(' of it');
    scheduler.flush();
    expect(log).toEqual(['much more than the limit of it', '|']);
    expect(connection.transport.calls).toEqual(['pause', 'resume']);
  });

  it('cuts whatever comes, whenever it comes, as the operator does', () => {
    const arrivals = fc.array(fc.tuple(fc.nat(6), fc.integer({ min: 1, max: 3 })), { maxLength: 12 });
    fc.assert(
      fc.property(arrivals, (gaps) => {
        const scheduler = new VirtualTimeScheduler();
        const connection = manualConnection({ scheduler });
        const source = new Subject<Uint8Array>();
        const operated = record(source.pipe(silence(3, { scheduler })));
        const spoken = record(
          converse(function* (io: Conversation<Uint8Array>) {
            while (!(yield* io.atEof())) io.emit(yield* io.untilSilence(3));
          })(connection),
        );
        const expected: string[] = [];
        let at = 0;
        gaps.forEach(([gap, length], i) => {
          const chunk = String.fromCharCode(97 + i).repeat(length);
          at += gap;
          scheduler.schedule(() => {
            connection.transport.receive(chunk);
            source.next(bytes(chunk));
          }, at);
          if (gap > 3 || i === 0) expected.push(chunk);
          else expected.push(expected.pop()! + chunk);
        });
        scheduler.schedule(() => {
          connection.transport.receiveEof();
          source.complete();
        }, at + 2);
        scheduler.flush();
        expect(operated.log).toEqual([...expected, '|']);
        expect(spoken.log).toEqual([...expected, '|']);
      }),
      runs(300),
    );
  });

  it('refuses bad arguments at the call', () => {
    const refusals: string[] = [];
    converse(function* (io) {
      for (const call of [
        () => io.untilSilence(0),
        () => io.untilSilence(-1),
        () => io.untilSilence(5, 0),
        () => io.discardUntilSilence(NaN),
      ]) {
        try {
          yield* call();
        } catch (error) {
          refusals.push((error as Error).name);
        }
      }
    })(manualConnection()).subscribe();
    expect(refusals).toEqual(['RangeError', 'RangeError', 'RangeError', 'RangeError']);
  });
});

describe('discardUntilSilence', () => {
  it(
    'drops what is there and what comes, and takes what comes later',
    marbles((m) => {
      const connection = marbleConnection(m, { incoming: 'ab--c-----d----' });
      const talk = saying(
        (io) => io.discardUntilSilence(3),
        (io) => io.text(1),
      );
      m.expect(talk(connection)).toBeObservable('-------t--(d|)', { t: 'true', d: 'd' });
    }),
  );

  it(
    'waits for as long as it has to be silent when nothing comes',
    marbles((m) => {
      const connection = marbleConnection(m, { incoming: '----------' });
      m.expect(saying((io) => io.discardUntilSilence(3))(connection)).toBeObservable('---(t|)', {
        t: 'true',
      });
    }),
  );

  it(
    'is over at the end of the stream, and fails after a loss',
    marbles((m) => {
      const ended = marbleConnection(m, { incoming: '-a|' });
      const lost = marbleConnection(m, { incoming: '-a#' });
      const talk = saying((io) => io.discardUntilSilence(3));
      m.expect(talk(ended)).toBeObservable('--(t|)', { t: 'true' });
      m.expect(talk(lost)).toBeObservable('--(o|)', { o: 'ERR_CONNECTION_LOST' });
    }),
  );

  it(
    'can be given a time, as a line may never be silent',
    marbles((m) => {
      const connection = marbleConnection(m, { incoming: 'aaaaaaaaaaaa' });
      const talk = saying((io) => io.within(5, io.discardUntilSilence(3)));
      m.expect(talk(connection)).toBeObservable('-----(t|)', { t: 'ERR_STEP_TIMEOUT' });
    }),
  );

  it('keeps nothing of what it drops', () => {
    const connection = manualConnection({ limit: 4, scheduler: new VirtualTimeScheduler() });
    const subscription = saying((io) => io.discardUntilSilence(3))(connection).subscribe();
    for (let i = 0; i < 1000; i++) {
      connection.transport.receive('noise');
      expect(connection.reader.bufferedBytes).toBe(0);
    }
    expect(connection.transport.calls).toEqual([]);
    subscription.unsubscribe();
  });
});
