import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  catchError,
  concat,
  finalize,
  firstValueFrom,
  forkJoin,
  merge,
  of,
  Subject,
  take,
  takeUntil,
  toArray,
  type Observable,
  type ObservableInput,
} from 'rxjs';
import { useRedis, type RedisClient } from '../../examples/redis/client.js';
import { RedisError, type Reply, type ReplyOptions } from '../../examples/redis/resp.js';
import { redisServer } from '../../examples/redis/server.js';
import { ConnectionLostError } from '../../src/index.js';
import type { Server } from '../../src/node.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { missing, ServerProgram, run, startOnPort } from './ServerProgram.js';

const host = '127.0.0.1';
const MEBIBYTE = 2 ** 20;

describe('Our client of Redis', () => {
  const noServer = missing('redis-server');
  let port: number;
  let redis: ServerProgram | undefined;
  function use(
    work: (client: RedisClient) => ObservableInput<unknown>,
    options?: ReplyOptions,
  ): Promise<unknown> {
    return eventually('the work with Redis', useRedis({ host, port, ...options }, work));
  }

  beforeEach(async () => {
    if (noServer !== undefined) pending(noServer);
    ({ port, program: redis } = await startOnPort(
      (port, folder) => new ServerProgram('redis-server', redisSettings(port, folder), folder),
      /Ready to accept connections/,
    ));
  });

  afterEach(async () => {
    await redis?.kill();
    redis = undefined;
  });

  it('sets and gets text, and bytes', async () => {
    const text = 'Gr\u00fc\u00dfe\r\n\u4e16\u754c \ud83d\ude00';
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(
      await use((client) => sequence(client, ['SET', 'text', text], ['GET', 'text'], ['GET', 'no'])),
    ).toEqual(['OK', text, null]);
    expect(
      await use((client) => sequence(client, ['SET', all, all], ['GET', all]), { encoding: 'bytes' }),
    ).toEqual(['OK', all]);
  });

  it('pipelines ten thousand commands, and gives each its reply', async () => {
    const count = 10_000;
    const replies = await use((client) =>
      forkJoin(
        Array.from({ length: count }, (_, i) => client.command(...(i % 2 ? ['INCR', 'n'] : ['ECHO', i]))),
      ),
    );
    expect(replies).toEqual(Array.from({ length: count }, (_, i) => (i % 2 ? (i + 1) / 2 : String(i))));
  });

  it('understands transactions, arrays in arrays, and errors inside them', async () => {
    const replies = (await use((client) =>
      sequence(
        client,
        ['MULTI'],
        ['RPUSH', 'list', 'a', 'b', 'c'],
        ['LRANGE', 'list', 0, -1],
        ['INCR', 'list'],
        ['EXEC'],
        ['EVAL', 'return {1, {2, {"three", false}}, {}}', 0],
      ),
    )) as unknown[];
    expect(replies.slice(0, 4)).toEqual(['OK', 'QUEUED', 'QUEUED', 'QUEUED']);
    const [pushed, range, error] = replies[4] as unknown[];
    expect([pushed, range]).toEqual([3, ['a', 'b', 'c']]);
    expect((error as RedisError).code).toBe('WRONGTYPE');
    expect(replies[5]).toEqual([1, [2, ['three', null]], []]);
  });

  it('understands what came with version 3: maps, sets, doubles, booleans, big numbers, verbatim text', async () => {
    const replies = await use((client) =>
      sequence(
        client,
        ['HSET', 'h', 'a', 1, 'b', 2],
        ['HGETALL', 'h'],
        ['ZADD', 'z', '1.5', 'one', 'inf', 'all'],
        ['ZSCORE', 'z', 'one'],
        ['ZRANGE', 'z', 0, -1, 'WITHSCORES'],
        ['SADD', 's', 'x', 'y'],
        ['SMEMBERS', 's'],
        ['DEBUG', 'PROTOCOL', 'TRUE'],
        ['DEBUG', 'PROTOCOL', 'BIGNUM'],
        ['DEBUG', 'PROTOCOL', 'VERBATIM'],
        ['DEBUG', 'PROTOCOL', 'ATTRIB'],
      ),
    );
    expect(replies).toEqual([
      2,
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
      2,
      1.5,
      [
        ['one', 1.5],
        ['all', Infinity],
      ],
      2,
      new Set(['x', 'y']),
      true,
      1234567999999999999999999999999999999n,
      'This is a verbatim\nstring',
      'Some real reply following the attribute',
    ]);
  });

  it('counts in 64 bits', async () => {
    expect(await use((client) => sequence(client, ['SET', 'n', 2n ** 63n - 2n], ['INCR', 'n']))).toEqual([
      'OK',
      2n ** 63n - 1n,
    ]);
  });

  it('errors with an error reply, and the connection is good for more', async () => {
    const [error, pong] = (await use(async (client) => [
      await failureOf('an unknown command', client.command('NOPE')),
      await firstValueFrom(client.command('PING')),
    ])) as unknown[];
    expect(error).toBeInstanceOf(RedisError);
    expect((error as RedisError).message).toMatch(/^ERR unknown command 'NOPE'/);
    expect(pong).toBe('PONG');
  });

  it('listens to a channel until it has heard enough, and goes on with commands', async () => {
    const kinds: string[] = [];
    const heard = await use((client) => {
      const listening = client.pushes$.subscribe(({ kind }) => kinds.push(kind));
      return concat(
        merge(
          client.channel('news').pipe(take(3)),
          // Sent behind SUBSCRIBE: so the server counts one who listens.
          ...['one', 'two', 'three', 'four'].map((text) => client.command('PUBLISH', 'news', text)),
        ),
        // Sent behind UNSUBSCRIBE.
        client.command('PUBLISH', 'news', 'five'),
      ).pipe(
        toArray(),
        finalize(() => listening.unsubscribe()),
      );
    });
    expect((heard as Reply[]).filter((reply) => typeof reply === 'string')).toEqual(['one', 'two', 'three']);
    expect((heard as Reply[]).filter((reply) => typeof reply === 'number')).toEqual([1, 1, 1, 1, 0]);
    expect(kinds).toEqual(['subscribe', 'message', 'message', 'message', 'message', 'unsubscribe']);
  });

  it('sends and receives eight MiB at once', async () => {
    const value = Uint8Array.from({ length: 8 * MEBIBYTE }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
    const digest = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
    const [ok, got] = (await use((client) => sequence(client, ['SET', 'big', value], ['GET', 'big']), {
      encoding: 'bytes',
    })) as unknown[];
    expect(ok).toBe('OK');
    expect(digest(got as Uint8Array)).toBe(digest(value));
  });

  it('tells of a server that shuts down instead of a reply', async () => {
    const failure = await failureOf(
      'the shutdown',
      useRedis({ host, port }, (client) => client.command('SHUTDOWN', 'NOSAVE')),
    );
    expect(failure).toBeInstanceOf(ConnectionLostError);
    await redis!.ended();
  });

  it('tells all commands under way of a server that is killed', async () => {
    const failures = (await use((client) => {
      // From here on it takes bytes, and answers nothing.
      redis!.freeze();
      const pings = Array.from({ length: 3 }, () =>
        client.command('PING').pipe(catchError((error: unknown) => of(error))),
      );
      void redis!.kill();
      return forkJoin(pings);
    })) as unknown[];
    expect(failures.length).toBe(3);
    for (const failure of failures) expect(failure).toBeInstanceOf(ConnectionLostError);
  });

  it('tells that there is no server', async () => {
    await redis!.kill();
    const failure = await failureOf(
      'the connect',
      useRedis({ host, port }, (c) => c.command('PING')),
    );
    expect(failure).toEqual(jasmine.objectContaining({ code: 'ECONNREFUSED' }));
  });
});

describe('Our server of Redis', () => {
  const finish = new Subject<void>();
  let port: number;

  beforeEach(async () => {
    const server = await new Promise<Server>((resolve, reject) => {
      redisServer(0, resolve).pipe(takeUntil(finish)).subscribe({ error: reject });
    });
    port = server.addresses[0]!.port;
  });

  afterEach(() => finish.next());

  it('answers our client', async () => {
    const text = 'Gr\u00fc\u00dfe\r\n\u4e16\u754c';
    const replies = await eventually(
      'the replies',
      useRedis({ host, port }, (client) =>
        sequence(
          client,
          ['SET', 'k', text, 'EX', 100],
          ['GET', 'k'],
          ['TTL', 'k'],
          ['GET', 'no'],
          ['CONFIG', 'GET', 'save'],
        ),
      ),
    );
    expect(replies as unknown).toEqual(['OK', text, 100, null, new Map([['save', '']])]);
  });

  it('answers ten thousand commands that come together, and values of eight MiB', async () => {
    const value = 'x'.repeat(8 * MEBIBYTE);
    const replies = await eventually(
      'the replies',
      useRedis({ host, port }, (client) =>
        forkJoin([
          client.command('SET', 'big', value),
          ...Array.from({ length: 10_000 }, () => client.command('INCR', 'n')),
          client.command('GET', 'big'),
          client.command('GET', 'big'),
        ]),
      ),
    );
    expect(replies.slice(1, -2) as unknown).toEqual(Array.from({ length: 10_000 }, (_, i) => i + 1));
    expect(replies.slice(-2).map((reply) => reply === value)).toEqual([true, true]);
  });

  it('answers redis-cli', async () => {
    const absent = missing('redis-cli');
    if (absent !== undefined) pending(absent);
    const cli = (...args: string[]): Promise<string> => run('redis-cli', '-p', String(port), ...args);

    expect(await cli('PING')).toBe('PONG\n');
    expect(await cli('SET', 'key', 'a b\u00fc')).toBe('OK\n');
    expect(await cli('GET', 'key')).toBe('a b\u00fc\n');
    expect(await cli('GET', 'other')).toBe('\n');
    expect(await cli('INCR', 'n')).toBe('1\n');
    expect(await cli('EXPIRE', 'key', '100')).toBe('1\n');
    expect(await cli('TTL', 'key')).toBe('100\n');
    expect(await cli('CONFIG', 'GET', 'save')).toBe('save\n\n');
    expect(await cli('NOPE')).toBe("ERR unknown command 'NOPE'\n\n");
    expect(await cli('-3', 'HELLO', '3')).toContain('proto 3\n');
    expect(await cli('-r', '3', 'INCR', 'm')).toBe('1\n2\n3\n');
  });

  for (const version of ['2', '3']) {
    it(`passes on what is published to a redis-cli that listens, in version ${version}`, async () => {
      const absent = missing('redis-cli');
      if (absent !== undefined) pending(absent);
      const folder = mkdtempSync(join(tmpdir(), 'rxjs-net-'));
      const args = ['-p', String(port), `-${version}`, 'SUBSCRIBE', 'news', 'sports'];
      const cli = new ServerProgram('redis-cli', args, folder);
      try {
        await cli.printed(/subscribe\nsports\n2\n/);
        expect(await run('redis-cli', '-p', String(port), 'PUBLISH', 'news', 'a b')).toBe('1\n');
        expect(await run('redis-cli', '-p', String(port), 'PUBLISH', 'other', 'x')).toBe('0\n');
        await cli.printed(/message\nnews\na b\n/);
        expect(cli.output).toBe('subscribe\nnews\n1\nsubscribe\nsports\n2\nmessage\nnews\na b\n');
      } finally {
        await cli.kill();
      }
    });
  }

  for (const pipeline of ['1', '16']) {
    it(`serves redis-benchmark, ${pipeline} commands at once`, async () => {
      const absent = missing('redis-benchmark');
      if (absent !== undefined) pending(absent);
      const csv = await run(
        'redis-benchmark',
        ...['-p', String(port), '-n', '2000', '-c', '10', '-P', pipeline, '-t', 'set,get,incr,ping', '--csv'],
      );
      const rows = csv
        .trim()
        .split('\n')
        .slice(1)
        .map((row) => row.replaceAll('"', '').split(','));
      expect(rows.map(([test]) => test)).toEqual(['PING_INLINE', 'PING_MBULK', 'SET', 'GET', 'INCR']);
      for (const [, perSecond] of rows) expect(Number(perSecond)).toBeGreaterThan(0);
      const counter: unknown = await eventually(
        'the counter',
        useRedis({ host, port }, (client) => client.command('GET', 'counter:__rand_int__')),
      );
      expect(counter).toBe('2000');
    });
  }
});

/** Nothing on disk, and from version 7 on `DEBUG`, which shows all that there is to reply. */
function redisSettings(port: number, folder: string): string[] {
  const isOld = /v=[1-6]\./.test(String(spawnSync('redis-server', ['-v']).stdout));
  const settings = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no' };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return isOld ? args : [...args, '--enable-debug-command', 'local'];
}

/** The replies to commands that are sent together. */
function sequence(
  client: RedisClient,
  ...commands: (string | number | bigint | Uint8Array)[][]
): Observable<Reply[]> {
  return forkJoin(commands.map((command) => client.command(...command)));
}
