import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { PassThrough } from 'node:stream';
import { concatMap, first, fromEvent, NEVER, Subject, takeUntil, throwError } from 'rxjs';
import { WebSocket } from 'ws';
import { serve, type Connection, type ConnectionHandler, type ServeOptions } from '../../../src/index.js';
import { connectionChannels, type ConnectionIdentity, type ConnectionMessages } from '../../../src/node.js';
import type { ConnectOptions } from '../../../src/observables/ConnectOptions.js';
import { fromDuplex } from '../../../src/observables/fromDuplex.js';
import { openConnection } from '../../../src/observables/openConnection.js';
import { fromServer } from '../../../src/server/fromServer.js';
import type { Server } from '../../../src/server/Server.js';
import type { ServerOptions } from '../../../src/server/ServerOptions.js';
import { eventually } from '../../contracts/eventually.js';
import { plainPeers, reset } from '../../observables/plainPeers.js';
import { webSocketServers } from '../../server/webSocketServers.js';
import { authority, server as certificate } from './certificates.js';

const host = '127.0.0.1';

type Channel = keyof typeof connectionChannels;
type Told = { [K in Channel]: { channel: K } & ConnectionMessages[K] }[Channel];

describe('The channels of node:diagnostics_channel', () => {
  const peers = plainPeers();
  const sources = webSocketServers();
  const finish = new Subject<void>();
  const came = new Subject<void>();
  let told: Told[];
  // Connections that other specs have left may close at any time.
  let isOwn: (connection: ConnectionIdentity) => boolean;
  let leave: (() => void)[];
  let opened: (message: unknown) => void;
  let server: Server | undefined;

  beforeEach(() => {
    told = [];
    leave = [];
    const own = new WeakSet<ConnectionIdentity>();
    isOwn = (connection) => own.has(connection);
    opened = (message) => own.add((message as ConnectionMessages['open']).connection);
    server = undefined;
  });

  afterEach(async () => {
    for (const step of leave) step();
    finish.next();
    server?.abortClients();
    if (server !== undefined) await eventually('the server to be done', server.waitClosed());
  });

  /** Has `told` filled with the messages of these channels. */
  function hear(...channels: Channel[]): void {
    subscribe(connectionChannels.open, opened);
    leave.push(() => unsubscribe(connectionChannels.open, opened));
    for (const channel of channels) {
      const onMessage = (message: unknown): void => {
        const { connection } = message as { connection: ConnectionIdentity | undefined };
        if (connection !== undefined && !isOwn(connection)) return;
        told.push({ channel, ...(message as object) } as Told);
        came.next();
      };
      subscribe(connectionChannels[channel], onMessage);
      leave.push(() => unsubscribe(connectionChannels[channel], onMessage));
    }
  }

  function hearAll(): void {
    hear(...(Object.keys(connectionChannels) as Channel[]));
  }

  async function listen(
    handler?: ConnectionHandler<unknown>,
    options: Partial<ServerOptions> & ServeOptions = {},
  ): Promise<number> {
    const server$ = fromServer({ host, port: 0, ...options } as ServerOptions).pipe(takeUntil(finish));
    server = await new Promise((resolve, reject) => server$.subscribe({ next: resolve, error: reject }));
    const { onError = () => undefined } = options;
    if (handler !== undefined) server!.connections$.pipe(serve(handler, { ...options, onError })).subscribe();
    return server!.addresses[0]!.port;
  }

  /** A client, until the end of the spec. */
  async function connect(options: ConnectOptions): Promise<Connection> {
    const connection = await openConnection(options);
    leave.push(() => connection.writer.abort());
    return connection;
  }

  /** When so many have come. */
  async function messages<K extends Channel>(channel: K, count = 1): Promise<ConnectionMessages[K][]> {
    const found = (): Told[] => told.filter((message) => message.channel === channel);
    if (found().length < count) {
      await eventually(`${count} of ${channel}`, came.pipe(first(() => found().length >= count)));
    }
    return found() as unknown as ConnectionMessages[K][];
  }

  /** What was told, without what is of no interest. */
  function log(): string[] {
    return told.map(({ channel, connection }) => `${channel} ${connection?.side ?? 'of none'}`);
  }

  it('tell of a connection and its end, on both sides', async () => {
    hearAll();
    const port = await listen(({ reader, writer }) => {
      writer.write('hello');
      return reader.chunks();
    });
    const { reader, writer } = await connect({ host, port });
    await eventually('the bytes', reader.readExactly(5));
    writer.write('you');
    writer.close();
    await messages('close', 2);
    expect(log().sort()).toEqual(['close client', 'close server', 'open client', 'open server']);
    for (const side of ['client', 'server'] as const) {
      const [opened, closed] = told.filter(({ connection }) => connection!.side === side) as [
        Told,
        ConnectionMessages['close'],
      ];
      expect(closed.connection).toBe(opened.connection!);
      const { bytesRead, bytesWritten, reason, error } = closed;
      const bytes = side === 'client' ? [5, 3] : [3, 5];
      expect([bytesRead, bytesWritten, reason, error]).toEqual([...bytes, 'closed', undefined]);
      expect(closed.milliseconds).toBeGreaterThanOrEqual(0);
    }
  });

  it('say who a connection is, also when it is gone', async () => {
    hear('close');
    const port = await listen(() => NEVER);
    const { writer } = await connect({ host, port });
    const sockname = writer.getExtraInfo('sockname')!;
    writer.abort();
    const identities = (await messages('close', 2)).map(({ connection }) => connection);
    const ofClient = identities.find(({ side }) => side === 'client')!;
    const ofServer = identities.find(({ side }) => side === 'server')!;
    expect(ofClient.getExtraInfo('sockname')).toEqual(sockname);
    expect(ofServer.getExtraInfo('peername')).toEqual(sockname);
    expect(ofClient.id).not.toBe(ofServer.id);
  });

  it('tell of a connection on a stream, and of one on a WebSocket', async () => {
    hear('open', 'close');
    const subscription = fromDuplex(new PassThrough()).subscribe();
    subscription.unsubscribe();
    await messages('close');
    const serving = await sources.serve();
    const socket = new WebSocket(serving.url);
    const { writer } = await serving.next();
    writer.close();
    await eventually('the close', fromEvent(socket, 'close'));
    await messages('close', 2);
    expect(log()).toEqual(['open client', 'close client', 'open server', 'close server']);
  });

  it('tell of TLS, from the start and by startTls', async () => {
    hear('open', 'secure');
    const port = await listen(() => NEVER, { tls: certificate });
    const one = await connect({ host, port, tls: { ca: authority } });
    await messages('secure', 2);
    expect(log().sort()).toEqual(['open client', 'open server', 'secure client', 'secure server']);
    expect(told.map(({ channel }) => channel).slice(0, 1)).toEqual(['open']);
    one.writer.abort();
    told.length = 0;

    const plain = await listen(({ writer }) => writer.startTls({ ...certificate, isServer: true }));
    const { writer } = await connect({ host, port: plain });
    await messages('open', 2);
    expect(log().sort()).toEqual(['open client', 'open server']);
    await eventually('TLS', writer.startTls({ ca: authority }));
    const [client, accepted] = (await messages('secure', 2)).sort((a, b) =>
      a.connection.side.localeCompare(b.connection.side),
    ) as [ConnectionMessages['secure'], ConnectionMessages['secure']];
    expect([client.connection.side, accepted.connection.side]).toEqual(['client', 'server']);
    expect(client.connection.getExtraInfo('tlsVersion')).toBe('TLSv1.3');
  });

  it('tell of a loss before the close', async () => {
    hear('error', 'close');
    const port = await listen(({ reader }) => reader.chunks());
    reset(await peers.connectAccepted(port));
    const [close] = await messages('close');
    const errors = await messages('error', 2);
    expect(log()).toEqual(['error server', 'error server', 'close server']);
    const lost = jasmine.objectContaining({ code: 'ERR_CONNECTION_LOST' }) as unknown as Error;
    // The handler's read fails, and its handler with it.
    expect(errors.map(({ of, error }) => [of, error])).toEqual([
      ['handler', lost],
      ['connection', lost],
    ]);
    expect([close!.reason, close!.error]).toEqual(['lost', lost]);
  });

  it('tell of an abort as a close with the error, and of no loss', async () => {
    hear('error', 'close');
    const port = await listen();
    await peers.connectAccepted(port);
    (await eventually('the connection', server!.connections$)).writer.abort('enough');
    const [close] = await messages('close');
    expect(log()).toEqual(['close server']);
    const aborted = jasmine.objectContaining({ code: 'ERR_CONNECTION_CLOSED', cause: 'enough' });
    expect([close!.reason, close!.error]).toEqual(['aborted', aborted]);
  });

  it('tell of what a handler fails with', async () => {
    hear('error');
    const reason = new RangeError('too much');
    const port = await listen(() => throwError(() => reason));
    await peers.connectAccepted(port);
    const [message] = await messages('error');
    expect([message!.connection.side, message!.of, message!.error]).toEqual(['server', 'handler', reason]);
  });

  it('tell of pauses, when they begin and when they end', async () => {
    hear('pause');
    const go$ = new Subject<void>();
    const port = await listen(
      ({ reader }) =>
        go$.pipe(
          first(),
          concatMap(() => reader.readExactly(4000)),
        ),
      {
        limit: 1000,
      },
    );
    const socket = await peers.connect(port);
    socket.write('x'.repeat(4000));
    const [begin] = await messages('pause');
    expect([begin!.side, begin!.paused, begin!.milliseconds]).toEqual(['read', true, 0]);
    go$.next();
    const end = (await messages('pause', 2))[1]!;
    expect([end.side, end.paused, end.connection]).toEqual(['read', false, begin!.connection]);
    expect(end.milliseconds).toBeGreaterThanOrEqual(0);
  });

  it('tell of those that serve refuses', async () => {
    hear('refuse');
    const port = await listen(() => NEVER, {
      concurrency: 1,
      maxPending: 0,
      onError: (_, { writer }) => writer.write('busy'),
    });
    await peers.connectAccepted(port);
    await peers.connectAccepted(port);
    const [message] = await messages('refuse');
    expect(message!.connection!.side).toBe('server');
    expect(message!.error).toEqual(jasmine.objectContaining({ code: 'ERR_TOO_MANY_CONNECTIONS' }));
  });

  it('tell of handshakes that fail, as of no connection', async () => {
    hearAll();
    const port = await listen(() => NEVER, { tls: certificate });
    (await peers.connect(port)).write('GET / HTTP/1.1\r\n\r\n');
    const [message] = await messages('refuse');
    expect([message!.connection, message!.error]).toEqual([undefined, jasmine.any(Error)]);
    expect(log()).toEqual(['refuse of none']);
  });

  it('tell who comes late of connections that were there before', async () => {
    const port = await listen(({ reader }) => reader.chunks(), { limit: 1000 });
    const { writer } = await connect({ host, port });
    const { port: ofClient } = writer.getExtraInfo('sockname')!;
    isOwn = (connection) =>
      connection.getExtraInfo(connection.side === 'client' ? 'sockname' : 'peername')?.port === ofClient;
    hear('close');
    writer.close();
    await messages('close', 2);
    expect(log().sort()).toEqual(['close client', 'close server']);
  });

  it('cost no connection anything while nobody listens: it does not even get a number', async () => {
    const numbered = async (): Promise<ConnectionIdentity> => {
      hear('open');
      const subscription = fromDuplex(new PassThrough()).subscribe();
      const [{ connection }] = (await messages('open')) as [ConnectionMessages['open']];
      for (const step of leave.splice(0)) step();
      subscription.unsubscribe();
      told.length = 0;
      return connection;
    };
    const before = await numbered();
    const port = await listen(({ reader }) => reader.chunks());
    const { writer } = await connect({ host, port });
    writer.close();
    await eventually('the close', writer.waitClosed());
    expect((await numbered()).id).toBe(before.id + 1);
  });

  it('have what a subscriber throws told by Node alone', async () => {
    const reason = new Error('of a subscriber');
    const fail = (): never => {
      throw reason;
    };
    await jasmine.spyOnGlobalErrorsAsync(async (uncaught) => {
      for (const name of Object.values(connectionChannels)) {
        subscribe(name, fail);
        leave.push(() => unsubscribe(name, fail));
      }
      hearAll();
      const port = await listen(({ reader, writer }) =>
        reader.lines().pipe(concatMap((line) => writer.send(line))),
      );
      const { reader, writer } = await connect({ host, port });
      writer.write('hello\n');
      expect(Buffer.from(await eventually('the answer', reader.readExactly(5))).toString()).toBe('hello');
      writer.close();
      await eventually('the close', writer.waitClosed());
      await messages('close', 2);
      await new Promise(setImmediate);
      expect(uncaught.calls.allArgs()).toEqual(Array.from({ length: 4 }, () => [reason]));
    });
    expect(log().sort()).toEqual(['close client', 'close server', 'open client', 'open server']);
  });
});
