import { EMPTY, NEVER, of, Subject, throwError, timer } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { converse, decoder, type Conversation, type DecoderBytes } from '../../src/index.js';
import { manualConnection, marbleConnection } from '../../src/testing.js';
import { messagesOf, reported } from './reported.js';
import { record } from '../streams/record.js';

function* message(io: DecoderBytes): Generator<undefined, string> {
  return yield* io.text(yield* io.uint8());
}

describe('io.unless', () => {
  it(
    'gives the step, or undefined at the very time when the notifier emits first',
    marbles((m) => {
      const notifier = m.hot('          -----n');
      const connection = marbleConnection(m, { incoming: '--a-b', values: { a: 'one\n', b: 'tw' } });
      const talk = converse(function* (io: Conversation<string>) {
        for (;;) {
          const line = yield* io.unless(notifier, () => io.line());
          if (line === undefined) return 'stopped';
          io.emit(line);
        }
      });
      m.expect(talk(connection)).toBeObservable('--o--(s|)', { o: 'one', s: 'stopped' });
      m.expect(notifier).toHaveSubscriptions(['^-!', '--^--!']);
      m.flush();
      connection.transport.receive('o\n');
      expect(record(connection.reader.readLine('utf-8')).log).toEqual(['two\n', '|']);
    }),
  );

  it('puts a frame back, and the same decoder begins it anew', () => {
    const connection = manualConnection();
    const notifier = new Subject<void>();
    const frames = decoder(message);
    const { log } = record(
      converse(function* (io: Conversation<string>) {
        io.emit(String(yield* io.unless(notifier, () => io.frame(frames))));
        io.emit(yield* io.frame(frames));
      })(connection),
    );
    connection.transport.receive('\u0003on');
    notifier.next();
    connection.transport.receive('e');
    expect(log).toEqual(['undefined', 'one', '|']);
  });

  it('does not begin the step where the notifier emits at once: nothing is taken', () => {
    const connection = manualConnection();
    connection.transport.receive('one\n');
    const { log } = record(
      converse(function* (io: Conversation) {
        io.emit(yield* io.unless(of('now'), fail as never));
        io.emit(yield* io.unless(of('now'), () => io.line()));
        io.emit(yield* io.line());
      })(connection),
    );
    expect(log).toEqual(['undefined', 'undefined', 'one', '|']);
  });

  it('gives what is there, without a wait', () => {
    const connection = manualConnection();
    connection.transport.receive('one\n');
    const notifier = new Subject<void>();
    const { log } = record(
      converse(function* (io: Conversation) {
        io.emit(yield* io.unless(notifier, () => io.line()));
        io.emit(notifier.observed);
        yield* io.unless(notifier, () => io.send('x'));
      })(connection),
    );
    expect(log).toEqual(['one', 'false', '|']);
    expect(connection.transport.calls).toEqual(['write x']);
  });

  it('cuts off waits of every kind', () => {
    const notifier = new Subject<void>();
    const connection = manualConnection({ holdWrites: true, highWaterMark: 2 });
    let torn = false;
    const { log } = record(
      converse(function* (io: Conversation) {
        io.emit(yield* io.unless(notifier, () => io.wait(NEVER)));
        io.emit(yield* io.unless(notifier, () => io.send('long')));
        io.emit(yield* io.unless(notifier, () => io.within(1000, io.line())));
        io.emit(yield* io.unless(notifier, () => io.unless(new Subject(), () => io.line())));
        io.emit(
          yield* io.within(
            1000,
            io.unless(notifier, () => io.line()),
          ),
        );
        torn = true;
      })(connection),
    );
    for (let i = 0; i < 5; i++) {
      expect(log.length).toBe(i);
      notifier.next();
    }
    expect(torn).toBeTrue();
    expect(notifier.observed).toBeFalse();
  });

  it('of an outer one cuts off the inner one, and the other way round', () => {
    for (const which of ['outer', 'inner']) {
      const [outer, inner] = [new Subject<void>(), new Subject<void>()];
      const connection = manualConnection();
      const { log } = record(
        converse(function* (io: Conversation) {
          const step = function* () {
            return `inner gave ${yield* io.unless(inner, () => io.line())}`;
          };
          io.emit(yield* io.unless(outer, step));
          io.emit(`${outer.observed} ${inner.observed}`);
        })(connection),
      );
      (which === 'outer' ? outer : inner).next();
      expect(log).toEqual([which === 'outer' ? 'undefined' : 'inner gave undefined', 'false false', '|']);
    }
  });

  describe('a part that is cut off', () => {
    it('runs its finally blocks, which may still speak and wait', () => {
      const connection = manualConnection();
      const [notifier, last] = [new Subject<void>(), new Subject<string>()];
      function* part(io: Conversation) {
        try {
          return yield* io.line();
        } finally {
          io.emit(yield* io.wait(last));
          yield* io.send('sorry\n');
        }
      }
      const { log } = record(
        converse(function* (io: Conversation) {
          io.emit(yield* io.unless(notifier, () => part(io)));
          io.emit(yield* io.line());
        })(connection),
      );
      notifier.next();
      expect(log).toEqual([]);
      connection.transport.receive('next\n');
      expect(log).toEqual([]);
      last.next('last');
      expect(log).toEqual(['last', 'undefined', 'next', '|']);
      expect(connection.transport.calls).toEqual(['write sorry\n']);
    });

    it('keeps the verbs that were over', () => {
      const connection = manualConnection();
      const notifier = new Subject<void>();
      const { log } = record(
        converse(function* (io: Conversation) {
          io.emit(yield* io.unless(notifier, () => message(io)));
          io.emit(yield* io.text(2));
        })(connection),
      );
      connection.transport.receive('\u0005on');
      notifier.next();
      expect(log).toEqual(['undefined', 'on', '|']);
    });

    it('whose finally block throws fails there', () => {
      const notifier = new Subject<void>();
      function* part(io: Conversation) {
        try {
          yield* io.line();
        } finally {
          // eslint-disable-next-line no-unsafe-finally -- as a clean-up may
          throw new Error('of finally');
        }
      }
      const { log } = record(
        converse(function* (io: Conversation) {
          try {
            yield* io.unless(notifier, () => part(io));
          } catch (error) {
            io.emit((error as Error).message);
          }
          return 'went on';
        })(manualConnection()),
      );
      notifier.next();
      expect(log).toEqual(['of finally', 'went on', '|']);
    });
  });

  it('unsubscribed while a part that was cut off still waits returns it once more', () => {
    const connection = manualConnection();
    const notifier = new Subject<void>();
    const log: string[] = [];
    function* part(io: Conversation) {
      try {
        yield* io.line();
      } finally {
        try {
          yield* io.wait(NEVER);
        } finally {
          log.push('returned');
        }
      }
    }
    const subscription = converse(function* (io: Conversation) {
      yield* io.unless(notifier, () => part(io));
    })(connection).subscribe();
    notifier.next();
    expect(log).toEqual([]);
    subscription.unsubscribe();
    expect(log).toEqual(['returned']);
  });

  describe('given from inside', () => {
    it('the step, while it still waits, cuts it off', () => {
      const connection = manualConnection();
      const notifier = new Subject<void>();
      function* part(io: Conversation) {
        io.emit('asked');
        yield* io.wait(NEVER);
      }
      const log: unknown[] = [];
      converse(function* (io: Conversation) {
        io.emit(yield* io.unless(notifier, () => part(io)));
        return 'over';
      })(connection).subscribe((value) => {
        log.push(value);
        if (value === 'asked') notifier.next();
      });
      expect(log).toEqual(['asked', undefined, 'over']);
    });

    it('the step that is over by then comes too late', () => {
      const connection = manualConnection();
      const notifier = new Subject<void>();
      const { log } = record(
        converse(function* (io: Conversation) {
          function* part() {
            const line = yield* io.line();
            notifier.next();
            return line;
          }
          io.emit(yield* io.unless(notifier, part));
          io.emit(yield* io.line());
        })(connection),
      );
      connection.transport.receive('one\ntwo');
      connection.transport.receive('\n');
      expect(log).toEqual(['one', 'two', '|']);
    });
  });

  it('throws its error at the line that waits; one that completes never stops', () => {
    const connection = manualConnection();
    const notifier = new Subject<void>();
    const { log } = record(
      converse(function* (io: Conversation) {
        for (const failing of [notifier, throwError(() => new Error('at once'))]) {
          try {
            yield* io.unless(failing, () => io.line());
          } catch (error) {
            io.emit((error as Error).message);
          }
        }
        io.emit(yield* io.unless(EMPTY, () => io.line()));
      })(connection),
    );
    connection.transport.receive('on');
    notifier.error(new Error('later'));
    connection.transport.receive('e\n');
    expect(log).toEqual(['later', 'at once', 'one', '|']);
  });

  it('passes on what the step throws, and lets go of the notifier', () => {
    const connection = manualConnection();
    const notifier = new Subject<void>();
    const { log } = record(
      converse(function* (io: Conversation) {
        yield* io.unless(notifier, () => io.line());
      })(connection),
    );
    connection.transport.receiveEof();
    expect(log).toEqual(['# ERR_INCOMPLETE_READ']);
    expect(notifier.observed).toBeFalse();
  });

  it('unsubscribed runs the finally blocks, and leaves the bytes and the notifier', async () => {
    const connection = manualConnection();
    const notifier = new Subject<void>();
    function* part(io: Conversation) {
      try {
        yield* io.frame(decoder(message));
      } finally {
        yield* io.send('bye\n');
        // eslint-disable-next-line no-unsafe-finally -- as a clean-up may
        throw new Error('of finally');
      }
    }
    const subscription = converse(function* (io: Conversation) {
      yield* io.unless(notifier, () => part(io));
    })(connection).subscribe();
    connection.transport.receive('\u0005on');
    const errors = await reported(() => subscription.unsubscribe());
    expect(messagesOf(errors)).toEqual(['of finally']);
    expect(connection.transport.calls).toEqual(['write bye\n']);
    expect(notifier.observed).toBeFalse();
    connection.transport.receiveEof();
    expect(record(connection.reader.read('utf-8')).log).toEqual(['\u0005on', '|']);
  });

  it('notices a yield* that was forgotten inside it', () => {
    const connection = manualConnection();
    const { log } = record(
      converse(function* (io) {
        yield* io.unless(NEVER, function* (): Generator<undefined, void> {
          yield io.line() as never;
        });
      })(connection),
    );
    expect(log.join()).toContain('yield*');
  });

  it('may be a promise', async () => {
    const { log } = record(
      converse(function* (io: Conversation) {
        io.emit(yield* io.unless(Promise.resolve(), () => io.line()));
      })(manualConnection()),
    );
    await timer(0).forEach(() => undefined);
    expect(log).toEqual(['undefined', '|']);
  });
});
