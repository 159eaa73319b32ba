import { concat, ignoreElements, map, of, VirtualTimeScheduler } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import {
  Connection,
  ConnectionLostError,
  connectionPair,
  RateLimit,
  type Transport,
} from '../../src/index.js';
import { manualConnection, marbleConnection, ManualTransport } from '../../src/testing.js';
import { connectionReset } from '../../src/streams/errors.js';
import { MemoryTransport } from '../../src/transports/memory/MemoryTransport.js';
import { contractSpecs } from '../contracts/contractSpecs.js';
import { BareTransport } from './BareTransport.js';
import { bytes, record, text } from './record.js';

contractSpecs('A memory transport with a rate', () => {
  const limit = new RateLimit({ bytesPerSecond: Infinity });
  const [one, other] = MemoryTransport.pair();
  return [limit.rated(one), limit.rated(other)];
});

contractSpecs('A memory transport with a rate that is felt', () => {
  const limit = new RateLimit({ bytesPerSecond: 1e9, burst: 50_000 });
  const [one, other] = MemoryTransport.pair();
  return [limit.rated(one), limit.rated(other)];
});

const lost = new ConnectionLostError(connectionReset());
const letters = { a: 'a', b: 'b', c: 'c', d: 'd', e: 'e', f: 'f' };

