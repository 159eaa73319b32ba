import { concat, config, EMPTY, map, NEVER, Observable, of, Subject, take, throwError, timer } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import {
  codec,
  Connection,
  connectionPair,
  decoder,
  fixedLength,
  lines,
  messages,
  type Decoder,
  type DecoderBytes,
} from '../../src/index.js';
import { manualConnection, marbleConnection } from '../../src/testing.js';
import { BareTransport } from './BareTransport.js';
import { bytes, record, text } from './record.js';

/** A line whose bytes are taken one by one. */
function* slowLine(bytes: DecoderBytes): Generator<undefined, string> {
  let line = '';
  for (;;) {
    const letter = yield* bytes.text(1);
    if (letter === '\n') return line;
    line += letter;
  }
}

/** One letter. */
const letter = (): Decoder<string> => ({ decode: (queue) => queue.takeText(1) });

describe('StreamReader.consume', () => {
  it(
    'decodes the next frame when the work on the last one is done',
    marbles((m) => {
      const { reader } = marbleConnection(m, { incoming: '--a--|', values: { a: 'xyz' } });
      const work = (frame: string) => m.cold('--r|', { r: frame.toUpperCase() });
      m.expect(reader.consume(letter, work)).toBeObservable('----X--Y--Z|');
    }),
  );

  it(
    'has no more work under way than concurrency allows',
    marbles((m) => {
      const { reader } = marbleConnection(m, { incoming: '-a--|', values: { a: 'xyz' } });
      const work = (frame: string) => m.cold('-----(r|)', { r: frame });
      m.expect(reader.consume(letter, work, 2)).toBeObservable('------(xy)-(z|)');
    }),
  );

  it(
    'leaves what is not decoded yet to the next read',
    marbles((m) => {
      const { reader } = marbleConnection(m, { incoming: '-a', values: { a: 'xyz' } });
      const first$ = reader.consume(letter, (frame) => timer(2).pipe(map(() => frame))).pipe(take(1));
      m.expect(concat(first$, reader.readExactly(2).pipe(map(text)))).toBeObservable('---(xr|)', {
        x: 'x',
        r: 'yz',
      });
    }),
  );

  it(
    'pauses the transport while there is no room, and resumes it',
    marbles((m) => {
      const connection = manualConnection({ limit: 2 });
      const { reader, transport } = connection;
      const done = new Subject<void>();
      const frames: string[] = [];
      reader
        .consume(letter, (frame) => {
          frames.push(frame);
          return done.pipe(take(1));
        })
        .subscribe();
      transport.receive('abcde');
      expect([...transport.calls])
        .withContext('4 bytes wait: not over twice the limit')
        .toEqual([]);
      transport.receive('f');
      expect(transport.calls).toEqual(['pause']);
      done.next();
      done.next();
      expect(transport.calls).withContext('3 bytes wait').toEqual(['pause']);
      done.next();
      expect(transport.calls).withContext('2 bytes wait').toEqual(['pause', 'resume']);
      expect(frames.join('')).toBe('abcd');
      m.flush();
    }),
  );

  it('costs a frame that is done with no subscription, and emits nothing for it', () => {
    const [client, server] = connectionPair();
    const frames: string[] = [];
    const { log } = record(client.reader.consume(letter, (frame) => void frames.push(frame)));
    server.writer.write('abc');
    server.writer.close();
    expect(frames).toEqual(['a', 'b', 'c']);
    expect(log).toEqual(['|']);
  });

  it('works with promises', async () => {
    const [client, server] = connectionPair();
    const log: string[] = [];
    const done = new Promise<void>((resolve, reject) => {
      client.reader
        .consume(letter, (frame) => Promise.resolve(frame.toUpperCase()))
        .subscribe({
          next: (value) => log.push(value),
          error: reject,
          complete: resolve,
        });
    });
    server.writer.write('abc');
    server.writer.close();
    await done;
    expect(log).toEqual(['A', 'B', 'C']);
  });

  it('works with arrays and with Observables that complete at once', () => {
    const { reader, transport } = manualConnection();
    const { log } = record(reader.consume(letter, (frame) => (frame === 'a' ? [frame, '!'] : of(frame))));
    transport.receive('ab');
    transport.receiveEof();
    expect(log).toEqual(['a', '!', 'b', '|']);
  });

  it('survives a hundred thousand frames whose work completes at once', () => {
    const { reader, transport } = manualConnection();
    let count = 0;
    reader.consume(letter, () => of(1)).subscribe(() => count++);
    transport.receive('x'.repeat(100_000));
    expect(count).toBe(100_000);
  });

  it('takes the frames of a decoder that could give many at once one at a time', () => {
    const { reader, transport } = manualConnection();
    const seen: string[] = [];
    reader
      .consume(lines(), (line) => {
        seen.push(line);
        return NEVER;
      })
      .subscribe();
    transport.receive('one\ntwo\nthree\n');
    expect(seen).toEqual(['one']);
    expect(reader.bufferedBytes).toBe('two\nthree\n'.length);
  });

  it('takes what such a decoder has at the end as well, and of one that has nothing then nothing', () => {
    const batch = (): Decoder<string> & { decodeBatch: () => boolean } => ({
      decode: (queue) => queue.takeText(1),
      decodeBatch: () => {
        throw new Error('it does not ask whether there is room');
      },
    });
    for (const [decoder, frames] of [
      [lines(), ['one', 'tw']],
      [batch, Array.from('one\ntw')],
    ] as const) {
      const { reader, transport } = manualConnection();
      const { log } = record(reader.consume<string, string>(decoder, (frame) => [frame]));
      transport.receive('one\ntw');
      transport.receiveEof();
      expect(log).toEqual([...frames, '|']);
    }
  });

  it('takes messages in message mode', () => {
    const { reader, transport } = manualConnection({ mode: 'messages' });
    const { log } = record(reader.consume(messages(), (message) => [String(message)]));
    transport.receive('one', 'two');
    expect(log).toEqual(['one', 'two']);
  });

  it('completes when the stream has ended and all work is done', () => {
    const { reader, transport } = manualConnection();
    const work = new Subject<string>();
    const { log } = record(reader.consume(letter, () => work, 3));
    transport.receive('ab');
    transport.receiveEof();
    work.next('w');
    expect(log).toEqual(['w', 'w']);
    work.complete();
    expect(log).toEqual(['w', 'w', '|']);
  });

  it('delivers what came before a loss, then the error, and stops the work then', () => {
    const { reader, transport } = manualConnection();
    const done = new Subject<void>();
    const seen: string[] = [];
    const { log } = record(
      reader.consume(letter, (frame) => {
        seen.push(frame);
        return done.pipe(take(1));
      }),
    );
    transport.receive('ab');
    transport.lose(new Error('cut'));
    expect([log.length, seen.join('')]).toEqual([0, 'a']);
    done.next();
    expect(seen.join('')).toBe('ab');
    done.next();
    expect(log.at(-1)).toBe('# ERR_CONNECTION_LOST');
    expect(done.observed).toBe(false);
  });

  it('errors at once with an error of the work, and stops all other work', () => {
    const { reader, transport } = manualConnection();
    const other = new Subject<string>();
    const work: Record<string, Observable<string>> = { a: other, b: throwError(() => new Error('bad b')) };
    const { log } = record(reader.consume(letter, (frame) => work[frame]!, 2));
    transport.receive('abc');
    expect(log).toEqual(['# bad b']);
    expect(other.observed).toBe(false);
    expect(reader.bufferedBytes).toBe(1);
  });

  it('errors with what project throws, and when it gives what is no work', () => {
    const { reader, transport } = manualConnection();
    transport.receive('abc');
    const throws = (): never => {
      throw new Error('thrown');
    };
    expect(record(reader.consume(letter, throws)).log).toEqual(['# thrown']);
    const number = record(reader.consume(letter, (() => 5) as unknown as () => void)).log;
    expect(number.length).toBe(1);
    expect(number[0]).toContain('5');
  });

  it('does not begin work for a subscriber that project has unsubscribed', () => {
    const { reader, transport } = manualConnection();
    let begun = false;
    const subscription = reader
      .consume(letter, () => {
        subscription.unsubscribe();
        return new Observable(() => {
          begun = true;
        });
      })
      .subscribe();
    transport.receive('ab');
    expect(begun).toBe(false);
    expect(reader.bufferedBytes).toBe(1);
  });

  it('stops work that emits without end, and synchronously', () => {
    const { reader, transport } = manualConnection();
    const endless = new Observable<number>((subscriber) => {
      for (let i = 0; !subscriber.closed; i++) subscriber.next(i);
    });
    const { log } = record(reader.consume(letter, () => endless).pipe(take(2)));
    transport.receive('a');
    expect(log).toEqual(['0', '1', '|']);
  });

  it('lets go of the reader when it is unsubscribed while it has no room', () => {
    const { reader, transport } = manualConnection();
    const holder = reader.consume(letter, () => NEVER).subscribe();
    transport.receive('abc');
    expect(record(reader.read(1)).log).toEqual(['# ERR_READER_BUSY']);
    holder.unsubscribe();
    expect(record(reader.readExactly(2)).log).toEqual(['bc', '|']);
  });

  it('is among the reads no more when it is unsubscribed, and what it held goes back', () => {
    const connection = manualConnection({ limit: 2 });
    const { reader, transport } = connection;
    const holder = reader.consume(decoder(slowLine), () => undefined).subscribe();
    transport.receive('abcdef');
    expect(transport.calls).withContext('it needs more').toEqual([]);
    holder.unsubscribe();
    expect(connection.inspect().read).toEqual(jasmine.objectContaining({ pendingReads: 0, buffered: 6 }));
    expect(transport.calls).withContext('nobody reads').toEqual(['pause']);
  });

  it('has nothing to report of work that goes on, whatever the concurrency', () => {
    for (const concurrency of [1, 2]) {
      const connection = manualConnection();
      const report = jasmine.createSpy('report');
      connection.core.report = report;
      const done = new Subject<string>();
      const { log } = record(connection.reader.consume(letter, () => done, concurrency));
      connection.transport.receive('a');
      done.next('A');
      done.complete();
      connection.transport.receiveEof();
      expect(log).toEqual(['A', '|']);
      expect(report).not.toHaveBeenCalled();
    }
  });

  it('goes on when work ends inside the delivery of other bytes', () => {
    const { reader, transport } = manualConnection();
    const gates = [new Subject<void>(), new Subject<void>(), new Subject<void>()];
    const seen: string[] = [];
    let at = 0;
    reader
      .consume(
        letter,
        (frame) => {
          seen.push(frame);
          // The second frame's own arrival lets the first one's work end.
          if (frame === 'b') gates[0]!.complete();
          return gates[at++];
        },
        2,
      )
      .subscribe();
    transport.receive('a');
    transport.receive('bcd');
    expect(seen.join('')).toBe('abc');
    gates[1]!.complete();
    expect(seen.join('')).toBe('abcd');
  });

  it('checks concurrency at the call', () => {
    const { reader } = manualConnection();
    for (const bad of [0, -1, NaN]) {
      expect(() => reader.consume(letter, () => EMPTY, bad)).toThrowError(RangeError, /concurrency/);
    }
  });

  describe('until', () => {
    it(
      'decodes no further frame, and completes after the work under way',
      marbles((m) => {
        const { reader } = marbleConnection(m, { incoming: '-a----|', values: { a: 'xyz' } });
        const work = (frame: string) => m.cold('---(r|)', { r: frame.toUpperCase() });
        const until = m.hot('        -----u');
        m.expect(reader.consume(letter, work, { until })).toBeObservable('----X--(Y|)');
        m.expect(until).toHaveSubscriptions('^----!');
        m.flush();
        expect(record(reader.read('utf-8')).log).toEqual(['z', '|']);
      }),
    );

    it(
      'waits for all the work there is',
      marbles((m) => {
        const { reader } = marbleConnection(m, { incoming: '-ab', values: { a: 'x', b: 'yz' } });
        const work = (frame: string) => m.cold('----(r|)', { r: frame });
        const until = m.hot('---u');
        m.expect(reader.consume(letter, work, { until, concurrency: 2 })).toBeObservable('-----x(y|)');
        m.flush();
        expect(reader.bufferedBytes).toBe(1);
      }),
    );

    it(
      'completes at once where nothing is under way, and puts back what has not come whole',
      marbles((m) => {
        const { reader } = marbleConnection(m, { incoming: '-a---b', values: { a: 'one\ntw', b: 'o\n' } });
        const first$ = reader.consume(decoder(slowLine), (line) => [line], { until: m.hot('---u') });
        m.expect(concat(first$, reader.readLine('utf-8'))).toBeObservable('-o---(t|)', {
          o: 'one',
          t: 'two\n',
        });
      }),
    );

    it('puts it back also when it has begun while other work was under way', () => {
      const connection = manualConnection();
      const [until, done] = [new Subject<void>(), new Subject<string>()];
      const { log } = record(
        connection.reader.consume(decoder(slowLine), () => done.pipe(take(1)), { until, concurrency: 2 }),
      );
      connection.transport.receive('one\ntw');
      until.next();
      connection.transport.receive('o\n');
      expect(log).toEqual([]);
      done.next('done');
      expect(log).toEqual(['done', '|']);
      connection.transport.receiveEof();
      expect(record(connection.reader.read('utf-8')).log).toEqual(['two\n', '|']);
    });

    it('that has emitted already decodes nothing', () => {
      const connection = manualConnection();
      connection.transport.receive('xyz');
      for (const concurrency of [1, 2]) {
        const consumed$ = connection.reader.consume(letter, fail, { until: of('now'), concurrency });
        expect(record(consumed$).log).toEqual(['|']);
      }
      const next$ = connection.reader.consume(letter, fail, { until: of('now') });
      expect(record(concat(next$, connection.reader.readExactly(3).pipe(map(text)))).log).toEqual([
        'xyz',
        '|',
      ]);
    });

    it('holds the reader until the work is done', () => {
      const { reader, transport } = manualConnection();
      const [until, done] = [new Subject<void>(), new Subject<string>()];
      const { log } = record(reader.consume(letter, () => done, { until }));
      transport.receive('xy');
      until.next();
      expect(record(reader.read(1)).log).toEqual(['# ERR_READER_BUSY']);
      transport.receiveEof();
      done.complete();
      expect(log).toEqual(['|']);
      expect(record(reader.read(9)).log).toEqual(['y', '|']);
    });

    it('pauses the transport in the meantime, as work does', () => {
      const { reader, transport } = manualConnection({ limit: 2 });
      const [until, done] = [new Subject<void>(), new Subject<string>()];
      reader.consume(letter, () => done, { until, concurrency: 9 }).subscribe();
      transport.receive('x');
      until.next();
      transport.receive('abcde');
      expect(transport.calls).toEqual(['pause']);
    });

    it('given inside the project waits for what that returns', () => {
      for (const [returned, log] of [
        [of('reply'), ['reply', '|']],
        [undefined, ['|']],
      ] as const) {
        const { reader, transport } = manualConnection();
        const until = new Subject<void>();
        const frames: string[] = [];
        const result = record(
          reader.consume(
            letter,
            (frame) => {
              frames.push(frame);
              until.next();
              return returned;
            },
            { until, concurrency: 3 },
          ),
        );
        transport.receive('xyz');
        expect(frames).toEqual(['x']);
        expect(result.log).toEqual([...log]);
        expect(reader.bufferedBytes).toBe(2);
      }
    });

    it('given inside the project decodes nothing while that work goes on, whatever room there is', () => {
      const { reader, transport } = manualConnection();
      const [until, done] = [new Subject<void>(), new Subject<string>()];
      const frames: string[] = [];
      const work = (frame: string): Subject<string> => {
        frames.push(frame);
        until.next();
        return done;
      };
      const { log } = record(reader.consume(letter, work, { until, concurrency: 3 }));
      transport.receive('xyz');
      expect(frames).toEqual(['x']);
      done.complete();
      expect(log).toEqual(['|']);
      expect(reader.bufferedBytes).toBe(2);
    });

    it('given inside the project that then throws is an error all the same', () => {
      const { reader, transport } = manualConnection();
      const until = new Subject<void>();
      const work = (): never => {
        until.next();
        throw new Error('of the work');
      };
      const { log } = record(reader.consume(letter, work, { until }));
      transport.receive('x');
      expect(log).toEqual(['# of the work']);
    });

    it('given when a value comes from the work', () => {
      const { reader, transport } = manualConnection();
      const until = new Subject<void>();
      const log: string[] = [];
      reader
        .consume(letter, (frame) => of(frame, frame.toUpperCase()), { until, concurrency: 3 })
        .subscribe({
          next(value) {
            log.push(value);
            until.next();
          },
          complete: () => log.push('|'),
        });
      transport.receive('xyz');
      expect(log).toEqual(['x', 'X', '|']);
    });

    it('that errors is an error at once, and one that completes is none', () => {
      const { reader, transport } = manualConnection();
      const until = new Subject<void>();
      const failed = record(reader.consume(letter, () => NEVER, { until }));
      transport.receive('x');
      until.error(new Error('of until'));
      expect(failed.log).toEqual(['# of until']);
      const { log } = record(reader.consume(letter, (frame) => [frame], { until: EMPTY }));
      transport.receive('y');
      expect(log).toEqual(['y']);
    });

    it('is left when consume ends without it', () => {
      const { reader, transport } = manualConnection();
      const until = new Subject<void>();
      reader.consume(letter, () => undefined, { until }).subscribe();
      reader.consume(letter, () => undefined, { until }).subscribe({ error: () => undefined });
      expect(until.observed).toBeTrue();
      transport.receiveEof();
      expect(until.observed).toBeFalse();
    });
  });
});

