import { concat, concatMap, map } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { manualConnection, type ManualConnection, type ManualTransport } from '../../src/testing.js';
import { bytes, record } from './record.js';

const marks = { highWaterMark: 10, lowWaterMark: 4 };

/** A connection whose written bytes wait until the spec drains them. */
const writing = (options?: Parameters<typeof manualConnection>[0]): ManualConnection =>
  manualConnection({ holdWrites: true, extraInfo: { sockname: here }, ...options });
const here = { address: '127.0.0.1', family: 'IPv4', port: 1 };
const drainTo = (transport: ManualTransport, size: number): void =>
  transport.drain(transport.writeQueueSize - size);

describe('StreamWriter', () => {
  it('takes no view that counts in something else than bytes', () => {
    const { writer } = manualConnection();
    for (const wrong of [
      Uint16Array.of(1),
      new DataView(new ArrayBuffer(1)),
      new ArrayBuffer(1),
      undefined,
    ]) {
      expect(() => writer.write(wrong as unknown as Uint8Array)).toThrowError(
        TypeError,
        /must be a string or a Uint8Array/,
      );
    }
  });

  describe('in virtual time', () => {
    it(
      'paused$, drain$ and drain() follow the write queue',
      marbles((m) => {
        const { writer, transport } = writing(marks);
        // Each letter: how many bytes the queue has from then on.
        const queue$ = m.hot(' --a--b--c--d--e--', { a: 10, b: 11, c: 5, d: 4, e: 0 });
        const paused = '       f----t-----f-----';
        const drain = '        -----------d-----';
        const waiting = '      -----------(d|)  ';
        queue$.subscribe((size) => {
          if (size > transport.writeQueueSize) writer.write('x'.repeat(size - transport.writeQueueSize));
          else drainTo(transport, size);
        });
        m.expect(writer.paused$).toBeObservable(paused, { f: false, t: true });
        m.expect(writer.drain$).toBeObservable(drain, { d: undefined });
        m.expect(m.cold('------t|').pipe(concatMap(() => writer.drain()))).toBeObservable(waiting, {
          d: undefined,
        });
      }),
    );

    it(
      'send() waits for room: concat writes one piece for each drain signal',
      marbles((m) => {
        const { writer, transport } = writing({ highWaterMark: 0 });
        const flush$ = m.hot('---f---f---f', { f: 0 });
        flush$.subscribe(() => transport.drain());
        const all$ = concat(writer.send('one'), writer.send('two'), writer.send('three'));
        m.expect(all$).toBeObservable('-----------|');
        m.expect(flush$.pipe(map(() => transport.calls.length))).toBeObservable('---2---3---3', {
          2: 2,
          3: 3,
        });
      }),
    );

    it(
      'a loss while waiting errors drain() and completes the signals',
      marbles((m) => {
        const { writer, transport } = writing(marks);
        writer.write('x'.repeat(11));
        m.hot('---x').subscribe(() => transport.lose(new Error('reset')));
        const log = record(writer.drain());
        m.expect(writer.drain$).toBeObservable('---|');
        m.expect(writer.paused$).toBeObservable('t--|', { t: true });
        m.flush();
        expect(log.log).toEqual(['# ERR_CONNECTION_LOST']);
      }),
    );
  });

  describe('write', () => {
    it('hands text and bytes to the transport, at once and in order', () => {
      const { writer, transport } = writing();
      writer.write('one');
      writer.write(bytes('two'));
      writer.writeLines(['three', bytes('four')]);
      expect(transport.calls).toEqual(['write one', 'write two', 'write three', 'write four']);
    });

    it('writes the lines of what can be iterated, and says so', () => {
      const { writer, transport } = writing();
      writer.writeLines(new Set(['one', 'two']));
      expect(transport.calls).toEqual(['write one', 'write two']);
      expect(() => writer.writeLines('text' as never)).toThrowError(
        TypeError,
        /^chunks must be an iterable of data, not /,
      );
    });

    it('does nothing for no bytes', () => {
      const { writer, transport } = writing();
      writer.write('');
      writer.write(new Uint8Array(0));
      expect(transport.calls).toEqual([]);
    });

    it('is not subject to flow control', () => {
      const { writer, transport } = writing({ highWaterMark: 0 });
      writer.write('one');
      writer.write('two');
      expect(transport.calls.length).toBe(2);
    });

    it('throws after writeEof and after close, and says which', () => {
      const one = writing().writer;
      one.writeEof();
      expect(() => one.write('x')).toThrowMatching(
        (e: { code: string; message: string }) =>
          e.code === 'ERR_WRITE_AFTER_END' && e.message.includes('writeEof'),
      );
      const other = writing().writer;
      other.close();
      expect(() => other.write('')).toThrowMatching(
        (e: { code: string; message: string }) =>
          e.code === 'ERR_WRITE_AFTER_END' && e.message.includes('close'),
      );
    });

    it('drops data after the connection is lost; drain, send and waitClosed tell of it', () => {
      const { writer, transport } = writing();
      transport.lose(new Error('reset'));
      writer.write('x');
      expect(transport.calls).toEqual([]);
      for (const stream$ of [writer.drain(), writer.send('y'), writer.waitClosed()]) {
        expect(record<unknown>(stream$).log).toEqual(['# ERR_CONNECTION_LOST']);
      }
    });

    it('refuses what is neither text nor bytes', () => {
      const { writer } = writing();
      for (const data of [1, null, undefined, {}, [1]]) {
        expect(() => writer.write(data as never)).toThrowError(TypeError, /string or a Uint8Array/);
      }
    });
  });

  describe('water marks', () => {
    it('default to 64 KiB and 16 KiB', () => {
      const { writer, transport } = writing();
      const paused = record(writer.paused$);
      writer.write(new Uint8Array(65536));
      expect(paused.log).toEqual(['false']);
      writer.write('x');
      drainTo(transport, 16385);
      expect(paused.log).toEqual(['false', 'true']);
      drainTo(transport, 16384);
      expect(paused.log).toEqual(['false', 'true', 'false']);
    });

    it('the low one is a quarter of the high, the high four times the low', () => {
      const high = writing({ highWaterMark: 100 });
      high.writer.write(new Uint8Array(101));
      const highPaused = record(high.writer.paused$);
      drainTo(high.transport, 26);
      drainTo(high.transport, 25);
      expect(highPaused.log).toEqual(['true', 'false']);
      const low = writing({ lowWaterMark: 10 });
      const lowPaused = record(low.writer.paused$);
      low.writer.write(new Uint8Array(40));
      expect(lowPaused.log).toEqual(['false']);
      low.writer.write('x');
      expect(lowPaused.log).toEqual(['false', 'true']);
    });

    it('must be numbers with high >= low >= 0', () => {
      const wrong = [
        { highWaterMark: 1, lowWaterMark: 2 },
        { highWaterMark: -1 },
        { lowWaterMark: -1 },
        { highWaterMark: NaN },
        { highWaterMark: Infinity },
      ];
      for (const options of wrong)
        expect(() => writing(options))
          .withContext(JSON.stringify(options))
          .toThrowError(RangeError, /Water marks/);
    });
  });

  describe('signals', () => {
    it('paused$ gives the current value first, and each change once', () => {
      const { writer, transport } = writing(marks);
      writer.write('x'.repeat(11));
      writer.write('y');
      const paused = record(writer.paused$);
      drainTo(transport, 3);
      transport.drain();
      expect(paused.log).toEqual(['true', 'false']);
    });

    it('a subscriber that writes inside the signal leaves nobody with an old value', () => {
      const { writer, transport } = writing(marks);
      writer.paused$.subscribe((paused) => {
        if (!paused && transport.calls.length === 1) writer.write('y'.repeat(11));
      });
      const second = record(writer.paused$);
      writer.write('x'.repeat(11));
      transport.drain();
      expect(second.log).withContext('each change once').toEqual(['false', 'true']);
      const third = record(writer.paused$);
      expect(third.log).toEqual(['true']);
    });

    it('drain() answers at once when not paused, and to all that wait', () => {
      const { writer, transport } = writing(marks);
      expect(record(writer.drain()).log).toEqual(['undefined', '|']);
      writer.write('x'.repeat(11));
      const waiting = Array.from({ length: 10 }, () => record(writer.drain()));
      drainTo(transport, 5);
      expect(waiting.map(({ log }) => log)).toEqual(waiting.map(() => []));
      drainTo(transport, 4);
      expect(waiting.map(({ log }) => log)).toEqual(waiting.map(() => ['undefined', '|']));
    });

    it('drain() and send() are cold', () => {
      const { writer, transport } = writing();
      const send$ = writer.send('x');
      void writer.drain();
      expect(transport.calls).toEqual([]);
      expect(record(send$).log).toEqual(['|']);
      expect(record(send$).log).toEqual(['|']);
      expect(transport.calls).toEqual(['write x', 'write x']);
    });

    it('send() errors where write() throws', () => {
      const { writer } = writing();
      writer.close();
      expect(record(writer.send('x')).log).toEqual(['# ERR_WRITE_AFTER_END']);
    });

    it('drain() is told of a peer that closed', () => {
      const { writer, transport } = writing();
      transport.lose();
      expect(record(writer.drain()).log).toEqual(['# ERR_CONNECTION_LOST']);
    });
  });

  describe('closing', () => {
    it('close() asks the transport once, waitClosed() waits for it', () => {
      const { writer, transport } = writing();
      const closed = record(writer.waitClosed());
      writer.write('last words');
      expect(writer.isClosing()).toBeFalse();
      writer.close();
      writer.close();
      expect(writer.isClosing()).toBeTrue();
      expect(transport.calls).toEqual(['write last words', 'close']);
      expect(closed.log).toEqual([]);
      transport.drain();
      expect(closed.log).toEqual(['undefined', '|']);
      expect(record(writer.waitClosed()).log).toEqual(['undefined', '|']);
      expect(record(writer.drain()).log).toEqual(['# ERR_CONNECTION_CLOSED']);
    });

    it('close() after the loss asks nobody', () => {
      const { writer, transport } = writing();
      transport.lose();
      expect(writer.isClosing()).toBeTrue();
      writer.close();
      writer.abort();
      expect(transport.calls).toEqual([]);
    });

    it('abort() discards: reads, drain and send error with the reason, waitClosed does not', () => {
      const { reader, writer, transport } = writing(marks);
      const read = record(reader.read());
      writer.write('x'.repeat(11));
      const drained = record(writer.drain());
      const reason = new Error('enough');
      let cause: unknown;
      reader.readLine().subscribe({ error: (error: Error) => (cause = error.cause) });
      writer.abort(reason);
      writer.abort();
      transport.lose(reason);
      expect(transport.calls.slice(1)).toEqual(['abort']);
      expect(read.log).toEqual(['# ERR_CONNECTION_CLOSED']);
      expect(drained.log).toEqual(['# ERR_CONNECTION_CLOSED']);
      expect(cause).toBe(reason);
      expect(record(writer.waitClosed()).log).toEqual(['undefined', '|']);
    });

    it('write() and send() after abort() tell of it', () => {
      const { writer, transport } = writing();
      writer.abort('enough');
      expect(() => writer.write('x')).toThrowMatching(
        (error: { code: string; cause: unknown }) =>
          error.code === 'ERR_CONNECTION_CLOSED' && error.cause === 'enough',
      );
      expect(record(writer.send('x')).log).toEqual(['# ERR_CONNECTION_CLOSED']);
      expect(transport.calls).toEqual(['abort']);
    });

    it('abort() after close() cuts short what is still to be sent', () => {
      const { writer, transport } = writing();
      writer.write('never sent');
      writer.close();
      writer.abort();
      expect(transport.calls).toEqual(['write never sent', 'close', 'abort']);
    });

    it('writeEof() half-closes once', () => {
      const { writer, transport } = writing();
      expect(writer.canWriteEof()).toBeTrue();
      writer.writeEof();
      writer.writeEof();
      expect(transport.calls).toEqual(['writeEof']);
      expect(writer.isClosing()).toBeFalse();
    });

    it('writeEof() on a transport that cannot is an error', () => {
      const { writer, transport } = writing({ canWriteEof: false });
      expect(writer.canWriteEof()).toBeFalse();
      expect(() => writer.writeEof()).toThrowError(TypeError, /close\(\)/);
      writer.write('x');
      expect(transport.calls).toEqual(['write x']);
    });
  });

  it('getExtraInfo asks the transport, and has a fallback', () => {
    const { writer } = writing();
    expect(writer.getExtraInfo('sockname')).toBe(here);
    expect(writer.getExtraInfo('peername')).toBeUndefined();
    expect(writer.getExtraInfo('peername', 'nowhere')).toBe('nowhere');
    expect(writer.getExtraInfo('of my own', 7)).toBe(7);
  });
});
