import type { Observable } from 'rxjs';
import { connectionPair, lines } from '../../src/index.js';
import { jetStreamWriter, type JetStreamWriter, type JetStreamWriterOptions } from '../../src/nats.js';
import { Clock, turns } from './fakeConsumer.js';

/** What JetStream was asked to store, to be answered by the spec. */
interface Asked {
  readonly subject: string;
  readonly data: string;
  readonly options: { msgID: string; timeout?: number };
  store(): void;
  refuse(error: Error): void;
}

const FULL = Object.assign(new Error('maximum messages exceeded'), { code: 10077, status: 503 });
const TIMEOUT = Object.assign(new Error('timeout'), { name: 'TimeoutError' });
const NO_RESPONDERS = Object.assign(new Error('jetstream is not enabled'), { name: 'JetStreamNotEnabled' });
const CLOSED = Object.assign(new Error('closed connection'), { name: 'ClosedConnectionError' });
const TOO_LARGE = Object.assign(new Error('message size exceeds maximum allowed'), { code: 10054 });

describe('jetStreamWriter', () => {
  let clock: Clock;
  let asked: Asked[];

  beforeEach(() => {
    clock = new Clock();
    asked = [];
  });

  function make(options: JetStreamWriterOptions = {}): JetStreamWriter {
    const js = {
      publish: (subject: string, data: string, more: Asked['options']) =>
        new Promise((resolve, reject) => {
          asked.push({ subject, data, options: more, store: () => resolve({}), refuse: reject });
        }),
    };
    return jetStreamWriter(js as never, { scheduler: clock, ...options });
  }

  function write(writer: JetStreamWriter, letters: string): void {
    for (const letter of letters) writer.write('s', letter);
  }

  function published(): string {
    return asked.map(({ data }) => data).join('');
  }

  async function answer(...answers: (Error | 'stored')[]): Promise<void> {
    const open = asked.slice(-answers.length);
    for (const [i, one] of answers.entries()) {
      if (one === 'stored') open[i]!.store();
      else open[i]!.refuse(one);
      await turns();
    }
  }

  it('publishes at once, up to maxPending, the others behind them, in order', async () => {
    const writer = make({ maxPending: 2 });
    write(writer, 'abcd');
    expect(published()).toBe('ab');
    expect([writer.pending, writer.pendingBytes, writer.paused]).toEqual([4, 4, true]);
    asked[1]!.store();
    await turns();
    expect(published()).toBe('abc');
    asked[0]!.store();
    asked[2]!.store();
    await turns();
    expect(published()).toBe('abcd');
    expect([writer.pending, writer.paused]).toEqual([1, false]);
  });

  it('is paused from maxPending messages on, until half of that is left', async () => {
    const writer = make({ maxPending: 4 });
    const paused = record(writer.paused$);
    const drained = record(writer.drain$);
    write(writer, 'abc');
    expect(writer.paused).toBe(false);
    write(writer, 'd');
    const drain = record(writer.drain());
    expect(paused.log).toEqual([false, true]);
    expect(drain.log).toEqual([]);
    asked[0]!.store();
    await turns();
    expect(writer.paused).toBe(true);
    asked[1]!.store();
    await turns();
    expect(paused.log).toEqual([false, true, false]);
    expect(drained.log.length).toBe(1);
    expect(drain.log).toEqual([undefined, '|']);
    expect(record(writer.drain()).log).toEqual([undefined, '|']);
  });

  it('is paused from maxPendingBytes on, text counted as UTF-8', async () => {
    const writer = make({ maxPendingBytes: 8 });
    writer.write('s', '\u00fc\u00fc');
    expect([writer.pendingBytes, writer.paused]).toEqual([4, false]);
    writer.write('s', new Uint8Array(4));
    expect([writer.pendingBytes, writer.paused]).toEqual([8, true]);
    asked[0]!.store();
    await turns();
    expect([writer.pendingBytes, writer.paused]).toEqual([4, false]);
  });

  it('send: publishes when subscribed to, and completes when JetStream has it', async () => {
    const writer = make();
    const sending = writer.send('s', 'a');
    expect(published()).toBe('');
    const { log } = record(sending);
    expect(published()).toBe('a');
    await turns();
    expect(log).toEqual([]);
    await answer('stored');
    expect(log).toEqual(['|']);
  });

  it('gives each message an id of its own, and keeps one that is given', () => {
    const writer = make();
    write(writer, 'ab');
    writer.write('s', 'c', { msgID: 'mine' });
    make().write('s', 'd');
    const ids = asked.map(({ options }) => options.msgID);
    expect(ids[2]).toBe('mine');
    expect(new Set(ids).size).toBe(4);
    expect(ids[0]!.slice(0, -2)).toBe(ids[1]!.slice(0, -2));
  });

  describe('when the stream is full', () => {
    it('is paused at once, tries one again after a time, twice as long each time, and goes on in order', async () => {
      const retries: number[] = [];
      const writer = make({ onRetry: (_error, delay) => retries.push(delay) });
      write(writer, 'abc');
      const ids = asked.map(({ options }) => options.msgID);
      asked[1]!.refuse(FULL);
      await turns();
      expect(writer.paused).toBe(true);
      asked[0]!.refuse(FULL);
      asked[2]!.store();
      write(writer, 'd');
      await clock.passTo(99);
      expect(published()).toBe('abc');
      await clock.passTo(100);
      expect(published()).withContext('the first one').toBe('abca');
      await answer(FULL);
      await clock.passTo(299);
      expect(published()).toBe('abca');
      await clock.passTo(300);
      expect(published()).toBe('abcaa');
      await answer('stored');
      expect(published()).toBe('abcaabd');
      expect(writer.paused).toBe(false);
      expect(asked.slice(3).map(({ options }) => options.msgID)).toEqual([
        ids[0],
        ids[0],
        ids[1],
        asked[6]!.options.msgID,
      ] as string[]);
      await answer('stored', 'stored');
      expect([writer.pending, retries]).toEqual([0, [100, 200]]);
      write(writer, 'e');
      await answer(FULL);
      expect(retries).withContext('it begins anew').toEqual([100, 200, 100]);
    });

    it('tries for ever, at most every maxDelay', async () => {
      const retries: number[] = [];
      const writer = make({ maxDelay: 300, retryFor: 0, onRetry: (_error, delay) => retries.push(delay) });
      const { log } = record(writer.send('s', 'a'));
      for (let i = 0; i < 20; i++) {
        await answer(FULL);
        await clock.passTo(clock.now() + 300);
      }
      expect(log).toEqual([]);
      expect(retries.slice(0, 4)).toEqual([100, 200, 300, 300]);
      expect(asked.length).toBe(21);
    });

    it('takes back what is no longer wanted, and does not stand still for it', async () => {
      const writer = make();
      const sending = writer.send('s', 'a').subscribe();
      await answer(FULL);
      const waiting = writer.send('s', 'b').subscribe();
      expect(writer.pending).toBe(2);
      sending.unsubscribe();
      waiting.unsubscribe();
      expect([writer.pending, writer.pendingBytes, writer.paused]).toEqual([0, 0, true]);
      await clock.passTo(100);
      expect(writer.paused).toBe(false);
      write(writer, 'c');
      expect(published()).toBe('ac');
    });
  });

  it('publishes again what it does not know of, for retryFor, then errors', async () => {
    const writer = make({ retryFor: 250, maxDelay: 100 });
    const { log } = record(writer.send('s', 'a'));
    await answer(TIMEOUT);
    await clock.passTo(100);
    await answer(TIMEOUT);
    await clock.passTo(200);
    await answer(TIMEOUT);
    expect(log).toEqual([]);
    await clock.passTo(300);
    await answer(TIMEOUT);
    expect(log).toEqual([
      jasmine.objectContaining({ code: 'ERR_PUBLISH', subject: 's', attempts: 4, cause: TIMEOUT }),
    ]);
    expect(new Set(asked.map(({ options }) => options.msgID)).size).toBe(1);
    expect(writer.paused).withContext('the next one is tried').toBe(false);
  });

  it('errors sooner where no stream has the subject', async () => {
    const writer = make();
    const { log } = record(writer.send('s', 'a'));
    for (let time = 0; log.length === 0; time += 100) {
      await clock.passTo(time);
      if (asked.length > 0) await answer(NO_RESPONDERS);
    }
    expect(clock.now()).toBeLessThan(5000);
    expect((log[0] as Error).message).toMatch(
      /^JetStream has not taken a message for s at attempt \d: jetstream is not enabled$/,
    );
  });

  it('errors at once with what makes no sense to try again, and goes on', async () => {
    const writer = make();
    const { log } = record(writer.send('s', 'a'));
    await answer(TOO_LARGE);
    expect(log).toEqual([jasmine.objectContaining({ code: 'ERR_PUBLISH', attempts: 1, cause: TOO_LARGE })]);
    write(writer, 'b');
    expect(published()).toBe('ab');
  });

  it('fails with a message of write that is refused, and all else with it', async () => {
    const writer = make({ maxPending: 2 });
    write(writer, 'a');
    const sent = record(writer.send('s', 'b'));
    const waiting = record(writer.send('s', 'c'));
    const drain = record(writer.drain());
    const closed = record(writer.waitClosed());
    const paused = record(writer.paused$);
    asked[0]!.refuse(TOO_LARGE);
    await turns();
    for (const { log } of [sent, waiting, drain, closed]) {
      expect(log).toEqual([jasmine.objectContaining({ code: 'ERR_PUBLISH', subject: 's' })]);
    }
    expect(paused.log.at(-1)).toBe('|');
    expect(() => writer.write('s', 'd')).toThrowError(/JetStream has not taken/);
    expect(record(writer.send('s', 'd')).log.length).toBe(1);
    expect([writer.isClosing(), writer.pending]).toEqual([true, 0]);
  });

  it('tells onError of such a message instead, whatever that does, and goes on', async () => {
    const told: unknown[] = [];
    const onError = (error: Error): void => {
      told.push(error);
      throw new Error('of onError');
    };
    const warn = spyOn(process, 'emitWarning');
    const writer = make({ onError });
    write(writer, 'ab');
    asked[0]!.refuse(TOO_LARGE);
    asked[1]!.store();
    await turns();
    expect(told).toEqual([jasmine.objectContaining({ code: 'ERR_PUBLISH' })]);
    expect(warn).toHaveBeenCalledTimes(1);
    expect([writer.pending, writer.isClosing()]).toEqual([0, false]);
  });

  it('fails when the connection to NATS is closed', async () => {
    const told: unknown[] = [];
    const writer = make({ maxPending: 1, onError: (error) => told.push(error) });
    const first = record(writer.send('s', 'a'));
    const second = record(writer.send('s', 'b'));
    const closed = record(writer.waitClosed());
    await answer(CLOSED);
    for (const { log } of [first, second, closed]) {
      expect(log).toEqual([jasmine.objectContaining({ code: 'ERR_CONNECTION_LOST', cause: CLOSED })]);
    }
    expect(told).toEqual([]);
  });

  it('close: takes no more, and is closed when JetStream has all', async () => {
    const writer = make({ maxPending: 1 });
    write(writer, 'ab');
    const closed = record(writer.waitClosed());
    writer.close();
    writer.close();
    expect(() => writer.write('s', 'c')).toThrowError(/closed by this side/);
    expect(record(writer.send('s', 'c')).log).toEqual([
      jasmine.objectContaining({ code: 'ERR_WRITE_AFTER_END' }),
    ]);
    await answer('stored');
    expect([closed.log, writer.isClosing()]).toEqual([[], true]);
    await answer('stored');
    expect(closed.log).toEqual([undefined, '|']);
    expect(record(writer.waitClosed()).log).toEqual([undefined, '|']);
    expect(record(writer.drain()).log).toEqual([jasmine.objectContaining({ code: 'ERR_CONNECTION_CLOSED' })]);
    const empty = make();
    empty.close();
    expect(record(empty.waitClosed()).log).toEqual([undefined, '|']);
  });

  it('abort: drops what is not acknowledged, with the reason, and leaves no timer', async () => {
    const writer = make();
    const sent = record(writer.send('s', 'a'));
    await answer(FULL);
    const closed = record(writer.waitClosed());
    const reason = new Error('stop');
    writer.abort(reason);
    for (const { log } of [sent, closed]) {
      expect(log).toEqual([jasmine.objectContaining({ code: 'ERR_CONNECTION_CLOSED', cause: reason })]);
    }
    await clock.passTo(10_000);
    expect(published()).toBe('a');
    expect(writer.pending).toBe(0);
  });

  it('may be written to, aborted and unsubscribed from inside everything that it tells', async () => {
    const writer = make({ maxPending: 2 });
    writer.drain$.subscribe(() => {
      if (published().length < 6) write(writer, 'xy');
    });
    writer.send('s', 'a').subscribe({ complete: () => write(writer, 'n') });
    write(writer, 'b');
    for (let i = 0; i < 6; i++) {
      asked[i]?.store();
      await turns();
    }
    expect(published()).toMatch(/^abn?x/);
    const paused = writer.paused$.subscribe((value) => {
      if (value) writer.abort();
    });
    expect(() => {
      for (let i = 0; i < 9; i++) write(writer, 'z');
    }).toThrowError(/aborted/);
    expect([writer.pending, paused.closed]).toEqual([0, true]);
  });

  it('takes a js that throws for one that rejects', async () => {
    const js = {
      publish: () => {
        throw TOO_LARGE;
      },
    };
    const { log } = record(jetStreamWriter(js).send('s', 'a'));
    await turns();
    expect(log).toEqual([jasmine.objectContaining({ cause: TOO_LARGE })]);
  });

  it('lets a reader read on when JetStream has its frame', async () => {
    const [client, server] = connectionPair({ limit: 4 });
    const writer = make();
    let over = false;
    server.reader
      .consume(lines(), (line) => writer.send('s', line))
      .subscribe({ complete: () => (over = true) });
    client.writer.write('1\n2\n3\n4\n5\n6\n7\n');
    client.writer.close();
    expect(published()).toBe('1');
    expect(server.reader.bufferedBytes).toBeGreaterThan(0);
    for (let i = 0; i < 7; i++) await answer('stored');
    expect(published()).toBe('1234567');
    expect(over).toBe(true);
  });

  it('does not grow with those who come and go while the stream is full', async () => {
    const writer = make();
    write(writer, 'a');
    await answer(FULL);
    for (let i = 0; i < 10_000; i++) writer.send('s', 'b').subscribe().unsubscribe();
    expect([writer.pending, writer.pendingBytes]).toEqual([1, 1]);
  });

  it('refuses wrong arguments at the call', () => {
    const js = { publish: () => Promise.resolve() } as never;
    const call = (options: object) => () => jetStreamWriter(js, options);
    expect(() => jetStreamWriter({} as never)).toThrowError(TypeError, /JetStreamClient/);
    for (const maxPending of [0, 1.5, Infinity]) expect(call({ maxPending })).toThrowError(RangeError);
    expect(call({ maxPendingBytes: 0 })).toThrowError(RangeError);
    expect(call({ ackTimeout: 0 })).toThrowError(RangeError);
    expect(call({ retryFor: -1 })).toThrowError(RangeError);
    expect(call({ retryFor: Infinity })).not.toThrow();
    expect(call({ initialDelay: 10, maxDelay: 5 })).toThrowError(RangeError, /at most maxDelay/);
    expect(call({ onError: 1 })).toThrowError(TypeError);
    expect(call({ onRetry: 1 })).toThrowError(TypeError);
    expect(call({ scheduler: {} })).toThrowError(TypeError);
    const writer = make();
    expect(() => writer.write('', 'a')).toThrowError(TypeError, /subject/);
    expect(() => writer.write('s', 1 as never)).toThrowError(TypeError, /data must be/);
    expect(() => writer.send('s', 'a', { msgID: '' })).toThrowError(TypeError, /msgID/);
    expect(() => writer.send('s', 'a', 'x' as never)).toThrowError(TypeError, /options/);
  });
});

/** What a stream has emitted so far: values, `|` for the end, an error as it is. */
function record(source$: Observable<unknown>): { readonly log: unknown[] } {
  const log: unknown[] = [];
  source$.subscribe({
    next: (value) => log.push(value),
    error: (error: unknown) => log.push(error),
    complete: () => log.push('|'),
  });
  return { log };
}
