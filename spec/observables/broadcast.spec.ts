import fc from 'fast-check';
import { concatMap, endWith, finalize, from, map, takeUntil, VirtualTimeScheduler } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { broadcast, connectionPair, lines, serve, type Connection, type Data } from '../../src/index.js';
import { manualConnection, marbleConnection, type ManualConnection } from '../../src/testing.js';
import { record, text } from '../streams/record.js';
import { messagesOf, reported } from './reported.js';

/** What it was given waits until the spec drains it; one byte pauses it. */
const slowConnection = (): ManualConnection => manualConnection({ holdWrites: true, highWaterMark: 0 });

const written = ({ transport }: ManualConnection): string[] =>
  transport.calls.filter((call) => call.startsWith('write ')).map((call) => call.slice(6));

describe('broadcast', () => {
  it('encodes once, and gives the same bytes to all', () => {
    let encoded = 0;
    const room = broadcast<number>({
      encode: (value) => {
        encoded++;
        return `n${value}`;
      },
    });
    const given: Data[] = [];
    const members = Array.from({ length: 1000 }, () => {
      const member = manualConnection();
      const write = member.transport.write.bind(member.transport);
      member.transport.write = (data) => {
        given.push(data);
        write(data);
      };
      room.join(member.writer).subscribe();
      return member;
    });
    expect(room.size).toBe(1000);
    expect(record(from([1, 2]).pipe(concatMap((value) => room.send(value)))).log).toEqual(['|']);
    expect(encoded).toBe(2);
    expect(members.map(written)).toEqual(members.map(() => ['n1', 'n2']));
    expect(given.length).toBe(2000);
    expect(new Set(given).size).toBe(2);
  });

  it('writes bytes and text as they are without encode, and text as text in message mode', () => {
    const room = broadcast();
    const [bytes, messages] = [manualConnection(), manualConnection({ mode: 'messages' })];
    for (const { writer } of [bytes, messages]) room.join(writer).subscribe();
    room.send('text').subscribe();
    room.send(Uint8Array.of(0x61)).subscribe();
    expect(written(bytes)).toEqual(['text', 'a']);
    expect(written(messages)).toEqual(['text', '<61>']);
  });

  it('has members as long as they are subscribed, each from then on', () => {
    const room = broadcast();
    const [one, other] = [manualConnection(), manualConnection()];
    const join$ = room.join(one.writer);
    room.send('a').subscribe();
    expect(room.size).toBe(0);
    const joined = join$.subscribe();
    const { log } = record(room.join(other.writer));
    room.send('b').subscribe();
    joined.unsubscribe();
    expect(room.size).toBe(1);
    room.send('c').subscribe();
    expect([one, other].map(written)).toEqual([['b'], ['b', 'c']]);
    expect(one.transport.calls).toEqual(['write b']);
    expect(log).toEqual([]);
  });

  it('sends when it is subscribed to, each time', () => {
    const room = broadcast();
    const member = manualConnection();
    room.join(member.writer).subscribe();
    const send$ = room.send('a');
    expect(written(member)).toEqual([]);
    send$.subscribe();
    send$.subscribe();
    expect(written(member)).toEqual(['a', 'a']);
  });

  it('leaves out the one it came from', () => {
    const room = broadcast();
    const [one, other] = [manualConnection(), manualConnection()];
    for (const { writer } of [one, other]) room.join(writer).subscribe();
    room.send('a', { except: one.writer }).subscribe();
    expect([one, other].map(written)).toEqual([[], ['a']]);
  });

  describe('with a member that does not keep up', () => {
    it('waits for those with wait, and only the sender does', () => {
      const room = broadcast({ slow: 'wait' });
      const [slow, slower, fast] = [slowConnection(), slowConnection(), manualConnection()];
      for (const { writer } of [slow, slower, fast]) room.join(writer).subscribe();
      const { log } = record(from(['a', 'b']).pipe(concatMap((value) => room.send(value))));
      expect([slow, slower, fast].map(written)).toEqual([['a'], ['a'], ['a']]);
      slow.transport.drain();
      expect(written(fast)).toEqual(['a']);
      slower.transport.drain();
      expect([slow, slower, fast].map(written)).toEqual([
        ['a', 'b'],
        ['a', 'b'],
        ['a', 'b'],
      ]);
      slow.transport.drain();
      expect(log).toEqual([]);
      slower.transport.drain();
      expect(log).toEqual(['|']);
    });

    it('waits no longer for one that leaves or is lost', () => {
      for (const end of ['leave', 'lose', 'abort'] as const) {
        const room = broadcast({ slow: 'wait' });
        const slow = slowConnection();
        const joined = room.join(slow.writer).subscribe({ error: () => undefined });
        const { log } = record(room.send('a'));
        expect(log).toEqual([]);
        if (end === 'leave') joined.unsubscribe();
        else if (end === 'lose') slow.transport.lose(new Error('cut'));
        else slow.writer.abort();
        expect(log).withContext(end).toEqual(['|']);
      }
    });

    it('forgets a sender that waits no longer', () => {
      const room = broadcast({ slow: 'wait' });
      const slow = slowConnection();
      room.join(slow.writer).subscribe();
      let ended = false;
      room
        .send('a')
        .pipe(finalize(() => (ended = true)))
        .subscribe({ complete: () => fail('completed') })
        .unsubscribe();
      expect(ended).toBe(true);
      slow.transport.drain();
      expect(written(slow)).toEqual(['a']);
    });

    it('keeps the newest for one with drop, and drops those between', () => {
      const room = broadcast({ slow: 'drop' });
      const [slow, fast] = [slowConnection(), manualConnection()];
      for (const { writer } of [slow, fast]) room.join(writer).subscribe();
      const send = (value: string): string[] => record(room.send(value)).log;
      for (const value of ['a', 'b', 'c', 'd']) expect(send(value)).toEqual(['|']);
      expect([slow, fast].map(written)).toEqual([['a'], ['a', 'b', 'c', 'd']]);
      slow.transport.drain();
      expect(written(slow)).toEqual(['a', 'd']);
      slow.transport.drain();
      expect(written(slow)).withContext('once').toEqual(['a', 'd']);
      for (const value of ['e', 'f']) send(value);
      slow.transport.drain();
      expect(written(slow)).toEqual(['a', 'd', 'e', 'f']);
    });

    it('never writes what it has kept behind something newer', () => {
      const room = broadcast({ slow: 'drop' });
      const slow = slowConnection();
      // Told of the drain before the member is.
      slow.writer.write('x');
      slow.writer.drain$.subscribe(() => room.send('c').subscribe());
      room.join(slow.writer).subscribe();
      room.send('a').subscribe();
      room.send('b').subscribe();
      slow.transport.drain();
      expect(written(slow)).toEqual(['x', 'c']);
    });

    it('keeps on waiting when somebody else has filled the writer again', () => {
      const room = broadcast({ slow: 'drop' });
      const slow = slowConnection();
      slow.writer.write('x');
      let more = 'y';
      slow.writer.drain$.subscribe(() => {
        slow.writer.write(more);
        more = '';
      });
      room.join(slow.writer).subscribe();
      room.send('a').subscribe();
      slow.transport.drain();
      expect(written(slow)).toEqual(['x', 'y']);
      slow.transport.drain();
      expect(written(slow)).toEqual(['x', 'y', 'a']);
    });

    it('disconnects one with more than the limit waiting, when a value comes', () => {
      const room = broadcast({ limit: 3 });
      const [slow, fast] = [slowConnection(), manualConnection()];
      const errors: unknown[] = [];
      room.join(slow.writer).subscribe({ error: (error: unknown) => errors.push(error) });
      const { log } = record(room.join(fast.writer));
      const read = record(slow.reader.read());
      for (const value of ['abc', 'd', 'e']) expect(record(room.send(value)).log).toEqual(['|']);
      expect(slow.transport.calls).toEqual(['write abc', 'write d', 'abort']);
      expect(errors).toEqual([jasmine.objectContaining({ code: 'ERR_SLOW_CONSUMER', waiting: 4, limit: 3 })]);
      expect(read.log).toEqual(['# ERR_CONNECTION_CLOSED']);
      expect(written(fast)).toEqual(['abc', 'd', 'e']);
      expect([log, room.size]).toEqual([[], 1]);
    });

    it('takes one value of any size for one that keeps up', () => {
      const room = broadcast({ limit: 3 });
      const member = slowConnection();
      const { log } = record(room.join(member.writer));
      room.send('x'.repeat(100)).subscribe();
      member.transport.drain();
      room.send('y').subscribe();
      expect(log).toEqual([]);
    });

    it('has a policy of its own for each member', () => {
      const room = broadcast({ slow: 'drop', limit: 1 });
      const [wait, drop, gone] = [slowConnection(), slowConnection(), slowConnection()];
      room.join(wait.writer, { slow: 'wait' }).subscribe();
      room.join(drop.writer).subscribe();
      const { log } = record(room.join(gone.writer, { slow: 'disconnect' }));
      for (const value of ['aa', 'bb', 'cc']) room.send(value).subscribe();
      expect([wait, drop, gone].map(written)).toEqual([['aa', 'bb', 'cc'], ['aa'], ['aa']]);
      expect(log).toEqual(['# ERR_SLOW_CONSUMER']);
    });
  });

  it('tells a loss, a close and an end to the member alone', () => {
    const room = broadcast();
    const [lost, closed, ended, stays] = [
      manualConnection(),
      manualConnection(),
      manualConnection(),
      manualConnection(),
    ];
    const logs = [lost, closed, ended, stays].map(({ writer }) => record(room.join(writer)).log);
    lost.transport.lose(new Error('cut'));
    closed.writer.close();
    ended.writer.writeEof();
    expect(record(room.send('a')).log).toEqual(['|']);
    expect(logs).toEqual([
      ['# ERR_CONNECTION_LOST'],
      ['# ERR_CONNECTION_CLOSED'],
      ['# ERR_WRITE_AFTER_END'],
      [],
    ]);
    expect(written(stays)).toEqual(['a']);
    expect(room.size).toBe(1);
    expect(record(room.join(lost.writer)).log).toEqual(['# ERR_CONNECTION_LOST']);
    expect(room.size).toBe(1);
  });

  it('errors with what encode throws, or with what it gives, and sends nothing then', () => {
    const room = broadcast<unknown>({
      encode: (value) => {
        if (value === 'bad') throw new Error('bad value');
        return value as Data;
      },
    });
    const member = manualConnection();
    room.join(member.writer).subscribe();
    expect(record(room.send('bad')).log).toEqual(['# bad value']);
    expect(record(room.send(5)).log[0]).toMatch(/data must be a string or a Uint8Array, not 5/);
    expect(record(room.send('good')).log).toEqual(['|']);
    expect(written(member)).toEqual(['good']);
  });

  it('sends what is sent from inside a send after it: all members see one order', () => {
    const room = broadcast();
    const pairs = Array.from({ length: 5 }, () => connectionPair());
    const seen = pairs.map(([client, server], i) => {
      room.join(server.writer).subscribe();
      let all = '';
      client.reader.chunks().subscribe((chunk) => {
        all += text(chunk);
        // The second one answers each letter before the third has got it.
        if (i === 1 && all.length < 4) room.send(String(all.length)).subscribe();
      });
      return () => all;
    });
    room.send('a').subscribe();
    expect(seen.map((all) => all())).toEqual(pairs.map(() => 'a123'));
  });

  it('copes with members that leave, join and break inside a send', async () => {
    const room = broadcast();
    const all = Array.from({ length: 5 }, () => manualConnection());
    const logs: string[][] = [];
    const late = manualConnection();
    const joins = all.map(({ writer }, i) =>
      room
        .join(writer)
        .pipe(
          finalize(() => {
            if (i === 1) throw new Error('teardown');
          }),
        )
        .subscribe({ error: (error: Error) => logs.push([`${i}: ${error.message}`]) }),
    );
    all[0]!.transport.write = () => {
      joins[2]!.unsubscribe();
      room.join(late.writer).subscribe();
    };
    all[1]!.transport.write = () => {
      throw new Error('broken');
    };
    all[3]!.transport.write = () => all[3]!.transport.lose(new Error('cut'));
    let log: string[] = [];
    const errors = await reported(() => {
      ({ log } = record(room.send('a')));
    });
    expect(log).toEqual(['|']);
    expect(written(all[2]!)).withContext('has left').toEqual([]);
    expect(written(late)).withContext('came too late').toEqual([]);
    expect(written(all[4]!)).toEqual(['a']);
    expect(logs).toEqual([['1: broken'], ['3: The connection was lost: cut']]);
    expect(room.size).toBe(3);
    record(room.send('b'));
    expect(written(late)).toEqual(['b']);
    expect(messagesOf(errors)).toEqual(['teardown']);
  });

  it('costs the same for each member, however many there are', () => {
    const work = (count: number): number => {
      let calls = 0;
      const room = broadcast({ slow: 'wait' });
      const all = Array.from({ length: count }, () => {
        const member = slowConnection();
        const { transport } = member;
        const write = transport.write.bind(transport);
        transport.write = (data) => {
          calls++;
          write(data);
        };
        Object.defineProperty(transport, 'writeQueueSize', {
          get: () => {
            calls++;
            return 1;
          },
        });
        room.join(member.writer).subscribe();
        return member;
      });
      for (const value of ['a', 'b', 'c']) room.send(value).subscribe();
      expect(all.length).toBe(count);
      return calls;
    };
    expect(work(1000)).toBe(10 * work(100));
  });

  it(
    'is a ticker, which a slow client holds up for nobody',
    marbles((m) => {
      const prices = broadcast<string>({ slow: 'drop' });
      const fast = manualConnection();
      const slow = marbleConnection(m, { highWaterMark: 0, drain: '------d-----d' });
      const ticks$ = m.hot<string>('                                     -a-b-c-d--e|');
      for (const { writer } of [fast, slow]) prices.join(writer).subscribe();
      m.expect(ticks$.pipe(concatMap((price) => prices.send(price)))).toBeObservable('-----------|');
      m.expect(fast.outgoing$).toBeObservable('-a-b-c-d--e');
      m.expect(slow.outgoing$).toBeObservable('-a----c-----e');
    }),
  );

  it('is a chat, where everybody hears what the others say', () => {
    const scheduler = new VirtualTimeScheduler();
    const room = broadcast<string>({ encode: (line) => `${line}\n` });
    const chat = ({ reader, writer }: Connection) => {
      const speaks$ = reader.consume(lines(), (line) => room.send(line, { except: writer }));
      return room.join(writer).pipe(takeUntil(speaks$.pipe(endWith('has left'))));
    };
    const errors: string[] = [];
    const pairs = ['Ann', 'Bob', 'Cem'].map(() => connectionPair({ scheduler }));
    from(pairs.map(([, server]) => server))
      .pipe(serve(chat, { scheduler, onError: (error) => errors.push((error as Error).message) }))
      .subscribe();
    const heard = pairs.map(([client]) => record(client.reader.lines().pipe(map((line) => line))).log);
    const [ann, bob, cem] = pairs.map(([client]) => client);
    ann!.writer.write('hello\n');
    bob!.writer.write('hi ');
    cem!.writer.write('hey\n');
    bob!.writer.write('Ann\n');
    expect(heard).toEqual([
      ['hey', 'hi Ann'],
      ['hello', 'hey'],
      ['hello', 'hi Ann'],
    ]);
    expect(room.size).toBe(3);
    bob!.writer.writeEof();
    expect(heard[1]).withContext('is closed').toEqual(['hello', 'hey', '|']);
    cem!.writer.abort();
    expect(room.size).toBe(1);
    ann!.writer.write('anybody?\n');
    expect(errors).toEqual([jasmine.stringContaining('lost')]);
  });

  it('gives each member the values in order, whatever happens to the others', () => {
    const act = fc.oneof(
      { weight: 4, arbitrary: fc.constant('send' as const) },
      fc.constantFrom('drain' as const, 'leave' as const, 'join' as const, 'lose' as const),
    );
    const step = fc.tuple(act, fc.integer({ min: 0, max: 5 }), fc.constantFrom('wait', 'drop', 'disconnect'));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const room = broadcast<number>({ encode: (value) => Uint8Array.of(value), limit: 2 });
        const members = Array.from({ length: 6 }, () => ({
          connection: slowConnection(),
          slow: '',
          joinedAt: 0,
          leave: () => {},
        }));
        let sent = 0x30;
        for (const [what, who, slow] of steps) {
          const one = members[who]!;
          if (what === 'send') room.send(sent++).subscribe();
          else if (what === 'drain') one.connection.transport.drain();
          else if (what === 'lose') one.connection.transport.lose(new Error('cut'));
          else if (what === 'leave') one.leave();
          else if (one.slow === '') {
            const subscription = room
              .join(one.connection.writer, { slow: slow as 'wait' })
              .subscribe({ error: () => undefined });
            Object.assign(one, { slow, joinedAt: sent, leave: () => subscription.unsubscribe() });
          }
        }
        for (const { connection, slow, joinedAt } of members) {
          const values = written(connection).map((value) => value.charCodeAt(0));
          if (slow === 'drop') {
            if (values.some((value, i) => i > 0 && value <= values[i - 1]!)) throw new Error(values.join());
          } else if (values.some((value, i) => value !== joinedAt + i)) {
            throw new Error(`${slow} from ${joinedAt}: ${values.join()}`);
          }
        }
      }),
    );
    expect().nothing();
  });

  it('checks its arguments at the call', () => {
    for (const options of [5, null, 'x', { encode: 5 }, { slow: 'never' }, { limit: 0 }])
      expect(() => broadcast(options as never)).toThrowError(/options|encode|slow|limit/);
    const room = broadcast();
    const { writer } = manualConnection();
    expect(() => room.join({} as never)).toThrowError(TypeError, /writer must be a StreamWriter/);
    expect(() => room.join(writer, { slow: 'x' as never })).toThrowError(
      RangeError,
      /slow must be one of wait, drop, disconnect, not x/,
    );
    expect(() => room.send('a', { except: {} as never })).toThrowError(TypeError, /except/);
    expect(() => room.send('a', null as never)).toThrowError(TypeError, /options/);
  });
});
