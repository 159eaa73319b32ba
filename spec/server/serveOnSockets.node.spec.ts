import type { Socket } from 'node:net';
import { concatMap, EMPTY, fromEvent, map, mergeMap, NEVER, race, Subject, takeUntil, tap } from 'rxjs';
import { converse } from '../../src/observables/converse.js';
import { serve, type ServeContext, type ServeHandler, type ServeOptions } from '../../src/operators/serve.js';
import type { ConnectionHandler } from '../../src/operators/useConnection.js';
import type { Server } from '../../src/server/Server.js';
import { serverConnections$ } from '../../src/server/serverConnections.js';
import type { Connection } from '../../src/streams/Connection.js';
import { IncompleteReadError, LimitOverrunError } from '../../src/bytes/errors.js';
import { ConnectionLostError } from '../../src/streams/errors.js';
import { text } from '../contracts/bytes.js';
import { eventually } from '../contracts/eventually.js';
import { everythingFrom, plainPeers, reset } from '../observables/plainPeers.js';

/** Answers every line with the same in capitals. */
const shout: ConnectionHandler<never> = ({ reader, writer }) =>
  reader.lines().pipe(concatMap((line) => writer.send(`${line.toUpperCase()}\n`)));

describe('serve on sockets', () => {
  const peers = plainPeers();
  const finish = new Subject<void>();
  let server: Server;
  let failures: { error: unknown; connection: Connection }[];
  let failed: Subject<void>;

  beforeEach(() => {
    failures = [];
    failed = new Subject();
  });

  afterEach(() => finish.next());

  const onError = (error: unknown, connection: Connection): void => {
    failures.push({ error, connection });
    failed.next();
  };

  function start<R>(handler: ServeHandler<R>, options: ServeOptions = { onError }): Promise<void> {
    return new Promise((resolve, reject) => {
      const onListening = (listening: Server): void => {
        server = listening;
        resolve();
      };
      serverConnections$({ host: '127.0.0.1', port: 0, limit: 1000, onListening })
        .pipe(serve(handler, options), takeUntil(finish))
        .subscribe({ error: reject });
    });
  }

  function connect(): Promise<Socket> {
    return peers.connectAccepted(server.addresses[0]!.port);
  }

  // Shows that the server is up: a new client gets its answer.
  async function expectToBeServed(word = 'hello'): Promise<void> {
    const client = await connect();
    const answer = everythingFrom(client);
    client.end(`${word}\n`);
    expect(text(await answer)).toBe(`${word.toUpperCase()}\n`);
  }

  it('closes a connection when its handler has ended, behind what was written', async () => {
    await start(({ writer }) => {
      writer.write('x'.repeat(200_000));
      writer.write('that was all');
      return EMPTY;
    });
    const all = text(await everythingFrom(await connect()));
    expect(all.length).toBe(200_012);
    expect(all.slice(-12)).toBe('that was all');
    expect(failures).toEqual([]);
  });

  it('stays up when a peer resets', async () => {
    await start(shout);
    const client = await connect();
    const told = eventually('onError', failed);
    client.write('once\n');
    expect(String(await eventually('an answer', fromEvent(client, 'data')))).toBe('ONCE\n');
    reset(client);
    await told;
    expect(failures.length).toBe(1);
    expect(failures[0]!.error).toBeInstanceOf(ConnectionLostError);
    expect((failures[0]!.error as Error).cause).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
    await expectToBeServed();
    expect(server.isServing).toBeTrue();
  });

  it('answers a peer that has half-closed', async () => {
    await start(shout);
    await expectToBeServed('half-closed');
    expect(failures).toEqual([]);
  });

  it('stays up when a peer connects and sends nothing, and when that peer goes', async () => {
    await start(shout);
    const silent = await connect();
    await expectToBeServed('one');
    const closed = everythingFrom(silent);
    silent.end();
    expect(text(await closed)).toBe('');
    await expectToBeServed('two');
    expect(failures).toEqual([]);
  });

  it('ends a peer that goes away in the middle of a frame with an error of its own', async () => {
    await start(({ reader }) => reader.readExactly(10));
    const told = eventually('onError', failed);
    const client = await connect();
    const closed = everythingFrom(client);
    client.end('half');
    await told;
    const { error } = failures[0]!;
    expect(error).toBeInstanceOf(IncompleteReadError);
    expect(text((error as IncompleteReadError).partial)).toBe('half');
    expect(text(await closed)).toBe('');
  });

  it('ends a peer that sends an endless line with one error, while others are served', async () => {
    await start(shout);
    const good = await connect();
    good.write('before\n');
    expect(String(await eventually('an answer', fromEvent(good, 'data')))).toBe('BEFORE\n');
    const told = eventually('onError', failed);
    const endless = await connect();
    const port = endless.localPort!;
    const over = eventually('the end', race(fromEvent(endless, 'end'), fromEvent(endless, 'close')));
    const line = 'x'.repeat(10_000);
    // Goes on until it is cut off.
    const send = (): void => {
      while (!endless.destroyed && endless.write(line));
    };
    endless.on('drain', send).resume();
    send();
    await told;
    await over;
    endless.destroy();
    expect(failures.length).toBe(1);
    const { error, connection } = failures[0]!;
    expect(error).toBeInstanceOf(LimitOverrunError);
    expect((connection.writer.getExtraInfo('peername') as { port: number }).port).toBe(port);
    const answer = everythingFrom(good);
    good.end('after\n');
    expect(text(await answer)).toBe('AFTER\n');
    await expectToBeServed('new');
  });

  it('takes an error that the handler throws synchronously for that of its connection', async () => {
    let calls = 0;
    await start((connection) => {
      calls++;
      if (calls === 1) throw new Error('first client is unlucky');
      return shout(connection);
    });
    expect(text(await everythingFrom(await connect()))).toBe('');
    expect(failures.map(({ error }) => error)).toEqual([new Error('first client is unlucky')]);
    await expectToBeServed();
  });

  it('leaves time for a last reply in onError', async () => {
    await start(({ reader }) => reader.readLine().pipe(map(() => JSON.parse('not JSON') as unknown)), {
      onError: (_error, { writer }) => writer.write('ERR that was not understood\n'),
    });
    const client = await connect();
    const answer = everythingFrom(client);
    client.write('gibberish\n');
    expect(text(await answer)).toBe('ERR that was not understood\n');
  });

  it('makes a process warning of an error nobody handles', async () => {
    const warned = new Subject<unknown>();
    const warning = eventually('the warning', warned);
    spyOn(process, 'emitWarning').and.callFake((told) => warned.next(told));
    const problem = new Error('a handler that fails');
    await start(() => {
      throw problem;
    }, {});
    await everythingFrom(await connect());
    expect(await warning).toBe(problem);
    expect(server.isServing).toBeTrue();
  });

  it('makes a process warning also of what is no error', async () => {
    const warned = new Subject<unknown>();
    const warning = eventually('the warning', warned);
    spyOn(process, 'emitWarning').and.callFake((told) => warned.next(told));
    await start(() => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw 'just a string';
    }, {});
    await everythingFrom(await connect());
    expect(await warning).toBe('just a string');
  });

  it('keeps the second connection waiting, unread, when only one handler may run', async () => {
    const running: Connection[] = [];
    const ran = new Subject<void>();
    await start(
      (connection) => {
        running.push(connection);
        ran.next();
        return connection.reader.lines().pipe(mergeMap((line) => connection.writer.send(`${line}!\n`)));
      },
      { onError, concurrency: 1 },
    );
    const firstRan = eventually('the first handler', ran);
    const first = await connect();
    await firstRan;
    const second = await connect();
    const answer = everythingFrom(second);
    second.end('me too\n');
    first.write('one\n');
    expect(String(await eventually('an answer for the first', fromEvent(first, 'data')))).toBe('one!\n');
    first.write('two\n');
    expect(String(await eventually('an answer for the first', fromEvent(first, 'data')))).toBe('two!\n');
    expect(running.length).withContext('handlers that run').toBe(1);
    first.end();
    expect(text(await answer)).toBe('me too!\n');
    expect(running.length).toBe(2);
  });

  it('closes the connections of running handlers when it is unsubscribed from', async () => {
    const ran = new Subject<void>();
    const handlerRan = eventually('the handler', ran);
    await start(({ writer }) => {
      writer.write('welcome');
      ran.next();
      return NEVER;
    });
    const client = await connect();
    await handlerRan;
    const all = everythingFrom(client);
    finish.next();
    expect(text(await all)).toBe('welcome');
    expect(server.isServing).toBeFalse();
  });

  it('closes also the connections that wait for a handler when it is unsubscribed from', async () => {
    const ran = new Subject<void>();
    const handlerRan = eventually('the first handler', ran);
    await start(
      () => {
        ran.next();
        return NEVER;
      },
      { onError, concurrency: 1 },
    );
    const first = await connect();
    await handlerRan;
    const second = await connect();
    finish.next();
    expect(text(await everythingFrom(first))).toBe('');
    expect(text(await everythingFrom(second))).toBe('');
  });

  it('unsubscribes from the handler that is running', async () => {
    const ran = new Subject<void>();
    const handlerRan = eventually('the handler', ran);
    const events: string[] = [];
    await start(() => {
      ran.next();
      return NEVER.pipe(tap({ unsubscribe: () => events.push('handler unsubscribed') }));
    });
    const client = await connect();
    await handlerRan;
    const end = everythingFrom(client);
    finish.next();
    expect(events).toEqual(['handler unsubscribed']);
    expect(text(await end)).toBe('');
  });

  it('that stops says goodbye to idle clients at once, and to busy ones after the reply', async () => {
    const [stop, reply] = [new Subject<void>(), new Subject<void>()];
    const handler = converse(function* (io, { stopping$ }: ServeContext) {
      for (;;) {
        const line = yield* io.unless(stopping$, () => io.line());
        if (line === undefined) break;
        yield* io.send('working\n');
        yield* io.wait(reply);
        yield* io.send(`${line.toUpperCase()}\n`);
      }
      yield* io.send('BYE reconnect\n');
    });
    await start(handler, { onError, stop });
    const [idle, busy] = [await connect(), await connect()];
    busy.write('hello\n');
    expect(String(await eventually('the work', fromEvent(busy, 'data')))).toBe('working\n');
    const [goodbye, answer] = [everythingFrom(idle), everythingFrom(busy)];
    stop.next();
    expect(text(await goodbye)).toBe('BYE reconnect\n');
    reply.next();
    expect(text(await answer)).toBe('HELLO\nBYE reconnect\n');
    expect(failures).toEqual([]);
  });
});