describe('StreamReader.pipeTo', () => {
  const pair = (options = {}) => ({ from: manualConnection(), to: manualConnection(options) });

  it('writes what comes, and ends the direction at the end', () => {
    const { from, to } = pair();
    const { log } = record(from.reader.pipeTo(to.writer));
    const written = record(to.outgoing$).log;
    from.transport.receive('ab', 'c');
    expect(written).toEqual(['ab', 'c']);
    from.transport.receiveEof();
    expect(written).toEqual(['ab', 'c', '|']);
    expect(to.transport.calls).toContain('writeEof');
    expect(to.transport.calls).not.toContain('close');
    expect(log).toEqual(['|']);
  });

  it('closes a writer that cannot end one direction, and with end: false leaves it open', () => {
    const closing = pair({ canWriteEof: false });
    record(closing.from.reader.pipeTo(closing.to.writer));
    closing.from.transport.receiveEof();
    expect(closing.to.transport.calls).toEqual(['close']);
    const open = pair();
    expect(record(open.from.reader.pipeTo(open.to.writer, { end: false })).log).toEqual([]);
    open.from.transport.receiveEof();
    expect(open.to.transport.calls).toEqual([]);
    expect(() => open.to.writer.write('more')).not.toThrow();
  });

  it('takes no more than the writer has room for', () => {
    const from = manualConnection({ limit: 2 });
    const to = manualConnection({ holdWrites: true, highWaterMark: 4, lowWaterMark: 0 });
    const { log } = record(from.reader.pipeTo(to.writer));
    from.transport.receive('abcde');
    expect(to.writer.paused).toBe(true);
    from.transport.receive('fg', 'hij');
    expect(from.transport.calls).toEqual(['pause']);
    expect(from.reader.bufferedBytes).toBe(5);
    to.transport.drain();
    expect(from.transport.calls).toEqual(['pause', 'resume']);
    expect(from.reader.bufferedBytes).toBe(0);
    expect(log).withContext('a drain is no value').toEqual([]);
  });

  it('errors when the writer is lost, aborted or closed, also while nothing comes', () => {
    const lost = pair();
    const lostLog = record(lost.from.reader.pipeTo(lost.to.writer)).log;
    lost.to.transport.lose(new Error('cut'));
    expect(lostLog).toEqual(['# ERR_CONNECTION_LOST']);
    expect(record(lost.from.reader.read(0)).log)
      .withContext('the reader is free')
      .toEqual(['', '|']);

    const aborted = pair();
    const abortedLog = record(aborted.from.reader.pipeTo(aborted.to.writer)).log;
    aborted.to.writer.abort();
    expect(abortedLog).toEqual(['# ERR_CONNECTION_CLOSED']);

    const ended = pair();
    ended.to.writer.writeEof();
    const endedLog = record(ended.from.reader.pipeTo(ended.to.writer)).log;
    ended.from.transport.receive('x');
    expect(endedLog).toEqual(['# ERR_WRITE_AFTER_END']);
  });

  it('errors with the loss of the reader, behind what came before, and does not end the writer', () => {
    const { from, to } = pair();
    const { log } = record(from.reader.pipeTo(to.writer));
    from.transport.receive('ab');
    from.transport.lose(new Error('cut'));
    expect(log).toEqual(['# ERR_CONNECTION_LOST']);
    expect(record(to.outgoing$).log).toEqual(['ab']);
    expect(to.transport.calls).not.toContain('writeEof');
  });

  it('does nothing before it is subscribed to, and stops when it is unsubscribed', () => {
    const { from, to } = pair();
    const piped$ = from.reader.pipeTo(to.writer);
    from.transport.receive('a');
    expect(record(to.outgoing$).log).toEqual([]);
    piped$.subscribe().unsubscribe();
    from.transport.receive('b');
    expect(record(to.outgoing$).log).toEqual(['a']);
    expect(from.reader.bufferedBytes).toBe(1);
  });

  it('completes where the end of the writer is that of its connection', () => {
    const { from, to } = pair();
    to.transport.receiveEof();
    const { log } = record(from.reader.pipeTo(to.writer));
    from.transport.receiveEof();
    expect(to.writer.isClosing()).toBeTrue();
    expect(log).toEqual(['|']);
  });

  it('waits for the end of the writer no more when it is unsubscribed', async () => {
    const { from, to } = pair();
    const before = config.onStoppedNotification;
    const late = jasmine.createSpy('a notification for nobody');
    config.onStoppedNotification = late;
    from.reader.pipeTo(to.writer).subscribe().unsubscribe();
    to.transport.lose(new Error('cut'));
    // RxJS tells of it from a call of its own.
    await new Promise((resolve) => setTimeout(resolve));
    config.onStoppedNotification = before;
    expect(late).not.toHaveBeenCalled();
  });

  it('errors with what the end of the writer throws', () => {
    const transport = Object.assign(new BareTransport(), {
      canWriteEof: false,
      close: () => {
        throw new Error('of the transport');
      },
    });
    const from = manualConnection();
    const { log } = record(from.reader.pipeTo(new Connection(transport).writer));
    from.transport.receiveEof();
    expect(log).toEqual(['# of the transport']);
  });

  it('is an echo on one connection', () => {
    const [client, server] = connectionPair();
    server.reader.pipeTo(server.writer).subscribe();
    const { log } = record(client.reader.frames(codec(fixedLength(2), bytes)).pipe(map(text)));
    client.writer.write('abcd');
    client.writer.writeEof();
    expect(log).toEqual(['ab', 'cd', '|']);
  });
});