describe('readRate', () => {
  it(
    'slows down whatever reads, and the transport meanwhile',
    marbles((m) => {
      const readRate = new RateLimit({ bytesPerSecond: 1000, burst: 1, scheduler: m.scheduler });
      const read = (name: 'frames' | 'exactly' | 'lines') => {
        const { reader, events$ } = marbleConnection(m, {
          readRate: () =>
            new RateLimit({ bytesPerSecond: readRate.bytesPerSecond, burst: 1, scheduler: m.scheduler }),
          incoming: '--x-----|',
          values: { x: 'ab\ncd' },
        });
        const exactly$ = concat(reader.readExactly(2), reader.readExactly(3)).pipe(map(text));
        return {
          events$,
          values$:
            name === 'lines'
              ? reader.lines()
              : name === 'exactly'
                ? exactly$
                : reader.chunks().pipe(map(text)),
        };
      };
      const values = { ...letters, n: '\n', A: 'ab', C: 'cd', N: '\ncd' };
      m.expect(read('frames').values$).toBeObservable('--abncd-|', values);
      m.expect(read('exactly').values$).toBeObservable('---A--(N|)', values);
      m.expect(read('lines').values$).toBeObservable('----A---(C|)', values);
      m.expect(read('frames').events$.pipe(ignoreElements())).toBeObservable('---------');
      m.expect(read('lines').events$).toBeObservable('--p---r--', { p: 'pause', r: 'resume' });
    }),
  );

  it(
    'lets the end come behind the last byte, and no later',
    marbles((m) => {
      const readRate = new RateLimit({ bytesPerSecond: 1000, burst: 1, scheduler: m.scheduler });
      const { reader } = marbleConnection(m, { readRate, incoming: '--(xy|)', values: { x: 'abc', y: 'd' } });
      m.expect(reader.chunks().pipe(map(text))).toBeObservable('--abc(d|)', letters);
    }),
  );

  it(
    'tells a loss at once, behind what has come before it',
    marbles((m) => {
      const readRate = new RateLimit({ bytesPerSecond: 1000, burst: 1, scheduler: m.scheduler });
      const { reader, writer } = marbleConnection(m, {
        readRate,
        incoming: '--x-#',
        values: { x: 'abcdef' },
      });
      const rest = { ...letters, r: 'cdef' };
      m.expect(reader.chunks().pipe(map(text))).toBeObservable('--ab(r#)', rest, lost);
      m.expect(writer.waitClosed()).toBeObservable('----#', {}, lost);
    }),
  );

  it('pauses and resumes the transport once, whoever wishes it', () => {
    const scheduler = new VirtualTimeScheduler();
    const readRate = new RateLimit({ bytesPerSecond: 1000, burst: 4, scheduler });
    const { reader, transport } = manualConnection({ readRate, scheduler, limit: 2 });
    transport.receive('abcdefghijkl');
    expect(transport.calls).withContext('by the rate').toEqual(['pause']);
    expect(reader.bufferedBytes).toBe(4);
    scheduler.flush();
    // The reader has paused as well: it takes no more of the rate.
    expect(reader.bufferedBytes).toBe(8);
    expect(scheduler.now()).toBe(4);
    expect(transport.calls).toEqual(['pause']);
    const { log } = record(reader.readExactly(10));
    expect(transport.calls).toEqual(['pause']);
    scheduler.flush();
    expect(scheduler.now()).toBe(8);
    expect(log).toEqual(['abcdefghij', '|']);
    expect(transport.calls).toEqual(['pause', 'resume']);
    transport.receive('mnopqrs');
    expect(transport.calls).toEqual(['pause', 'resume', 'pause']);
  });

  it('does not keep the others waiting for one that does not read', () => {
    const scheduler = new VirtualTimeScheduler();
    const readRate = new RateLimit({ bytesPerSecond: 1000, burst: 1, scheduler });
    const stuck = manualConnection({ readRate, scheduler, limit: 1 });
    const reads = manualConnection({ readRate, scheduler });
    const { log } = record(reads.reader.chunks());
    stuck.transport.receive('x'.repeat(100));
    reads.transport.receive('abc');
    scheduler.flush();
    expect(stuck.reader.bufferedBytes).toBe(3);
    expect(log).toEqual(['a', 'b', 'c']);
    expect(scheduler.now()).toBe(5);
  });

  it('lets no more bytes come after close() and abort(), and waits for nothing then', () => {
    for (const end of ['close', 'abort'] as const) {
      const scheduler = new VirtualTimeScheduler();
      const readRate = new RateLimit({ bytesPerSecond: 1000, burst: 1, scheduler });
      const connection = manualConnection({ readRate, scheduler });
      const { log } = record(connection.reader.chunks());
      connection.transport.receive('abc');
      connection.writer[end]();
      scheduler.flush();
      expect(log[0]).toBe('a');
      expect(log.length).withContext(end).toBe(2);
      expect(scheduler.now()).toBe(0);
    }
  });

  it('copes with a reader that closes, pauses and reads on inside its next', () => {
    const scheduler = new VirtualTimeScheduler();
    const readRate = new RateLimit({ bytesPerSecond: 1000, burst: 3, scheduler });
    const closing = manualConnection({ readRate, scheduler });
    const log: string[] = [];
    closing.reader.chunks().subscribe((chunk) => {
      log.push(text(chunk));
      closing.writer.close();
      closing.transport.receive('more');
    });
    closing.transport.receive('abcdef');
    scheduler.flush();
    expect(log).toEqual(['abc']);

    const feeding = manualConnection({
      readRate: () => new RateLimit({ bytesPerSecond: 1000, burst: 3, scheduler }),
    });
    let came = '';
    feeding.reader.chunks().subscribe((chunk) => {
      came += text(chunk);
      if (came.length < 9) feeding.transport.receive(String(came.length));
    });
    feeding.transport.receive('abcdef');
    scheduler.flush();
    expect(came.startsWith('abcdef36')).withContext(came).toBe(true);
  });

  it('is idle for nobody who waits for the rate', () => {
    const endOf = (bytesPerSecond: number, received: string): string[] => {
      const scheduler = new VirtualTimeScheduler();
      scheduler.maxFrames = 5000;
      const readRate = new RateLimit({ bytesPerSecond, burst: 1, scheduler });
      const { reader, transport } = manualConnection({ readRate, scheduler, idleTimeout: 80 });
      const { log } = record(
        reader.readExactly(50).pipe(map((bytes) => `${scheduler.now()}: ${bytes.length} bytes`)),
      );
      transport.receive(received);
      scheduler.flush();
      return log;
    };
    expect(endOf(20, 'x'.repeat(50))).toEqual(['2450: 50 bytes', '|']);
    expect(endOf(0, 'x'.repeat(50)))
      .withContext('stopped')
      .toEqual([]);
    // A peer that has sent nothing more is.
    expect(endOf(20, 'x'.repeat(49))).toEqual(['# ERR_CONNECTION_LOST']);
  });

  it('refuses startTls while something that came in plain waits', () => {
    const scheduler = new VirtualTimeScheduler();
    const readRate = new RateLimit({ bytesPerSecond: 1000, burst: 2, scheduler });
    const transport = Object.assign(new ManualTransport(), { startTls: () => of(undefined) });
    const { reader, writer } = new Connection(transport, { readRate, scheduler });
    record(reader.readExactly(2));
    transport.receive('abcd');
    expect(reader.bufferedBytes).toBe(0);
    expect(record(writer.startTls()).log).toEqual(['# ERR_UNREAD_PLAINTEXT']);
    record(reader.readExactly(2));
    scheduler.flush();
    expect(record(writer.startTls()).log).toEqual(['undefined', '|']);
  });

  it('is shared by the connections that are given one limit, and each has its own of a function', () => {
    const pass = (
      readRate: (scheduler: VirtualTimeScheduler) => ConstructorParameters<typeof Connection>[1],
    ) => {
      const scheduler = new VirtualTimeScheduler();
      const options = readRate(scheduler);
      const all = [0, 1].map(() => connectionPair(options));
      for (const [{ writer }, { reader }] of all) {
        record(reader.chunks());
        writer.write('x'.repeat(100));
      }
      scheduler.flush();
      return scheduler.now();
    };
    const make = (scheduler: VirtualTimeScheduler) =>
      new RateLimit({ bytesPerSecond: 1000, burst: 1, scheduler });
    expect(pass((scheduler) => ({ readRate: make(scheduler) }))).toBe(199);
    expect(pass((scheduler) => ({ readRate: () => make(scheduler) }))).toBe(99);
  });

  it('stops the peer, whose writer is paused', () => {
    const scheduler = new VirtualTimeScheduler();
    const readRate = new RateLimit({ bytesPerSecond: 1000, burst: 10, scheduler });
    const [one, other] = connectionPair({ readRate, highWaterMark: 100, limit: 10 });
    record(other.reader.chunks());
    one.writer.write('x'.repeat(50));
    one.writer.write('y'.repeat(150));
    expect(one.writer.paused).toBe(true);
    scheduler.flush();
    expect(one.writer.paused).toBe(false);
    expect(scheduler.now()).toBe(190);
  });

  describe('on a transport that does nothing by itself', () => {
    let scheduler: VirtualTimeScheduler;
    let limit: RateLimit;

    beforeEach(() => {
      scheduler = new VirtualTimeScheduler();
      limit = new RateLimit({ bytesPerSecond: 1000, burst: 1, scheduler });
    });

    interface Rated {
      readonly inner: BareTransport;
      readonly outer: Transport;
      readonly log: string[];
      /** What the receiver does with each piece. */
      whenData: () => void;
    }

    function rated(): Rated {
      const inner = new BareTransport();
      const outer = limit.rated(inner);
      const all: Rated = { inner, outer, log: [], whenData: () => undefined };
      outer.start({
        data: (chunk) => {
          all.log.push(`${scheduler.now()}: ${text(chunk)}`);
          all.whenData();
        },
        eof: () => all.log.push('eof'),
        flushed: () => all.log.push('flushed'),
        closed: (error) => all.log.push(`closed ${String(error)}`),
      });
      return all;
    }

    it('lets nothing come after close and abort, whatever is asked then', () => {
      for (const end of ['close', 'abort'] as const) {
        const { inner, outer, log } = rated();
        outer[end]('why');
        outer.pause();
        outer.resume();
        inner.receiver.data(bytes('late'));
        inner.receiver.eof();
        scheduler.flush();
        expect(log).toEqual([]);
        expect(inner.asked).toEqual([end === 'close' ? 'close' : ['abort', 'why']]);
      }
    });

    it('drops what comes after close: nothing is left that came in plain', () => {
      const inner = Object.assign(new BareTransport(), { startTls: () => of(undefined) });
      const outer = limit.rated(inner);
      outer.start({ data: fail, eof: fail, flushed: fail, closed: fail });
      outer.close();
      inner.receiver.data(bytes('late'));
      expect(record(outer.startTls!()).log).toEqual(['undefined', '|']);
    });

    it('asks for each pause and each resume once', () => {
      const { inner, outer } = rated();
      outer.resume();
      outer.pause();
      outer.pause();
      expect(inner.asked).toEqual(['pause']);
      outer.resume();
      outer.resume();
      expect(inner.asked).toEqual(['pause', 'resume']);
    });

    it('gives its place up when it is paused, lost or closed', () => {
      const ends: Record<string, (one: Rated) => void> = {
        paused: ({ outer }) => outer.pause(),
        lost: ({ inner }) => inner.receiver.closed(new Error('cut')),
        closed: ({ outer }) => outer.close(),
        aborted: ({ outer }) => outer.abort(),
      };
      for (const [name, end] of Object.entries(ends)) {
        scheduler = new VirtualTimeScheduler();
        limit = new RateLimit({ bytesPerSecond: 1000, burst: 1, scheduler });
        const [first, second] = [rated(), rated()];
        first.inner.receiver.data(bytes('ab'));
        second.inner.receiver.data(bytes('x'));
        end(first);
        scheduler.flush();
        expect(second.log).withContext(name).toEqual(['1: x']);
      }
    });

    it('tells the end behind the last byte, and only when it is not paused by then', () => {
      const one = rated();
      one.inner.receiver.data(bytes('ab'));
      one.inner.receiver.eof();
      one.whenData = () => one.outer.pause();
      scheduler.flush();
      expect(one.log).toEqual(['0: a', '1: b']);
      one.outer.resume();
      expect(one.log).toEqual(['0: a', '1: b', 'eof']);
      one.outer.pause();
      one.outer.resume();
      one.inner.receiver.closed();
      expect(one.log.slice(2)).withContext('once').toEqual(['eof', 'closed undefined']);
    });

    it('tells all that waits, and the end, before the loss', () => {
      const { inner, log } = rated();
      inner.receiver.data(bytes('abc'));
      inner.receiver.data(bytes('d'));
      inner.receiver.eof();
      inner.receiver.closed(new Error('cut'));
      expect(log).toEqual(['0: a', '0: bc', '0: d', 'eof', 'closed Error: cut']);
    });

    it('tells for how long it has let nothing pass, and else what the one inside says', () => {
      const { inner, outer } = rated();
      expect(outer.limitedFor).toBeUndefined();
      Object.assign(inner, { limitedFor: 70 });
      expect(outer.limitedFor).toBe(70);
      inner.receiver.data(bytes('abc'));
      limit.bytesPerSecond = 0;
      const seen: (number | undefined)[] = [];
      scheduler.schedule(() => seen.push(outer.limitedFor), 30);
      scheduler.flush();
      expect(seen).toEqual([30]);
      inner.receiver.flushed();
    });

    it('can encrypt where the one inside can, and only there', () => {
      expect('startTls' in rated().outer).toBeFalse();
    });
  });

  it('must be a RateLimit, or give one', () => {
    for (const readRate of [5, '5', null, {}, []])
      expect(() => manualConnection({ readRate } as never)).toThrowError(
        TypeError,
        /readRate must be a RateLimit \(new RateLimit\(\{ bytesPerSecond \}\)\), not/,
      );
    expect(() => manualConnection({ readRate: () => 5 } as never)).toThrowError(TypeError, /rated/);
  });
});
