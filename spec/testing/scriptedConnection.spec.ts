import {
  concat,
  concatMap,
  map,
  mergeMap,
  queueScheduler,
  takeWhile,
  VirtualTimeScheduler,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { StreamError } from '../../src/bytes/errors.js';
import { ConnectionLostError } from '../../src/streams/errors.js';
import type { Connection } from '../../src/streams/Connection.js';
import { ScriptError, scriptedConnection, type ScriptStep } from '../../src/testing/scriptedConnection.js';
import { reportsOf } from '../contracts/reports.js';
import { bytes, record, text } from '../streams/record.js';

describe('scriptedConnection', () => {
  describe('the happy path', () => {
    it('delivers leading replies at once, and the following ones within the write that is answered', () => {
      const connection = scriptedConnection([
        { reply: '220 ready\n' },
        { expect: 'EHLO me\n' },
        { reply: '250 hello\n' },
        { expect: bytes('QUIT\n') },
        { reply: bytes('221 bye\n') },
      ]);
      const finished = record(connection.finished$);
      const { log } = record(connection.reader.lines());
      expect(log).toEqual(['220 ready']);
      connection.writer.write('EHLO me\n');
      expect(log).toEqual(['220 ready', '250 hello']);
      expect(finished.log).toEqual([]);
      connection.writer.write('QUIT\n');
      expect(log).toEqual(['220 ready', '250 hello', '221 bye']);
      expect(finished.log).toEqual(['|']);
      expect(() => connection.done()).not.toThrow();
    });

    it('stays open at its end', () => {
      const connection = scriptedConnection([{ reply: 'a' }]);
      const { log } = record(connection.writer.waitClosed());
      expect(connection.writer.isClosing()).toBeFalse();
      expect(log).toEqual([]);
      connection.writer.close();
      expect(log).toEqual(['undefined', '|']);
      connection.done();
    });

    it('is through at once without a step', () => {
      const connection = scriptedConnection([]);
      expect(record(connection.finished$).log).toEqual(['|']);
      connection.done();
    });

    it('delivers a reply in the chunks of its steps', () => {
      const connection = scriptedConnection([
        { reply: '220' },
        { expect: 'x' },
        { reply: '250 he' },
        { reply: '' },
        { reply: 'llo' },
      ]);
      const { log } = record(connection.reader.chunks());
      expect(log).toEqual(['220']);
      connection.writer.write('x');
      expect(log).toEqual(['220', '250 he', 'llo']);
      connection.done();
    });

    it('does not care how the bytes are cut into writes', () => {
      const connection = scriptedConnection([
        { expect: 'abc' },
        { expect: '' },
        { expect: 'def' },
        { reply: '!' },
      ]);
      const { log } = record(connection.reader.chunks());
      connection.writer.write('a');
      connection.writer.write(bytes('bcde'));
      expect(log).toEqual([]);
      connection.writer.write('f');
      expect(log).toEqual(['!']);
      connection.done();
    });

    it('takes one write for several steps, with replies in between', () => {
      const connection = scriptedConnection([
        { expect: 'one\n' },
        { reply: '1' },
        { expect: 'two\n' },
        { reply: '2' },
        { expect: 'thr' },
      ]);
      const { log } = record(connection.reader.chunks());
      connection.writer.write('one\ntwo\nthr');
      expect(log).toEqual(['1', '2']);
      connection.done();
    });

    it('plays ten exchanges in one call stack, as flat as one', () => {
      const steps = Array.from({ length: 10 }, (_, i): ScriptStep[] => [
        { expect: `question ${i}\n` },
        { reply: `answer ${i}\n` },
      ]).flat();
      const connection = scriptedConnection(steps);
      const depths: number[] = [];
      const { reader, writer } = connection;
      const { log } = record(
        reader.lines().pipe(
          map((line) => {
            depths.push(new Error('depth').stack?.split('\n').length ?? 0);
            return line;
          }),
          concatMap((line, i) => {
            if (i < 9) writer.write(`question ${i + 1}\n`);
            return [line];
          }),
        ),
      );
      writer.write('question 0\n');
      expect(log).toEqual(Array.from({ length: 10 }, (_, i) => `answer ${i}`));
      expect(new Set(depths).size).toBe(1);
      connection.done();
    });

    it('takes what the code under test writes, and closes, inside next', () => {
      const connection = scriptedConnection([
        { reply: 'a' },
        { reply: 'b' },
        { expect: 'got agot b' },
        { reply: 'c' },
        { expect: 'got c' },
        { expectClose: true },
      ]);
      const { reader, writer } = connection;
      record(reader.read(1).pipe(mergeMap((chunk) => writer.send(`got ${text(chunk)}`))));
      record(reader.read(1).pipe(mergeMap((chunk) => writer.send(`got ${text(chunk)}`))));
      record(
        reader.read(1).pipe(
          map((chunk) => {
            writer.write(`got ${text(chunk)}`);
            writer.close();
          }),
        ),
      );
      connection.done();
      expect(record(connection.finished$).log).toEqual(['|']);
      expect(record(writer.waitClosed()).log).toEqual(['undefined', '|']);
    });
  });

  describe('time', () => {
    const steps: ScriptStep[] = [
      { wait: 10 },
      { reply: 'a\n' },
      { expect: 'x' },
      { wait: 20 },
      { reply: 'b\n' },
      { wait: 0 },
      { eof: true },
    ];

    it('is virtual in TestScheduler.run', () => {
      new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(
        ({ expectObservable, flush }) => {
          const connection = scriptedConnection(steps);
          const { reader, writer } = connection;
          const lines$ = reader.lines().pipe(
            map((line) => {
              if (line === 'a') writer.write('x');
              return line;
            }),
          );
          expectObservable(lines$).toBe('10ms a 19ms (b|)');
          expectObservable(connection.finished$).toBe('30ms |');
          flush();
          connection.done();
        },
      );
    });

    it('is that of a VirtualTimeScheduler', () => {
      const scheduler = new VirtualTimeScheduler();
      const connection = scriptedConnection(steps, { scheduler });
      const arrivals: string[] = [];
      connection.reader.lines().subscribe((line) => {
        arrivals.push(`${scheduler.now()} ${line}`);
        if (line === 'a') connection.writer.write('x');
      });
      scheduler.flush();
      expect(arrivals).toEqual(['10 a', '30 b']);
      connection.done();
    });

    it('lets the code under test write ahead of its peer', () => {
      const scheduler = new VirtualTimeScheduler();
      const connection = scriptedConnection([{ wait: 10 }, { expect: 'x' }, { wait: 5 }, { reply: 'y' }], {
        scheduler,
      });
      const { log } = record(
        connection.reader.chunks().pipe(map((chunk) => `${scheduler.now()} ${text(chunk)}`)),
      );
      connection.writer.write('x');
      expect(() => connection.done()).toThrowError(
        ScriptError,
        /^Step 1 of 4 and .* left over\n {2}wait 10 ms$/,
      );
      scheduler.flush();
      expect(log).toEqual(['15 y']);
      connection.done();
    });

    it('ends with the connection: no timer is left behind', () => {
      const scheduler = new VirtualTimeScheduler();
      const connection = scriptedConnection([{ expectClose: true }, { wait: 1000 }], { scheduler });
      connection.writer.close();
      connection.done();
      const early = scriptedConnection([{ wait: 1000 }, { reply: 'never' }], { scheduler });
      early.writer.close();
      scheduler.flush();
      expect(scheduler.now()).toBe(0);
      expect(() => early.done()).toThrowError(ScriptError, /^Step 2 of 2 is left over/);
    });
  });

  describe('bytes that were not expected', () => {
    it('break the connection where they are written, with the step and both sides', () => {
      const connection = scriptedConnection([
        { reply: '220 ready\r\n' },
        { expect: 'EHLO me\r\n' },
        { reply: '250 ok\r\n' },
      ]);
      const { reader, writer } = connection;
      const finished = record(connection.finished$);
      const lines = record(reader.lines());
      writer.write('EHLO ');
      expect(lines.log).toEqual(['220 ready']);
      writer.write('you\r\n');
      const error = problemOf(connection);
      expect(error.message).toBe(
        'Step 2 of 3: not what was expected, from byte 5 on\n' +
          '  expected: EHLO ▸me\\r\\n\n' +
          '  written:  EHLO ▸you\\r\\n',
      );
      expect(error.step).toBe(2);
      expect(error.code).toBe('ERR_SCRIPT');
      expect(error).toBeInstanceOf(StreamError);
      expect(finished.log.length).toBe(1);
      expect(lines.log[1]).toMatch(/^# /);
      for (const source$ of [reader.read(1), writer.waitClosed(), writer.drain()] as Observable<unknown>[]) {
        const loss = errorOf(source$);
        expect(loss).toBeInstanceOf(ConnectionLostError);
        expect((loss as Error).cause).toBe(error);
      }
      writer.write('more');
      expect(problemOf(connection)).withContext('the first one counts').toBe(error);
      expect(errorOf(connection.finished$)).toBe(error);
    });

    it('are shown in hex where they are no text, cut between characters and to a length', () => {
      expect(messageFor('né', 'nè')).toContain('expected: n▸é\n  written:  n▸è');
      expect(messageFor(Uint8Array.of(0, 1, 2), Uint8Array.of(0, 1, 255))).toContain(
        'expected: <00 01>▸<02>\n  written:  <00 01>▸<ff>',
      );
      const message = messageFor(`${'a'.repeat(1000)}b`, `${'a'.repeat(1000)}${'c'.repeat(1000)}`);
      expect(message).toContain(`from byte 1000 on\n  expected: … ${'a'.repeat(60)}▸b\n`);
      expect(message).toContain(`▸${'c'.repeat(60)} … (1000 bytes)`);
    });

    it('count from the beginning of their step, whatever was matched before in the same write', () => {
      const connection = scriptedConnection([{ expect: 'one ' }, { reply: '!' }, { expect: 'two' }]);
      connection.writer.write('one twice');
      expect(problemOf(connection).message).toBe(
        'Step 3 of 3: not what was expected, from byte 2 on\n  expected: tw▸o\n  written:  tw▸ice',
      );
    });

    it('are any where an end is expected, or nothing more', () => {
      const ending = scriptedConnection([{ expectEof: true }]);
      ending.writer.write('more');
      expect(problemOf(ending).message).toBe(
        'Step 1 of 1: not what was expected\n  expected: expectEof (writeEof() or close())\n  written:  more',
      );
      const over = scriptedConnection([{ expect: 'a' }]);
      over.writer.write('a');
      over.done();
      over.writer.write('b');
      expect(problemOf(over).message).toBe('After step 1 of 1: nothing more was expected\n  written:  b');
      expect(problemOf(over).step).toBe(2);
    });

    it('break it in the middle of a reply, too', () => {
      const connection = scriptedConnection([
        { expect: 'a' },
        { reply: 'b' },
        { reply: 'c' },
        { expect: 'd' },
      ]);
      const { log } = record(
        connection.reader.chunks().pipe(
          map((chunk) => {
            connection.writer.write('wrong');
            return chunk;
          }),
        ),
      );
      connection.writer.write('a');
      expect(log[0]).toBe('b');
      expect(log.length).toBe(2);
      expect(problemOf(connection).step).toBe(4);
    });
  });

  describe('steps that are left over', () => {
    it('are told of by done(), with the bytes that had come', () => {
      const connection = scriptedConnection([{ expect: 'abc' }, { reply: 'd' }]);
      connection.writer.write('ab');
      const error = problemOf(connection);
      expect(error.message).toBe(
        'Step 1 of 2 and what follows it are left over\n  expect abc, of which 2 bytes were written',
      );
      expect(error.step).toBe(1);
    });

    it('end finished$ when the code under test has closed or aborted; to that it is no error', () => {
      for (const end of ['close', 'abort'] as const) {
        const connection = scriptedConnection([{ expect: 'a' }, { reply: 'b' }]);
        const closed = record(connection.writer.waitClosed());
        const finished = record(connection.finished$);
        connection.writer[end]();
        expect(closed.log).toEqual(['undefined', '|']);
        expect(finished.log.length).toBe(1);
        expect(problemOf(connection).message).toContain('left over, the connection is closed\n  expect a');
      }
    });

    it('are the replies that nobody took', () => {
      const connection = scriptedConnection([{ reply: 'abcde' }, { reply: 'f' }], { limit: 2 });
      expect(problemOf(connection).message).toBe('Step 2 of 2 is left over\n  reply f');
    });
  });

  it('honours the pause of the reader: what the peer sends waits, the script goes on', () => {
    const connection = scriptedConnection(
      [{ reply: 'abcde' }, { reply: 'fgh' }, { expect: 'x' }, { reply: 'i' }, { eof: true }],
      { limit: 2 },
    );
    const { reader, writer } = connection;
    expect(reader.bufferedBytes).toBe(5);
    writer.write('x');
    expect(reader.bufferedBytes).toBe(5);
    expect(record(reader.readExactly(3)).log).toEqual(['abc', '|']);
    expect(reader.bufferedBytes).withContext('resumed, paused again').toBe(5);
    expect(reader.atEof()).toBeFalse();
    expect(record(reader.read()).log).toEqual(['defghi', '|']);
    connection.done();
  });

  describe('ends', () => {
    it('half-closes, and goes on taking what is written', () => {
      const connection = scriptedConnection([
        { reply: 'a' },
        { eof: true },
        { expect: 'b' },
        { expectEof: true },
      ]);
      const { log } = record(connection.reader.chunks());
      expect(log).toEqual(['a', '|']);
      connection.writer.write('b');
      const closed = record(connection.writer.waitClosed());
      connection.writer.writeEof();
      expect(closed.log).withContext('both directions have ended').toEqual(['undefined', '|']);
      connection.done();
    });

    it('breaks the connection behind the bytes that came before', () => {
      const connection = scriptedConnection([{ reply: 'ab' }, { reset: true }]);
      const { reader, writer } = connection;
      expect(record(reader.read(2)).log).toEqual(['ab', '|']);
      expect((errorOf(writer.waitClosed()) as Error).cause).toEqual(
        jasmine.objectContaining({ code: 'ECONNRESET' }),
      );
      expect(writer.isClosing()).toBeTrue();
      expect(record(connection.finished$).log).toEqual(['|']);
      connection.done();

      const reason = new Error('the cable');
      const other = scriptedConnection([{ reset: reason }]);
      expect((errorOf(other.reader.read(1)) as Error).cause).toBe(reason);
      other.done();
    });

    it('takes writeEof() or close() for expectEof, only close() for expectClose', () => {
      const halfClosed = scriptedConnection([{ expectEof: true }, { reply: 'rest' }, { expectClose: true }]);
      const { log } = record(halfClosed.reader.chunks());
      halfClosed.writer.writeEof();
      expect(log).toEqual(['rest']);
      expect(problemOf(halfClosed).message).toContain('Step 3 of 3 is left over\n  expectClose');
      halfClosed.writer.close();
      halfClosed.done();

      const closed = scriptedConnection([{ expectEof: true }, { expectClose: true }]);
      closed.writer.close();
      closed.done();

      const aborted = scriptedConnection([{ expectClose: true }]);
      aborted.writer.abort();
      expect(problemOf(aborted).step).toBe(1);
    });

    it('keeps the connection open for a close() that is expected, when both directions have ended', () => {
      const connection = scriptedConnection([{ expectEof: true }, { eof: true }, { expectClose: true }]);
      connection.writer.writeEof();
      expect(connection.reader.atEof()).toBeTrue();
      expect(connection.writer.isClosing()).toBeFalse();
      connection.writer.close();
      connection.done();
    });

    it('breaks at a writeEof() where bytes are expected', () => {
      const connection = scriptedConnection([{ expect: 'abc' }]);
      connection.writer.write('a');
      connection.writer.writeEof();
      expect(problemOf(connection).message).toBe('Step 1 of 1: writeEof(), expected bc');
    });
  });

  it('checks its steps at the call', () => {
    const make = (...steps: unknown[]) => {
      return () => scriptedConnection(steps as ScriptStep[]);
    };
    expect(make({ wait: -1 })).toThrowError(RangeError, /^Step 1: wait .* not -1$/);
    expect(make({ wait: NaN })).toThrowError(RangeError, /not NaN$/);
    expect(make({ expect: 'a' }, { pause: 1 })).toThrowError(
      TypeError,
      'Step 2 is no step of a script: {"pause":1}',
    );
    expect(make({ eof: true }, { reply: 'a' })).toThrowError(TypeError, /^Step 2: .*reply a can follow eof$/);
    expect(make({ reset: true }, { expect: 'a' })).toThrowError(
      TypeError,
      /^Step 2: .*expect a can follow reset$/,
    );
    expect(() => scriptedConnection([], { limit: 0 })).toThrowError(RangeError, /limit/);
  });

  it('tests a dialogue in virtual time', () => {
    const login = ({ reader, writer }: Connection) =>
      concat(
        reader.readLine(),
        writer.send('USER me\n'),
        reader.lines().pipe(takeWhile((line) => !line.startsWith('+OK'), true)),
      ).pipe(map((line) => (typeof line === 'string' ? line : text(line).trim())));
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ expectObservable }) => {
      const connection = scriptedConnection([
        { wait: 2 },
        { reply: '+HI\n' },
        { expect: 'USER me\n' },
        { wait: 3 },
        { reply: '-busy\n+O' },
        { wait: 1 },
        { reply: 'K\n' },
      ]);
      expectObservable(login(connection)).toBe('--a--b(c|)', { a: '+HI', b: '-busy', c: '+OK' });
    });
  });

  it('waits with a scheduler that does its work at once', () => {
    const connection = scriptedConnection([{ wait: 0 }, { reply: 'a' }, { wait: 0 }, { eof: true }], {
      scheduler: queueScheduler,
    });
    const received: string[] = [];
    connection.reader.read().subscribe((all) => received.push(new TextDecoder().decode(all)));
    expect(received).toEqual(['a']);
    connection.done();
  });

  it('reports a scheduler that throws, and stays at that step', async () => {
    const bad = new Error('of the scheduler');
    const scheduler: SchedulerLike = {
      now: () => 0,
      schedule: () => {
        throw bad;
      },
    };
    const reports = await reportsOf(() => {
      const connection = scriptedConnection([{ wait: 5 }, { reply: 'a' }], { scheduler });
      connection.writer.close();
      expect(() => connection.done()).toThrowError(/reply a/);
    });
    expect(reports).toEqual([bad]);
  });
});

function problemOf(connection: { done(): void }): ScriptError {
  try {
    connection.done();
  } catch (error) {
    if (error instanceof ScriptError) return error;
    throw error;
  }
  throw new Error('The script is done');
}

function errorOf(source$: Observable<unknown>): unknown {
  let reason: unknown = 'no error';
  source$.subscribe({ error: (error: unknown) => (reason = error) });
  return reason;
}

function messageFor(expected: string | Uint8Array, written: string | Uint8Array): string {
  const connection = scriptedConnection([{ expect: expected }]);
  connection.writer.write(written);
  return problemOf(connection).message;
}
