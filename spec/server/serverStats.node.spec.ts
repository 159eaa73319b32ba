import { connect } from 'node:net';
import { connect as connectPlainTls } from 'node:tls';
import { concatMap, endWith, first, fromEvent, Subject, takeUntil, throwError, toArray } from 'rxjs';
import { WebSocket } from 'ws';
import { serve, TooManyConnectionsError } from '../../src/index.js';
import { fromServer } from '../../src/server/fromServer.js';
import type { Server } from '../../src/server/Server.js';
import type { ServerOptions } from '../../src/server/ServerOptions.js';
import type { ServerStats } from '../../src/server/ServerStatistics.js';
import type { WebSocketServing } from '../../src/server/WebSocketServerOptions.js';
import type { Connection } from '../../src/streams/Connection.js';
import { eventually } from '../contracts/eventually.js';
import { everythingFrom, plainPeers, reset } from '../observables/plainPeers.js';
import { connectTls } from '../observables/tlsPeers.js';
import { server as certificate } from '../transports/node/certificates.js';
import { webSocketServers } from './webSocketServers.js';

const host = '127.0.0.1';

describe('The statistics of a server', () => {
  const peers = plainPeers();
  const finish = new Subject<void>();
  let server: Server;

  afterEach(async () => {
    finish.next();
    server.abortClients();
    await eventually('the server to be done', server.waitClosed());
  });

  async function listen(options: Partial<ServerOptions> = {}): Promise<void> {
    const server$ = fromServer({ host, port: 0, ...options } as ServerOptions).pipe(takeUntil(finish));
    server = await new Promise((resolve, reject) => server$.subscribe({ next: resolve, error: reject }));
  }

  const port = (): number => server.addresses[0]!.port;

  function idle(): Promise<unknown> {
    return eventually('all connections to go', server.active$.pipe(first((count) => count === 0)));
  }

  function part(...names: (keyof ServerStats)[]): unknown[] {
    const stats = server.stats();
    return names.map((name) => stats[name]);
  }

  it('count those that nobody has taken as waiting, until somebody does, or they go', async () => {
    await listen();
    const clients = [await peers.connectAccepted(port()), await peers.connectAccepted(port())];
    expect(part('accepted', 'active', 'waiting')).toEqual([2, 2, 2]);
    const { core, writer } = await eventually('the first', server.connections$);
    expect(part('accepted', 'active', 'waiting')).toEqual([2, 2, 1]);
    expect(core.waitsFor).toBeUndefined();
    reset(clients[1]!);
    await eventually('the loss', server.active$.pipe(first((count) => count === 1)));
    expect(part('accepted', 'active', 'waiting')).toEqual([2, 1, 0]);
    writer.abort();
  });

  it('have what was served: bytes, errors of handlers, refusals, durations', async () => {
    await listen();
    server.connections$
      .pipe(
        serve(
          ({ reader, writer }) =>
            reader.readLine('utf-8').pipe(
              concatMap((line) => writer.send(line.toUpperCase())),
              endWith(undefined),
              concatMap(() => throwError(() => Object.assign(new Error(), { code: 'E_TEST' }))),
            ),
          {
            concurrency: 1,
            maxPending: 0,
            onError(error, { writer }) {
              if (error instanceof TooManyConnectionsError) writer.write('busy');
            },
          },
        ),
      )
      .subscribe();
    const served = await peers.connectAccepted(port());
    const refused = await peers.connectAccepted(port());
    expect(Buffer.from(await everythingFrom(refused)).toString()).toBe('busy');
    refused.end();
    const answer = everythingFrom(served);
    served.write('hello\n');
    expect(Buffer.from(await answer).toString()).toBe('HELLO\n');
    served.end();
    await idle();
    const stats = server.stats();
    expect({ ...stats, durations: stats.durations.count }).toEqual({
      accepted: 2,
      active: 0,
      waiting: 0,
      refused: 1,
      handshakeErrors: 0,
      handlerErrors: { E_TEST: 1 },
      bytesRead: 6,
      bytesWritten: 10,
      pauses: { read: { count: 0, milliseconds: 0, now: 0 }, write: { count: 0, milliseconds: 0, now: 0 } },
      durations: 2,
    });
    expect(stats.durations.sum).toBeGreaterThanOrEqual(stats.durations.max);
  });

  it('stay right when a handler throws, and its connection is aborted or lost', async () => {
    await listen();
    const handlers: ((connection: Connection) => never)[] = [];
    server.connections$
      .pipe(serve((connection) => handlers.shift()!(connection), { onError: () => undefined }))
      .subscribe();
    const handler = (use: (connection: Connection) => unknown) => (connection: Connection) => {
      use(connection);
      throw new SyntaxError('thrown');
    };
    handlers.push(
      handler(() => undefined),
      handler(({ writer }) => writer.abort()),
      handler(({ writer }) => writer.write('bye')),
    );
    for (let i = 0; i < 3; i++) {
      const client = connect({ host, port: port() }).on('error', () => undefined);
      await eventually('the end of the connection', fromEvent(client.resume(), 'close'));
    }
    await idle();
    expect(part('accepted', 'active', 'waiting', 'handlerErrors')).toEqual([3, 0, 0, { SyntaxError: 3 }]);
    expect(server.stats().durations.count).toBe(3);
  });

  it('count the handshakes that fail, and what wrap throws', async () => {
    const wrap = (): never => {
      throw new Error('no');
    };
    await listen({ tls: certificate, wrap });
    const errors = eventually('the first', server.handshakeErrors$);
    const plain = await peers.connect(port());
    plain.write('GET / HTTP/1.1\r\n\r\n');
    await errors;
    const thrown = eventually('the second', server.handshakeErrors$);
    await connectTls(await peers.connect(port()));
    await thrown;
    expect(part('accepted', 'active', 'handshakeErrors')).toEqual([0, 0, 2]);
    expect(server.stats().durations.count).toBe(0);
  });

  it('count a connection of TLS as active while it lingers, and its bytes once', async () => {
    await listen({ tls: certificate });
    const accepted = eventually('the connection', server.connections$);
    const raw = await peers.connect(port());
    // Does not end when the server does.
    const socket = connectPlainTls({ socket: raw, rejectUnauthorized: false, allowHalfOpen: true } as object);
    socket.on('error', () => undefined);
    const { reader, writer } = await accepted;
    socket.write('hello');
    await eventually('the bytes', reader.readExactly(5));
    socket.pause();
    writer.close();
    await eventually('the close', writer.waitClosed());
    expect(part('active', 'bytesRead')).toEqual([1, 5]);
    expect(server.stats().durations.count).toBe(1);
    server.abortClients();
    await idle();
    expect(part('active', 'bytesRead')).toEqual([0, 5]);
    expect(server.stats().durations.count).toBe(1);
  });

  it('end with the final numbers, when the last connection is gone', async () => {
    await listen();
    const all = eventually('the end', server.stats$.pipe(toArray()));
    server.connections$.pipe(serve(({ reader }) => reader.chunks())).subscribe();
    const client = await peers.connectAccepted(port());
    client.end('hello');
    const end = eventually('the end of the stream', fromEvent(client.resume(), 'end'));
    server.close();
    await end;
    const told = await all;
    expect(told[0]!.accepted).toBe(0);
    const last = told.at(-1)!;
    expect([last.accepted, last.active, last.bytesRead, last.durations.count]).toEqual([1, 0, 5, 1]);
    expect(await eventually('numbers after the end', server.stats$.pipe(toArray()))).toEqual([last]);
  });
});

