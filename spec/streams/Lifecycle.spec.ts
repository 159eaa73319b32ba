import { catchError, EMPTY, of, Subject, take, takeWhile, type Observable } from 'rxjs';
import { useConnection, type Connection } from '../../src/index.js';
import { Lifecycle } from '../../src/streams/Lifecycle.js';
import { manualConnection, type ManualConnection } from '../../src/testing.js';
import { record } from './record.js';

/** What each call gives now: a value, a code, or what it waits for. */
function outcome({ reader, writer, transport }: ManualConnection): Record<string, string> {
  const calls = transport.calls.length;
  let write = 'sent';
  try {
    writer.write('x');
    if (transport.calls.length === calls) write = 'dropped';
  } catch (error) {
    write = (error as { code: string }).code;
  }
  const of = (stream$: Observable<unknown>): string => record(stream$).log.join(' ') || 'waits';
  return {
    write,
    send: of(writer.send('y')),
    drain: of(writer.drain()),
    closed: of(writer.waitClosed()),
    read: of(reader.read(9)),
    closing: String(writer.isClosing()),
  };
}

const LOST = '# ERR_CONNECTION_LOST';
const CLOSED = '# ERR_CONNECTION_CLOSED';
const AFTER_END = { write: 'ERR_WRITE_AFTER_END', send: '# ERR_WRITE_AFTER_END' };
const value = 'undefined |';

type Act = (connection: ManualConnection) => void;
const lose: Act = ({ transport }) => transport.lose(new Error('reset'));
const writeEof: Act = ({ writer }) => writer.writeEof();
const close: Act = ({ writer }) => writer.close();
const abort: Act = ({ writer }) => writer.abort('enough');
const peerEof: Act = ({ transport }) => transport.receiveEof();

