import {
  config,
  EMPTY,
  finalize,
  map,
  NEVER,
  of,
  Subject,
  take,
  throwError,
  timer,
  VirtualTimeScheduler,
  type Observable,
} from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import {
  connectionPair,
  converse,
  decoder,
  lengthPrefixed,
  lines,
  serve,
  useConnection,
  type Connection,
  type Conversation,
  type DecoderBytes,
} from '../../src/index.js';
import { manualConnection, marbleConnection, type ManualConnection } from '../../src/testing.js';
import { record, text } from '../streams/record.js';

/** Two bytes of length, then as many bytes of text: as a decoder, and in a conversation. */
function* message(io: DecoderBytes): Generator<undefined, string> {
  const length = yield* io.uint16();
  return yield* io.text(length);
}

const said = (stream$: Observable<unknown>): string[] => record(stream$).log;

describe('converse', () => {
  it('is spoken line by line, within one call', () => {
    const [client, server] = connectionPair();
    const greet = converse(function* (io) {
      yield* io.send('name?\n');
      const name = yield* io.line();
      yield* io.send(`hello, ${name}\n`);
    });
    const ask = converse(function* (io) {
      const question = yield* io.line();
      yield* io.send('rxjs\n');
      return `${question} ${yield* io.line()}`;
    });
    const served = record(of(server).pipe(useConnection(greet)));
    expect(said(ask(client))).toEqual(['name? hello, rxjs', '|']);
    expect(served.log).toEqual(['|']);
  });

  it('does nothing before it is subscribed to, and runs anew each time', () => {
    let runs = 0;
    const connection = manualConnection();
    const count$ = converse(function* (io) {
      runs++;
      return yield* io.line();
    })(connection);
    expect(runs).toBe(0);
    connection.transport.receive('one\ntwo\n');
    expect(said(count$)).toEqual(['one', '|']);
    expect(said(count$)).toEqual(['two', '|']);
    expect(runs).toBe(2);
  });

  it(
    'goes on at the very time when what it waits for comes',
    marbles((m) => {
      const connection = marbleConnection(m, {
        incoming: '--a--b---c-|',
        values: { a: 'x\n', b: 'yz', c: '\n' },
      });
      const talk = converse(function* (io: Conversation<string>) {
        io.emit(yield* io.line());
        yield* io.delay(2);
        io.emit('later');
        io.emit(text(yield* io.exactly(1)));
        io.emit(yield* io.line());
        io.emit(String(yield* io.atEof()));
      });
      m.expect(talk(connection)).toBeObservable('--x-ly---z-(t|)', {
        x: 'x',
        l: 'later',
        y: 'y',
        z: 'z',
        t: 'true',
      });
    }),
  );

  it('takes everything a decoder can, and the same parts', () => {
    const connection = manualConnection();
    const { transport } = connection;
    const log = record(
      converse(function* (io: Conversation) {
        io.emit(yield* message(io));
        io.emit(yield* io.frame(decoder(message)));
        io.emit(yield* io.frame(lengthPrefixed({ width: 1 })));
        io.emit(yield* io.integer('\r\n'));
        io.emit(yield* io.until(';'));
        yield* io.skip(1);
        io.emit(yield* io.uint8());
        io.emit(yield* io.read(2));
        io.emit(yield* io.read());
        io.emit(yield* io.atEof());
      })(connection),
    );
    transport.receive('\0\x02hi\0', '\x03you\x01', '!-12\r', '\n', 'ab;x\x07', 'pqr', 'st');
    transport.receiveEof();
    expect(log.log).toEqual(['hi', 'you', '!', '-12', 'ab;', '7', 'pq', 'rst', 'true', '|']);
  });

  describe('what goes wrong is thrown at the line that waits', () => {
    const cases: [string, (connection: ManualConnection) => void, string][] = [
      ['the end of the stream', ({ transport }) => transport.receiveEof(), 'ERR_INCOMPLETE_READ'],
      ['a loss', ({ transport }) => transport.lose(new Error('reset')), 'ERR_CONNECTION_LOST'],
      ['an abort', ({ writer }) => writer.abort(), 'ERR_CONNECTION_CLOSED'],
    ];
    for (const [name, happen, code] of cases) {
      it(name, () => {
        const connection = manualConnection();
        const steps: string[] = [];
        const talk = converse(function* (io) {
          try {
            steps.push(yield* io.line());
            steps.push(yield* io.line());
          } catch (error) {
            steps.push((error as { code: string }).code);
          } finally {
            steps.push('finally');
          }
          return 'done';
        });
        const { log } = record(talk(connection));
        connection.transport.receive('one\n');
        happen(connection);
        expect(steps).toEqual(['one', code, 'finally']);
        expect(log).toEqual(['done', '|']);
      });
    }

    it('the bytes of a read that was too short are in the error', () => {
      const connection = manualConnection();
      const { log } = record(
        converse(function* (io) {
          try {
            yield* io.exactly(9);
          } catch (error) {
            return text((error as { partial: Uint8Array }).partial);
          }
          return 'all';
        })(connection),
      );
      connection.transport.receive('abc');
      connection.transport.receiveEof();
      expect(log).toEqual(['abc', '|']);
    });

    it('a line that is too long, which stays', () => {
      const connection = manualConnection();
      connection.transport.receive('much too long\n');
      const talk = converse(function* (io) {
        try {
          return yield* io.line({ limit: 4 });
        } catch (error) {
          return `${(error as { code: string }).code} ${text(yield* io.exactly(4))}`;
        }
      });
      expect(said(talk(connection))).toEqual(['ERR_LIMIT_OVERRUN much', '|']);
    });

    it('is the error of the conversation if it is not caught', () => {
      const connection = manualConnection();
      const { log } = record(
        converse(function* (io) {
          yield* io.line();
        })(connection),
      );
      connection.transport.lose(new Error('reset'));
      expect(log).toEqual(['# ERR_CONNECTION_LOST']);
    });
  });

  describe('unsubscribed', () => {
    it('runs its finally blocks, and leaves what it has not taken', () => {
      const connection = manualConnection();
      const steps: string[] = [];
      const subscription = converse(function* (io) {
        try {
          steps.push(yield* io.line());
          yield* io.exactly(100);
        } finally {
          steps.push('inner');
          io.write('bye\n');
          yield* io.send('bye again\n');
          yield* io.delay(1000);
          steps.push('not waited for');
        }
      })(connection).subscribe();
      connection.transport.receive('one\ntwo\n');
      subscription.unsubscribe();
      expect(steps).toEqual(['one', 'inner']);
      expect(connection.transport.calls).toEqual(['write bye\n', 'write bye again\n']);
      expect(said(connection.reader.readLine())).toEqual(['two\n', '|']);
    });

    it('inside what it emits: the step under way takes no more', () => {
      for (const count of [1, 2]) {
        const connection = manualConnection();
        connection.transport.receive('1\n2\n3\n');
        let done = false;
        const { log } = record(
          converse(function* (io: Conversation<string>) {
            try {
              for (;;) io.emit(yield* io.line());
            } finally {
              done = true;
            }
          })(connection).pipe(take(count)),
        );
        expect(log).toEqual([...['1', '2'].slice(0, count), '|']);
        expect(done).toBeTrue();
        expect(said(connection.reader.readLine())).toEqual([`${count + 1}\n`, '|']);
      }
    });

    it('inside what it emits: it says nothing more, and nothing is reported', () => {
      const connection = manualConnection();
      const reported: unknown[] = [];
      connection.core.report = (error) => reported.push(error);
      connection.transport.receive('1\n2\n');
      const steps: string[] = [];
      const talk = converse(function* (io: Conversation<string>) {
        try {
          for (;;) {
            io.emit(yield* io.line());
            io.write('not written');
            yield* io.send('not sent');
            steps.push('not reached');
          }
        } finally {
          steps.push('finally');
        }
      });
      const { log } = record(of<Connection>(connection).pipe(useConnection(talk), take(1)));
      expect(log).toEqual(['1', '|']);
      expect(steps).toEqual(['finally']);
      expect(connection.transport.calls).toEqual(['close']);
      expect(reported).toEqual([]);
    });

    it('in the middle of a frame: it is whole for the next', () => {
      const connection = manualConnection();
      const frames = decoder(message);
      const subscription = converse(function* (io) {
        yield* io.frame(frames);
      })(connection).subscribe();
      connection.transport.receive('\0\x05he');
      subscription.unsubscribe();
      const next = record(connection.reader.readFrame(frames));
      connection.transport.receive('llo');
      expect(next.log).toEqual(['hello', '|']);
    });

    it('tears down what it waits for', () => {
      const connection = manualConnection();
      let torn = 0;
      const never = NEVER.pipe(finalize(() => torn++));
      converse(function* (io) {
        yield* io.wait(never);
      })(connection)
        .subscribe()
        .unsubscribe();
      expect(torn).toBe(1);
    });

    it('a finally block that throws is reported', (done) => {
      const before = config.onUnhandledError;
      config.onUnhandledError = (error) => {
        config.onUnhandledError = before;
        expect(error).toEqual(new Error('of finally'));
        done();
      };
      const connection = manualConnection();
      converse(function* (io) {
        try {
          yield* io.line();
        } finally {
          // eslint-disable-next-line no-unsafe-finally
          throw new Error('of finally');
        }
      })(connection)
        .subscribe()
        .unsubscribe();
      connection.transport.receive('left\n');
      expect(said(connection.reader.readLine())).toEqual(['left\n', '|']);
    });
  });

  describe('within', () => {
    it(
      'cuts a step off in time, and loses no byte',
      marbles((m) => {
        const connection = marbleConnection(m, {
          incoming: '--a-----b-',
          values: { a: 'hel', b: 'lo\n' },
        });
        const talk = converse(function* (io) {
          try {
            yield* io.within(4, io.line());
          } catch (error) {
            io.emit((error as { code: string; timeout: number }).code);
          }
          return yield* io.within(10, io.line());
        });
        m.expect(talk(connection)).toBeObservable('----e---(l|)', { e: 'ERR_STEP_TIMEOUT', l: 'hello' });
      }),
    );

    it(
      'throws into a part at the line that waits, and puts a frame back',
      marbles((m) => {
        const connection = marbleConnection(m, {
          incoming: 'a-----b---',
          values: { a: '\0\u0005he', b: 'llo' },
        });
        const frames = decoder(message);
        function* patient(io: Conversation<string>): Generator<undefined, string> {
          try {
            return yield* io.frame(frames);
          } catch (error) {
            io.emit((error as { code: string }).code);
            return yield* io.frame(frames);
          }
        }
        const talk = converse(function* (io: Conversation<string>) {
          return yield* io.within(3, patient(io));
        });
        m.expect(talk(connection)).toBeObservable('---e--(h|)', { e: 'ERR_STEP_TIMEOUT', h: 'hello' });
      }),
    );

    it('leaves no timer behind', () => {
      const scheduler = new VirtualTimeScheduler();
      const connection = manualConnection({ scheduler });
      connection.transport.receive('now\n');
      const talk = converse(function* (io) {
        return yield* io.within(1000, io.line());
      });
      expect(said(talk(connection))).toEqual(['now', '|']);
      converse(function* (io) {
        yield* io.within(1000, io.line());
      })(connection)
        .subscribe()
        .unsubscribe();
      scheduler.flush();
      expect(scheduler.now()).toBe(0);
    });
  });

  describe('wait', () => {
    it('gives the first value of anything, in the same call if it is there', async () => {
      const connection = manualConnection();
      const subject = new Subject<string>();
      let torn = false;
      const { log } = record(
        converse(function* (io: Conversation<string>) {
          io.emit(yield* io.wait(of('now', 'ignored')));
          io.emit(yield* io.wait(['iterable']));
          io.emit(yield* io.wait(subject.pipe(finalize(() => (torn = true)))));
          io.emit(yield* io.wait(Promise.resolve('promise')));
        })(connection),
      );
      expect(log).toEqual(['now', 'iterable']);
      subject.next('later');
      expect(torn).toBeTrue();
      expect(log).toEqual(['now', 'iterable', 'later']);
      await Promise.resolve();
      await Promise.resolve();
      expect(log).toEqual(['now', 'iterable', 'later', 'promise', '|']);
    });

    it('throws its error, and EmptyError for nothing', () => {
      const connection = manualConnection();
      const talk = converse(function* (io: Conversation<string>) {
        for (const source of [throwError(() => new Error('failed')), EMPTY]) {
          try {
            yield* io.wait(source);
          } catch (error) {
            io.emit(`${(error as Error).name}: ${(error as Error).message}`);
          }
        }
      });
      expect(said(talk(connection))).toEqual(['Error: failed', 'EmptyError: no elements in sequence', '|']);
    });

    it('takes no bytes meanwhile: the peer is slowed down', () => {
      const connection = manualConnection({ limit: 4 });
      const work = new Subject<string>();
      const { log } = record(
        converse(function* (io: Conversation<string>) {
          for (;;) io.emit((yield* io.line()) + (yield* io.wait(work)));
        })(connection),
      );
      connection.transport.receive('one\n', 'two\n', 'thr\n', 'fou\n');
      expect(connection.transport.calls).toEqual(['pause']);
      expect(connection.reader.bufferedBytes).toBe(12);
      work.next('!');
      work.next('!');
      expect(log).toEqual(['one!', 'two!']);
      expect(connection.transport.calls).toEqual(['pause', 'resume']);
    });
  });

  it('send waits for room', () => {
    const connection = manualConnection({ holdWrites: true, highWaterMark: 2 });
    const { log } = record(
      converse(function* (io: Conversation<string>) {
        yield* io.send('abc');
        io.emit('room');
        yield* io.send('def');
        io.emit('room again');
      })(connection),
    );
    expect(log).toEqual([]);
    connection.transport.drain();
    expect(log).toEqual(['room']);
    connection.transport.drain();
    expect(log).toEqual(['room', 'room again', '|']);
  });

  it('send throws the loss, at its line', () => {
    const connection = manualConnection({ holdWrites: true, highWaterMark: 2 });
    const { log } = record(
      converse(function* (io) {
        try {
          yield* io.send('abc');
        } catch (error) {
          return (error as { code: string }).code;
        }
        return 'sent';
      })(connection),
    );
    connection.transport.lose(new Error('reset'));
    expect(log).toEqual(['ERR_CONNECTION_LOST', '|']);
  });

  it('holds the reader; what comes after it finds the next byte', () => {
    const connection = manualConnection();
    const talk = record(
      converse(function* (io) {
        return yield* io.line();
      })(connection),
    );
    expect(said(connection.reader.readLine())).toEqual(['# ERR_READER_BUSY']);
    const second = converse(function* (io) {
      return yield* io.line();
    });
    expect(said(second(connection))).toEqual(['# ERR_READER_BUSY']);
    connection.transport.receive('one\ntwo\n');
    expect(talk.log).toEqual(['one', '|']);
    expect(said(second(connection))).toEqual(['two', '|']);
  });

  it('tells of a yield* that was forgotten, or was a yield', () => {
    const forgetful: Record<string, (io: Conversation) => Generator<unknown, unknown>> = {
      *'a verb'(io) {
        io.exactly(1);
        yield* io.line();
      },
      *'the last one'(io) {
        io.line();
      },
      *'a yield of a verb'(io) {
        yield io.line();
      },
      *'a wait'(io) {
        io.wait(timer(1));
        yield* io.line();
      },
      *'a yield of something'() {
        yield 5;
      },
    };
    for (const [name, talk] of Object.entries(forgetful)) {
      const connection = manualConnection();
      let error: unknown;
      converse(talk as never)(connection).subscribe({ error: (reason: unknown) => (error = reason) });
      connection.transport.receive('one\ntwo\n');
      expect(error).withContext(name).toBeInstanceOf(TypeError);
      expect((error as Error).message)
        .withContext(name)
        .toContain('yield*');
    }
  });

  it('serves: one client after another, and together', () => {
    const clients = [connectionPair(), connectionPair()];
    const shout = converse(function* (io: Conversation<string>) {
      while (!(yield* io.atEof())) {
        const line = yield* io.line();
        yield* io.send(`${line.toUpperCase()}\n`);
        io.emit(line);
      }
    });
    const { log } = record(of<Connection[]>(...clients.map(([, server]) => server)).pipe(serve(shout)));
    const answers = clients.map(([client]) => record(client.reader.lines()));
    clients[0]![0].writer.write('one\ntw');
    clients[1]![0].writer.write('three\n');
    clients[0]![0].writer.write('o\n');
    for (const [client] of clients) client.writer.close();
    expect(log).toEqual(['one', 'three', 'two', '|']);
    expect(answers.map((answer) => answer.log)).toEqual([
      ['ONE', 'TWO', '|'],
      ['THREE', '|'],
    ]);
  });

  it('knows the types of what is emitted', () => {
    const connection = manualConnection();
    const returned: Observable<number> = converse(function* (io) {
      return (yield* io.line()).length;
    })(connection);
    const emitted: Observable<string> = converse(function* (io: Conversation<string>) {
      io.emit(yield* io.line());
    })(connection);
    const both: Observable<string | number> = converse(function* (io: Conversation<string>) {
      io.emit(yield* io.line());
      return 5;
    })(connection);
    const untyped: Observable<unknown> = converse(function* (io) {
      io.emit({ line: yield* io.line() });
    })(connection);
    connection.transport.receive('a\nbb\nccc\ndddd\n');
    expect(
      [returned, emitted, both, untyped].map((stream$) => said(stream$.pipe(map((v) => JSON.stringify(v))))),
    ).toEqual([
      ['1', '|'],
      ['"bb"', '|'],
      ['"ccc"', '5', '|'],
      ['{"line":"dddd"}', '|'],
    ]);
  });

  it('refuses what is no generator function', () => {
    for (const wrong of [undefined, 'text', {}]) {
      expect(() => converse(wrong as never)).toThrowError(TypeError, /takes a generator function/);
    }
    expect(said(converse((() => 5) as never)(manualConnection()))[0]).toMatch(/^# /);
  });

  it('has a decoder of its own for each frame that was cut off', () => {
    const scheduler = new VirtualTimeScheduler();
    const connection = manualConnection({ scheduler });
    const frames = lines();
    const { log } = record(
      converse(function* (io: Conversation<string>) {
        for (let i = 0; i < 3; i++) {
          try {
            io.emit(yield* io.within(10, io.frame(frames)));
          } catch {
            io.emit('timeout');
          }
        }
      })(connection),
    );
    scheduler.schedule(() => connection.transport.receive('on'), 5);
    scheduler.schedule(() => connection.transport.receive('e\ntw'), 15);
    scheduler.flush();
    expect(log).toEqual(['timeout', 'one', 'timeout', '|']);
    expect(said(connection.reader.read(9))).toEqual(['tw', '|']);
  });
});
