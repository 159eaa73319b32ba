import fc from 'fast-check';
import {
  concatMap,
  finalize,
  from,
  map,
  merge,
  mergeMap,
  Observable,
  Subject,
  Subscription,
  take,
  takeUntil,
  tap,
  toArray,
} from 'rxjs';
import {
  codec,
  connectionPair,
  framed,
  Framed,
  type ConnectionLostError,
  type Decoder,
} from '../../src/index.js';
import { manualConnection, type ManualConnection } from '../../src/testing.js';
import { checkCases } from '../diagrams/checkCases.js';
import { framedCases, shoutCodec } from '../diagrams/writing.js';
import { record } from '../streams/record.js';
import { runs } from '../contracts/runs.js';

const isReply = (message: string): boolean => !message.startsWith('>');

/** A client whose peer is the spec. */
function talking(
  options?: Parameters<typeof manualConnection>[0],
): ManualConnection & { client: Framed<string> } {
  const connection = manualConnection(options);
  return Object.assign(connection, { client: framed(connection, shoutCodec) });
}

describe('framed', () => {
  checkCases(framedCases);

  it('is an Observable of messages and an observer, of one connection', () => {
    const connection = manualConnection();
    const client = framed(connection, shoutCodec);
    expect(client).toBeInstanceOf(Framed);
    expect(client).toBeInstanceOf(Observable);
    expect(client.connection).toBe(connection);
    expect(connection.transport.calls).toEqual([]);
  });

  it('needs a codec', () => {
    const [one] = connectionPair();
    const message = /codec\(decoder, encode\)/;
    expect(() => framed(one, (() => ({ decode: () => undefined })) as never)).toThrowError(
      TypeError,
      message,
    );
    expect(() => framed(one, undefined as never)).toThrowError(TypeError, message);
  });

  describe('messages', () => {
    it('are decoded once for all subscribers', () => {
      let decoders = 0;
      const connection = manualConnection();
      const counted = codec(
        () => {
          decoders++;
          return shoutCodec();
        },
        (text: string) => text,
      );
      const client = framed(connection, counted);
      const logs = [record(client), record(client.pipe(map((message) => message.toLowerCase())))];
      connection.transport.receive('A!B!');
      connection.transport.receiveEof();
      expect(logs.map(({ log }) => log)).toEqual([
        ['A!', 'B!', '|'],
        ['a!', 'b!', '|'],
      ]);
      expect(decoders).toBe(1);
    });

    it('leave the reader, and every byte, to whoever comes when the last subscriber has gone', () => {
      const { client, reader, transport } = talking();
      const one = client.subscribe();
      const other = client.subscribe();
      one.unsubscribe();
      expect(record(reader.readExactly(1)).log).toEqual(['# ERR_READER_BUSY']);
      transport.receive('A!B');
      other.unsubscribe();
      transport.receive('!');
      expect(record(reader.readExactly(2)).log).toEqual(['B!', '|']);
      transport.receive('C!');
      expect(record(client.pipe(take(1))).log).toEqual(['C!', '|']);
    });

    it('take(1) of several that wait takes one', () => {
      const { client, reader, transport } = talking();
      transport.receive('A!B!C!');
      expect(record(client.pipe(take(1))).log).toEqual(['A!', '|']);
      expect(reader.bufferedBytes).toBe(4);
      const log: string[] = [];
      client.pipe(take(1)).subscribe((message) => {
        log.push(message);
        // The reader is free when this message is done.
        reader.readExactly(2).subscribe((bytes) => log.push(String(bytes.length)));
      });
      expect(log).toEqual(['B!', '2']);
      expect(reader.bufferedBytes).toBe(0);
    });

    it('a subscriber that comes, or goes, inside next', () => {
      const { client, transport } = talking();
      const log: string[] = [];
      const leaving = new Subscription();
      client.pipe(take(1)).subscribe(() => {
        for (const name of [1, 2]) client.subscribe((message) => log.push(`${name} ${message}`));
      });
      client.subscribe((message) => {
        log.push(`stays ${message}`);
        leaving.unsubscribe();
      });
      leaving.add(client.subscribe((message) => log.push(`gone ${message}`)));
      transport.receive('A!B!');
      expect(log).toEqual(['stays A!', 'stays B!', '1 B!', '2 B!']);
    });

    it('can be had again after an end: once more the end', () => {
      const { client, transport } = talking();
      const log = record(client);
      transport.receiveEof();
      expect([...log.log, ...record(client).log]).toEqual(['|', '|']);
      const lost = talking();
      lost.transport.lose(new Error('reset'));
      const codes = [record(lost.client).log, record(lost.client).log].flat();
      expect(codes).toEqual(['# ERR_CONNECTION_LOST', '# ERR_CONNECTION_LOST']);
    });

    it('subscribed inside the end begin anew, and hold the reader no longer than that', () => {
      const { client, reader, transport } = talking();
      const log: string[] = [];
      client.subscribe({
        error: () => log.push('1 #'),
        complete: () => {
          log.push('1 |');
          client.subscribe({ complete: () => log.push('again |') });
        },
      });
      client.subscribe({ complete: () => log.push('2 |') });
      transport.receiveEof();
      expect(log).toEqual(['1 |', '2 |', 'again |']);
      expect(record(reader.read()).log).toEqual(['', '|']);
    });

    it('error with what the decoder throws, and when the reader is held by another', () => {
      const { transport, reader, ...connection } = manualConnection();
      const failing = codec(
        (): Decoder<string> => ({
          decode() {
            throw new Error('bad');
          },
        }),
        (text: string) => text,
      );
      const client = framed({ ...connection, reader } as never, failing);
      const logs = [record(client), record(client)];
      transport.receive('x');
      expect(logs.map(({ log }) => log)).toEqual([['# bad'], ['# bad']]);

      const held = talking();
      held.reader.lines().subscribe();
      expect(record(held.client).log).toEqual(['# ERR_READER_BUSY']);
    });

    it('error inside a frame that is cut off', () => {
      const { client, transport } = talking();
      const log = record(client);
      const request = record(client.request('a'));
      transport.receive('A');
      transport.receiveEof();
      expect([...log.log, ...request.log]).toEqual(['# ERR_INCOMPLETE_READ', '# ERR_INCOMPLETE_READ']);
    });
  });

  describe('as an observer', () => {
    it('next() writes at once, whether or not anybody reads', () => {
      const { client, transport } = talking();
      client.next('a');
      client.next('b');
      expect(transport.calls).toEqual(['write a!', 'write b!']);
    });

    it('complete() ends its direction: replies still come, and a further message throws', () => {
      const { client, transport } = talking();
      const request = record(client.request('a'));
      from(['b', 'c']).subscribe(client);
      expect(transport.calls).toEqual(['write a!', 'write b!', 'write c!', 'writeEof']);
      expect(() => client.next('d')).toThrowMatching(
        (e: { code: string }) => e.code === 'ERR_WRITE_AFTER_END',
      );
      expect(record(client.request('d')).log).toEqual(['# ERR_WRITE_AFTER_END']);
      expect(record(client.send('d')).log).toEqual(['# ERR_WRITE_AFTER_END']);
      transport.receive('A!');
      expect(request.log).toEqual(['A!', '|']);
    });

    it('complete() closes a connection that has no half-close, and requests tell of it', () => {
      const { client, transport } = talking({ canWriteEof: false });
      const request = record(client.request('a'));
      const log = record(client);
      client.complete();
      client.complete();
      expect(transport.calls).toEqual(['write a!', 'close']);
      expect(request.log).toEqual(['# ERR_CONNECTION_CLOSED']);
      expect(log.log).toEqual(['|']);
    });

    it('error() aborts: messages, requests and further messages tell of it', () => {
      const { client, transport } = talking();
      const log = record(client);
      const request = record(client.request('a'));
      client.error(new Error('enough'));
      expect(transport.calls).toEqual(['write a!', 'abort']);
      expect([...request.log, ...log.log]).toEqual(['# ERR_CONNECTION_CLOSED', '# ERR_CONNECTION_CLOSED']);
      expect(() => client.next('b')).toThrowMatching(
        (e: { code: string }) => e.code === 'ERR_CONNECTION_CLOSED',
      );
    });

    it('drops messages after the loss, as the writer does', () => {
      const { client, transport } = talking();
      transport.lose(new Error('reset'));
      client.next('a');
      expect(transport.calls).toEqual([]);
      expect(record(client.send('a')).log).toEqual(['# ERR_CONNECTION_LOST']);
    });

    it('what the codec throws is thrown by next(), and errors send() and request() alone', () => {
      const connection = manualConnection();
      const failing = codec(shoutCodec, (text: string) => {
        if (text === 'bad') throw new Error('cannot encode');
        return text === 'wrong' ? (7 as never) : `${text}!`;
      });
      const client = framed(connection, failing);
      expect(() => client.next('bad')).toThrowError('cannot encode');
      expect(record(client.send('bad')).log).toEqual(['# cannot encode']);
      const before = record(client.request('a'));
      expect(record(client.request('bad')).log).toEqual(['# cannot encode']);
      expect(record(client.request('wrong')).log[0]).toContain('must be a string or a Uint8Array');
      const behind = record(client.request('b'));
      connection.transport.receive('A!B!');
      expect([...before.log, ...behind.log]).toEqual(['A!', '|', 'B!', '|']);
    });

    it('send() is cold, and waits for room', () => {
      const { client, transport } = talking({ holdWrites: true, highWaterMark: 0 });
      const send$ = client.send('a');
      expect(transport.calls).toEqual([]);
      const log = record(send$);
      expect(transport.calls).toEqual(['write a!']);
      expect(log.log).toEqual([]);
      transport.drain();
      expect(log.log).toEqual(['|']);
    });
  });

  describe('request', () => {
    it('is cold, and asks anew at each subscription', () => {
      const { client, transport } = talking();
      const request$ = client.request('a');
      expect(transport.calls).toEqual([]);
      const logs = [record(request$), record(request$)];
      expect(transport.calls).toEqual(['write a!', 'write a!']);
      transport.receive('1!2!');
      expect(logs.map(({ log }) => log)).toEqual([
        ['1!', '|'],
        ['2!', '|'],
      ]);
    });

    it('holds the reader until the last reply, then lets it go', () => {
      const { client, reader, transport } = talking();
      const logs = [record(client.request('a')), record(client.request('b'))];
      transport.receive('A!');
      expect(record(reader.read(1)).log).toEqual(['# ERR_READER_BUSY']);
      transport.receive('B!rest');
      expect(logs.map(({ log }) => log)).toEqual([
        ['A!', '|'],
        ['B!', '|'],
      ]);
      expect(record(reader.read(4)).log).toEqual(['rest', '|']);
    });

    it('messages that are no replies stay with the request, and go to the subscribers', () => {
      const { client, transport } = talking();
      const offered: string[] = [];
      const request = record(
        client.request('a', (message) => {
          offered.push(message);
          return isReply(message);
        }),
      );
      const log = record(client);
      transport.receive('>1!>2!A!>3!');
      expect(request.log).toEqual(['A!', '|']);
      expect(log.log).toEqual(['>1!', '>2!', 'A!', '>3!']);
      expect(offered).toEqual(['>1!', '>2!', 'A!']);
    });

    it('only the one that has waited longest is asked', () => {
      const { client, transport } = talking();
      const never = record(client.request('a', () => false));
      const second = record(client.request('b'));
      transport.receive('A!');
      expect([never.log, second.log]).toEqual([[], []]);
    });

    it('subscribers see the reply before the request does', () => {
      const { client, transport } = talking();
      const log: string[] = [];
      client.request('a').subscribe((reply) => log.push(`reply ${reply}`));
      client.subscribe((message) => log.push(`message ${message}`));
      transport.receive('A!');
      expect(log).toEqual(['message A!', 'reply A!']);
    });

    it('an unsubscribed one still takes its reply, by its own isReply', () => {
      const { client, transport } = talking();
      client.request('a', isReply).subscribe().unsubscribe();
      const log = record(client.request('b'));
      transport.receive('>p!');
      transport.receive('A!');
      expect(log.log).toEqual([]);
      transport.receive('B!');
      expect(log.log).toEqual(['B!', '|']);
    });

    it('unsubscribed inside its write it does not hold the reader', () => {
      const { client, reader, transport } = talking();
      const stop$ = new Subject<void>();
      transport.outgoing$.subscribe(() => stop$.next());
      expect(record(client.request('a').pipe(takeUntil(stop$))).log).toEqual(['|']);
      transport.receive('x');
      expect(record(reader.readExactly(1)).log).toEqual(['x', '|']);
    });

    it('when all are unsubscribed the reader is free', () => {
      const { client, reader, transport } = talking();
      client.request('a').subscribe().unsubscribe();
      transport.receive('A!');
      expect(reader.bufferedBytes).toBe(2);
      expect(record(reader.readExactly(1)).log).toEqual(['A', '|']);
    });

    it('made inside a reply, and inside a message, gets the next one', () => {
      const { client, transport } = talking();
      const chained = record(from(['a', 'b', 'c']).pipe(concatMap((text) => client.request(text))));
      transport.receive('A!B!');
      transport.receive('C!');
      expect(chained.log).toEqual(['A!', 'B!', 'C!', '|']);

      const greeted = talking();
      const log = record(
        greeted.client.pipe(
          take(1),
          concatMap(() => greeted.client.request('hello')),
        ),
      );
      greeted.transport.receive('welcome!H!');
      expect(log.log).toEqual(['H!', '|']);
    });

    it('made inside a reply goes on with the same reading of the stream', () => {
      let readings = 0;
      const connection = manualConnection();
      const counted = codec(
        () => {
          readings++;
          return shoutCodec();
        },
        (text: string) => text,
      );
      const client = framed(connection, counted);
      const log = record(from(['a', 'b', 'c']).pipe(concatMap((text) => client.request(text))));
      connection.transport.receive('A!B!');
      connection.transport.receive('C!');
      expect(log.log).toEqual(['A!', 'B!', 'C!', '|']);
      expect(readings).toBe(1);
    });

    it('a reply that comes inside the write, whether or not the reader is held', () => {
      for (const held of [true, false]) {
        const [one, other] = connectionPair();
        const server = framed(other, shoutCodec);
        server.pipe(map((message) => message.slice(0, -1).toUpperCase())).subscribe(server);
        const client = framed(one, shoutCodec);
        if (held) client.subscribe();
        const log = record(from(['a', 'b']).pipe(mergeMap((text) => client.request(text))));
        expect(log.log).toEqual(['A!', 'B!', '|']);
      }
    });

    it('a subscriber that unsubscribes the request inside the message keeps the reply from it', () => {
      const { client, transport } = talking();
      const log: string[] = [];
      const request = client.request('a').subscribe((reply) => log.push(reply));
      const second = record(client.request('b'));
      client.subscribe(() => request.unsubscribe());
      transport.receive('A!B!');
      expect(log).toEqual([]);
      expect(second.log).toEqual(['B!', '|']);
    });

    it('an isReply that throws errors that request alone, and the message was its reply', () => {
      const { client, transport } = talking();
      const bad = record(
        client.request('a', () => {
          throw new Error('cannot tell');
        }),
      );
      const good = record(client.request('b'));
      const messages = record(client);
      transport.receive('A!B!');
      expect(bad.log).toEqual(['# cannot tell']);
      expect(good.log).toEqual(['B!', '|']);
      expect(messages.log).toEqual(['A!', 'B!']);
    });

    it('a teardown that throws does not keep the reader', () => {
      const { client, reader, transport } = talking();
      const thrown: unknown[] = [];
      client
        .request('a')
        .pipe(
          finalize(() => {
            throw new Error('in the teardown');
          }),
        )
        .subscribe();
      jasmine.clock().install();
      transport.receive('A!');
      try {
        jasmine.clock().tick(1);
      } catch (error) {
        thrown.push(error);
      } finally {
        jasmine.clock().uninstall();
      }
      expect(String(thrown)).toContain('in the teardown');
      expect(record(reader.read(0)).log).toEqual(['', '|']);
      const next = record(client.request('b'));
      transport.receive('B!');
      expect(next.log).toEqual(['B!', '|']);
    });

    it('errors when the stream ends before the reply: lost, ended or closed', () => {
      const ends: [string, (connection: ManualConnection) => void, string, string][] = [
        ['ended', ({ transport }) => transport.receiveEof(), 'ERR_CONNECTION_LOST', 'ended the stream'],
        ['closed by the peer', ({ transport }) => transport.lose(), 'ERR_CONNECTION_LOST', 'peer closed it'],
        ['lost', ({ transport }) => transport.lose(new Error('reset')), 'ERR_CONNECTION_LOST', 'reset'],
        ['closed', ({ writer }) => writer.close(), 'ERR_CONNECTION_CLOSED', 'closed by this side'],
      ];
      for (const [name, end, code, message] of ends) {
        const connection = talking();
        const { client } = connection;
        const errors: ConnectionLostError[] = [];
        for (const text of ['a', 'b'])
          client.request(text).subscribe({ error: (error: ConnectionLostError) => errors.push(error) });
        client.request('c').subscribe().unsubscribe();
        end(connection);
        expect(errors.map((error) => error.code))
          .withContext(name)
          .toEqual([code, code] as never);
        expect(errors[0]!.message).toContain(message);
      }
    });

    it('after the loss errors at once, even if something waits in the reader', () => {
      const { client, reader, transport } = talking();
      transport.receive('stale!');
      transport.lose(new Error('reset'));
      expect(record(client.request('a')).log).toEqual(['# ERR_CONNECTION_LOST']);
      expect(reader.bufferedBytes).toBe(6);
      expect(record(client).log).toEqual(['stale!', '# ERR_CONNECTION_LOST']);
    });

    it('after the end of the peer’s direction is written, and errors', () => {
      const { client, transport } = talking();
      transport.receiveEof();
      expect(record(client.request('a')).log).toEqual(['# ERR_CONNECTION_LOST']);
      expect(transport.calls).toEqual(['write a!']);
    });

    it('a write that throws leaves no request behind', () => {
      const { client, transport, writer } = talking();
      const first = record(client.request('a'));
      writer.writeEof();
      expect(record(client.request('b')).log).toEqual(['# ERR_WRITE_AFTER_END']);
      const log = record(client);
      transport.receive('A!');
      expect([...first.log, ...log.log]).toEqual(['A!', '|', 'A!']);
    });

    it('100 000 under way together, and 10 000 one in another’s reply', () => {
      const { client, transport } = talking();
      transport.write = () => {};
      let replies = 0;
      for (let i = 0; i < 100_000; i++) client.request('a').subscribe(() => replies++);
      transport.receive('A!'.repeat(100_000));
      expect(replies).toBe(100_000);
      const ask = (left: number): void => {
        client.request('b').subscribe(() => {
          replies++;
          if (left > 1) ask(left - 1);
        });
      };
      ask(10_000);
      transport.receive('B!'.repeat(10_000));
      expect(replies).toBe(110_000);
    });

    it('each gets its own reply, however bytes are cut, requests unsubscribed and messages pushed', () => {
      const step = fc.record({
        keep: fc.boolean(),
        push: fc.boolean(),
        cut: fc.integer({ min: 1, max: 7 }),
      });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
          const { client, transport } = talking();
          const seen: string[] = [];
          const expected: string[] = [];
          let sent = '';
          const messages = record(client);
          for (const [i, { keep, push, cut }] of steps.entries()) {
            const request = client.request(`${i}`, isReply).subscribe((reply) => seen.push(`${i}: ${reply}`));
            sent += `${push ? '>p!' : ''}reply ${i}!`;
            if (keep) expected.push(`${i}: reply ${i}!`);
            else request.unsubscribe();
            transport.receive(sent.slice(0, cut));
            sent = sent.slice(cut);
          }
          for (; sent !== ''; sent = sent.slice(3)) transport.receive(sent.slice(0, 3));
          transport.receiveEof();
          // One that was answered before it could be unsubscribed counts too.
          expect(seen.filter((line) => steps[Number.parseInt(line)]!.keep)).toEqual(expected);
          for (const line of seen) expect(line).toMatch(/^(\d+): reply \1!$/);
          expect(messages.log.filter(isReply).length).toBe(steps.length + 1);
        }),
        runs(100),
      );
    });
  });

  describe('multiplex', () => {
    const topic = (client: Framed<string>, name: string): Observable<string> =>
      client.multiplex(
        () => `+${name}`,
        () => `-${name}`,
        (message) => message.startsWith(name),
      );

    it('opens at the subscription, emits what it accepts, closes at the unsubscription', () => {
      const { client, reader, transport } = talking();
      const x$ = topic(client, 'x');
      expect(transport.calls).toEqual([]);
      const log = record(merge(x$.pipe(take(2)), topic(client, 'y').pipe(take(1))));
      transport.receive('x1!y1!y2!z!x2!x3!');
      expect(log.log).toEqual(['x1!', 'y1!', 'x2!', '|']);
      expect(transport.calls).toEqual(['write +x!', 'write +y!', 'write -y!', 'write -x!']);
      expect(reader.bufferedBytes).toBe(3);
    });

    it('gets what comes inside the write of the opening message', () => {
      const [one, other] = connectionPair();
      const server = framed(other, shoutCodec);
      server.pipe(map((message) => message.slice(1, -1))).subscribe(server);
      for (const held of [false, true]) {
        const client = framed(one, shoutCodec);
        const holding = held ? client.subscribe() : undefined;
        expect(record(topic(client, 'x').pipe(take(1))).log).toEqual(['x!', '|']);
        holding?.unsubscribe();
      }
    });

    it('completes and errors with the messages, and then tells the peer if it can', () => {
      const ended = talking();
      const log = record(topic(ended.client, 'x'));
      ended.transport.receiveEof();
      expect(log.log).toEqual(['|']);
      expect(ended.transport.calls).toEqual(['write +x!', 'write -x!']);

      for (const end of [
        ({ writer }: ManualConnection) => writer.close(),
        ({ writer }: ManualConnection) => writer.abort(),
        ({ transport }: ManualConnection) => transport.lose(new Error('reset')),
      ]) {
        const connection = talking();
        const subscription = topic(connection.client, 'x').subscribe({ error: () => {} });
        end(connection);
        expect(() => subscription.unsubscribe()).not.toThrow();
        expect(connection.transport.calls.filter((call) => call.includes('-x'))).toEqual([]);
      }
      const half = talking();
      const subscription = topic(half.client, 'x').subscribe();
      half.client.complete();
      expect(() => subscription.unsubscribe()).not.toThrow();
    });

    it('tells a peer nothing whose end was that of both directions', () => {
      const connection = manualConnection({ canWriteEof: false });
      const log = record(topic(framed(connection, shoutCodec), 'x'));
      connection.transport.receiveEof();
      expect(log.log).toEqual(['|']);
      expect(connection.transport.calls).toEqual(['write +x!']);
    });

    it('errors with what open and accepts throw, and nothing else is hurt', () => {
      const { client, transport } = talking();
      const fail = (): never => {
        throw new Error('mine');
      };
      const messages = record(client);
      expect(record(client.multiplex(fail, () => 'close', Boolean)).log).toEqual(['# mine']);
      expect(transport.calls).toEqual([]);
      const log = record(
        client.multiplex(
          () => 'open',
          () => 'close',
          fail,
        ),
      );
      transport.receive('A!');
      expect(log.log).toEqual(['# mine']);
      expect(transport.calls).toEqual(['write open!', 'write close!']);
      const closing = client.multiplex(() => 'open', fail, Boolean).subscribe();
      expect(() => closing.unsubscribe()).toThrowError(/mine/);
      transport.receive('B!');
      expect(messages.log).toEqual(['A!', 'B!']);
    });

    it('its messages are no one else’s: requests get their replies beside it', () => {
      const { client, transport } = talking();
      const x = record(topic(client, 'x'));
      const request = record(client.request('a', (message) => !message.startsWith('x')));
      transport.receive('x1!A!x2!');
      expect(request.log).toEqual(['A!', '|']);
      expect(x.log).toEqual(['x1!', 'x2!']);
    });
  });

  it('two ends of a connection talk', () => {
    const [one, other] = connectionPair();
    const server = framed(other, shoutCodec);
    server
      .pipe(
        tap((message) => message === 'quit!' && server.complete()),
        map((message) => `got ${message.slice(0, -1)}`),
        take(2),
      )
      .subscribe({ next: (message) => server.next(message) });
    const client = framed(one, shoutCodec);
    const log = record(client.pipe(toArray()));
    client.next('a');
    client.next('b');
    server.complete();
    expect(log.log).toEqual(['got a!,got b!', '|']);
  });
});
