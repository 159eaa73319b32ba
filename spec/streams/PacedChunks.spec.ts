import fc from 'fast-check';
import { VirtualTimeScheduler, type Subscription } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { ConnectionLostError, connectionPair, RateLimit } from '../../src/index.js';
import { manualConnection, marbleConnection } from '../../src/testing.js';
import { connectionReset } from '../../src/streams/errors.js';
import { runs } from '../contracts/runs.js';
import { record } from './record.js';

const lost = new ConnectionLostError(connectionReset());
const letters = { a: 'ab', b: 'cd', c: 'ef', g: 'g' };

describe('pipeTo with a rate', () => {
  it(
    'cuts chunks to what may pass, and ends behind the last byte',
    marbles((m) => {
      const rate = new RateLimit({ bytesPerSecond: 1000, burst: 2, scheduler: m.scheduler });
      const from = marbleConnection(m, { incoming: '--x-----|', values: { x: 'abcdef' } });
      const to = manualConnection();
      m.expect(from.reader.pipeTo(to.writer, { rate })).toBeObservable('--------|');
      m.expect(to.outgoing$).toBeObservable('--a-b-c-|', letters);
    }),
  );

  it(
    'does not end before all has passed, and then at once',
    marbles((m) => {
      const rate = new RateLimit({ bytesPerSecond: 1000, burst: 2, scheduler: m.scheduler });
      const from = marbleConnection(m, { incoming: '--(x|)', values: { x: 'abcdefg' } });
      const to = manualConnection();
      m.expect(from.reader.pipeTo(to.writer, { rate })).toBeObservable('-------|');
      m.expect(to.outgoing$).toBeObservable('--a-b-c(g|)', letters);
    }),
  );

  it(
    'writes what had come before the loss of the reader, at the rate',
    marbles((m) => {
      const rate = new RateLimit({ bytesPerSecond: 1000, burst: 2, scheduler: m.scheduler });
      const from = marbleConnection(m, { incoming: '--x#', values: { x: 'abcdef' } });
      const to = manualConnection();
      m.expect(from.reader.pipeTo(to.writer, { rate })).toBeObservable('------#', {}, lost);
      m.expect(to.outgoing$).toBeObservable('--a-b-c', letters);
    }),
  );

  it(
    'errors at once when the writer goes while it waits, and leaves the rest in the reader',
    marbles((m) => {
      const rate = new RateLimit({ bytesPerSecond: 1, burst: 2, scheduler: m.scheduler });
      const from = marbleConnection(m, { incoming: '--x', values: { x: 'abcdef' } });
      const to = manualConnection();
      m.scheduler.schedule(() => to.transport.lose(connectionReset()), 5);
      m.expect(from.reader.pipeTo(to.writer, { rate })).toBeObservable('-----#', {}, lost);
      m.scheduler.schedule(() => {
        expect(record(from.reader.read(10)).log).toEqual(['cdef', '|']);
      }, 6);
    }),
  );

  it('takes nothing before it may pass: not for the one who waits, nor for one that is unsubscribed', () => {
    const scheduler = new VirtualTimeScheduler();
    const rate = new RateLimit({ bytesPerSecond: 1000, burst: 2, scheduler });
    const [from, to] = [manualConnection({ limit: 2 }), manualConnection()];
    const pipe = from.reader.pipeTo(to.writer, { rate }).subscribe();
    from.transport.receive('abcdefgh');
    expect(to.transport.calls).toEqual(['write ab']);
    expect(from.reader.bufferedBytes).toBe(6);
    expect(from.transport.calls).withContext('the peer is stopped').toEqual(['pause']);
    pipe.unsubscribe();
    scheduler.flush();
    expect(scheduler.now()).withContext('nobody waits').toBe(0);
    expect(record(from.reader.readExactly(6)).log).toEqual(['cdefgh', '|']);
  });

  it('waits for the writer as well, without keeping what it may write for later', () => {
    const scheduler = new VirtualTimeScheduler();
    const rate = new RateLimit({ bytesPerSecond: 1000, burst: 2, scheduler });
    const from = manualConnection();
    const to = manualConnection({ holdWrites: true, highWaterMark: 1 });
    from.reader.pipeTo(to.writer, { rate }).subscribe();
    from.transport.receive('abcdef');
    scheduler.schedule(() => to.transport.drain(), 50);
    scheduler.flush();
    expect(to.transport.calls).toEqual(['write ab', 'write cd']);
    expect(from.reader.bufferedBytes).toBe(2);
    to.transport.drain();
    scheduler.flush();
    expect(scheduler.now()).toBe(52);
    expect(to.transport.calls).toEqual(['write ab', 'write cd', 'write ef']);
  });

  it('stops at 0 and goes on when it is raised', () => {
    const scheduler = new VirtualTimeScheduler();
    const rate = new RateLimit({ bytesPerSecond: 1000, burst: 2, scheduler });
    const [from, to] = [manualConnection(), manualConnection()];
    from.reader.pipeTo(to.writer, { rate }).subscribe();
    rate.bytesPerSecond = 0;
    from.transport.receive('abcd');
    scheduler.flush();
    expect(to.transport.calls).toEqual([]);
    rate.bytesPerSecond = 500;
    scheduler.flush();
    expect(to.transport.calls).toEqual(['write ab', 'write cd']);
    expect(scheduler.now()).toBe(4);
  });

  it('is one rate for all pipes that share it', () => {
    const scheduler = new VirtualTimeScheduler();
    const rate = new RateLimit({ bytesPerSecond: 1000, burst: 1, scheduler });
    const all = Array.from({ length: 10 }, () => {
      const [from, to] = [manualConnection(), manualConnection()];
      const { log } = record(from.reader.pipeTo(to.writer, { rate }));
      from.transport.receive('x'.repeat(20));
      from.transport.receiveEof();
      return { to, log };
    });
    scheduler.maxFrames = 99;
    scheduler.flush();
    // The first was alone when it asked for its second byte.
    expect(all.map(({ to }) => to.transport.calls.length)).toEqual([
      11,
      ...Array.from({ length: 8 }, () => 10),
      9,
    ]);
    scheduler.maxFrames = Infinity;
    scheduler.flush();
    expect(all.map(({ log }) => log)).toEqual(all.map(() => ['|']));
    expect(scheduler.now()).toBe(199);
  });

  it('keeps the order of all bytes, through pipes that come and go, and writers that pause', () => {
    const act = fc.record({
      after: fc.integer({ min: 0, max: 30 }),
      what: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constantFrom('drain', 'leave', 'pipe')),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 100 }),
        fc.array(act, { maxLength: 40 }),
        (bytesPerSecond, burst, acts) => {
          const scheduler = new VirtualTimeScheduler();
          const rate = new RateLimit({ bytesPerSecond, burst, scheduler });
          const [from, far] = connectionPair();
          const to = manualConnection({ holdWrites: true, highWaterMark: 50 });
          let pipe: Subscription | undefined;
          let sent = '';
          let at = 0;
          for (const { after, what } of acts) {
            scheduler.schedule(
              () => {
                if (typeof what === 'number') {
                  const chunk = Array.from({ length: what }, (_, i) => 'abcdefg'[i % 7]).join('');
                  sent += chunk;
                  far.writer.write(chunk);
                } else if (what === 'drain') {
                  to.transport.drain();
                } else {
                  pipe?.unsubscribe();
                  pipe = what === 'leave' ? undefined : from.reader.pipeTo(to.writer, { rate }).subscribe();
                }
              },
              (at += after),
            );
          }
          scheduler.flush();
          pipe?.unsubscribe();
          const { log } = record(from.reader.pipeTo(to.writer, { rate }));
          far.writer.writeEof();
          for (let drains = 0; log.length === 0 && drains < 10_000; drains++) {
            to.transport.drain();
            scheduler.flush();
          }
          const written = to.transport.calls
            .filter((call) => call.startsWith('write '))
            .map((call) => call.slice(6));
          if (written.join('') !== sent) throw new Error(`${sent} was written as ${written.join(' ')}`);
          const tooLong = written.find(({ length }) => length > burst);
          if (tooLong !== undefined) throw new Error(`${tooLong} in one piece`);
        },
      ),
      runs(200),
    );
    expect().nothing();
  });

  it('must have a RateLimit', () => {
    const { reader, writer } = manualConnection();
    for (const rate of [5, '5', null, {}, () => 5])
      expect(() => reader.pipeTo(writer, { rate } as never)).toThrowError(
        TypeError,
        /rate must be a RateLimit \(new RateLimit\(\{ bytesPerSecond \}\)\), not/,
      );
  });
});
