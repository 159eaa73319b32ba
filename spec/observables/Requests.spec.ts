import fc from 'fast-check';
import { finalize, merge, Subject, takeUntil, VirtualTimeScheduler, type SchedulerLike } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { codec, connectionPair, framed, RequestTimeoutError, type Framed } from '../../src/index.js';
import { manualConnection, marbleConnection, type ManualConnection } from '../../src/testing.js';
import { shoutCodec } from '../diagrams/writing.js';
import { record } from '../streams/record.js';
import { runs } from '../contracts/runs.js';
import { messagesOf, reported } from './reported.js';

type Talk = ManualConnection & { client: Framed<string> };

function talking(options?: Parameters<typeof framed>[2]): Talk {
  const connection = manualConnection();
  return Object.assign(connection, { client: framed(connection, shoutCodec, options) });
}

const isFor =
  (id: string) =>
  (message: string): boolean =>
    message.startsWith(id);
const fail = (): never => {
  throw new Error('cannot tell');
};
const writtenBy = ({ transport }: Talk): string =>
  transport.calls.map((call) => call.replace('write ', '')).join('');

describe('framed: requests', () => {
  describe('with isReply', () => {
    it('each gets its own reply, in whatever order they come', () => {
      const { client, transport } = talking();
      const logs = ['a', 'b', 'c'].map((id) => record(client.request(id, isFor(id))));
      transport.receive('c1!a1!');
      expect(logs.map(({ log }) => log)).toEqual([['a1!', '|'], [], ['c1!', '|']]);
      transport.receive('b1!c2!');
      expect(logs.map(({ log }) => log)).toEqual([
        ['a1!', '|'],
        ['b1!', '|'],
        ['c1!', '|'],
      ]);
    });

    it('the first that accepts has it, and those after it are not asked', () => {
      const { client, transport } = talking();
      const asked: string[] = [];
      const asking = (name: string, answer: boolean) => (message: string) => {
        asked.push(`${name} ${message}`);
        return answer;
      };
      const logs = (
        [
          ['a', false],
          ['b', true],
          ['c', true],
        ] as const
      ).map(([name, answer]) => record(client.request(name, asking(name, answer))));
      transport.receive('1!2!3!');
      expect(logs.map(({ log }) => log)).toEqual([[], ['1!', '|'], ['2!', '|']]);
      expect(asked).toEqual(['a 1!', 'b 1!', 'a 2!', 'c 2!', 'a 3!']);
    });

    it('a message of nobody goes to the subscribers alone', () => {
      const { client, transport } = talking();
      const log = record(client);
      const request = record(client.request('a', isFor('a')));
      transport.receive('x!a!');
      expect([...log.log, ...request.log]).toEqual(['x!', 'a!', 'a!', '|']);
    });

    it('one without it waits for its turn: until all before it have their replies', () => {
      const { client, transport } = talking();
      const first = record(client.request('a', isFor('a')));
      const inOrder = record(client.request('b'));
      const last = record(client.request('c', isFor('c')));
      transport.receive('x!c!');
      expect([first.log, inOrder.log, last.log]).toEqual([[], [], ['c!', '|']]);
      transport.receive('a!x!');
      expect([first.log, inOrder.log]).toEqual([
        ['a!', '|'],
        ['x!', '|'],
      ]);
    });

    it('an unsubscribed one keeps its place: its late reply is dropped, and nobody else has it', () => {
      const { client, transport } = talking();
      client.request('a', isFor('a')).subscribe().unsubscribe();
      const inOrder = record(client.request('b'));
      const other = record(client.request('c', isFor('c')));
      transport.receive('c!');
      expect([inOrder.log, other.log]).toEqual([[], ['c!', '|']]);
      transport.receive('a!b!');
      expect(inOrder.log).toEqual(['b!', '|']);
    });

    it('that makes a request, or gives one up, while it is asked', () => {
      const { client, transport } = talking();
      const stop$ = new Subject<void>();
      const log: string[] = [];
      const gone = record(client.request('b', isFor('b')).pipe(takeUntil(stop$)));
      client
        .request('a', (message) => {
          if (log.length === 0) client.request('inner').subscribe((reply) => log.push(`inner ${reply}`));
          stop$.next();
          return message === 'a!';
        })
        .subscribe((reply) => log.push(`outer ${reply}`));
      transport.receive('a!b!c!');
      expect(log).toEqual(['outer a!', 'inner c!']);
      expect(gone.log).toEqual(['|']);
    });

    it('that gives up the last request of all while it is asked: the next one is read as ever', () => {
      const { client, reader, transport } = talking();
      const stop$ = new Subject<void>();
      const accept = (): boolean => {
        stop$.next();
        return true;
      };
      expect(record(client.request('a', accept).pipe(takeUntil(stop$))).log).toEqual([]);
      transport.receive('a!b!');
      expect(reader.bufferedBytes).toBe(2);
      expect(record(client.request('b', isFor('b'))).log).toEqual(['b!', '|']);
    });

    it('asks each waiting one once a message, and does nothing else that grows with their number', () => {
      const count = 4000;
      const { client, transport } = talking();
      transport.write = () => {};
      let asked = 0;
      let replies = 0;
      for (let i = 0; i < count; i++) {
        const reply = `${i}!`;
        const isReply = (message: string): boolean => (asked++, message === reply);
        client.request('', isReply).subscribe(() => replies++);
      }
      const splice = spyOn(Array.prototype, 'splice').and.callThrough();
      const shift = spyOn(Array.prototype, 'shift').and.callThrough();
      for (let i = count - 1; i >= 0; i--) transport.receive(`${i}!`);
      const moved = splice.calls.count() + shift.calls.count();
      expect(replies).toBe(count);
      expect(asked).toBe((count * (count + 1)) / 2);
      // Of the reader, whose queue is short.
      expect(moved).toBeLessThan(4 * count);
    });

    it('every order of the replies, with some given up, and every cut', () => {
      fc.assert(
        fc.property(
          fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e', 'f'], { minLength: 6 }),
          fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
          fc.integer({ min: 1, max: 5 }),
          fc.integer({ min: 1, max: 7 }),
          (order, kept, cut, maxInFlight) => {
            const { client, transport } = talking({ maxInFlight });
            const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
            const replied: string[] = [];
            const subscriptions = ids.map((id) =>
              client.request(id, isFor(id)).subscribe((reply) => replied.push(id + reply)),
            );
            for (const [i, subscription] of subscriptions.entries()) if (!kept[i]) subscription.unsubscribe();
            const due = [...order];
            // The peer answers what it has been asked.
            for (;;) {
              const next = due.findIndex((id) => transport.calls.includes(`write ${id}!`));
              if (next === -1) break;
              const reply = `${due.splice(next, 1)[0]!}!`;
              for (let at = 0; at < reply.length; at += cut) transport.receive(reply.slice(at, at + cut));
            }
            const expected = ids.filter((_, i) => kept[i]);
            expect([...replied].sort()).toEqual(expected.map((id) => `${id}${id}!`));
          },
        ),
        runs(300),
      );
    });
  });

  describe('with an isReply that throws', () => {
    it('that one errors, and the others are still offered the message', () => {
      const { client, transport } = talking();
      const bad = record(client.request('a', fail));
      const good = record(client.request('b', isFor('b')));
      const messages = record(client);
      transport.receive('b!');
      expect([bad.log, good.log, messages.log]).toEqual([['# cannot tell'], ['b!', '|'], ['b!']]);
    });

    it('the message counts as its reply where nobody else accepts it, and not where one does', () => {
      const { client, transport } = talking();
      const bad = record(client.request('a', fail));
      const other = record(client.request('b', isFor('b')));
      const inOrder = record(client.request('c'));
      transport.receive('b!');
      expect([bad.log, other.log, inOrder.log]).toEqual([['# cannot tell'], ['b!', '|'], []]);
      transport.receive('a!');
      expect(inOrder.log).toEqual([]);
      transport.receive('c!');
      expect(inOrder.log).toEqual(['c!', '|']);
    });

    it('several, each of its own', () => {
      const { client, transport } = talking();
      const bad = ['a', 'b'].map((id) => record(client.request(id, fail)));
      const good = record(client.request('c'));
      transport.receive('a!b!c!');
      expect([...bad.map(({ log }) => log), good.log]).toEqual([
        ['# cannot tell'],
        ['# cannot tell'],
        ['c!', '|'],
      ]);
    });

    it('and a teardown that throws as well: that is reported, and nobody else harmed', async () => {
      const { client, transport } = talking();
      const good = record(client.request('b', isFor('b')));
      const errors = await reported(() => {
        client
          .request('a', fail)
          .pipe(finalize(() => fail()))
          .subscribe({ error: () => {} });
        const behind = record(client.request('c', isFor('c')));
        transport.receive('c!b!');
        expect(behind.log).toEqual(['c!', '|']);
      });
      expect(messagesOf(errors)).toEqual(['cannot tell']);
      expect(good.log).toEqual(['b!', '|']);
    });
  });

  describe('with a timeout', () => {
    const values = { a: 'a!', b: 'b!' };
    const timed = (
      m: { scheduler: SchedulerLike } & Parameters<typeof marbleConnection>[0],
      incoming: string,
    ): Framed<string> => framed(marbleConnection(m, { incoming, values }), shoutCodec);
    const late = new RequestTimeoutError(4);

    it(
      'errors in time, and keeps its place: the late reply is dropped, and the next one has its own',
      marbles((m) => {
        const client = timed(m, '        ------a--b-');
        m.expect(client.request('a', { timeout: 4 })).toBeObservable('----#', {}, late);
        m.expect(client.request('b')).toBeObservable('               ---------(b|)', values);
      }),
    );

    it(
      'has no part in a reply that comes in time',
      marbles((m) => {
        const client = timed(m, '                                     ---a------');
        m.expect(client.request('a', { timeout: 4 })).toBeObservable('---(a|)', values);
      }),
    );

    it(
      'of all requests, but for one that has its own',
      marbles((m) => {
        const connection = marbleConnection(m, { incoming: '-' });
        const client = framed(connection, shoutCodec, { timeout: 4 });
        m.expect(client.request('a')).toBeObservable('                ----#', {}, late);
        m.expect(client.request('b', { timeout: 2 })).toBeObservable('--#', {}, new RequestTimeoutError(2));
      }),
    );

    it('in the time of the scheduler that it is given', () => {
      const scheduler = new VirtualTimeScheduler();
      const { client } = talking({ scheduler, timeout: 1000 });
      const log = record(merge(client.request('a'), client.request('b', { timeout: 500 })));
      expect(log.log).toEqual([]);
      scheduler.flush();
      expect(log.log).toEqual(['# ERR_REQUEST_TIMEOUT']);
      expect(scheduler.now()).toBe(500);
    });

    it('leaves no timer behind: replied, unsubscribed, failed', () => {
      const scheduler = new VirtualTimeScheduler();
      const { client, transport } = talking({ scheduler, timeout: 1000 });
      client.request('a').subscribe();
      client.request('b').subscribe().unsubscribe();
      client.request('c').subscribe({ error: () => {} });
      transport.receive('a!');
      transport.lose();
      client.request('d').subscribe({ error: () => {} });
      scheduler.flush();
      expect(scheduler.now()).toBe(0);
    });

    it('the last one lets the reader go', () => {
      const scheduler = new VirtualTimeScheduler();
      const { client, reader, transport } = talking({ scheduler, timeout: 1000 });
      record(client.request('a'));
      scheduler.flush();
      transport.receive('a!');
      expect(record(reader.readExactly(2)).log).toEqual(['a!', '|']);
    });

    it('a teardown that throws is reported, and ends no other timer', async () => {
      const scheduler = new VirtualTimeScheduler();
      const { client } = talking({ scheduler, timeout: 10 });
      const log: string[] = [];
      const errors = await reported(() => {
        client
          .request('a')
          .pipe(finalize(() => fail()))
          .subscribe({ error: () => log.push('a') });
        client.request('b').subscribe({ error: () => log.push('b') });
        scheduler.flush();
      });
      expect(log).toEqual(['a', 'b']);
      expect(messagesOf(errors)).toEqual(['cannot tell']);
    });

    it('is an error of its own', () => {
      const error = new RequestTimeoutError(250);
      expect(error.code).toBe('ERR_REQUEST_TIMEOUT');
      expect(error.message).toBe('No reply within 250 ms');
      expect(error.timeout).toBe(250);
    });
  });

  describe('with maxInFlight', () => {
    it('no more are written and unanswered; the others wait in order', () => {
      const talk = talking({ maxInFlight: 2 });
      const { client, transport } = talk;
      const logs = ['a', 'b', 'c', 'd', 'e'].map((id) => record(client.request(id)));
      expect(writtenBy(talk)).toBe('a!b!');
      transport.receive('A!');
      expect(writtenBy(talk)).toBe('a!b!c!');
      transport.receive('B!C!');
      expect(writtenBy(talk)).toBe('a!b!c!d!e!');
      transport.receive('D!E!');
      expect(logs.map(({ log }) => log[0])).toEqual(['A!', 'B!', 'C!', 'D!', 'E!']);
    });

    it('one that waits and is unsubscribed is never written', () => {
      const talk = talking({ maxInFlight: 1 });
      const { client, transport } = talk;
      const first = record(client.request('a'));
      const second = client.request('b').subscribe();
      const third = record(client.request('c'));
      second.unsubscribe();
      transport.receive('A!C!');
      expect(writtenBy(talk)).toBe('a!c!');
      expect([first.log, third.log]).toEqual([
        ['A!', '|'],
        ['C!', '|'],
      ]);
    });

    it('one that is written and unsubscribed counts until its reply has come', () => {
      const talk = talking({ maxInFlight: 1 });
      const { client, transport } = talk;
      client.request('a').subscribe().unsubscribe();
      const second = record(client.request('b'));
      expect(writtenBy(talk)).toBe('a!');
      transport.receive('A!');
      expect(writtenBy(talk)).toBe('a!b!');
      transport.receive('B!');
      expect(second.log).toEqual(['B!', '|']);
    });

    it('one that runs out of time while it waits is never written; one that is written keeps its place', () => {
      const scheduler = new VirtualTimeScheduler();
      const talk = talking({ maxInFlight: 1, scheduler, timeout: 10 });
      const { client, transport } = talk;
      const logs = ['a', 'b'].map((id) => record(client.request(id)));
      const third = record(client.request('c', { timeout: 1000 }));
      scheduler.maxFrames = 100;
      scheduler.flush();
      expect(logs.map(({ log }) => log)).toEqual([['# ERR_REQUEST_TIMEOUT'], ['# ERR_REQUEST_TIMEOUT']]);
      expect(writtenBy(talk)).toBe('a!');
      transport.receive('A!C!');
      expect(writtenBy(talk)).toBe('a!c!');
      expect(third.log).toEqual(['C!', '|']);
    });

    it('a loss, an end, a close: those that wait are told as well, and nothing more is written', () => {
      const ends: [string, (talk: Talk) => void, string][] = [
        ['lost', ({ transport }) => transport.lose(new Error('reset')), 'ERR_CONNECTION_LOST'],
        ['ended', ({ transport }) => transport.receiveEof(), 'ERR_CONNECTION_LOST'],
        ['aborted', ({ writer }) => writer.abort(), 'ERR_CONNECTION_CLOSED'],
        ['closed', ({ writer }) => writer.close(), 'ERR_CONNECTION_CLOSED'],
      ];
      for (const [name, end, code] of ends) {
        const talk = talking({ maxInFlight: 1 });
        const logs = ['a', 'b', 'c'].map((id) => record(talk.client.request(id)));
        end(talk);
        expect(logs.map(({ log }) => log))
          .withContext(name)
          .toEqual([[`# ${code}`], [`# ${code}`], [`# ${code}`]]);
        expect(writtenBy(talk)).toMatch(/^a!(close|abort)?$/);
      }
    });

    it('one that cannot be encoded, or written, errors alone, and takes no place', () => {
      const connection = manualConnection();
      const failing = codec(shoutCodec, (text: string) => (text === 'bad' ? fail() : `${text}!`));
      const client = framed(connection, failing, { maxInFlight: 1 });
      const logs = ['a', 'bad', 'bad', 'b'].map((text) => record(client.request(text)));
      connection.transport.receive('A!B!');
      expect(logs.map(({ log }) => log)).toEqual([
        ['A!', '|'],
        ['# cannot tell'],
        ['# cannot tell'],
        ['B!', '|'],
      ]);
      const ended = talking({ maxInFlight: 1 });
      const others = ['a', 'b'].map((text) => record(ended.client.request(text)));
      ended.writer.writeEof();
      ended.transport.receive('A!');
      expect(others.map(({ log }) => log)).toEqual([['A!', '|'], ['# ERR_WRITE_AFTER_END']]);
    });

    it('replies that come inside the write, 10 000 of them: in order, in a flat stack', () => {
      const [one, other] = connectionPair();
      const server = framed(other, shoutCodec);
      server.subscribe((message) => server.next(message.slice(0, -1)));
      const client = framed(one, shoutCodec, { maxInFlight: 1 });
      const replies: string[] = [];
      for (let i = 0; i < 10_000; i++) client.request(`${i}`).subscribe((reply) => replies.push(reply));
      expect(replies.length).toBe(10_000);
      expect(replies.every((reply, i) => reply === `${i}!`)).toBeTrue();
    });

    it('10 000 that wait are written as replies come, also when each has to be unsubscribed', () => {
      const talk = talking({ maxInFlight: 3 });
      const { client, transport } = talk;
      let replies = 0;
      const subscriptions = Array.from({ length: 10_000 }, () =>
        client.request('a').subscribe(() => replies++),
      );
      transport.receive('A!'.repeat(5000));
      expect(replies).toBe(5000);
      for (const subscription of subscriptions) subscription.unsubscribe();
      expect(transport.calls.length).toBe(5003);
    });

    it('may be another for one request, which then waits for its turn, and those after it for theirs', () => {
      const talk = talking();
      const { client, transport } = talk;
      client.request('a').subscribe();
      client.request('b', { maxInFlight: 1 }).subscribe();
      client.request('c').subscribe();
      expect(writtenBy(talk)).toBe('a!');
      transport.receive('A!');
      expect(writtenBy(talk)).toBe('a!b!c!');
    });
  });

  it('a teardown that throws keeps nobody from being told: by a reply, and by the loss', async () => {
    for (const end of ['reply', 'loss'] as const) {
      const { client, reader, transport } = talking();
      const log: string[] = [];
      const errors = await reported(() => {
        for (const id of ['a', 'b']) {
          client
            .request(id)
            .pipe(finalize(() => fail()))
            .subscribe({ next: (reply) => log.push(reply), error: () => log.push(`# ${id}`) });
        }
        client.subscribe({ next: (message) => log.push(`saw ${message}`), error: () => log.push('#') });
        if (end === 'reply') transport.receive('A!B!');
        else transport.lose(new Error('reset'));
      });
      expect(log).toEqual(end === 'reply' ? ['saw A!', 'A!', 'saw B!', 'B!'] : ['# a', '# b', '#']);
      expect(messagesOf(errors)).toEqual(['cannot tell', 'cannot tell']);
      expect(record(reader.read(0)).log[0]).toBe(end === 'reply' ? '# ERR_READER_BUSY' : '');
    }
  });

  it('checks its options at the call', () => {
    const { client } = talking();
    for (const timeout of [0, -1, NaN, 2 ** 31])
      expect(() => client.request('a', { timeout })).toThrowError(RangeError, /^timeout must be/);
    for (const maxInFlight of [0, -1, 1.5, NaN, '3' as never, null as never])
      expect(() => client.request('a', { maxInFlight })).toThrowError(RangeError, /^maxInFlight must be/);
    expect(() => client.request('a', { isReply: 'yes' as never })).toThrowError(TypeError, /isReply/);
    for (const wrong of [7, 'yes', null])
      expect(() => client.request('a', wrong as never)).toThrowError(TypeError, /options must be an object/);
    const [one] = connectionPair();
    expect(() => framed(one, shoutCodec, { timeout: 0 })).toThrowError(RangeError, /timeout/);
    expect(() => framed(one, shoutCodec, { maxInFlight: 0 })).toThrowError(RangeError, /maxInFlight/);
    expect(() => framed(one, shoutCodec, 5 as never)).toThrowError(TypeError, /options/);
    expect(() => client.request('a', { maxInFlight: Infinity, isReply: isFor('a') })).not.toThrow();
    expect(() => client.request('a', { timeout: undefined } as never)).not.toThrow();
  });
});
