import { concat, map, merge, type Observable } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { RedisClient } from '../../examples/redis/client.js';
import { RedisError, type Reply } from '../../examples/redis/resp.js';
import { ConnectionLostError, DecodeError } from '../../src/index.js';
import {
  marbleConnection,
  manualConnection,
  scriptedConnection,
  type ScriptStep,
} from '../../src/testing.js';
import { bytes } from '../contracts/bytes.js';

/** What an Observable has told by now. */
function told(source$: Observable<unknown>): unknown[] {
  const log: unknown[] = [];
  source$.subscribe({
    next: (value) => log.push(value),
    error: (error: unknown) => log.push(error),
    complete: () => log.push('|'),
  });
  return log;
}

describe('examples: redis-client', () => {
  it('sends a command when it is subscribed to, and emits the reply', () => {
    const connection = scriptedConnection([
      { expect: '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n10\r\n' },
      { reply: '+O' },
      { reply: 'K\r\n' },
      { expect: '*2\r\n$3\r\nGET\r\n$1\r\nk\r\n' },
      { reply: '$2\r\n10\r\n' },
    ]);
    const client = new RedisClient(connection);
    const get$ = client.command('GET', 'k');
    expect(told(concat(client.command('SET', 'k', 10), get$))).toEqual(['OK', '10', '|']);
    connection.done();
  });

  it('sends bytes as they are, and gives bytes if it is told to', () => {
    const data = Uint8Array.of(0xff, 0x00);
    const script: ScriptStep[] = [
      { expect: Uint8Array.of(...bytes('*2\r\n$4\r\nECHO\r\n$2\r\n'), ...data, ...bytes('\r\n')) },
      { reply: Uint8Array.of(...bytes('$2\r\n'), ...data, ...bytes('\r\n')) },
    ];
    const connection = scriptedConnection(script);
    const client = new RedisClient(connection, { encoding: 'bytes' });
    expect(told(client.command('ECHO', data))).toEqual([data, '|']);
    connection.done();
  });

  it(
    'gives each of many commands its own reply, also behind one that nobody waits for any more',
    marbles((m) => {
      const connection = marbleConnection(m, {
        incoming: '--(abc)',
        values: { a: ':1\r\n', b: '-ERR two\r\n', c: '*2\r\n+x\r\n-ERR in it\r\n' },
      });
      const client = new RedisClient(connection);
      const values = { a: 1, c: ['x', new RedisError('ERR in it')] as Reply };
      m.expect(client.command('A')).toBeObservable('        --(a|)', values);
      m.expect(client.command('GONE'), '!').toBeObservable('  ');
      m.expect(client.command('C')).toBeObservable('        --(c|)', values);
      m.expect(connection.outgoing$).toBeObservable('         (xyz)', {
        x: '*1\r\n$1\r\nA\r\n',
        y: '*1\r\n$4\r\nGONE\r\n',
        z: '*1\r\n$1\r\nC\r\n',
      });
    }),
  );

  it('errors with an error reply, and goes on with the next command', () => {
    const connection = scriptedConnection([
      { expect: '*1\r\n$1\r\nA\r\n' },
      { reply: '-WRONGTYPE no list\r\n' },
      { expect: '*1\r\n$1\r\nB\r\n' },
      { reply: '_\r\n' },
    ]);
    const client = new RedisClient(connection);
    const [error] = told(client.command('A'));
    expect(error).toBeInstanceOf(RedisError);
    expect(error).toEqual(jasmine.objectContaining({ message: 'WRONGTYPE no list', code: 'WRONGTYPE' }));
    expect(told(client.command('B'))).toEqual([null, '|']);
    connection.done();
  });

  it('tells all commands under way, and later ones, of the loss of the connection', () => {
    const connection = manualConnection();
    const client = new RedisClient(connection);
    const first = told(client.command('A'));
    const others = [told(client.command('B')), told(client.command('C'))];
    connection.transport.receive(':1\r\n', '$5\r\nab');
    connection.transport.lose(new Error('pulled the plug'));

    expect(first).toEqual([1, '|']);
    for (const log of [...others, told(client.command('D'))]) {
      expect(log).toEqual([jasmine.any(ConnectionLostError)]);
    }
  });

  it('tells all commands under way that the server has ended the connection', () => {
    const connection = manualConnection();
    const client = new RedisClient(connection);
    const logs = [told(client.command('A')), told(client.command('B'))];
    connection.transport.receiveEof();
    expect(logs).toEqual([[jasmine.any(ConnectionLostError)], [jasmine.any(ConnectionLostError)]]);
  });

  it('tells all commands under way that the server does not speak RESP', () => {
    const connection = manualConnection();
    const client = new RedisClient(connection);
    const logs = [told(client.command('A')), told(client.command('B'))];
    connection.transport.receive('HTTP/1.1 400 Bad Request\r\n');
    expect(logs).toEqual([[jasmine.any(DecodeError)], [jasmine.any(DecodeError)]]);
  });

  it(
    'listens to channels: one SUBSCRIBE for all who listen, and UNSUBSCRIBE when the last has gone',
    marbles((m) => {
      const push = (...parts: string[]): string =>
        `>${parts.length}\r\n${parts.map((part) => `$${part.length}\r\n${part}\r\n`).join('')}`;
      const connection = marbleConnection(m, {
        incoming: '                                  -(so)-m-n-p-m-um',
        values: {
          s: push('subscribe', 'news', '1'),
          o: '+OK\r\n',
          m: push('message', 'news', 'hi'),
          n: push('message', 'other', 'no'),
          p: push('pmessage', 'news', 'news', 'no'),
          u: push('unsubscribe', 'news', '0'),
        },
      });
      const client = new RedisClient(connection);
      const subs = { one: '^------!', other: '^------------!' };
      m.expect(client.channel('news'), subs.one).toBeObservable('  ------m-', { m: 'hi' });
      m.expect(client.channel('news'), subs.other).toBeObservable('------m-----m-', { m: 'hi' });
      m.expect(client.command('PING')).toBeObservable('            -(o|)', { o: 'OK' });
      const kinds$ = client.pushes$.pipe(map(({ kind }) => kind[0]!));
      m.expect(kinds$, '^--------------!').toBeObservable('              -s----m-m-p-m-u');
      m.expect(connection.outgoing$).toBeObservable('(SP)---------U', {
        S: '*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\nnews\r\n',
        P: '*1\r\n$4\r\nPING\r\n',
        U: '*2\r\n$11\r\nUNSUBSCRIBE\r\n$4\r\nnews\r\n',
      });
    }),
  );

  it('listens anew when the last listener has gone', () => {
    const connection = manualConnection();
    const client = new RedisClient(connection);
    for (let i = 0; i < 2; i++) {
      const log: unknown[] = [];
      const listener = client.channel('c').subscribe((message) => log.push(message));
      connection.transport.receive('>3\r\n+message\r\n+c\r\n+hi\r\n');
      listener.unsubscribe();
      expect(log).toEqual(['hi']);
    }
    const commands = connection.transport.calls.map((call) => /[A-Z]{9,}/.exec(call)?.[0]);
    expect(commands).toEqual(['SUBSCRIBE', 'UNSUBSCRIBE', 'SUBSCRIBE', 'UNSUBSCRIBE']);
  });

  it('tells its listeners of the loss of the connection', () => {
    const connection = manualConnection();
    const client = new RedisClient(connection);
    const listeners = [told(merge(client.channel('a'), client.channel('b'))), told(client.pushes$)];
    connection.transport.lose(new Error('pulled the plug'));
    expect(listeners).toEqual([[jasmine.any(ConnectionLostError)], [jasmine.any(ConnectionLostError)]]);
  });
});
