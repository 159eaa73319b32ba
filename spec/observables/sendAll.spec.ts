import fc from 'fast-check';
import { finalize, firstValueFrom, Subject, takeUntil } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { connectionPair, sendAll, type Data } from '../../src/index.js';
import { manualConnection, marbleConnection, type ManualConnection } from '../../src/testing.js';
import { copyBytes } from '../../src/bytes/text.js';
import { checkCases } from '../diagrams/checkCases.js';
import { sendAllCases } from '../diagrams/writing.js';
import { record, text } from '../streams/record.js';
import { runs } from '../contracts/runs.js';
import { messagesOf, reported } from './reported.js';

/** Written bytes wait until the spec drains them. */
const writing = (options: Parameters<typeof manualConnection>[0] = {}): ManualConnection =>
  manualConnection({ holdWrites: true, highWaterMark: 0, ...options });

/** An iterable that tells what was asked of it. */
function spied(items: readonly unknown[]): Iterable<Data> & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    [Symbol.iterator]() {
      asked.push('iterator');
      let at = 0;
      return {
        next() {
          asked.push('next');
          return at < items.length
            ? { done: false, value: items[at++] as Data }
            : { done: true, value: undefined };
        },
        return() {
          asked.push('return');
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/** An async iterable whose items the spec gives, each when it was asked for. */
class Given implements AsyncIterable<Data> {
  readonly asked: string[] = [];
  give!: (item: IteratorResult<Data>) => void;
  fail!: (error: unknown) => void;

  [Symbol.asyncIterator](): AsyncIterator<Data> {
    return {
      next: async () => {
        this.asked.push('next');
        return new Promise<IteratorResult<Data>>((resolve, reject) => {
          this.give = resolve;
          this.fail = reject;
        });
      },
      return: async () => {
        this.asked.push('return');
        return { done: true, value: undefined };
      },
    };
  }
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};
const ended: IteratorResult<Data> = { done: true, value: undefined };
const item = (value: Data): IteratorResult<Data> => ({ done: false, value });

describe('sendAll', () => {
  checkCases(sendAllCases);

  it(
    'errors with the loss while it waits for room',
    marbles((m) => {
      const { writer, transport } = marbleConnection(m, { drain: '--d------', highWaterMark: 0 });
      m.hot('-----x').subscribe(() => transport.lose());
      const source = spied(['a', 'b', 'c']);
      const log = record(sendAll(writer, source));
      m.flush();
      expect(log.log).toEqual(['# ERR_CONNECTION_LOST']);
      expect(transport.calls).toEqual(['write a', 'write b']);
      expect(source.asked).toEqual(['iterator', 'next', 'next', 'return']);
    }),
  );

  describe('a synchronous iterable', () => {
    it('is taken up to the pause and not further, then on from the drain signal, within the call', () => {
      const { writer, transport } = writing({ highWaterMark: 2, lowWaterMark: 1 });
      const source = spied(['1', '2', '3', '4', '5']);
      const log = record(sendAll(writer, source));
      expect(transport.calls).toEqual(['write 1', 'write 2', 'write 3']);
      expect(source.asked.length).toBe(4);
      transport.drain(1);
      expect(source.asked.length).toBe(4);
      transport.drain(1);
      expect(transport.calls).toEqual(['write 1', 'write 2', 'write 3', 'write 4', 'write 5']);
      expect(log.log).toEqual([]);
      transport.drain();
      expect(log.log).toEqual(['|']);
      expect(source.asked.filter((call) => call === 'return')).toEqual([]);
      expect(writer.isClosing()).toBeFalse();
    });

    it('waits with its first item when the writer is paused', () => {
      const { writer, transport } = writing();
      writer.write('before');
      const source = spied(['a']);
      const log = record(sendAll(writer, source));
      expect(source.asked).toEqual(['iterator']);
      transport.drain();
      transport.drain();
      expect(transport.calls).toEqual(['write before', 'write a']);
      expect(log.log).toEqual(['|']);
    });

    it('is cold, and begins anew at each subscription', () => {
      const { writer, transport } = manualConnection();
      const source = spied(['a']);
      const send$ = sendAll(writer, source);
      expect(source.asked).toEqual([]);
      expect([...record(send$).log, ...record(send$).log]).toEqual(['|', '|']);
      expect(transport.calls).toEqual(['write a', 'write a']);
      expect(source.asked.filter((call) => call === 'iterator').length).toBe(2);
    });

    it('may be empty', () => {
      expect(record(sendAll(manualConnection().writer, [])).log).toEqual(['|']);
    });

    it('a million items, also over a writer that drains inside the write, leave the stack flat', () => {
      const { writer, transport } = writing();
      let count = 0;
      transport.write = () => count++;
      function* million(): Generator<string> {
        for (let i = 0; i < 1_000_000; i++) yield 'x';
      }
      expect(record(sendAll(writer, million())).log).toEqual(['|']);
      expect(count).toBe(1_000_000);

      const draining = writing();
      let queued = 0;
      count = 0;
      draining.transport.write = () => {
        queued++;
        count++;
      };
      Object.defineProperty(draining.transport, 'writeQueueSize', { get: () => queued });
      let peak = 0;
      let depth = 0;
      draining.writer.paused$.subscribe((paused) => {
        if (!paused) return;
        peak = Math.max(peak, ++depth);
        queued = 0;
        draining.core.writes.flushed();
        depth--;
      });
      expect(record(sendAll(draining.writer, million())).log).toEqual(['|']);
      expect(count).toBe(1_000_000);
      expect(peak).toBe(1);
    });

    it('return() is called at the unsubscription, once', () => {
      const { writer, transport } = writing();
      const source = spied(['a', 'b']);
      const subscription = sendAll(writer, source).subscribe();
      subscription.unsubscribe();
      transport.drain();
      expect(source.asked).toEqual(['iterator', 'next', 'return']);
      expect(transport.calls).toEqual(['write a']);
      transport.lose();
      expect(source.asked.length).toBe(3);
    });

    it('a generator that unsubscribes, or loses the connection, while it runs is returned behind it', () => {
      for (const way of ['unsubscribe', 'lose'] as const) {
        const { writer, transport } = manualConnection();
        const stop$ = new Subject<void>();
        const steps: string[] = [];
        function* source(): Generator<string> {
          try {
            yield 'a';
            if (way === 'lose') transport.lose();
            else stop$.next();
            steps.push('ran on');
            yield 'b';
            steps.push('never');
          } finally {
            steps.push('finally');
          }
        }
        const log = record(sendAll(writer, source()).pipe(takeUntil(stop$)));
        expect(steps).withContext(way).toEqual(['ran on', 'finally']);
        expect(log.log).toEqual([way === 'lose' ? '# ERR_CONNECTION_LOST' : '|']);
        expect(transport.calls).toEqual(['write a']);
      }
    });

    it('an endless one stops inside the write that loses the connection', () => {
      const { writer, transport } = manualConnection();
      transport.outgoing$.subscribe(() => transport.calls.length === 3 && transport.lose());
      const source = spied(Array.from({ length: 50 }, () => 'x'));
      expect(record(sendAll(writer, source)).log).toEqual(['# ERR_CONNECTION_LOST']);
      expect(source.asked).toEqual(['iterator', 'next', 'next', 'next', 'return']);
    });

    it('errors with what the iterator throws, which is not told to return', () => {
      const { writer, transport } = manualConnection();
      const steps: string[] = [];
      const source: Iterable<Data> = {
        [Symbol.iterator]: () => ({
          next() {
            steps.push('next');
            throw new Error('mine');
          },
          return: () => {
            steps.push('return');
            return ended;
          },
        }),
      };
      expect(record(sendAll(writer, source)).log).toEqual(['# mine']);
      expect(steps).toEqual(['next']);
      const unable: Iterable<Data> = {
        [Symbol.iterator]() {
          throw new Error('no iterator');
        },
      };
      expect(record(sendAll(writer, unable)).log).toEqual(['# no iterator']);
      expect(transport.calls).toEqual([]);
    });

    it('errors with what write() throws, and is told to return', () => {
      const { writer, transport } = manualConnection();
      const source = spied(['a', 7, 'b']);
      expect(record(sendAll(writer, source)).log[0]).toContain('must be a string or a Uint8Array, not 7');
      expect(source.asked).toEqual(['iterator', 'next', 'next', 'return']);
      writer.writeEof();
      const late = spied(['a']);
      expect(record(sendAll(writer, late)).log).toEqual(['# ERR_WRITE_AFTER_END']);
      expect(late.asked).toEqual(['iterator', 'next', 'return']);
      expect(transport.calls).toEqual(['write a', 'writeEof']);
    });

    it('is not touched when the connection is gone already', () => {
      const { writer, transport } = manualConnection();
      transport.lose();
      const source = spied(['a']);
      expect(record(sendAll(writer, source)).log).toEqual(['# ERR_CONNECTION_LOST']);
      expect(source.asked).toEqual([]);
    });

    it('a loss while the last write drains is an error, not the end', () => {
      const { writer, transport } = writing();
      const source = spied(['a']);
      const log = record(sendAll(writer, source));
      transport.lose();
      expect(log.log).toEqual(['# ERR_CONNECTION_LOST']);
      const aborted = writing();
      const abortedLog = record(sendAll(aborted.writer, ['a']));
      aborted.writer.abort();
      expect(abortedLog.log).toEqual(['# ERR_CONNECTION_CLOSED']);
    });
  });

  describe('an asynchronous iterable', () => {
    it('is asked for one item at a time, and only when there is room', async () => {
      const { writer, transport } = writing();
      const source = new Given();
      const log = record(sendAll(writer, source));
      expect(source.asked).toEqual(['next']);
      source.give(item('a'));
      await settled();
      expect(transport.calls).toEqual(['write a']);
      expect(source.asked).toEqual(['next']);
      transport.drain();
      expect(source.asked).toEqual(['next', 'next']);
      transport.drain();
      source.give(item('b'));
      await settled();
      transport.drain();
      source.give(ended);
      await settled();
      expect(transport.calls).toEqual(['write a', 'write b']);
      expect(log.log).toEqual(['|']);
      expect(source.asked).toEqual(['next', 'next', 'next']);
    });

    it('its end, while the writer is paused by another, waits for the drain, and nothing more is asked', async () => {
      const { writer, transport } = writing();
      const source = new Given();
      const log = record(sendAll(writer, source));
      writer.write('of another');
      source.give(ended);
      await settled();
      expect(log.log).toEqual([]);
      transport.drain();
      expect(log.log).toEqual(['|']);
      expect(source.asked).toEqual(['next']);
    });

    it('may give its items without promises', async () => {
      const { writer, transport } = manualConnection();
      const source = {
        [Symbol.asyncIterator]: () => ['a', 'b'][Symbol.iterator](),
      } as unknown as AsyncIterable<Data>;
      const log = record(sendAll(writer, source));
      await settled();
      expect(transport.calls).toEqual(['write a', 'write b']);
      expect(log.log).toEqual(['|']);
    });

    it('a loss, and an unsubscription, while an item is waited for end at once; the item is dropped', async () => {
      for (const way of ['lose', 'unsubscribe'] as const) {
        const { writer, transport } = writing();
        const source = new Given();
        const stop$ = new Subject<void>();
        const log = record(sendAll(writer, source).pipe(takeUntil(stop$)));
        if (way === 'lose') transport.lose();
        else stop$.next();
        expect(log.log).toEqual([way === 'lose' ? '# ERR_CONNECTION_LOST' : '|']);
        expect(source.asked).toEqual(['next', 'return']);
        source.give(item('late'));
        await settled();
        expect(transport.calls).toEqual([]);
        expect(source.asked).toEqual(['next', 'return']);
      }
    });

    it('an error after the end is nobody’s', async () => {
      const { writer } = writing();
      const source = new Given();
      sendAll(writer, source).subscribe().unsubscribe();
      source.fail(new Error('late'));
      await settled();
      expect(source.asked).toEqual(['next', 'return']);
    });

    it('errors with what it rejects with, or throws, and does not return it', async () => {
      const { writer, transport } = manualConnection();
      const source = new Given();
      const log = record(sendAll(writer, source));
      source.give(item('a'));
      await settled();
      source.fail(new Error('mine'));
      await settled();
      expect(log.log).toEqual(['# mine']);
      expect(source.asked).toEqual(['next', 'next']);
      expect(transport.calls).toEqual(['write a']);
      const throwing: AsyncIterable<Data> = {
        [Symbol.asyncIterator]: () => ({
          next: () => {
            throw new Error('at once');
          },
        }),
      };
      expect(record(sendAll(writer, throwing)).log).toEqual(['# at once']);
      const wrong = new Given();
      const wrongLog = record(sendAll(writer, wrong));
      wrong.give(undefined as never);
      await settled();
      expect(wrongLog.log.length).toBe(1);
    });

    it('errors with what write() throws, and returns it', async () => {
      const { writer } = manualConnection();
      const source = new Given();
      const log = record(sendAll(writer, source));
      source.give(item(7 as never));
      await settled();
      expect(log.log[0]).toContain('not 7');
      expect(source.asked).toEqual(['next', 'return']);
    });

    it('an async generator runs its finally', async () => {
      const { writer, transport } = writing();
      const steps: string[] = [];
      async function* source(): AsyncGenerator<string> {
        try {
          yield 'a';
          yield 'b';
        } finally {
          steps.push('finally');
        }
      }
      const subscription = sendAll(writer, source()).subscribe();
      await settled();
      subscription.unsubscribe();
      await settled();
      expect(steps).toEqual(['finally']);
      expect(transport.calls).toEqual(['write a']);
    });

    it('is preferred where there are both', () => {
      const { writer } = manualConnection();
      const both = Object.assign(new Given(), { [Symbol.iterator]: () => ['sync'][Symbol.iterator]() });
      sendAll(writer, both).subscribe();
      expect(both.asked).toEqual(['next']);
    });

    it('a ReadableStream, where it is async iterable, is cancelled at the unsubscription', async () => {
      const [one, other] = connectionPair();
      const given = ['a', 'b', 'c'];
      let cancelled = 0;
      const stream = (): ReadableStream<Data> =>
        new ReadableStream({
          pull: (controller) => {
            const next = given.shift();
            if (next === undefined) controller.close();
            else controller.enqueue(copyBytes(next));
          },
          cancel: () => {
            cancelled++;
          },
        });
      if (!(Symbol.asyncIterator in ReadableStream.prototype)) {
        expect(() => sendAll(one.writer, stream() as never)).toThrowError(TypeError);
        return;
      }
      sendAll(one.writer, stream()).subscribe({ complete: () => one.writer.close() });
      expect(text(await firstValueFrom(other.reader.read()))).toBe('abc');

      given.push('d', 'e', 'f');
      const { writer } = writing();
      const subscription = sendAll(writer, stream()).subscribe();
      while (writer.transport.writeQueueSize === 0) await Promise.resolve();
      subscription.unsubscribe();
      await settled();
      expect(cancelled).toBe(1);
    });
  });

  describe('whatever the iterator does', () => {
    const mine = (): never => {
      throw new Error('mine');
    };
    const rejected = async (): Promise<never> => Promise.reject(new Error('mine'));
    const value = { done: false, value: 'a' };
    type Parts = Record<string, unknown>;
    const withIterator = (isAsync: boolean, parts: Parts): never =>
      ({ [isAsync ? Symbol.asyncIterator : Symbol.iterator]: () => parts }) as never;

    it('a clean-up that throws, or rejects, is reported; the subscriber is told, and the source destroyed', async () => {
      const cleanUps: Record<string, Parts> = {
        throws: { return: mine },
        rejects: { return: rejected },
        'gives a thenable that throws': { return: () => ({ then: mine }) },
        'gives a thenable that cannot be asked': {
          return: () =>
            Object.defineProperty({}, 'then', {
              get: mine,
            }),
        },
        'cannot be asked for': {
          get return(): never {
            return mine();
          },
        },
        'is no function': { return: 7 },
      };
      const ends: Record<string, (connection: ManualConnection, stop: () => void) => void> = {
        unsubscribe: (_, stop) => stop(),
        lose: ({ transport }) => transport.lose(new Error('reset')),
        abort: ({ writer }) => writer.abort(),
      };
      for (const isAsync of [false, true]) {
        for (const [how, parts] of Object.entries(cleanUps)) {
          for (const [way, end] of Object.entries(ends)) {
            const connection = writing();
            const destroyed: string[] = [];
            const iterator = Object.defineProperties(
              { next: () => value },
              Object.getOwnPropertyDescriptors(parts),
            );
            const source = Object.assign(withIterator(isAsync, iterator), {
              pipe: () => {},
              destroy: () => destroyed.push('destroyed'),
            });
            const log: string[] = [];
            const errors = await reported(async () => {
              const subscription = sendAll(connection.writer, source).subscribe({
                error: (error: { code: string }) => log.push(error.code),
              });
              await settled();
              expect(() => end(connection, () => subscription.unsubscribe())).not.toThrow();
              await settled();
            });
            const name = `${isAsync ? 'async' : 'sync'} return ${how}, ${way}`;
            expect(errors.length).withContext(name).toBe(1);
            expect(String(errors))
              .withContext(name)
              .toMatch(/mine|not a function/);
            expect(destroyed).withContext(name).toEqual(['destroyed']);
            expect(log.length)
              .withContext(name)
              .toBe(way === 'unsubscribe' ? 0 : 1);
          }
        }
      }
    });

    it('a clean-up that throws after a write that threw: the write is the error, the other is reported', async () => {
      const { writer } = manualConnection();
      const errors = await reported(async () => {
        for (const isAsync of [false, true]) {
          const source = withIterator(isAsync, { next: () => ({ done: false, value: 7 }), return: mine });
          const log = record(sendAll(writer, source));
          await settled();
          expect(log.log).toEqual([jasmine.stringContaining('not 7')]);
        }
      });
      expect(messagesOf(errors)).toEqual(['mine', 'mine']);
    });

    it('a destroy() that throws is reported', async () => {
      for (const parts of [{ destroy: mine }, { destroy: 7 }]) {
        const { writer } = writing();
        const asked: string[] = [];
        const source = Object.assign(
          withIterator(false, { next: () => value, return: () => (asked.push('return'), ended) }),
          { pipe: () => {} },
          parts,
        );
        const errors = await reported(() => sendAll(writer, source).subscribe().unsubscribe());
        expect(errors.length).toBe(1);
        expect(asked).toEqual(['return']);
      }
    });

    it('a teardown below that throws is reported, and the iterator is told to return', async () => {
      for (const isAsync of [false, true]) {
        const { writer, transport } = writing();
        writer.write('before');
        const asked: string[] = [];
        const source = withIterator(isAsync, {
          next: () => ({ done: false, value: 7 }),
          return: () => asked.push('return'),
        });
        const errors = await reported(async () => {
          sendAll(writer, source)
            .pipe(finalize(() => mine()))
            .subscribe({ error: () => asked.push('error') });
          transport.drain();
          await settled();
        });
        expect(messagesOf(errors)).toEqual(['mine']);
        expect(asked).toEqual(['error', 'return']);
      }
    });

    it('getters that throw are its own error, and it is not told to return', async () => {
      const throwing = (name: string, rest: Parts = {}): Parts =>
        Object.defineProperty({ ...rest }, name, { get: mine });
      const results: Record<string, () => unknown> = {
        'next throws': mine,
        'done throws': () => throwing('done', { value: 'a' }),
        'value throws': () => throwing('value', { done: false }),
      };
      for (const isAsync of [false, true]) {
        for (const [name, next] of Object.entries(results)) {
          const { writer, transport } = manualConnection();
          const asked: string[] = [];
          const source = withIterator(isAsync, { next, return: () => asked.push('return') });
          const log = record(sendAll(writer, source));
          await settled();
          expect(log.log).withContext(name).toEqual(['# mine']);
          expect([...asked, ...transport.calls])
            .withContext(name)
            .toEqual([]);
        }
        const { writer } = manualConnection();
        expect(record(sendAll(writer, withIterator(isAsync, throwing('next')))).log).toEqual(['# mine']);
        const symbol = isAsync ? Symbol.asyncIterator : Symbol.iterator;
        expect(record(sendAll(writer, { [symbol]: mine } as never)).log).toEqual(['# mine']);
      }
    });

    it('a thenable that throws, or rejects, or is settled twice', async () => {
      const results: [() => unknown, string[]][] = [
        [rejected, ['# mine']],
        [() => ({ then: mine }), ['# mine']],
        [() => Object.defineProperty({}, 'then', { get: mine }), ['# mine']],
      ];
      for (const [next, expected] of results) {
        const log = record(sendAll(manualConnection().writer, withIterator(true, { next })));
        for (let i = 0; i < 4; i++) await settled();
        expect(log.log).toEqual(expected);
      }
      const items = [value, value, ended];
      const twice = {
        next: () => ({
          then(resolve: (item: unknown) => void): void {
            const item = items.shift();
            resolve(item);
            resolve(item);
            mine();
          },
        }),
      };
      const { writer, transport } = manualConnection();
      const log = record(sendAll(writer, withIterator(true, twice)));
      for (let i = 0; i < 6; i++) await settled();
      expect(transport.calls).toEqual(['write a', 'write a']);
      expect(log.log).toEqual(['|']);
    });

    it('what is no iterator result, or no iterator, is a TypeError', async () => {
      for (const isAsync of [false, true]) {
        for (const result of [undefined, null, 7, 'a', true, Symbol('x')]) {
          const { writer } = manualConnection();
          const errors: unknown[] = [];
          const source = withIterator(isAsync, { next: () => result });
          sendAll(writer, source).subscribe({ error: (error) => errors.push(error) });
          await settled();
          expect(errors).toEqual([
            new TypeError(`next() gave ${String(result)}, which is no iterator result`),
          ]);
          const none = record(sendAll(writer, withIterator(isAsync, result as never)));
          expect(none.log).toEqual([`# The iterator of source is ${String(result)}`]);
        }
      }
    });

    it('a promise from a synchronous iterator is a TypeError, and its rejection is reported', async () => {
      const { writer, transport } = manualConnection();
      const asked: string[] = [];
      const source = withIterator(false, { next: rejected, return: () => asked.push('return') });
      const errors = await reported(async () => {
        expect(record(sendAll(writer, source)).log[0]).toContain('needs [Symbol.asyncIterator]');
        await settled();
      });
      expect(messagesOf(errors)).toEqual(['mine']);
      expect(asked).toEqual(['return']);
      expect(transport.calls).toEqual([]);
    });

    it('any `done` that is true ends it', () => {
      const { writer } = manualConnection();
      expect(record(sendAll(writer, withIterator(false, { next: () => ({ done: 1 }) }))).log).toEqual(['|']);
    });

    it('detached bytes are an error, not nothing; empty ones are nothing', () => {
      const { writer, transport } = manualConnection();
      const bytes = new Uint8Array([1, 2]);
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      const empty = [new Uint8Array(0), '', new Uint8Array([65]).subarray(1)];
      const source = spied([...empty, bytes]);
      expect(record(sendAll(writer, source)).log).toEqual([
        '# data is detached: its bytes belong to somebody else now',
      ]);
      expect(source.asked.at(-1)).toBe('return');
      expect(transport.calls).toEqual([]);
    });

    it('what is no data is an error, whatever it is', () => {
      for (const wrong of [
        null,
        undefined,
        {},
        Object.create(null),
        [],
        1n,
        Symbol('x'),
        new Uint16Array(2),
      ]) {
        const { writer } = manualConnection();
        const errors: unknown[] = [];
        sendAll(writer, spied([wrong])).subscribe({ error: (error) => errors.push(error) });
        expect(errors).toEqual([jasmine.any(TypeError)]);
      }
    });

    it('one that drains the writer, or unsubscribes, when it is asked for the iterator', () => {
      const { writer, transport } = writing();
      writer.write('before');
      const drains = {
        [Symbol.iterator]() {
          transport.drain();
          return ['a'][Symbol.iterator]();
        },
      };
      const log = record(sendAll(writer, drains));
      transport.drain();
      expect(log.log).toEqual(['|']);
      expect(transport.calls).toEqual(['write before', 'write a']);

      const stop$ = new Subject<void>();
      const asked: string[] = [];
      const unsubscribes = {
        [Symbol.iterator]() {
          stop$.next();
          return { next: () => (asked.push('next'), ended), return: () => (asked.push('return'), ended) };
        },
      };
      expect(record(sendAll(writer, unsubscribes).pipe(takeUntil(stop$))).log).toEqual(['|']);
      expect(asked).toEqual(['return']);
    });

    it('an asynchronous one that unsubscribes inside next() is told to return after it', () => {
      const { writer } = manualConnection();
      const stop$ = new Subject<void>();
      const steps: string[] = [];
      const source = withIterator(true, {
        next() {
          stop$.next();
          steps.push('ran on');
          return new Promise(() => {});
        },
        return: () => steps.push('return'),
      });
      record(sendAll(writer, source).pipe(takeUntil(stop$)));
      expect(steps).toEqual(['ran on', 'return']);
    });
  });

  it('keeps the order and every byte, whatever the drain pattern', () => {
    const value = fc.oneof(fc.string({ maxLength: 6 }), fc.uint8Array({ maxLength: 6 }));
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 40 }),
        fc.nat(12),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (items, highWaterMark, drains) => {
          const { writer, transport } = writing({ highWaterMark });
          const written: Data[] = [];
          const write = transport.write.bind(transport);
          let taken = 0;
          transport.write = (data: Data) => {
            written.push(data);
            write(data);
          };
          const source = function* (): Generator<Data> {
            for (const each of items) {
              expect(transport.writeQueueSize).toBeLessThanOrEqual(highWaterMark);
              taken++;
              yield each;
            }
          };
          const log = record(sendAll(writer, source()));
          for (let i = 0; transport.writeQueueSize > 0; i++) transport.drain(drains[i % drains.length]);
          expect(written).toEqual(items.filter(({ length }) => length > 0));
          expect(taken).toBe(items.length);
          expect(log.log).toEqual(['|']);
        },
      ),
      runs(200),
    );
  });

  it('checks its arguments at the call', () => {
    const { writer } = manualConnection();
    for (const data of ['text', new Uint8Array(2), new DataView(new ArrayBuffer(1))])
      expect(() => sendAll(writer, data as never)).toThrowError(TypeError, /use writer\.send\(data\)/);
    for (const wrong of [null, undefined, 7, {}, new Subject(), Object.create(null), () => {}, Symbol('x')])
      expect(() => sendAll(writer, wrong as never)).toThrowError(TypeError, /writeTo\(writer\)/);
    expect(() => sendAll(manualConnection() as never, [])).toThrowError(TypeError, /StreamWriter/);
  });
});