describe('The life of a connection', () => {
  const cases: [name: string, acts: Act[], expected: Record<string, string>][] = [
    [
      'open',
      [],
      { write: 'sent', send: '|', drain: value, closed: 'waits', read: 'waits', closing: 'false' },
    ],
    [
      'ended here',
      [writeEof],
      { ...AFTER_END, drain: value, closed: 'waits', read: 'waits', closing: 'false' },
    ],
    [
      'ended by the peer',
      [peerEof],
      { write: 'sent', send: '|', drain: value, closed: 'waits', read: ' |', closing: 'false' },
    ],
    ['closed here', [close], { ...AFTER_END, drain: CLOSED, closed: value, read: ' |', closing: 'true' }],
    [
      'aborted',
      [abort],
      {
        write: 'ERR_CONNECTION_CLOSED',
        send: CLOSED,
        drain: CLOSED,
        closed: value,
        read: CLOSED,
        closing: 'true',
      },
    ],
    [
      'lost',
      [lose],
      { write: 'dropped', send: LOST, drain: LOST, closed: LOST, read: LOST, closing: 'true' },
    ],
    [
      'closed by the peer',
      [({ transport }) => transport.lose()],
      { write: 'dropped', send: LOST, drain: LOST, closed: value, read: ' |', closing: 'true' },
    ],
    [
      'ended by both',
      [writeEof, peerEof],
      { ...AFTER_END, drain: CLOSED, closed: value, read: ' |', closing: 'true' },
    ],
    [
      'lost after writeEof()',
      [writeEof, lose],
      { ...AFTER_END, drain: LOST, closed: LOST, read: LOST, closing: 'true' },
    ],
    [
      'lost while it was closed',
      [({ writer }) => writer.write('unsent'), close, lose],
      { ...AFTER_END, drain: LOST, closed: LOST, read: LOST, closing: 'true' },
    ],
  ];

  for (const [name, acts, expected] of cases) {
    const start = (): ManualConnection => {
      const connection = manualConnection({ holdWrites: name.includes('while') });
      for (const act of acts) act(connection);
      return connection;
    };

    it(`${name}: each call gives what the table says`, () => {
      expect(outcome(start())).toEqual(expected);
    });

    if (expected.closing !== 'true') continue;
    for (const [later, act] of Object.entries({ close, abort, writeEof, lose, peerEof })) {
      it(`${name}: a later ${later} changes nothing`, () => {
        const connection = start();
        act(connection);
        connection.release();
        expect(outcome(connection)).toEqual(expected);
      });
    }
  }

  it('each step is taken once, and the first end counts', () => {
    const life = new Lifecycle();
    expect([life.end(), life.end()]).toEqual([true, false]);
    expect([life.close(), life.close(), life.end()]).toEqual([true, false, false]);
    expect([life.abort('first'), life.abort('second'), life.close(), life.end()]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(life.error?.cause).toBe('first');
    expect([life.go(new Error('reset')), life.go(new Error('again')), life.abort('late')]).toEqual([
      true,
      false,
      false,
    ]);
    expect([life.phase, life.failure, life.loss]).toEqual(['gone', life.error, undefined]);
    expect(life.error?.cause).toBe('first');
  });

  it('what ended it is told in words', () => {
    const message = (end: (life: Lifecycle) => void): string | undefined => {
      const life = new Lifecycle();
      end(life);
      expect(life.error).withContext('before it is gone').toBeUndefined();
      life.go(undefined);
      expect(life.go(new Error('reset'))).toBeFalse();
      return life.error?.message;
    };
    expect(message(() => undefined)).toBe('The connection was lost: the peer closed it');
    expect(message((life) => life.end())).toBe('Both directions have ended');
    expect(message((life) => life.close())).toBe('The connection was closed by this side');
  });

  it('a loss is not turned into a close by the clean-up of whoever owns the connection', () => {
    const connection = manualConnection();
    const heartbeat = new Subject<string>();
    heartbeat.subscribe((beat) => connection.writer.write(beat));
    const { log } = record(
      of<Connection>(connection).pipe(
        useConnection(({ reader }) => reader.lines()),
        catchError(() => EMPTY),
      ),
    );
    heartbeat.next('one');
    lose(connection);
    expect(log).toEqual(['|']);
    expect(() => heartbeat.next('two')).not.toThrow();
    expect(record(connection.writer.send('three')).log).toEqual([LOST]);
    expect(connection.transport.calls).toEqual(['write one']);
  });

  it('everybody hears of the same error', () => {
    const { reader, writer, transport } = manualConnection({ highWaterMark: 0, holdWrites: true });
    writer.write('x');
    const errors: unknown[] = [];
    const error = (reason: unknown): number => errors.push(reason);
    reader.read().subscribe({ error });
    writer.drain().subscribe({ error });
    writer.waitClosed().subscribe({ error });
    transport.lose(new Error('reset'));
    writer.drain().subscribe({ error });
    writer.send('y').subscribe({ error });
    reader.read().subscribe({ error });
    expect(errors.length).toBe(6);
    expect(new Set(errors).size).toBe(1);
  });

  it('a teardown that throws leaves nobody untold of the end', () => {
    for (const end of [lose, abort, close]) {
      const connection = manualConnection({ highWaterMark: 0, holdWrites: true });
      const { reader, writer, core } = connection;
      const reported: unknown[] = [];
      core.report = (error) => reported.push(error);
      writer.write('x');
      const streams = (): Observable<unknown>[] => [
        reader.read(),
        writer.drain$,
        writer.paused$,
        writer.drain(),
        writer.waitClosed(),
      ];
      for (const stream$ of streams()) {
        const throwing = stream$.subscribe({ error: () => undefined });
        throwing.add(() => {
          throw new Error('teardown');
        });
      }
      const others = streams().map((stream$) => record(stream$));
      end(connection);
      connection.transport.drain();
      for (const { log } of others) expect(log.at(-1)).toMatch(/^\||^#/);
      expect(reported.length).toBe(5);
    }
  });

  it('a teardown that throws leaves nobody untold of a drain, or of a pause', () => {
    const { writer, transport, core } = manualConnection({ highWaterMark: 1, holdWrites: true });
    const reported: unknown[] = [];
    core.report = (error) => reported.push(error);
    const failing = (): never => {
      throw new Error('teardown');
    };
    writer.paused$
      .pipe(takeWhile((now) => !now))
      .subscribe()
      .add(failing);
    const paused = record(writer.paused$);
    writer.write('xy');
    writer.drain().subscribe().add(failing);
    writer.drain$.pipe(take(1)).subscribe().add(failing);
    const drained = record(writer.drain());
    transport.drain();
    expect(paused.log).toEqual(['false', 'true', 'false']);
    expect(drained.log).toEqual(['undefined', '|']);
    // The others RxJS keeps to itself: they come from inside an operator.
    expect(reported.length).toBe(1);
  });
});
