import type { Socket } from 'node:net';
import { fromEvent, lastValueFrom, mergeMap, Subject, takeUntil, tap, toArray } from 'rxjs';
import type { Server } from '../../src/server/Server.js';
import { serverConnections$ } from '../../src/server/serverConnections.js';
import type { Connection } from '../../src/streams/Connection.js';
import { text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { everythingFrom, plainPeers, reset } from '../observables/plainPeers.js';

const host = '127.0.0.1';

describe('serverConnections$', () => {
  const peers = plainPeers();
  const finish = new Subject<void>();
  let server: Server;

  afterEach(() => finish.next());

  // Serves until the end of the spec; resolves when it listens.
  function serveWith(
    onConnection: (connection: Connection) => void,
    alsoOnListening: (server: Server) => void = () => undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const onListening = (listening: Server): void => {
        server = listening;
        alsoOnListening(listening);
        resolve();
      };
      serverConnections$({ host, port: 0, onListening })
        .pipe(takeUntil(finish))
        .subscribe({ next: onConnection, error: reject });
    });
  }

  function connect(): Promise<Socket> {
    return peers.connectAccepted(server.addresses[0]!.port);
  }

  it('checks its options at the call', () => {
    expect(() => serverConnections$({ port: 70_000 })).toThrowError(RangeError, /port .*not 70000$/);
    expect(() => serverConnections$({ port: 0, limit: 0.5 })).toThrowError(RangeError, /limit .*not 0.5$/);
  });

  it('tells when it listens, once, before it emits anything', async () => {
    const events: string[] = [];
    await serveWith(
      ({ writer }) => {
        events.push('connection');
        writer.close();
      },
      ({ isServing }) => events.push(`listening ${isServing}`),
    );
    expect(events).toEqual(['listening true']);
    await everythingFrom(await connect());
    await everythingFrom(await connect());
    expect(events).toEqual(['listening true', 'connection', 'connection']);
  });

  it("errors with Node's own error when the port is taken", async () => {
    const port = await peers.listen();
    let listened = false;
    const failed = failureOf(
      'listening',
      serverConnections$({ host, port, onListening: () => (listened = true) }),
    );
    expect(await failed).toEqual(jasmine.objectContaining({ code: 'EADDRINUSE' }));
    expect(listened).toBeFalse();
  });

  it('errors when onListening throws, and listens no more', async () => {
    let port = 0;
    const failed = failureOf(
      'listening',
      serverConnections$({
        host,
        port: 0,
        onListening: ({ addresses }) => {
          port = addresses[0]!.port;
          throw new Error('not today');
        },
      }),
    );
    expect(await failed).toEqual(new Error('not today'));
    expect(await failureOf('the connect', peers.connect(port))).toEqual(
      jasmine.objectContaining({ code: 'ECONNREFUSED' }),
    );
  });

  it('serves clients side by side', async () => {
    await serveWith(({ reader, writer }) => {
      reader
        .lines()
        .subscribe({ next: (line) => writer.write(`${line}!\n`), complete: () => writer.close() });
    });
    const [one, other] = [await connect(), await connect()];
    const answers = [one, other].map(everythingFrom);
    one.write('a\n');
    other.write('b\n');
    one.end('c\n');
    other.end('d\n');
    expect((await Promise.all(answers)).map(text)).toEqual(['a!\nc!\n', 'b!\nd!\n']);
  });

  it('completes when the server is closed from onListening on', async () => {
    const all = serverConnections$({ host, port: 0, onListening: (listening) => listening.close() }).pipe(
      toArray(),
    );
    expect(await eventually('the completion', all)).toEqual([]);
  });

  it('stops listening when it is unsubscribed from, and leaves accepted connections alone', async () => {
    let connection: Connection | undefined;
    await serveWith((accepted) => (connection = accepted));
    const client = await connect();
    const greeting = eventually('the greeting', fromEvent(client, 'data'));
    finish.next();
    expect(server.isServing).toBeFalse();
    const refused = await failureOf('a second connect', connect());
    expect(refused).toEqual(jasmine.objectContaining({ code: 'ECONNREFUSED' }));
    connection!.writer.write('welcome');
    expect(String(await greeting)).toBe('welcome');
    expect(connection!.writer.isClosing()).toBeFalse();
    connection!.writer.close();
    client.end();
    await eventually('the close', connection!.writer.waitClosed());
  });

  it('drains with takeUntil in front of mergeMap: handlers finish, then it completes', async () => {
    const shutdown = new Subject<void>();
    const events: string[] = [];
    const listening = new Subject<Server>();
    const started = eventually('listening', listening);
    const taken = new Subject<void>();
    const handlerRuns = eventually('the handler to run', taken);
    const drained = lastValueFrom(
      serverConnections$({ host, port: 0, onListening: (value) => listening.next(value) }).pipe(
        // What lies behind it is to go on: that is the point.
        // eslint-disable-next-line rxjs-x/no-unsafe-takeuntil
        takeUntil(shutdown),
        mergeMap(({ reader, writer }) => {
          taken.next();
          return reader.readLine().pipe(
            tap((line) => writer.write(`you said ${text(line)}`)),
            tap({ complete: () => writer.close() }),
          );
        }),
        tap({ next: (line) => events.push(text(line)), complete: () => events.push('complete') }),
      ),
    );
    server = await started;
    const client = await connect();
    await handlerRuns;
    shutdown.next();
    expect(server.isServing).toBeFalse();
    expect(events).toEqual([]);
    const answer = everythingFrom(client);
    client.end('goodbye\n');
    expect(text(await answer)).toBe('you said goodbye\n');
    await eventually('the completion', drained);
    expect(events).toEqual(['goodbye\n', 'complete']);
  });

  it('does not end with the error of a connection', async () => {
    const outcomes = new Subject<string>();
    await serveWith(({ reader, writer }) => {
      reader.readExactly(4).subscribe({
        next: (bytes) => outcomes.next(text(bytes)),
        error: (error: { code: string }) => outcomes.next(error.code),
      });
      reader.read().subscribe({ next: () => writer.close(), error: () => undefined });
    });
    const first = eventually('the first connection', outcomes);
    reset(await connect());
    expect(await first).toBe('ERR_CONNECTION_LOST');
    const second = eventually('the second connection', outcomes);
    const good = await connect();
    good.end('good');
    expect(await second).toBe('good');
    expect(text(await everythingFrom(good))).toBe('');
    expect(server.isServing).toBeTrue();
  });

  it('goes on serving while nobody asks it to stop', async () => {
    const seen: unknown[] = [];
    await serveWith(({ writer }) => {
      seen.push(writer.getExtraInfo('peername'));
      writer.close();
    });
    for (let i = 0; i < 5; i++) expect(text(await everythingFrom(await connect()))).toBe('');
    expect(seen.length).toBe(5);
  });
});
