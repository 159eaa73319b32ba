import fc from 'fast-check';
import { concat, EMPTY, from, NEVER, of, Subject, take, takeUntil, throwError } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import {
  connectionPair,
  WriteOverflowError,
  writeTo,
  type Data,
  type OverflowStrategy,
  type WriteToOptions,
} from '../../src/index.js';
import { manualConnection, marbleConnection, type ManualConnection } from '../../src/testing.js';
import { copyBytes } from '../../src/bytes/text.js';
import { checkCases } from '../diagrams/checkCases.js';
import { writeToCases } from '../diagrams/writing.js';
import { bytes, record, text } from '../streams/record.js';
import { runs } from '../contracts/runs.js';

/** Written bytes wait until the spec drains them. */
const writing = (options: Parameters<typeof manualConnection>[0] = {}): ManualConnection =>
  manualConnection({ holdWrites: true, highWaterMark: 0, ...options });

/** A source that is already feeding, and what was written to its paused writer. */
function feeding(options?: WriteToOptions): ManualConnection & { source$: Subject<Data>; log: string[] } {
  const source$ = new Subject<Data>();
  const connection = writing();
  return Object.assign(connection, {
    source$,
    log: record(source$.pipe(writeTo(connection.writer, options))).log,
  });
}

describe('writeTo', () => {
  checkCases(writeToCases);

  it(
    'unsubscribing stops at once: the source is unsubscribed, and what waits is dropped',
    marbles((m) => {
      const { writer, outgoing$ } = marbleConnection(m, { drain: '------d----', highWaterMark: 0 });
      const source$ = m.cold<Data>('--a-b----|');
      m.expect(source$.pipe(writeTo(writer)), '-----!').toBeObservable('------');
      m.expect(source$).toHaveSubscriptions('^----!');
      m.expect(outgoing$).toBeObservable('--a--------');
    }),
  );

  it(
    'is unsubscribed from the source when the connection is lost',
    marbles((m) => {
      const { writer, transport } = marbleConnection(m);
      m.hot('----x').subscribe(() => transport.lose(new Error('reset')));
      const source$ = m.cold<Data>('--a------b|');
      source$.pipe(writeTo(writer)).subscribe({ error: () => {} });
      m.expect(source$).toHaveSubscriptions('^---!');
    }),
  );

  describe('the limit', () => {
    it('is exact: as many bytes as it says may wait', () => {
      const fits = feeding({ limit: 4 });
      for (const value of ['first', 'ab', 'cd']) fits.source$.next(value);
      expect(fits.log).toEqual([]);
      fits.source$.next('e');
      expect(fits.log).toEqual(['# ERR_WRITE_OVERFLOW']);
    });

    it('counts text as UTF-8', () => {
      const fits = feeding({ limit: 5 });
      for (const value of ['first', 'ä', '€']) fits.source$.next(value);
      expect(fits.log).toEqual([]);
      fits.transport.drain();
      fits.transport.drain();
      expect(fits.transport.calls).toEqual(['write first', 'write ä', 'write €']);
      const overruns = feeding({ limit: 4 });
      for (const value of ['first', 'ä', '€']) overruns.source$.next(value);
      expect(overruns.log).toEqual(['# ERR_WRITE_OVERFLOW']);
    });

    it('counts only what waits: what is written makes room', () => {
      const { source$, transport, log } = feeding({ limit: 2 });
      source$.next('first');
      for (let i = 0; i < 10; i++) {
        source$.next(`${i}${i}`);
        transport.drain();
      }
      expect(log).toEqual([]);
      expect(transport.calls.length).toBe(11);
    });

    it('tells the numbers', () => {
      let error: unknown;
      const source$ = new Subject<Data>();
      const { writer } = writing();
      source$.pipe(writeTo(writer, { limit: 10 })).subscribe({ error: (e: unknown) => (error = e) });
      for (const value of ['first', '12345678', 'abc']) source$.next(value);
      expect(error).toBeInstanceOf(WriteOverflowError);
      const { size, waiting, limit, message } = error as WriteOverflowError;
      expect({ size, waiting, limit }).toEqual({ size: 3, waiting: 8, limit: 10 });
      expect(message).toMatch(/3 bytes more.* 8 of at most 10 bytes/);
    });

    it('is 1 MiB if nothing else is said', () => {
      const { source$, log } = feeding();
      source$.next('first');
      source$.next(new Uint8Array(1024 * 1024));
      expect(log).toEqual([]);
      source$.next('x');
      expect(log).toEqual(['# ERR_WRITE_OVERFLOW']);
    });

    it('dropNewest: a smaller value that comes later may fit', () => {
      const { source$, transport } = feeding({ overflow: 'dropNewest', limit: 3 });
      for (const value of ['first', 'ab', 'cd', 'e', 'f']) source$.next(value);
      for (let i = 0; i < 3; i++) transport.drain();
      expect(transport.calls).toEqual(['write first', 'write ab', 'write e']);
    });

    it('dropOldest: drops no more than has to be', () => {
      const { source$, transport } = feeding({ overflow: 'dropOldest', limit: 5 });
      for (const value of ['first', 'a', 'b', 'c', 'def']) source$.next(value);
      for (let i = 0; i < 5; i++) transport.drain();
      expect(transport.calls).toEqual(['write first', 'write b', 'write c', 'write def']);
    });

    it('dropOldest: a value as large as the limit waits alone', () => {
      const { source$, transport } = feeding({ overflow: 'dropOldest', limit: 4 });
      for (const value of ['first', 'ab', 'c', 'wxyz']) source$.next(value);
      transport.drain();
      expect(transport.calls).toEqual(['write first', 'write wxyz']);
    });

    it('dropOldest: a value that could never wait is dropped itself', () => {
      const { source$, transport, log } = feeding({ overflow: 'dropOldest', limit: 3 });
      for (const value of ['first', 'a', 'b', '1234']) source$.next(value);
      source$.complete();
      for (let i = 0; i < 3; i++) transport.drain();
      expect(transport.calls).toEqual(['write first', 'write a', 'write b']);
      expect(log).toEqual(['|']);
    });
  });

  it('empty values wait for nothing, and do not overflow', () => {
    const { source$, log, writer, transport } = feeding({ overflow: 'error' });
    const write = spyOn(writer, 'write').and.callThrough();
    source$.next('first');
    source$.next('');
    source$.next(new Uint8Array(0));
    transport.drain();
    expect(log).toEqual([]);
    expect(write).toHaveBeenCalledOnceWith('first');
  });

  it('completes when all is written and drained, and leaves the writer open', () => {
    const { source$, transport, writer, log } = feeding();
    source$.next('a');
    source$.next('b');
    source$.complete();
    expect(log).toEqual([]);
    transport.drain();
    expect(transport.calls).toEqual(['write a', 'write b']);
    expect(log).toEqual([]);
    transport.drain();
    expect(log).toEqual(['|']);
    expect(writer.isClosing()).toBeFalse();
  });

  it('begins with a writer that is paused already', () => {
    const { writer, transport } = writing();
    writer.write('before');
    const log = record(of('a', 'b').pipe(writeTo(writer)));
    expect(transport.calls).toEqual(['write before']);
    for (let i = 0; i < 3; i++) transport.drain();
    expect(transport.calls).toEqual(['write before', 'write a', 'write b']);
    expect(log.log).toEqual(['|']);
  });

  it('completes at once when there is nothing to write', () => {
    expect(record(EMPTY.pipe(writeTo(writing().writer))).log).toEqual(['|']);
  });

  it('has state of its own for each subscription', () => {
    const { writer, transport } = writing();
    writer.write('before');
    const write$ = of('a', 'b').pipe(writeTo(writer, { limit: 2 }));
    const logs = [record(write$), record(write$)];
    for (let i = 0; i < 5; i++) transport.drain();
    expect(transport.calls).toEqual(['write before', 'write a', 'write b', 'write a', 'write b']);
    expect(logs.map(({ log }) => log)).toEqual([['|'], ['|']]);
  });

  describe('the end of the connection', () => {
    const gone: [string, (connection: ManualConnection) => void, string][] = [
      ['lost', ({ transport }) => transport.lose(new Error('reset')), 'ERR_CONNECTION_LOST'],
      ['closed by the peer', ({ transport }) => transport.lose(), 'ERR_CONNECTION_LOST'],
      ['closed by this side', ({ writer }) => writer.close(), 'ERR_CONNECTION_CLOSED'],
      ['aborted', ({ writer }) => writer.abort(), 'ERR_CONNECTION_CLOSED'],
    ];
    for (const [name, end, code] of gone) {
      it(`${name}: errors while the source is silent, while values wait, and from the beginning`, () => {
        const silent = manualConnection();
        const silentLog = record(NEVER.pipe(writeTo(silent.writer)));
        end(silent);
        expect(silentLog.log).toEqual([`# ${code}`]);

        let subscribed = 0;
        const source$ = from(
          (function* (): Generator<string> {
            subscribed++;
            yield 'x';
          })(),
        );
        expect(record(source$.pipe(writeTo(silent.writer))).log).toEqual([`# ${code}`]);
        expect(subscribed).toBe(0);

        const waiting = feeding();
        waiting.source$.next('a');
        waiting.source$.next('b');
        if (name !== 'closed by this side') end(waiting);
        else waiting.transport.lose();
        expect(waiting.log).toEqual([name === 'closed by this side' ? '# ERR_CONNECTION_LOST' : `# ${code}`]);
        expect(waiting.source$.observed).toBeFalse();
        expect(waiting.transport.calls.filter((call) => call.startsWith('write'))).toEqual(['write a']);
      });
    }

    it('a loss while the last write drains is an error, not the end', () => {
      const { source$, transport, log } = feeding();
      source$.next('a');
      source$.complete();
      transport.lose();
      expect(log).toEqual(['# ERR_CONNECTION_LOST']);
    });

    it('an abort is told of before the transport is, to a source that ends meanwhile', () => {
      const { core, source$, log } = feeding();
      source$.next('first');
      core.abort(undefined, () => {
        source$.complete();
        expect(log).toEqual(['# ERR_CONNECTION_CLOSED']);
      });
      expect(log).toEqual(['# ERR_CONNECTION_CLOSED']);
    });

    it('a source that ends because of the loss does not hide it', () => {
      const { reader, writer, transport } = manualConnection();
      const source$ = new Subject<Data>();
      reader.chunks().subscribe({ complete: () => source$.complete() });
      const log = record(source$.pipe(writeTo(writer)));
      transport.lose();
      expect(log.log).toEqual(['# ERR_CONNECTION_LOST']);
    });

    it('write() that throws is an error: at once, and when what waits is written', () => {
      const { writer } = manualConnection({ holdWrites: true });
      writer.write('still to be sent');
      writer.close();
      expect(record(of('a').pipe(writeTo(writer))).log).toEqual(['# ERR_WRITE_AFTER_END']);

      const { source$, log, transport, ...other } = feeding();
      source$.next('a');
      source$.next('b');
      other.writer.writeEof();
      transport.drain();
      expect(log).toEqual(['# ERR_WRITE_AFTER_END']);
      expect(source$.observed).toBeFalse();
    });
  });

  it('refuses values that are no data, behind what came before', () => {
    const { writer, transport } = writing();
    let error: unknown;
    of('a', 'b', 7 as never, 'c')
      .pipe(writeTo(writer))
      .subscribe({ error: (e: unknown) => (error = e) });
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toContain('not 7');
    expect(transport.calls).toEqual(['write a', 'write b']);
    expect(record(of<Data>(null as never).pipe(writeTo(writing().writer))).log[0]).toContain(
      '# data must be',
    );
  });

  it('an error of the source while the connection is ending is the error of the source', () => {
    const { writer } = writing();
    writer.writeEof();
    const failing$ = throwError(() => new Error('mine'));
    expect(record(failing$.pipe(writeTo(writer))).log).toEqual(['# mine']);
  });

  describe('a synchronous endless source', () => {
    let pulled = 0;
    function* endless(): Generator<string> {
      for (pulled = 0; ;) {
        if (++pulled > 1000) throw new Error('endless');
        yield 'xx';
      }
    }

    it('stops with an overflow', () => {
      const log = record(from(endless()).pipe(writeTo(writing().writer, { limit: 9 })));
      expect(log.log).toEqual(['# ERR_WRITE_OVERFLOW']);
      expect(pulled).toBe(6);
    });

    it('stops with the loss of the connection', () => {
      const { writer, transport } = manualConnection();
      transport.outgoing$.subscribe(() => transport.calls.length === 3 && transport.lose());
      const log = record(from(endless()).pipe(writeTo(writer)));
      expect(log.log).toEqual(['# ERR_CONNECTION_LOST']);
      expect(pulled).toBe(3);
    });

    it('stops when the subscriber has gone', () => {
      const { writer, transport } = manualConnection();
      const stop$ = new Subject<void>();
      transport.outgoing$.subscribe(() => transport.calls.length === 3 && stop$.next());
      const log = record(from(endless()).pipe(writeTo(writer), takeUntil(stop$)));
      expect(log.log).toEqual(['|']);
      expect(pulled).toBe(3);
    });
  });

  describe('re-entrance', () => {
    it('a source that is fed from inside a write, a drain signal or paused$ keeps its order', () => {
      const { writer, transport } = writing();
      const source$ = new Subject<Data>();
      writer.paused$.subscribe((paused) => transport.calls.length === 2 && !paused && source$.next('p'));
      const log = record(source$.pipe(writeTo(writer, { limit: 4 })));
      writer.drain$.subscribe(() => transport.calls.length < 9 && source$.next('d'));
      transport.outgoing$.subscribe((written) => written === 'w' && source$.next('i'));
      for (const value of ['w', 'x']) source$.next(value);
      for (let i = 0; i < 12; i++) transport.drain();
      source$.complete();
      const written = transport.calls.map((call) => call.slice(-1)).join('');
      expect(written).toMatch(/^wi/);
      expect(written.indexOf('x')).toBe(2);
      expect(written.split('p').length).toBe(2);
      expect(log.log).toEqual(['|']);
    });

    it('what comes when the writer goes on, before the drain signal, is no overflow', () => {
      for (const overflow of ['buffer', 'dropNewest', 'dropOldest'] as const) {
        const { writer, transport } = writing({ highWaterMark: 2, lowWaterMark: 0 });
        const source$ = new Subject<Data>();
        let fed = false;
        writer.paused$.subscribe((paused) => {
          if (paused || transport.calls.length === 0) return;
          fed = true;
          source$.next('c');
        });
        const log = record(source$.pipe(writeTo(writer, { overflow, limit: 1 })));
        source$.next('aaa');
        source$.next('b');
        transport.drain();
        expect(fed).toBeTrue();
        expect(transport.calls).withContext(overflow).toEqual(['write aaa', 'write b', 'write c']);
        expect(log.log).toEqual([]);
      }
    });

    it('a transport that drains inside the write leaves the stack flat', () => {
      const { writer, transport } = writing();
      let peak = 0;
      let depth = 0;
      writer.paused$.subscribe((paused) => {
        if (!paused || transport.calls.length < 2) return;
        peak = Math.max(peak, ++depth);
        transport.drain();
        depth--;
      });
      const source$ = new Subject<Data>();
      const log = record(source$.pipe(writeTo(writer)));
      for (let i = 0; i < 5000; i++) source$.next('x');
      expect(transport.calls.length).toBe(1);
      source$.complete();
      transport.drain();
      expect(transport.calls.length).toBe(5000);
      expect(peak).toBe(1);
      expect(log.log).toEqual(['|']);
    });

    it('a source that is fed inside each write leaves the stack flat, and its order', () => {
      const { writer, transport } = manualConnection();
      const source$ = new Subject<Data>();
      let count = 0;
      let depth = 0;
      let peak = 0;
      transport.write = (data: Data) => {
        if (text(copyBytes(data)) !== `${count}`) throw new Error(`out of order at ${count}`);
        peak = Math.max(peak, ++depth);
        if (++count < 1000) source$.next(`${count}`);
        depth--;
      };
      const log = record(source$.pipe(writeTo(writer)));
      source$.next('0');
      expect(count).toBe(1000);
      expect(peak).toBe(1);
      expect(log.log).toEqual([]);
    });

    it('an unsubscription inside a write drops what waits', () => {
      const { writer, transport } = writing({ highWaterMark: 2, lowWaterMark: 0 });
      const source$ = new Subject<Data>();
      const subscription = source$.pipe(writeTo(writer)).subscribe();
      for (const value of ['aaa', 'b', 'c', 'd']) source$.next(value);
      transport.outgoing$.subscribe((written) => written === 'b' && subscription.unsubscribe());
      transport.drain();
      expect(transport.calls).toEqual(['write aaa', 'write b']);
    });

    it('a source that completes inside the write which pauses still waits for the drain', () => {
      const { writer, transport } = writing();
      const source$ = new Subject<Data>();
      const log = record(source$.pipe(writeTo(writer)));
      transport.outgoing$.subscribe(() => source$.complete());
      source$.next('a');
      expect(log.log).toEqual([]);
      transport.drain();
      expect(log.log).toEqual(['|']);
    });

    it('an error of the source inside a write passes', () => {
      const { writer, transport } = writing();
      const source$ = new Subject<Data>();
      const log = record(source$.pipe(writeTo(writer)));
      transport.outgoing$.subscribe(() => source$.error(new Error('inside')));
      source$.next('a');
      expect(log.log).toEqual(['# inside']);
      expect(transport.calls).toEqual(['write a']);
    });
  });

  it('keeps the order and every byte, whatever the drain pattern', () => {
    const value = fc.oneof(fc.string({ maxLength: 6, unit: 'grapheme' }), fc.uint8Array({ maxLength: 6 }));
    const step = fc.oneof(value, fc.nat(8));
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.nat(12),
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom<OverflowStrategy>('buffer', 'dropNewest', 'dropOldest', 'error'),
        (steps, highWaterMark, limit, overflow) => {
          const connection = writing({ highWaterMark });
          const { transport, writer } = connection;
          const written: number[] = [];
          const write = transport.write.bind(transport);
          transport.write = (data: Data) => {
            written.push(...copyBytes(data));
            write(data);
          };
          const model = new Model(overflow, limit);
          const source$ = new Subject<Data>();
          const { log } = record(source$.pipe(writeTo(writer, { overflow, limit })));
          for (const each of steps) {
            if (typeof each === 'number') {
              transport.drain(each);
            } else if (log.length === 0) {
              model.next(copyBytes(each), writer.paused);
              source$.next(each);
            }
            model.written(written.length);
          }
          if (log.length === 0) source$.complete();
          while (transport.writeQueueSize > 0) {
            transport.drain();
            model.written(written.length);
          }
          expect(text(Uint8Array.from(written))).toBe(text(Uint8Array.from(model.expected(written.length))));
          expect(log).toEqual([model.overrun ? '# ERR_WRITE_OVERFLOW' : '|']);
        },
      ),
      runs(300),
    );
  });

  it('over a connection in memory, with a reader that stops and goes on', () => {
    const [one, other] = connectionPair({ limit: 4, highWaterMark: 8, lowWaterMark: 2 });
    const log = record(from(Array.from({ length: 100 }, (_, i) => `${i},`)).pipe(writeTo(one.writer)));
    expect(log.log).toEqual([]);
    expect(record(other.reader.readExactly(290)).log[0]).toBe(
      Array.from({ length: 100 }, (_, i) => `${i},`).join(''),
    );
    expect(log.log).toEqual(['|']);
  });

  it('takes bytes as they are, and text as text, while the writer is not paused', () => {
    const connection = manualConnection();
    const seen: Data[] = [];
    connection.transport.write = (data: Data) => seen.push(data);
    const data = bytes('bytes');
    concat(of<Data>('text'), of<Data>(data)).pipe(writeTo(connection.writer)).subscribe();
    expect(seen).toEqual(['text', data]);
    expect(seen[1]).toBe(data);
  });

  it('checks its arguments at the call', () => {
    const { writer } = writing();
    for (const limit of [0, -1, 1.5, NaN, Infinity])
      expect(() => writeTo(writer, { limit }))
        .withContext(String(limit))
        .toThrowError(RangeError, /limit/);
    expect(() => writeTo(writer, { overflow: 'drop' as never })).toThrowError(
      RangeError,
      'overflow must be one of buffer, dropNewest, dropOldest, error, not drop (string)',
    );
    expect(() => writeTo(writer, 5 as never)).toThrowError(TypeError, 'options must be an object, not 5');
    expect(() => writeTo(manualConnection() as never)).toThrowError(TypeError, /StreamWriter/);
    expect(() => writeTo(undefined as never)).toThrowError(TypeError, /not undefined/);
  });

  it('is cold', () => {
    const { writer, transport } = manualConnection();
    void of('a').pipe(writeTo(writer));
    expect(transport.calls).toEqual([]);
    expect(record(of('a', 'b').pipe(take(1), writeTo(writer))).log).toEqual(['|']);
    expect(transport.calls).toEqual(['write a']);
  });
});

/** What the policies promise, as simply as it can be said. */
class Model {
  overrun = false;
  #written: number[] = [];
  #waiting: Uint8Array[] = [];

  constructor(
    readonly overflow: OverflowStrategy,
    readonly limit: number,
  ) {}

  next(value: Uint8Array, paused: boolean): void {
    if (value.length === 0) return;
    if (paused) {
      const fits = (): boolean => this.#size() + value.length <= this.limit;
      if (this.overflow === 'error' || (this.overflow === 'buffer' && !fits())) {
        this.overrun = true;
        return;
      }
      if (value.length > this.limit) return;
      if (this.overflow === 'dropOldest') while (!fits()) this.#waiting.shift();
      if (!fits()) return;
    }
    this.#waiting.push(value);
  }

  /** So many bytes have been written: values leave the waiting ones whole. */
  written(count: number): void {
    while (this.#written.length < count) this.#written.push(...(this.#waiting.shift() ?? [NaN]));
    expect(this.#written.length).toBe(count);
  }

  expected(count: number): number[] {
    this.written(count);
    if (!this.overrun) expect(this.#waiting).toEqual([]);
    return this.#written;
  }

  #size(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }
}
