import {
  config,
  finalize,
  Observable,
  repeat,
  retry,
  Subject,
  take,
  takeWhile,
  tap,
  VirtualTimeScheduler,
} from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { Connection, connectionPair, decoder, fixedLength } from '../../src/index.js';
import { manualConnection, type ManualConnection } from '../../src/testing.js';
import { BareTransport } from './BareTransport.js';
import { bytes, record, text } from './record.js';

const LINES = 9001;

function withReports(): { connection: ManualConnection; reported: unknown[] } {
  const connection = manualConnection();
  const reported: unknown[] = [];
  connection.core.report = (error) => reported.push(error);
  return { connection, reported };
}

const failing = finalize<Uint8Array | string>(() => {
  throw new Error('teardown');
});

describe('ReadQueue', () => {
  describe('after a teardown that throws', () => {
    it('goes on with the next reads', () => {
      const { connection, reported } = withReports();
      const { reader, transport } = connection;
      reader.readLine().pipe(failing).subscribe();
      const next = record(reader.readLine());
      transport.receive('one\ntwo\nthree\n');
      expect(next.log).toEqual(['two\n', '|']);
      expect(record(reader.readLine()).log).toEqual(['three\n', '|']);
      expect(reported.length).toBe(1);
    });

    it('goes on when that of a continuous read has thrown, in the middle or at its end', () => {
      for (const stream of [
        ({ reader }: ManualConnection) => reader.lines().pipe(failing, take(1)),
        ({ reader }: ManualConnection) => reader.lines().pipe(take(1), failing),
        ({ reader }: ManualConnection) => reader.lines().pipe(take(2), failing),
        ({ reader }: ManualConnection) => reader.chunks().pipe(take(1), failing),
        ({ reader }: ManualConnection) =>
          reader.frames(decoder((bytes) => bytes.until('\n')[Symbol.iterator]())).pipe(take(1), failing),
      ]) {
        const { connection } = withReports();
        const { reader, transport } = connection;
        const values: unknown[] = [];
        stream(connection).subscribe((value) => values.push(value));
        transport.receive('one\n');
        transport.receive('two\n');
        transport.receive('three\n');
        expect(values.length).withContext(String(stream)).toBeGreaterThan(0);
        const rest = record(reader.read(100));
        expect(rest.log.join(''))
          .withContext(String(stream))
          .toMatch(/three\n\|$/);
      }
    });

    it('goes on when reads that may not wait, or fail at the end, have thrown', () => {
      const { connection } = withReports();
      const { reader, transport } = connection;
      const holder = record(reader.lines());
      reader
        .read()
        .pipe(failing)
        .subscribe({ error: () => undefined });
      reader
        .read()
        .pipe(failing)
        .subscribe({ error: () => undefined });
      transport.receive('one\n');
      transport.lose(new Error('reset'));
      expect(holder.log).toEqual(['one', '# ERR_CONNECTION_LOST']);
      expect(record(reader.read()).log).toEqual(['# ERR_CONNECTION_LOST']);
    });

    it('takes nothing twice, and loses nothing', () => {
      const { connection } = withReports();
      const { reader, transport } = connection;
      const seen: string[] = [];
      const see = tap((line: Uint8Array) => seen.push(text(line)));
      for (let i = 0; i < 3; i++) reader.readLine().pipe(see, failing).subscribe();
      transport.receive('1\n2\n', '3\n4\n');
      reader.readLine().pipe(see, failing).subscribe();
      expect(seen).toEqual(['1\n', '2\n', '3\n', '4\n']);
    });

    it('tells RxJS of it where nobody runs a handler', (done) => {
      const before = config.onUnhandledError;
      config.onUnhandledError = (error) => {
        config.onUnhandledError = before;
        expect(String(error)).toContain('teardown');
        done();
      };
      const { reader, transport } = manualConnection();
      reader.readLine().pipe(failing).subscribe();
      transport.receive('one\n');
    });
  });

  describe('loses nothing of a read that waits when that is unsubscribed', () => {
    const pair = decoder(function* (bytes) {
      return `${yield* bytes.text(2)}+${yield* bytes.text(2)}`;
    });

    it('by the error of another read, which it keeps out', () => {
      const { reader, transport } = manualConnection();
      const holder = reader.frames(pair).subscribe();
      transport.receive('abc');
      reader.readLine().subscribe({ error: () => holder.unsubscribe() });
      const next = record(reader.readExactly(4));
      transport.receive('d');
      expect(next.log).toEqual(['abcd', '|']);
    });

    it('by the error of another read, and nothing comes any more', () => {
      const { reader, transport } = manualConnection();
      const holder = reader.frames(pair).subscribe();
      transport.receive('abc');
      reader.readLine().subscribe({ error: () => holder.unsubscribe() });
      expect(reader.bufferedBytes).toBe(3);
      expect(record(reader.read(10)).log).toEqual(['abc', '|']);
    });

    it('by whoever is told that a teardown has thrown', () => {
      const connection = manualConnection();
      const { reader, transport } = connection;
      reader.readLine().pipe(failing).subscribe();
      const second = reader.readFrame(pair).subscribe();
      connection.core.report = () => second.unsubscribe();
      const third = record(reader.read(10));
      transport.receive('one\nabc');
      expect(third.log).toEqual(['abc', '|']);
    });
  });

  describe('keeps its list in order', () => {
    const pending = (connection: ManualConnection): number => connection.inspect().read.pendingReads;

    it('when a read that waits behind another one is unsubscribed', () => {
      const connection = manualConnection();
      const { reader, transport } = connection;
      const pair = decoder(function* (bytes) {
        return `${yield* bytes.text(2)}+${yield* bytes.text(2)}`;
      });
      const first = record(reader.readFrame(pair));
      const second = reader.readLine().subscribe();
      transport.receive('abc');
      second.unsubscribe();
      expect(pending(connection)).toBe(1);
      transport.receive('de');
      expect(first.log).toEqual(['ab+cd', '|']);
      expect(pending(connection)).toBe(0);
    });

    it('when a read is refused, and when that unsubscribes the one which holds the reader', () => {
      const connection = manualConnection();
      const { reader } = connection;
      const holder = reader.lines().subscribe();
      expect(record(reader.readLine()).log).toEqual(['# ERR_READER_BUSY']);
      expect(pending(connection)).toBe(1);
      reader.readLine().subscribe({ error: () => holder.unsubscribe() });
      expect(pending(connection)).toBe(0);
    });
  });

  it('does not stop the transport for what is taken within the call that brought it', () => {
    const transport = new BareTransport();
    const { reader } = new Connection(transport, { limit: 1 });
    let letters = '';
    reader
      .consume(fixedLength(1), (letter) => {
        letters += text(letter);
        return new Observable((subscriber) => {
          if (letters === 'a') transport.receiver.data(bytes('0123456789'));
          subscriber.complete();
        });
      })
      .subscribe();
    transport.receiver.data(bytes('a'));
    expect(letters).toBe('a0123456789');
    expect(transport.asked).toEqual([]);
  });

  it('is active with each byte that is read and each KiB that comes, and the two do not outweigh each other', () => {
    const { reader, transport, core } = manualConnection();
    const seen = [core.reads.activity];
    transport.receive('x'.repeat(1023));
    seen.push(core.reads.activity);
    reader.readExactly(1).subscribe();
    transport.receive('x');
    seen.push(core.reads.activity);
    expect(seen).toEqual([0, 0, 2]);
  });

  it('is not abandoned by a loss while work on what had come goes on, nor after it was told', () => {
    const { reader, transport, core } = manualConnection();
    const done = new Subject<void>();
    const told: string[] = [];
    core.onAbandoned(() => told.push('abandoned'));
    reader.consume(fixedLength(1), () => done).subscribe({ error: () => told.push('the read') });
    transport.receive('a');
    transport.lose(new Error('cut'));
    expect(told).toEqual([]);
    done.complete();
    expect(told).toEqual(['the read']);
  });

  it('takes nothing that comes after the end, and says how it ended', () => {
    const ends: [state: string, act: (transport: BareTransport) => void][] = [
      ['ended', ({ receiver }) => receiver.eof()],
      ['ended', ({ receiver }) => receiver.closed()],
      ['failed', ({ receiver }) => receiver.closed(new Error('cut'))],
    ];
    for (const [state, end] of ends) {
      const transport = new BareTransport();
      const connection = new Connection(transport);
      end(transport);
      transport.receiver.data(Uint8Array.of(1));
      transport.receiver.eof();
      const { read } = connection.inspect();
      expect([read.state, read.buffered]).toEqual([state as typeof read.state, 0]);
    }
  });

  describe('repeats a read of what is there already', () => {
    const repeats: [string, (connection: ManualConnection) => ReturnType<typeof record>][] = [
      ['readLine', ({ reader }) => record(reader.readLine().pipe(repeat(LINES)))],
      ['readUntil', ({ reader }) => record(reader.readUntil('\n').pipe(repeat(LINES)))],
      ['readExactly', ({ reader }) => record(reader.readExactly(2).pipe(repeat(LINES)))],
      ['lines and take', ({ reader }) => record(reader.lines().pipe(take(1), repeat(LINES)))],
      ['chunks and take', ({ reader }) => record(reader.read(2).pipe(repeat(LINES)))],
    ];
    for (const [name, read] of repeats) {
      it(`${name}: ${LINES} times`, () => {
        const scheduler = new VirtualTimeScheduler();
        const connection = manualConnection({ scheduler, limit: 100_000 });
        connection.transport.receive('x\n'.repeat(LINES));
        const { log } = read(connection);
        scheduler.flush();
        expect(log.length).toBe(LINES + 1);
        expect(log.at(-1)).toBe('|');
        expect(scheduler.now()).toBe(0);
        expect(connection.reader.bufferedBytes).toBe(0);
      });
    }

    it('and a read that fails, again and again', () => {
      const scheduler = new VirtualTimeScheduler();
      const { reader, transport } = manualConnection({ scheduler });
      transport.receive('1\n');
      let tries = 0;
      const odd = decoder(function* (bytes) {
        if (++tries < LINES) throw new Error('not yet');
        return yield* bytes.exactly(2);
      });
      const { log } = record(reader.readFrame(odd).pipe(retry()));
      scheduler.flush();
      expect(log).toEqual(['1\n', '|']);
    });

    it('also where each step writes, and the answer is there at once', () => {
      const scheduler = new VirtualTimeScheduler();
      const [client, server] = connectionPair({ scheduler });
      server.reader.lines().subscribe((line) => server.writer.write(`${line}\n`));
      let answers = 0;
      client.writer.write('x\n');
      client.reader
        .readLine()
        .pipe(
          tap(() => answers++),
          tap(() => client.writer.write('x\n')),
          repeat(LINES),
        )
        .subscribe();
      scheduler.flush();
      expect(answers).toBe(LINES);
    });

    it('without a pause where they are read one by one', async () => {
      const scheduler = new VirtualTimeScheduler();
      const { reader, transport } = manualConnection({ scheduler });
      transport.receive('x\n'.repeat(1000));
      for (let i = 0; i < 1000; i++) {
        expect(record(reader.readLine()).log).withContext(`read ${i}`).toEqual(['x\n', '|']);
        await Promise.resolve();
      }
      expect(scheduler.actions.length).toBe(0);
    });

    it(
      'as in the testing tutorial, in virtual time',
      marbles((m) => {
        const connection = manualConnection({ scheduler: m.scheduler, limit: 100_000 });
        connection.transport.receive(`${'250-x\n'.repeat(5000)}250 end\n`);
        let lines = 0;
        const reply$ = connection.reader.readUntil('\n').pipe(
          repeat(),
          takeWhile((line) => text(line).startsWith('250-')),
          tap(() => lines++),
          take(5001),
          finalize(() => expect(lines).toBe(5000)),
        );
        reply$.subscribe();
        m.flush();
        expect(lines).toBe(5000);
      }),
    );
  });

  describe('costs the same for each read, however many wait', () => {
    // Of the links between them: what an array does is not seen.
    function steps(run: (connection: ManualConnection, count: number) => void, count: number): number {
      const connection = manualConnection();
      let total = 0;
      const watched = [Array.prototype, ['shift', 'splice', 'indexOf', 'findIndex', 'slice']] as const;
      const [owner, methods] = watched as unknown as [
        Record<string, (...args: unknown[]) => unknown>,
        string[],
      ];
      const originals = methods.map((method) => owner[method]!);
      methods.forEach((method, i) => {
        owner[method] = function (this: unknown[], ...args) {
          total += this.length;
          return originals[i]!.apply(this, args);
        };
      });
      try {
        run(connection, count);
      } finally {
        methods.forEach((method, i) => (owner[method] = originals[i]!));
      }
      return total;
    }

    const runs: Record<string, (connection: ManualConnection, count: number) => void> = {
      'to queue and to serve': ({ reader, transport }, count) => {
        for (let i = 0; i < count; i++) reader.readExactly(1).subscribe();
        transport.receive(new Uint8Array(count));
      },
      'to cancel': ({ reader }, count) => {
        const reads = Array.from({ length: count }, () => reader.readExactly(1).subscribe());
        for (const read of reads.reverse()) read.unsubscribe();
      },
      'to fail': ({ reader, transport }, count) => {
        let failed = 0;
        for (let i = 0; i < count; i++) reader.readLine().subscribe({ error: () => failed++ });
        transport.lose(new Error('reset'));
        expect(failed).toBe(count);
      },
      'to refuse': ({ reader }, count) => {
        reader.lines().subscribe();
        for (let i = 0; i < count; i++) reader.readLine().subscribe({ error: () => undefined });
      },
    };
    for (const [name, run] of Object.entries(runs)) {
      it(name, () => {
        const few = steps(run, 1000);
        const many = steps(run, 8000);
        expect(many)
          .withContext(`${few} steps for 1000, ${many} for 8000`)
          .toBeLessThan(8 * few + 8000 * 20);
      });
    }
  });
});
