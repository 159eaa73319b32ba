import { of, VirtualTimeScheduler, type Observable } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { encodeCommand } from '../../examples/redis/resp.js';
import { redisHandler } from '../../examples/redis/server.js';
import { Store } from '../../examples/redis/Store.js';
import { serve, type Connection } from '../../src/index.js';
import {
  manualConnection,
  marbleConnection,
  type ManualConnection,
  type ManualTransport,
} from '../../src/testing.js';
import { describeExamples, ExampleProcess, runExample } from './run-example.js';

/** One connection, served: closed when its handler has ended. */
function served(connection: Connection, store = new Store()): Observable<unknown> {
  return of(connection).pipe(
    serve(redisHandler(store), {
      onError(error) {
        throw error;
      },
    }),
  );
}

/** A client of the server, played by the spec. */
function client(store?: Store): ManualTransport {
  const connection = manualConnection();
  served(connection, store).subscribe();
  return connection.transport;
}

/** What the server has written, and behind it what it did besides. */
function heard({ calls }: ManualTransport): string {
  return calls.map((call) => (call.startsWith('write ') ? call.slice(6) : `<${call}>`)).join('');
}

/** What it answers to these commands. */
function answers(...commands: string[]): string {
  const transport = client();
  for (const command of commands) transport.receive(encodeCommand(command.split(' ')));
  return heard(transport);
}