describe('The statistics of a source of WebSockets', () => {
  const sources = webSocketServers();

  async function start(options: object = {}): Promise<[WebSocketServing, port: number]> {
    let serving: WebSocketServing | undefined;
    const listening = new Promise<void>((resolve) => {
      const onListening = (server: WebSocketServing): void => {
        serving = server;
        resolve();
      };
      sources.start({ host, port: 0, onListening, ...options });
    });
    await eventually('the source to listen', listening);
    return [serving!, serving!.addresses[0]!.port];
  }

  it('have what was opened, and what was refused', async () => {
    const [serving, port] = await start({ origins: [] });
    const open = new WebSocket(`ws://${host}:${port}`);
    await eventually('the WebSocket', fromEvent(open, 'open'));
    open.send('hello');
    const refused = new WebSocket(`ws://${host}:${port}`, { origin: 'https://elsewhere.example' });
    await eventually('the refusal', fromEvent(refused, 'error'));
    const unclear = connect({ host, port });
    unclear.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
    await eventually('the other refusal', fromEvent(unclear.resume(), 'close'));
    const { accepted, active, handshakeErrors } = serving.stats();
    expect([accepted, active, handshakeErrors]).toEqual([1, 1, 2]);
    open.close();
    await eventually('the close', fromEvent(open, 'close'));
    const { durations, bytesRead } = serving.stats();
    expect([durations.count, bytesRead]).toEqual([1, 5]);
  });

  it('end when the source does, and the last connection is gone', async () => {
    const controller = new AbortController();
    const [serving, port] = await start({ signal: controller.signal });
    const all = eventually('the end', serving.stats$.pipe(toArray()));
    const open = new WebSocket(`ws://${host}:${port}`);
    await eventually('the WebSocket', fromEvent(open, 'open'));
    open.on('error', () => undefined);
    controller.abort();
    const { accepted, active, durations } = (await all).at(-1)!;
    expect([accepted, active, durations.count]).toEqual([1, 0, 1]);
  });
});
