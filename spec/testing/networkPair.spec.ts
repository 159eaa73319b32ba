import {
  BehaviorSubject,
  concat,
  finalize,
  map,
  mergeMap,
  NEVER,
  Observable,
  of,
  Subject,
  throwError,
  VirtualTimeScheduler,
} from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import {
  ConnectionClosedError,
  ConnectionLostError,
  type Connection,
  type Transport,
  type TransportReceiver,
} from '../../src/index.js';
import { chaos } from '../../src/testing/chaos.js';
import { networkPair } from '../../src/testing/networkPair.js';
import { networkTransports, type NetworkOptions } from '../../src/testing/NetworkTransport.js';
import { reportsOf } from '../contracts/reports.js';
import { contractSpecs } from '../contracts/contractSpecs.js';
import { record, text } from '../streams/record.js';

describe('networkPair', () => {
  let scheduler: VirtualTimeScheduler;

  beforeEach(() => {
    scheduler = new VirtualTimeScheduler();
  });

  function at(time: number, action: () => void): void {
    scheduler.schedule(action, time - scheduler.now());
  }

  /** What a stream emits, each with its time. */
  function timed(source$: Observable<unknown>): string[] {
    const log: string[] = [];
    const add = (what: string): number => log.push(`${scheduler.now()} ${what}`);
    source$.subscribe({
      next: (value) => add(value instanceof Uint8Array ? text(value) : String(value)),
      error: (error: unknown) => add((error as Error).name),
      complete: () => add('|'),
    });
    return log;
  }

  /** Tells in one word what a transport tells. */
  function receiver(tell: (what: string) => void): TransportReceiver {
    return {
      data: (chunk) => tell(text(chunk)),
      eof: () => tell('eof'),
      flushed: () => undefined,
      closed: () => tell('closed'),
    };
  }

  function pair(options: NetworkOptions & { highWaterMark?: number } = {}): [Connection, Connection] {
    return networkPair({ ...options, scheduler });
  }

  it('is within the call without latency and bandwidth, without using the scheduler', () => {
    const [client, server] = networkPair();
    server.reader.readUntil('!').subscribe((line) => server.writer.write(line));
    const echo = record(client.reader.readExactly(6));
    client.writer.write('hello!');
    expect(echo.log).toEqual(['hello!', '|']);
    client.writer.close();
    server.writer.close();
    expect(record(client.writer.waitClosed()).log).toEqual(['undefined', '|']);
    expect(record(server.writer.waitClosed()).log).toEqual(['undefined', '|']);
    expect(scheduler.actions.length).toBe(0);
  });

  it(
    'shifts what is written by the latency',
    marbles((m) => {
      const [one, other] = networkPair({ latency: 3, scheduler: m.scheduler });
      m.hot<string>('  a-(bc)--|').subscribe({
        next: (letter) => one.writer.write(letter),
        complete: () => one.writer.writeEof(),
      });
      const received$ = other.reader.chunks().pipe(map(text));
      m.expect(received$).toBeObservable('---a-(bc)--|');
    }),
  );

  it(
    'paces with the bandwidth, a byte at a time with chunkSize 1',
    marbles((m) => {
      const [one, other] = networkPair({
        latency: 1,
        chunkSize: 1,
        bandwidth: 500,
        scheduler: m.scheduler,
      });
      m.hot('w------w').subscribe(() => one.writer.write('abc'));
      m.expect(other.reader.chunks().pipe(map(text))).toBeObservable('---a-b-c--a-b-c');
    }),
  );

  it('delivers a piece when its last byte has come through, and one behind the other', () => {
    const [one, other] = pair({ bandwidth: 1000 });
    const log = timed(other.reader.chunks());
    one.writer.write('12345');
    one.writer.write('678');
    one.writer.writeEof();
    scheduler.flush();
    expect(log).toEqual(['5 12345', '8 678', '8 |']);
  });

  it('gives each direction its own bandwidth', () => {
    const [one, other] = pair({ bandwidth: 1000 });
    const logs = [timed(other.reader.chunks()), timed(one.reader.chunks())];
    one.writer.write('12345');
    other.writer.write('123');
    scheduler.flush();
    expect(logs).toEqual([['5 12345'], ['3 123']]);
  });

  it('cuts what is written into chunks, at once where nothing takes time', () => {
    const [one, other] = pair({ chunkSize: 2 });
    const log = timed(other.reader.chunks());
    one.writer.write('abcde');
    one.writer.write('f');
    expect(log).toEqual(['0 ab', '0 cd', '0 e', '0 f']);
  });

  it('lets 256 KiB trickle without taking long', () => {
    const [one, other] = pair({ chunkSize: 1, latency: 1 });
    let chunks = 0;
    other.reader.chunks().subscribe(() => chunks++);
    one.writer.write(new Uint8Array(2 ** 18));
    scheduler.flush();
    expect(chunks).toBe(2 ** 18);
    // A window for each latency.
    expect(scheduler.now()).toBe(4);
  });

  it('pauses a writer whose bytes are more than the window and the high water mark, until they get through', () => {
    const [one, other] = pair({ latency: 10, window: 4, highWaterMark: 8 });
    const log = timed(one.writer.paused$);
    const drained = timed(one.writer.drain$);
    one.writer.write('0123');
    expect(one.writer.transport.writeQueueSize).toBe(0);
    one.writer.write('456789ab');
    expect(log).toEqual(['0 false']);
    one.writer.write('c');
    expect(one.writer.transport.writeQueueSize).toBe(9);
    const received = timed(other.reader.chunks());
    scheduler.flush();
    expect(received).toEqual(['10 0123', '20 4567', '30 89ab', '40 c']);
    expect(log).toEqual(['0 false', '0 true', '20 false']);
    expect(drained).toEqual(['20 undefined']);
  });

  it('shows backpressure when the other end does not read', () => {
    const [one, other] = networkPair({ latency: 5, limit: 10, window: 100, scheduler });
    one.writer.write(new Uint8Array(30));
    one.writer.write(new Uint8Array(1000));
    scheduler.flush();
    expect(other.reader.bufferedBytes).toBe(30);
    expect(one.writer.transport.writeQueueSize).toBe(900);
    const all = timed(other.reader.readExactly(1030).pipe(map((bytes) => bytes.length)));
    scheduler.flush();
    expect(all).toEqual(['55 1030', '55 |']);
  });

  it('stops while it is clogged, in both directions, and goes on where it was', () => {
    const clogged$ = new Subject<boolean>();
    const [one, other] = pair({ latency: 2, clogged$ });
    const logs = [timed(other.reader.chunks()), timed(one.reader.chunks())];
    one.writer.write('a');
    at(1, () => clogged$.next(true));
    at(3, () => {
      one.writer.write('b');
      other.writer.write('c');
    });
    at(9, () => one.writer.write('d'));
    at(10, () => clogged$.next(false));
    scheduler.flush();
    expect(logs).toEqual([['10 a', '10 b', '11 d'], ['10 c']]);
  });

  it('can be clogged from the beginning, and where nothing takes time', () => {
    const clogged$ = new BehaviorSubject(true);
    const [one, other] = pair({ clogged$, window: 2 });
    const log = timed(other.reader.chunks());
    one.writer.write('abc');
    one.writer.close();
    expect(log).toEqual([]);
    expect(one.writer.transport.writeQueueSize).toBe(1);
    clogged$.next(false);
    expect(log).toEqual(['0 ab', '0 c', '0 |']);
  });

  it('forgets clogged$ when both ends are closed, and breaks with its error', () => {
    const clogged$ = new Subject<boolean>();
    const [one, other] = pair({ clogged$, latency: 1 });
    one.writer.close();
    other.writer.close();
    expect(clogged$.observed).toBeTrue();
    scheduler.flush();
    expect(clogged$.observed).toBeFalse();

    const cause = new Error('unplugged');
    const [third] = pair({ clogged$: throwError(() => cause) });
    let loss: unknown;
    third.reader.read().subscribe({ error: (error: unknown) => (loss = error) });
    expect(loss).toBeInstanceOf(ConnectionLostError);
    expect((loss as Error).cause).toBe(cause);
  });

  it('keeps the other direction when one has ended, and closes when both have', () => {
    const [one, other] = pair({ latency: 5 });
    const received = timed(other.reader.chunks());
    const answer = timed(one.reader.chunks());
    const closed = [timed(one.writer.waitClosed()), timed(other.writer.waitClosed())];
    one.writer.write('all');
    one.writer.writeEof();
    at(10, () => other.writer.write('answer'));
    at(20, () => other.writer.writeEof());
    scheduler.flush();
    expect(received).toEqual(['5 all', '5 |']);
    expect(answer).toEqual(['15 answer', '25 |']);
    expect(closed).toEqual([
      ['25 undefined', '25 |'],
      ['25 undefined', '25 |'],
    ]);
  });

  it('flushes before it closes, then ends', () => {
    const [one, other] = pair({ latency: 5, bandwidth: 1000, window: 2 });
    const received = timed(other.reader.chunks());
    const closed = timed(one.writer.waitClosed());
    one.writer.write('abcd');
    one.writer.close();
    scheduler.flush();
    expect(received).toEqual(['7 ab', '14 cd', '14 |']);
    expect(closed).toEqual(['14 undefined', '14 |']);
  });

  it('loses what comes for an end that is closing, and resets who writes to one that has closed', () => {
    const [one, other] = pair({ latency: 5 });
    const received = timed(one.reader.chunks());
    const lost = timed(other.reader.chunks());
    const closed = timed(other.writer.waitClosed());
    other.writer.write('late');
    one.writer.close();
    at(6, () => other.writer.write('too late'));
    scheduler.flush();
    expect(received).toEqual(['5 |']);
    expect(lost).toEqual(['5 |']);
    expect(closed).toEqual(['16 ConnectionLostError']);
  });

  it('does not reset an end that has said its last word and closed', () => {
    const [one, other] = pair({ latency: 5 });
    const closed = timed(other.writer.waitClosed());
    other.reader.chunks().subscribe({
      complete: () => {
        other.writer.write('bye');
        other.writer.close();
      },
    });
    one.writer.close();
    scheduler.flush();
    expect(closed).toEqual(['10 undefined', '10 |']);
  });

  it('shows an abort to its own end at once, to the other one after the latency, behind what has arrived', () => {
    const [one, other] = pair({ latency: 5, bandwidth: 1000 });
    const received = timed(other.reader.chunks());
    const reads = timed(one.reader.read());
    one.writer.write('abc');
    one.writer.write('not all of this has left yet');
    at(10, () => one.writer.abort('enough'));
    at(11, () => {
      other.writer.write('dropped');
    });
    scheduler.flush();
    expect(reads).toEqual(['10 ConnectionClosedError']);
    expect(received).toEqual(['8 abc', '15 ConnectionLostError']);
  });

  it('names the reset as the cause', () => {
    const [one, other] = pair();
    let loss: Error | undefined;
    other.reader.read().subscribe({ error: (error: Error) => (loss = error) });
    one.writer.abort();
    expect(loss).toBeInstanceOf(ConnectionLostError);
    expect(loss?.cause).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
    expect(record(one.reader.read()).log).toEqual(['# ERR_CONNECTION_CLOSED']);
    expect(() => one.writer.write('a')).toThrowError(ConnectionClosedError);
  });

  it('a reset gets past an end that does not read', () => {
    const [one, other] = networkTransports({ latency: 5, scheduler });
    const order: string[] = [];
    one.start(receiver(() => undefined));
    other.start(receiver((what) => order.push(what)));
    other.pause();
    one.write('waits');
    at(10, () => one.abort());
    scheduler.flush();
    expect(order).toEqual(['closed']);
    expect(scheduler.now()).toBe(15);
  });

  it('serves within a call what its receivers ask for from inside, in the order of sending', () => {
    const [one, other] = networkTransports();
    const order: string[] = [];
    const tell = (transport: Transport, name: string): void =>
      transport.start(
        receiver((what) => {
          order.push(`${name} ${what}`);
          if (what === 'ping') for (const answer of ['pong', 'again']) transport.write(answer);
          order.push(`${name} done`);
        }),
      );
    tell(one, 'one');
    tell(other, 'other');
    one.write('ping');
    expect(order).toEqual(['other ping', 'other done', 'one pong', 'one done', 'one again', 'one done']);
  });

  it('carries a dialogue of ten exchanges in virtual time', () => {
    const [client, server] = pair({ latency: 20 });
    server.reader
      .lines()
      .pipe(mergeMap((line) => server.writer.send(`${line}, too\n`)))
      .subscribe();
    const exchange = (i: number): Observable<string> =>
      concat(client.writer.send(`${i}\n`), client.reader.readLine()).pipe(map((line) => text(line)));
    const log = timed(concat(...Array.from({ length: 10 }, (_, i) => exchange(i))));
    scheduler.flush();
    expect(log.slice(-2)).toEqual(['400 9, too\n', '400 |']);
  });

  it('refuses options that are out of range, and leaves clogged$ alone then', () => {
    const clogged$ = new Subject<boolean>();
    const bad: [NetworkOptions & { limit?: number }, string][] = [
      [{ latency: -1 }, 'latency must be 0 to 2^31 - 1 milliseconds, not -1'],
      [{ latency: NaN }, 'latency must be 0 to 2^31 - 1 milliseconds, not NaN'],
      [{ bandwidth: 0 }, 'bandwidth must be more than 0 bytes per second, not 0'],
      [{ chunkSize: 1.5 }, 'chunkSize must be a positive integer (bytes), not 1.5'],
      [{ window: 0 }, 'window must be a positive integer (bytes), not 0'],
      [{ limit: 0 }, 'limit must be a positive integer (bytes), not 0'],
    ];
    for (const [options, message] of bad) {
      expect(() => networkPair({ ...options, clogged$ })).toThrowError(RangeError, message);
    }
    expect(clogged$.observed).toBeFalse();
    expect(() => networkPair({ bandwidth: 0.5, window: 1, clogged$: NEVER })).not.toThrow();
  });

  it('uses a clock of its own accord where none is given', async () => {
    const [one, other] = networkPair({ latency: 1 });
    const line = new Promise((resolve) => other.reader.readLine().subscribe(resolve));
    one.writer.write('in real time\n');
    expect(text((await line) as Uint8Array)).toBe('in real time\n');
    one.writer.abort();
    await new Promise((resolve) => other.writer.waitClosed().subscribe({ error: resolve }));
  });

  const networks: Record<string, () => NetworkOptions> = {
    'that takes no time': () => ({}),
    'with a small window': () => ({ window: 1000 }),
    'with small chunks': () => ({ chunkSize: 100 }),
    'with latency and bandwidth': () => ({ latency: 0.1, bandwidth: 2 ** 30, window: 2 ** 20 }),
    // Without other pieces: the contract looks at chunks that may not be cut.
    'with chaos': () => ({ chaos: chaos(1, { pieces: 0, delays: 0.1, maxDelay: 2 }) }),
  };
  for (const [name, options] of Object.entries(networks)) {
    contractSpecs(`Each end of a network ${name}`, () => networkTransports(options()), {
      reportsThrows: true,
    });
  }

  describe('with a clogged$ that throws', () => {
    it('is lost when it errors, also when its subscription does', () => {
      const error = new Error('of clogged$');
      const thrown$ = new Observable<boolean>(() => {
        throw error;
      });
      for (const clogged$ of [throwError(() => error), thrown$]) {
        const [client, server] = networkPair({ clogged$ });
        for (const { reader } of [client, server]) {
          let cause: unknown;
          reader.read().subscribe({ error: (loss: Error) => (cause = loss.cause) });
          expect(cause).toBe(error);
        }
      }
    });

    it('is closed for both ends, and rid of what was under way, when its teardown throws', async () => {
      const bad = new Error('of the teardown');
      for (const end of ['close', 'abort'] as const) {
        const told: string[] = [];
        const clogged$ = NEVER.pipe(
          finalize(() => {
            throw bad;
          }),
        );
        const reports = await reportsOf(() => {
          const [client, server] = networkPair({ clogged$, latency: 5, scheduler });
          for (const { writer } of [client, server]) {
            writer
              .waitClosed()
              .subscribe({ complete: () => told.push('closed'), error: () => told.push('lost') });
          }
          client.writer.write('a');
          client.writer[end]();
          server.writer.close();
          scheduler.flush();
        });
        expect(told.length).toBe(2);
        expect(reports.length).withContext(end).toBe(1);
        expect(reports[0]).toEqual(jasmine.objectContaining({ errors: [bad] }));
      }
    });

    it('goes on when its teardown throws at its end', async () => {
      const reports = await reportsOf(() => {
        const clogged$ = of(false).pipe(
          finalize(() => {
            throw new Error('of the teardown');
          }),
        );
        const [client, server] = networkPair({ clogged$ });
        const lines: string[] = [];
        server.reader.lines().subscribe((line) => lines.push(line));
        client.writer.write('hello\n');
        expect(lines).toEqual(['hello']);
      });
      expect(reports.length).toBeLessThanOrEqual(1);
    });
  });
});