describe('examples: redis-server', () => {
  it('answers what a client needs to begin with', () => {
    expect(answers('PING', 'ping hello', 'ECHO hi', 'COMMAND', 'COMMAND DOCS')).toBe(
      '+PONG\r\n$5\r\nhello\r\n$2\r\nhi\r\n*0\r\n*0\r\n',
    );
    expect(answers('CONFIG GET save', 'config get appendonly', 'CONFIG GET x')).toBe(
      '*2\r\n$4\r\nsave\r\n$0\r\n\r\n*2\r\n$10\r\nappendonly\r\n$2\r\nno\r\n*0\r\n',
    );
  });

  it('speaks version 2 until it is told to speak version 3', () => {
    expect(answers('GET a', 'HELLO', 'HELLO 4')).toMatch(
      /^\$-1\r\n\*12\r\n\$6\r\nserver\r\n[^-]*:2\r\n[^-]*-NOPROTO .*\r\n$/,
    );
    expect(answers('HELLO 3', 'GET a', 'CONFIG GET x', 'HELLO 2', 'GET a')).toMatch(
      /^%6\r\n[^_]*:3\r\n[^_]*_\r\n%0\r\n\*12\r\n[^_]*\$-1\r\n$/,
    );
  });

  it('keeps what it is given', () => {
    expect(answers('SET a 1', 'GET a', 'GET b', 'EXISTS a b a', 'DBSIZE', 'DEL a b', 'GET a', 'DBSIZE')).toBe(
      '+OK\r\n$1\r\n1\r\n$-1\r\n:2\r\n:1\r\n:1\r\n$-1\r\n:0\r\n',
    );
    expect(answers('SET a 1', 'SET b 1', 'FLUSHALL', 'DBSIZE')).toBe('+OK\r\n+OK\r\n+OK\r\n:0\r\n');
  });

  it('keeps all bytes of a key and a value', () => {
    const transport = client();
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const written: (string | Uint8Array)[] = [];
    spyOn(transport, 'write').and.callFake((data) => written.push(data));
    transport.receive(encodeCommand(['SET', all, all]), encodeCommand(['GET', all]));
    expect(written).toEqual(['+OK\r\n', Uint8Array.of(...Buffer.from('$256\r\n'), ...all, 13, 10)]);
  });

  it('sets a key only if it is there, or is not', () => {
    expect(answers('SET a 1 XX', 'SET a 2 NX', 'SET a 3 NX', 'SET a 4 xx', 'GET a')).toBe(
      '$-1\r\n+OK\r\n$-1\r\n+OK\r\n$1\r\n4\r\n',
    );
  });

  it('counts, in 64 bits', () => {
    expect(answers('INCR n', 'INCR n', 'GET n', 'SET n -1', 'INCR n')).toBe(
      ':1\r\n:2\r\n$1\r\n2\r\n+OK\r\n:0\r\n',
    );
    expect(answers('SET n 9223372036854775806', 'INCR n', 'INCR n', 'GET n')).toBe(
      '+OK\r\n:9223372036854775807\r\n-ERR increment or decrement would overflow\r\n$19\r\n9223372036854775807\r\n',
    );
    for (const value of ['a', '1.0', '01', '+1', '9223372036854775808']) {
      expect(answers(`SET n ${value}`, 'INCR n')).toBe(
        '+OK\r\n-ERR value is not an integer or out of range\r\n',
      );
    }
  });

  it('refuses what it does not understand, and goes on', () => {
    expect(answers('NOPE a', 'GET', 'GET a b', 'toString', 'PING')).toBe(
      "-ERR unknown command 'NOPE'\r\n" +
        "-ERR wrong number of arguments for 'get' command\r\n".repeat(2) +
        "-ERR unknown command 'toString'\r\n+PONG\r\n",
    );
    expect(answers('SET a 1 EX', 'SET a 1 EX 1 PX 1', 'SET a 1 NX XX', 'SET a 1 HOW')).toBe(
      '-ERR syntax error\r\n'.repeat(4),
    );
    expect(answers('SET a 1 EX 0', 'SET a 1 PX -1', 'SET a 1 EX b', 'EXISTS a')).toBe(
      "-ERR invalid expire time in 'set' command\r\n".repeat(2) +
        '-ERR value is not an integer or out of range\r\n:0\r\n',
    );
    expect(answers('CONFIG SET a b')).toBe("-ERR unknown subcommand 'SET'\r\n");
  });

  it('answers commands that come together, and in pieces, and typed by hand', () => {
    const transport = client();
    transport.receive('PING\r\n*1\r\n$4\r\nPI', 'NG\r\n\r\n*0\r\nECHO "a ', 'b"\r\nEC');
    expect(heard(transport)).toBe('+PONG\r\n+PONG\r\n$3\r\na b\r\n');
  });

  it('ends the connection behind the answer to QUIT, and reads no further', () => {
    const transport = client();
    transport.receive('PING\nQUIT\nSET a 1\nPING\n');
    expect(heard(transport)).toBe('+PONG\r\n+OK\r\n<close>');
  });

  it('tells of a break of the protocol, and ends the connection', () => {
    const ending = (wire: string): string => {
      const transport = client();
      transport.receive('PING\n', wire);
      return heard(transport);
    };
    expect(ending('*1\r\n:1\r\n')).toBe('+PONG\r\n-ERR Protocol error: expected \'$\', got ":"\r\n<close>');
    expect(ending('*1048577\r\n')).toBe('+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n<close>');
    expect(ending('ECHO "a\n')).toBe('+PONG\r\n-ERR Protocol error: unbalanced quotes in request\r\n<close>');
    expect(ending('a'.repeat(70_000))).toMatch(
      /^\+PONG\r\n-ERR Protocol error: .* limit of 65536\r\n<close>$/,
    );
  });

  it('takes a client that leaves, or is lost, in the middle of a command as it is', () => {
    const leaves = client();
    leaves.receive('*2\r\n$3\r\nGET');
    leaves.receiveEof();
    expect(heard(leaves)).toBe('<close>');

    const lost = client();
    lost.receive('*2\r\n$3\r\nGET');
    lost.lose(new Error('gone'));
    expect(heard(lost)).toBe('');
  });

  it('has one store for all clients, and a version for each', () => {
    const store = new Store();
    const [one, other] = [client(store), client(store)];
    one.receive('HELLO 3\nSET a 1\n');
    other.receive('GET a\nGET b\n');
    one.receive('GET b\n');
    expect(heard(one)).toMatch(/_\r\n$/);
    expect(heard(other)).toBe('$1\r\n1\r\n$-1\r\n');
  });

  describe('passes on what is published:', () => {
    const heardBy = (transports: ManualTransport[]): string[] =>
      transports.map((transport) => heard(transport).replaceAll('\r\n', ' ').trim());
    const together = (count: number, maxPending?: number): ManualConnection[] => {
      const handler = redisHandler(new Store(), undefined, maxPending);
      return Array.from({ length: count }, () => {
        const connection = manualConnection({ holdWrites: maxPending !== undefined });
        const connection$: Observable<Connection> = of(connection);
        connection$.pipe(serve(handler, { onError: () => {} })).subscribe();
        return connection;
      });
    };
    const talking = (count: number): ManualTransport[] => together(count).map(({ transport }) => transport);

    it('to those who listen to the channel', () => {
      const [one, two, three] = talking(3) as [ManualTransport, ManualTransport, ManualTransport];
      one.receive('SUBSCRIBE news\n');
      two.receive('SUBSCRIBE news sports\n');
      three.receive('PUBLISH news hi\nPUBLISH sports 1:0\nPUBLISH other x\n');
      expect(heardBy([one, two, three])).toEqual([
        '*3 $9 subscribe $4 news :1 *3 $7 message $4 news $2 hi',
        '*3 $9 subscribe $4 news :1 *3 $9 subscribe $6 sports :2 ' +
          '*3 $7 message $4 news $2 hi *3 $7 message $6 sports $3 1:0',
        ':2 :1 :0',
      ]);
    });

    it('as pushes to those who speak version 3, who may go on with commands', () => {
      const [one, other] = talking(2) as [ManualTransport, ManualTransport];
      one.receive('HELLO 3\n');
      const before = one.calls.length;
      one.receive('SUBSCRIBE news\nSET a 1\nPING\n');
      other.receive('PUBLISH news hi\n');
      expect(one.calls.slice(before).join(' ').replaceAll('\r\n', ' ').replaceAll('write ', '')).toBe(
        '>3 $9 subscribe $4 news :1  +OK  +PONG  >3 $7 message $4 news $2 hi ',
      );
    });

    it('no more, when they have left the channel, or all of them', () => {
      const [one, other] = talking(2) as [ManualTransport, ManualTransport];
      one.receive('SUBSCRIBE a b c\nUNSUBSCRIBE b\n');
      other.receive('PUBLISH a 1\nPUBLISH b 2\n');
      one.receive('UNSUBSCRIBE\nUNSUBSCRIBE\nUNSUBSCRIBE x\nGET k\n');
      other.receive('PUBLISH a 3\nPUBLISH c 4\n');
      expect(heardBy([one, other])).toEqual([
        '*3 $9 subscribe $1 a :1 *3 $9 subscribe $1 b :2 *3 $9 subscribe $1 c :3 *3 $11 unsubscribe $1 b :2 ' +
          '*3 $7 message $1 a $1 1 *3 $11 unsubscribe $1 a :1 *3 $11 unsubscribe $1 c :0 ' +
          '*3 $11 unsubscribe $-1 :0 *3 $11 unsubscribe $1 x :0 $-1',
        ':1 :0 :0 :0',
      ]);
    });

    it('once for a channel that was named twice', () => {
      const [one, other] = talking(2) as [ManualTransport, ManualTransport];
      one.receive('SUBSCRIBE a a\n');
      other.receive('PUBLISH a 1\n');
      expect(heardBy([one, other])).toEqual([
        '*3 $9 subscribe $1 a :1 *3 $9 subscribe $1 a :1 *3 $7 message $1 a $1 1',
        ':1',
      ]);
    });

    it('by patterns of channels', () => {
      const [one, other] = talking(2) as [ManualTransport, ManualTransport];
      one.receive('PSUBSCRIBE n?ws* [ab]\nSUBSCRIBE news\n');
      other.receive('PUBLISH news hi\nPUBLISH a 1\nPUBLISH c 2\n');
      one.receive('PUNSUBSCRIBE\n');
      other.receive('PUBLISH a 3\n');
      expect(heardBy([one, other])).toEqual([
        '*3 $10 psubscribe $5 n?ws* :1 *3 $10 psubscribe $4 [ab] :2 *3 $9 subscribe $4 news :3 ' +
          '*3 $7 message $4 news $2 hi *4 $8 pmessage $5 n?ws* $4 news $2 hi *4 $8 pmessage $4 [ab] $1 a $1 1 ' +
          '*3 $12 punsubscribe $5 n?ws* :2 *3 $12 punsubscribe $4 [ab] :1',
        ':2 :1 :0 :0',
      ]);
    });

    it('and while it listens takes of a client of version 2 only what belongs to that', () => {
      const [one] = talking(1) as [ManualTransport];
      one.receive('SUBSCRIBE a\nGET k\nPING\nPING x\nNOPE\nUNSUBSCRIBE\nPING\nSUBSCRIBE\n');
      expect(heardBy([one])).toEqual([
        "*3 $9 subscribe $1 a :1 -ERR Can't execute 'get': only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT are " +
          "allowed in this context *2 $4 pong $0  *2 $4 pong $1 x -ERR unknown command 'NOPE' " +
          "*3 $11 unsubscribe $1 a :0 +PONG -ERR wrong number of arguments for 'subscribe' command",
      ]);
    });

    it('all bytes of it', () => {
      const [one, other] = talking(2) as [ManualTransport, ManualTransport];
      one.receive('SUBSCRIBE a\n');
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      const write = spyOn(one, 'write').and.callThrough();
      other.receive(encodeCommand(['PUBLISH', 'a', all]));
      const [message] = write.calls.mostRecent().args;
      expect((message as Uint8Array).slice(-258, -2)).toEqual(all);
    });

    it('not to those who have left, or are lost', () => {
      const [other, ...others] = talking(4);
      for (const transport of others) transport.receive('SUBSCRIBE a\nPSUBSCRIBE *\n');
      others[0]!.receive('QUIT\n');
      others[1]!.receiveEof();
      others[2]!.lose(new Error('reset'));
      other!.receive('PUBLISH a 1\n');
      expect(heardBy([other!])).toEqual([':0']);
    });

    it('and lets go of a client that does not read, so that it harms no other', () => {
      const [slow, fast, other] = together(3, 100) as [ManualConnection, ManualConnection, ManualConnection];
      for (const { transport } of [slow, fast]) transport.receive('SUBSCRIBE a\n');
      for (let i = 0; i < 10; i++) {
        fast.transport.drain();
        other.transport.drain();
        other.transport.receive('PUBLISH a 0123456789\n');
      }
      expect(slow.transport.calls.at(-1)).toBe('abort');
      expect(fast.transport.calls.filter((call) => call.includes('message')).length).toBe(10);
      expect(heardBy([other.transport])).toEqual([':2 :2 :1 :1 :1 :1 :1 :1 :1 :1']);
    });

    it('and a client that does not read what it publishes itself', () => {
      const [one, other] = together(2, 100) as [ManualConnection, ManualConnection];
      one.transport.receive('HELLO 3\n');
      one.transport.drain();
      one.transport.receive(`SUBSCRIBE a\n${'PUBLISH a 0123456789\n'.repeat(10)}`);
      other.transport.receive('PUBLISH a 1\n');
      expect(one.transport.calls.at(-1)).toBe('abort');
      expect(heardBy([other.transport])).toEqual([':0']);
    });
  });

  it(
    'does not take more commands from a client that does not take the answers',
    marbles((m) => {
      const big = 'x'.repeat(50);
      const connection = marbleConnection(m, {
        incoming: 'a---------',
        values: { a: `ECHO ${big}\nECHO ${big}\nECHO ${big}\nPING\n` },
        drain: '   ----d----',
        highWaterMark: 100,
      });
      m.expect(served(connection)).toBeObservable('-');
      m.expect(connection.outgoing$).toBeObservable('(ee)(ep)', { e: `$50\r\n${big}\r\n`, p: '+PONG\r\n' });
    }),
  );

  describe('lets keys expire, in the time of the scheduler:', () => {
    const values = { S: '+OK\r\n', v: '$1\r\n1\r\n', n: '$-1\r\n', 0: ':0\r\n', 1: ':1\r\n', 2: ':2\r\n' };

    const cases: Record<string, [incoming: string, commands: Record<string, string>, outgoing: string]> = {
      'SET with PX': ['  ag-g--g', { a: 'SET k 1 PX 4' }, 'Sv-v--n'],
      'SET with EX': ['  ag 997ms g--g', { a: 'SET k 1 EX 1' }, 'Sv 997ms v--n'],
      PEXPIRE: ['        (ap)g-g--g', { a: 'SET k 1', p: 'PEXPIRE k 6' }, '(S1)v-v--n'],
      EXPIRE: ['         (ae)g 995ms g-g', { a: 'SET k 1', e: 'EXPIRE k 1' }, '(S1)v 995ms v-n'],
      'EXPIRE again': [
        '(ap)q--g-----g',
        { a: 'SET k 1', p: 'PEXPIRE k 6', q: 'PEXPIRE k 6' },
        '(S1)1--v-----n',
      ],
      'not behind PERSIST': ['ap-----gp', { a: 'SET k 1 PX 4', p: 'PERSIST k' }, 'S1-----v0'],
      'not behind another SET': ['ab-----g', { a: 'SET k 1 PX 4', b: 'SET k 1' }, 'SS-----v'],
      'INCR keeps the time': ['ai-g--g', { a: 'SET k 0 PX 5', i: 'INCR k' }, 'S1-v--n'],
      'not what has the name later': [
        '(ad)-b-----g',
        { a: 'SET k 1 PX 6', d: 'DEL k', b: 'SET k 1' },
        '(S1)-S-----v',
      ],
      'FLUSHALL and a new key': [
        '(af)-b-----g',
        { a: 'SET k 1 PX 6', f: 'FLUSHALL', b: 'SET k 1' },
        '(SS)-S-----v',
      ],
      'at once, if the time is over': ['a(eg)', { a: 'SET k 1', e: 'EXPIRE k -1' }, 'S(1n)'],
      'no key, no time': ['(pe)', { p: 'PEXPIRE k 6', e: 'PERSIST k' }, '(00)'],
      'the size goes down': ['(ab)s---s', { a: 'SET k 1 PX 6', b: 'SET l 1', s: 'DBSIZE' }, '(SS)2---1'],
      'not 25 days too early': ['a 24d g', { a: 'SET k 1 EX 2592000' }, 'S 24d v'],
    };
    for (const [name, [incoming, commands, outgoing]] of Object.entries(cases)) {
      it(
        name,
        marbles((m) => {
          const lines = Object.entries({ g: 'GET k', ...commands }).map(([letter, command]) => [
            letter,
            `${command}\n`,
          ]);
          const connection = marbleConnection(m, {
            incoming: incoming.trim().replace('24d', `${24 * 86400}s`),
            values: Object.fromEntries(lines) as Record<string, string>,
          });
          served(connection).subscribe();
          m.expect(connection.outgoing$).toBeObservable(outgoing.replace('24d', `${24 * 86400}s`), values);
        }),
      );
    }

    it(
      'longer than the longest timer there is, and ends then',
      marbles((m) => {
        const day = 86_400;
        const connection = marbleConnection(m, {
          incoming: `a ${25 * day}s g ${5 * day}s g`,
          values: { a: `SET k 1 EX ${30 * day}\n`, g: 'GET k\n' },
        });
        served(connection).subscribe();
        m.expect(connection.outgoing$).toBeObservable(`S ${25 * day}s v ${5 * day}s n`, values);
      }),
    );

    it('no timer is longer than JavaScript has them', () => {
      const scheduler = new VirtualTimeScheduler();
      const timers = spyOn(scheduler, 'schedule').and.callThrough();
      const store = new Store(scheduler);
      store.set('k', 'v');
      store.expire('k', 60 * 86_400_000);
      const [day30, day59] = [30, 59].map((day) => {
        scheduler.maxFrames = day * 86_400_000;
        scheduler.flush();
        return store.get('k');
      });
      expect([day30, day59]).toEqual(['v', 'v']);
      scheduler.maxFrames = Infinity;
      scheduler.flush();
      expect(store.get('k')).toBeUndefined();
      expect(timers.calls.allArgs().map(([, delay]) => delay! < 2 ** 31)).toEqual([true, true, true]);
    });

    it(
      'TTL and PTTL tell what is left',
      marbles((m) => {
        const connection = marbleConnection(m, {
          incoming: '(apt) 996ms pt-',
          values: { a: 'SET k 1 PX 1600\nSET l 1\n', p: 'PTTL k\n', t: 'TTL k\nTTL l\nTTL m\n' },
        });
        served(connection).subscribe();
        m.expect(connection.outgoing$).toBeObservable('(SSp2yz) 993ms q(ryz)', {
          ...values,
          p: ':1600\r\n',
          q: ':599\r\n',
          r: ':1\r\n',
          y: ':-1\r\n',
          z: ':-2\r\n',
        });
      }),
    );
  });
});

