import fc from 'fast-check';
import { map, VirtualTimeScheduler, type SchedulerLike } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { RateLimit } from '../../src/index.js';
import { manualConnection, ManualTransport, type ManualConnection } from '../../src/testing.js';
import { runs } from '../contracts/runs.js';
import { record, text } from './record.js';

const KB = 1000;

/** A scheduler that counts what is scheduled. */
class CountingScheduler extends VirtualTimeScheduler {
  scheduled = 0;

  override schedule: VirtualTimeScheduler['schedule'] = (...args) => {
    this.scheduled++;
    return super.schedule(...args);
  };

  /** Runs until the given time, and no further. */
  runTo(time: number): void {
    this.maxFrames = time;
    this.flush();
    this.frame = time;
  }
}

/** Reads everything at a rate, and tells how many bytes came at which time. */
function reading(readRate: RateLimit, scheduler: SchedulerLike): { from: ManualConnection; came: string[] } {
  const from = manualConnection({ readRate, scheduler });
  const came: string[] = [];
  from.reader.chunks().subscribe({
    next: (chunk) => came.push(`${scheduler.now()}: ${text(chunk)}`),
    error: () => came.push(`${scheduler.now()}: #`),
  });
  return { from, came };
}

describe('RateLimit', () => {
  it(
    'lets the burst pass at once, and the rest when it may, to the millisecond',
    marbles((m) => {
      const readRate = new RateLimit({ bytesPerSecond: KB, burst: 2, scheduler: m.scheduler });
      const { reader, transport } = manualConnection({ readRate });
      m.scheduler.schedule(() => transport.receive('abcdefg'), 2);
      m.expect(reader.chunks().pipe(map(text))).toBeObservable('--a-b-cd', {
        a: 'ab',
        b: 'cd',
        c: 'ef',
        d: 'g',
      });
    }),
  );

  it(
    'fills up to the burst and no further while nothing comes',
    marbles((m) => {
      const readRate = new RateLimit({ bytesPerSecond: KB, burst: 3, scheduler: m.scheduler });
      const { reader, transport } = manualConnection({ readRate });
      m.scheduler.schedule(() => transport.receive('abc'), 0);
      m.scheduler.schedule(() => transport.receive('d'), 1);
      m.scheduler.schedule(() => transport.receive('efghi'), 20);
      m.expect(reader.chunks().pipe(map(text))).toBeObservable('ab------------------c-d', {
        a: 'abc',
        b: 'd',
        c: 'efg',
        d: 'hi',
      });
    }),
  );

  it('has a burst of a tenth of a second, one byte at least, which follows the rate', () => {
    expect(new RateLimit({ bytesPerSecond: 5000 }).burst).toBe(500);
    expect(new RateLimit({ bytesPerSecond: 5 }).burst).toBe(1);
    expect(new RateLimit({ bytesPerSecond: 0 }).burst).toBe(1);
    expect(new RateLimit({ bytesPerSecond: 5, burst: 7 }).burst).toBe(7);
    const limit = new RateLimit({ bytesPerSecond: 5000 });
    limit.bytesPerSecond = 100;
    expect([limit.bytesPerSecond, limit.burst]).toEqual([100, 10]);
  });

  it('takes effect at once when it is changed, also for who waits', () => {
    const scheduler = new CountingScheduler();
    const limit = new RateLimit({ bytesPerSecond: 1, burst: 1, scheduler });
    const { from, came } = reading(limit, scheduler);
    from.transport.receive('abcd');
    scheduler.runTo(500);
    // Half a byte has come by then: the other half takes half a millisecond now.
    limit.bytesPerSecond = KB;
    scheduler.runTo(502);
    limit.bytesPerSecond = 100;
    scheduler.runTo(10_000);
    expect(came).toEqual(['0: a', '501: b', '502: c', '512: d']);
  });

  it('lets nothing pass at 0, not even what is in the bucket, until it is raised', () => {
    const scheduler = new CountingScheduler();
    const limit = new RateLimit({ bytesPerSecond: 0, burst: 4, scheduler });
    const { from, came } = reading(limit, scheduler);
    from.transport.receive('abcdef');
    scheduler.runTo(100);
    expect(came).toEqual([]);
    expect(scheduler.scheduled).withContext('nothing to wait for').toBe(0);
    limit.bytesPerSecond = KB;
    expect(came).toEqual(['100: abcd']);
    limit.bytesPerSecond = 0;
    scheduler.runTo(200);
    expect(came).toEqual(['100: abcd']);
    limit.bytesPerSecond = KB;
    scheduler.runTo(300);
    expect(came).toEqual(['100: abcd', '202: ef']);
  });

  it('is none at Infinity', () => {
    const scheduler = new CountingScheduler();
    const limit = new RateLimit({ bytesPerSecond: Infinity, scheduler });
    const { from, came } = reading(limit, scheduler);
    from.transport.receive('a'.repeat(100_000), 'b');
    expect(came.map(({ length }) => length)).toEqual([100_003, 4]);
    limit.bytesPerSecond = 20;
    from.transport.receive('cde');
    expect(came.slice(2)).toEqual(['0: cd']);
    limit.bytesPerSecond = Infinity;
    expect(came.slice(2)).toEqual(['0: cd', '0: e']);
    expect(scheduler.scheduled).toBe(1);
  });

  it('schedules one action for each time somebody can go on, however many wait', () => {
    const scheduler = new CountingScheduler();
    const limit = new RateLimit({ bytesPerSecond: KB, burst: 10, scheduler });
    const all = Array.from({ length: 100 }, () => reading(limit, scheduler));
    for (const { from } of all) from.transport.receive('x'.repeat(10));
    expect(scheduler.scheduled).toBe(1);
    scheduler.flush();
    // The first one needed none.
    expect(scheduler.scheduled).toBe(99);
    expect(all.map(({ came }) => came.length)).toEqual(all.map(() => 1));
    expect(scheduler.now()).toBe(990);
  });

  it('serves those that share it in turn, the same for each, however much they have', () => {
    const scheduler = new CountingScheduler();
    const limit = new RateLimit({ bytesPerSecond: 4 * KB, burst: 4, scheduler });
    const many = reading(limit, scheduler);
    const few = reading(limit, scheduler);
    many.from.transport.receive('m'.repeat(1000));
    few.from.transport.receive('f'.repeat(12));
    scheduler.runTo(6);
    expect(many.came).toEqual(['0: mmmm', '1: mmmm', '3: mmmm', '5: mmmm']);
    expect(few.came).toEqual(['2: ffff', '4: ffff', '6: ffff']);
  });

  it('gives nobody more than 16 KiB before the others come', () => {
    const scheduler = new CountingScheduler();
    const limit = new RateLimit({ bytesPerSecond: KB, burst: 100_000, scheduler });
    const [one, other] = [reading(limit, scheduler), reading(limit, scheduler)];
    one.from.transport.receive('x'.repeat(200_000));
    other.from.transport.receive('y'.repeat(50_000));
    scheduler.runTo(40_000);
    // The burst is for who comes first; after that each has its turn.
    const sizes = (came: string[]): number[] => came.map((one) => one.split(': ')[1]!.length);
    expect(sizes(one.came)).toEqual([100_000, 16384]);
    expect(sizes(other.came)).toEqual([16384]);
  });

  it('forgets who goes, and goes on with the next at its time', () => {
    const scheduler = new CountingScheduler();
    const limit = new RateLimit({ bytesPerSecond: KB, burst: 10, scheduler });
    const [gone, next] = [reading(limit, scheduler), reading(limit, scheduler)];
    gone.from.transport.receive('x'.repeat(20));
    next.from.transport.receive('yy');
    gone.from.writer.abort();
    scheduler.flush();
    expect(next.came).toEqual(['2: yy']);
    expect(scheduler.now()).toBe(2);
  });

  it('does not count a clock that was set back', () => {
    const scheduler = new CountingScheduler();
    let offset = 0;
    const clock = {
      now: () => scheduler.now() + offset,
      schedule: scheduler.schedule.bind(scheduler),
    };
    const limit = new RateLimit({ bytesPerSecond: KB, burst: 1, scheduler: clock });
    const { from, came } = reading(limit, scheduler);
    from.transport.receive('ab');
    offset = -1000;
    scheduler.runTo(5);
    expect(came).toEqual(['0: a', '2: b']);
  });

  it('never waits for longer than a timer can have', () => {
    const scheduler = new CountingScheduler();
    const limit = new RateLimit({ bytesPerSecond: 1e-9, scheduler });
    const { from, came } = reading(limit, scheduler);
    from.transport.receive('ab');
    scheduler.runTo(2 ** 32);
    expect(came).toEqual(['0: a']);
    expect(scheduler.scheduled).toBe(3);
  });

  it('lets pass no more than burst and rate × time in any time, and loses and reorders nothing', () => {
    const act = fc.record({
      after: fc.integer({ min: 0, max: 50 }),
      who: fc.integer({ min: 0, max: 2 }),
      what: fc.oneof(
        { weight: 5, arbitrary: fc.integer({ min: 1, max: 300 }) },
        fc.constantFrom('pause' as const, 'resume' as const),
      ),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 200 }),
        fc.array(act, { maxLength: 40 }),
        (bytesPerSecond, burst, acts) => {
          const scheduler = new CountingScheduler();
          const limit = new RateLimit({ bytesPerSecond, burst, scheduler });
          const passed: { at: number; size: number }[] = [];
          const all = [0, 1, 2].map(() => {
            const inner = new ManualTransport();
            const one = { inner, rated: limit.rated(inner), sent: '', came: '' };
            one.rated.start({
              data: (chunk) => {
                one.came += text(chunk);
                passed.push({ at: scheduler.now(), size: chunk.length });
              },
              eof: () => (one.came += '|'),
              flushed: () => undefined,
              closed: () => undefined,
            });
            return one;
          });
          let at = 0;
          let letter = 0;
          for (const { after, who, what } of acts) {
            at += after;
            scheduler.schedule(() => {
              const one = all[who]!;
              if (typeof what === 'string') {
                one.rated[what]();
              } else {
                const chunk = Array.from({ length: what }, () => 'abcdefghijklm'[letter++ % 13]).join('');
                one.sent += chunk;
                one.inner.receive(chunk);
              }
            }, at);
          }
          scheduler.flush();
          for (const { rated, inner } of all) {
            rated.resume();
            inner.receiveEof();
          }
          scheduler.flush();
          for (const { came, sent } of all)
            if (came !== `${sent}|`) throw new Error(`${sent} has come as ${came}`);
          // From each time something has passed to each later one.
          passed.forEach(({ at: from }, first) => {
            let sum = 0;
            for (const { at: to, size } of passed.slice(first)) {
              sum += size;
              if (sum > burst + ((to - from) * bytesPerSecond) / 1000 + 1e-3)
                throw new Error(`${sum} bytes from ${from} to ${to} ms`);
            }
          });
        },
      ),
      runs(300),
    );
    expect().nothing();
  });

  it('checks its options at the call', () => {
    for (const bytesPerSecond of [undefined, -1, NaN, '5', 5n, null, {}])
      expect(() => new RateLimit({ bytesPerSecond } as never)).toThrowError(
        RangeError,
        /bytesPerSecond must be a number of 0 or more, not /,
      );
    for (const burst of [0, -1, 1.5, Infinity, '5', null])
      expect(() => new RateLimit({ bytesPerSecond: 5, burst } as never)).toThrowError(RangeError, /burst/);
    expect(() => new RateLimit(5 as never)).toThrowError(TypeError, /options/);
    expect(() => new RateLimit({ bytesPerSecond: 5, scheduler: {} as never })).toThrowError(
      TypeError,
      /scheduler/,
    );
    const limit = new RateLimit({ bytesPerSecond: 5 });
    expect(() => (limit.bytesPerSecond = -1)).toThrowError(RangeError, /bytesPerSecond/);
    expect(limit.bytesPerSecond).toBe(5);
  });

  it('needs a number of milliseconds for its time only where timers have them', async () => {
    const readRate = new RateLimit({ bytesPerSecond: 100_000, burst: 100 });
    const { reader, transport } = manualConnection({ readRate });
    const start = performance.now();
    transport.receive('x'.repeat(1000));
    transport.receiveEof();
    await new Promise<void>((resolve) => void reader.read().subscribe({ complete: resolve }));
    // 9 of the ten pieces have had to wait for a millisecond; timers may be one too early.
    expect(performance.now() - start).toBeGreaterThan(5);
    expect(record(reader.read(1)).log).toEqual(['', '|']);
  });
});