describeExamples('redis-server and redis-client', () => {
  it('talk to each other, until Ctrl+C, which leaves no timer of a key behind', async () => {
    const server = new ExampleProcess('redis-server', '0');
    const port = await server.printed(/^Serving on 127\.0\.0\.1:(\d+)$/m);

    expect(
      await runExample('redis-client', port, 'SET', 'key', 'Gr\u00fc\u00dfe, \u4e16\u754c', 'EX', '1000'),
    ).toEqual({
      lines: ['OK'],
      errors: '',
      code: 0,
    });
    expect((await runExample('redis-client', port, 'GET', 'key')).lines).toEqual([
      'Gr\u00fc\u00dfe, \u4e16\u754c',
    ]);
    expect((await runExample('redis-client', port, 'GET', 'other')).lines).toEqual(['null']);
    expect((await runExample('redis-client', port, 'INCR', 'n')).lines).toEqual(['1']);
    expect(await runExample('redis-client', port, 'NOPE')).toEqual({
      lines: [''],
      errors: "ERR unknown command 'NOPE'\n",
      code: 1,
    });

    server.interrupt();
    const { errors, code } = await server.end;
    expect({ errors, code }).toEqual({ errors: '', code: 0 });
  });

  it('one listens to a channel, another one publishes', async () => {
    const server = new ExampleProcess('redis-server', '0');
    const port = await server.printed(/^Serving on 127\.0\.0\.1:(\d+)$/m);
    const listening = new ExampleProcess('redis-client', port, 'SUBSCRIBE', 'news');
    // It listens as soon as one is counted.
    while ((await runExample('redis-client', port, 'PUBLISH', 'news', 'hello')).lines[0] !== '1');
    await listening.printed(/^hello$/m);
    listening.interrupt();
    expect((await listening.end).code).toBe(0);
    server.interrupt();
    expect(await server.end).toEqual(jasmine.objectContaining({ errors: '', code: 0 }));
  });
});
