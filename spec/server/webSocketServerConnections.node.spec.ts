import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { getEventListeners } from 'node:events';
import { connect as connectSocket, type AddressInfo } from 'node:net';
import { concatMap, filter, fromEvent, merge, Subject, takeUntil, VirtualTimeScheduler } from 'rxjs';
import { WebSocket, WebSocketServer } from 'ws';
import { serve } from '../../src/operators/serve.js';
import { jsonMessages } from '../../src/decoders/jsonMessages.js';
import { messages } from '../../src/decoders/messages.js';
import { framed } from '../../src/observables/framed.js';
import { serverConnections$ } from '../../src/server/serverConnections.js';
import { webSocketServerConnections$ } from '../../src/server/webSocketServerConnections.js';
import { unixServerConnections$ } from '../../src/server/unixServerConnections.js';
import type { Connection } from '../../src/streams/Connection.js';
import { ConnectionLostError, HeartbeatTimeoutError, WebSocketCloseError } from '../../src/streams/errors.js';
import { text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { reportsOf } from '../contracts/reports.js';
import { everythingFrom, plainPeers } from '../observables/plainPeers.js';
import { temporaryPaths } from '../observables/temporaryPaths.js';
import { wsPeers } from '../transports/ws/wsPeers.js';
import { host, webSocketServers } from './webSocketServers.js';

describe('webSocketServerConnections$', () => {
  const peers = wsPeers();
  const plain = plainPeers();
  const servers = webSocketServers();
  const temporaryPath = temporaryPaths();

  function messageOf(client: WebSocket): Promise<string> {
    return eventually(
      'a message',
      new Promise<string>((resolve) => client.once('message', (data: Buffer) => resolve(data.toString()))),
    );
  }

  function closeOf(client: WebSocket): Promise<number> {
    return eventually(
      'the close',
      new Promise<number>((resolve) => {
        if (client.readyState === WebSocket.CLOSED) throw new Error('It was closed before');
        client.once('close', resolve);
      }),
    );
  }

  function closed(server: Server): Promise<unknown> {
    return eventually('the server to be closed', fromEvent(server, 'close'));
  }

  async function lossOf({ writer }: Connection): Promise<unknown> {
    const error = await failureOf('the loss', writer.waitClosed());
    expect(error).toBeInstanceOf(ConnectionLostError);
    return (error as Error).cause;
  }

  describe('on a port of its own', () => {
    it('emits a connection for each client, with bytes both ways', async () => {
      const serving = await servers.serve();
      const [one] = await peers.connect(serving.url);
      const [other] = await peers.connect(serving.url);
      const [first, second] = [await serving.next(), await serving.next()];
      one.send('a line\n');
      other.send(Buffer.from('another li'));
      other.send('ne\n');
      expect(text(await eventually('the line', first.reader.readLine()))).toBe('a line\n');
      expect(text(await eventually('the line', second.reader.readLine()))).toBe('another line\n');
      const answer = messageOf(one);
      first.writer.write('grün');
      expect(await answer).toBe('grün');
      expect(serving.ends).toEqual([]);
    });

    it('tells when it listens, once, with the port that it got, before it emits', async () => {
      const events: unknown[] = [];
      const finish = new Subject<void>();
      const listening = new Subject<number>();
      const port = eventually('listening', listening);
      webSocketServerConnections$({
        host,
        port: 0,
        onListening: ({ addresses, path }) => {
          events.push([addresses, path]);
          listening.next(addresses[0]!.port);
        },
      })
        .pipe(takeUntil(finish))
        .subscribe(({ writer }) => {
          events.push('connection');
          writer.close();
        });
      const [client] = await peers.connect(`ws://${host}:${await port}`);
      await closeOf(client);
      expect(events).toEqual([
        [[{ address: host, family: 'IPv4', port: await port }], undefined],
        'connection',
      ]);
      finish.next();
    });

    it('is cold: two subscriptions listen on a port each', async () => {
      const ports: number[] = [];
      const listening = new Subject<void>();
      const source$ = webSocketServerConnections$({
        host,
        port: 0,
        onListening: ({ addresses }) => {
          ports.push(addresses[0]!.port);
          listening.next();
        },
      });
      const both = eventually('both', listening.pipe(filter(() => ports.length === 2)));
      const subscriptions = [source$.subscribe(), source$.subscribe()];
      await both;
      expect(ports[0]).not.toBe(ports[1]);
      for (const subscription of subscriptions) subscription.unsubscribe();
    });

    it("errors with Node's own error where it cannot listen", async () => {
      const port = await plain.listen();
      let listened = false;
      const failed = failureOf(
        'listening',
        webSocketServerConnections$({ host, port, onListening: () => (listened = true) }),
      );
      expect(await failed).toEqual(jasmine.objectContaining({ code: 'EADDRINUSE' }));
      expect(listened).toBeFalse();
    });

    it('errors when onListening throws, and listens no more', async () => {
      let port = 0;
      const failed = failureOf(
        'listening',
        webSocketServerConnections$({
          host,
          port: 0,
          onListening: ({ addresses }) => {
            port = addresses[0]!.port;
            throw new Error('not today');
          },
        }),
      );
      expect(await failed).toEqual(new Error('not today'));
      expect(await failureOf('the connect', plain.connect(port))).toEqual(
        jasmine.objectContaining({ code: 'ECONNREFUSED' }),
      );
    });

    it('stops listening when it is unsubscribed from, and leaves the connections alone', async () => {
      const serving = await servers.serve();
      const [client] = await peers.connect(serving.url);
      const { reader, writer } = await serving.next();
      serving.subscription.unsubscribe();
      expect(await failureOf('a second connect', plain.connect(serving.port))).toEqual(
        jasmine.objectContaining({ code: 'ECONNREFUSED' }),
      );
      const answer = messageOf(client);
      writer.write('still here');
      expect(await answer).toBe('still here');
      client.send('me too');
      expect(text(await eventually('an answer', reader.readExactly(6)))).toBe('me too');
      client.close();
      await eventually('the close', writer.waitClosed());
    });

    it('unsubscribed, drops those that have not asked for anything yet', async () => {
      const serving = await servers.serve();
      const silent = await plain.connectAccepted(serving.port);
      const half = await plain.connectAccepted(serving.port);
      half.write('GET / HTTP/1.1\r\nHost: x\r\n');
      // A reset, for what has not been read.
      const ends = [silent, half].map((socket) =>
        eventually('the end', merge(fromEvent(socket.resume(), 'end'), fromEvent(socket, 'close'))),
      );
      serving.subscription.unsubscribe();
      // Neither of them has ended its own side.
      await Promise.all(ends);
      expect(serving.connections).toEqual([]);
    });

    it('unsubscribed before it listens, never does', async () => {
      let listened = false;
      const subscription = webSocketServerConnections$({
        // Looked up first.
        host: 'localhost',
        port: 0,
        onListening: () => (listened = true),
      }).subscribe();
      subscription.unsubscribe();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(listened).toBeFalse();
    });

    it('passes on the options of the socket', async () => {
      const serving = await servers.serve({ keepAlive: true, keepAliveInitialDelay: 1000, backlog: 1 });
      const [client] = await peers.connect(serving.url);
      client.send('x');
      expect(text(await eventually('x', (await serving.next()).reader.readExactly(1)))).toBe('x');
    });

    it('answers what is no upgrade with 426', async () => {
      const serving = await servers.serve();
      const response = await eventually(
        'the answer',
        new Promise<IncomingMessage>((resolve) =>
          get(`http://${host}:${serving.port}/`, (answer) => resolve(answer.resume())),
        ),
      );
      expect(response.statusCode).toBe(426);
      expect(response.headers.upgrade).toBe('websocket');
      expect(response.headers.connection).toBe('close');
    });
  });

  describe('on a server that is there', () => {
    it('takes its path, whatever else is served, until it is unsubscribed from', async () => {
      const [server, port] = await peers.listen(
        createServer((request, response) => response.end(`page ${request.url}`)),
      );
      const serving = await servers.start({ server, path: '/ws' }).listens();
      const [client] = await peers.connect(`ws://${host}:${port}/ws`);
      await serving.next();
      const page = async (): Promise<string> => (await fetch(`http://${host}:${port}/page`)).text();
      expect(await page()).toBe('page /page');
      serving.subscription.unsubscribe();
      expect(await page()).toBe('page /page');
      expect(server.listenerCount('upgrade')).toBe(0);
      expect(server.listenerCount('close')).toBe(0);
      expect(server.listenerCount('error')).toBe(0);
      expect(client.readyState).toBe(WebSocket.OPEN);
    });

    it('is shared by several with paths of their own; what nobody wants gets 404', async () => {
      const [server, port] = await peers.listen();
      const a = await servers.start({ server, path: '/a' }).listens();
      const b = await servers.start({ server, path: (pathname) => pathname.startsWith('/b/') }).listens();
      expect(server.listenerCount('upgrade')).toBe(1);
      await peers.connect(`ws://${host}:${port}/b/1?x`);
      await peers.connect(`ws://${host}:${port}/a`);
      await a.next();
      expect((await b.next()).writer.getExtraInfo('request')!.url).toBe('/b/1?x');
      expect((await peers.refusal(`ws://${host}:${port}/c`)).statusCode).toBe(404);
      a.subscription.unsubscribe();
      expect((await peers.refusal(`ws://${host}:${port}/a`)).statusCode).toBe(404);
      await peers.connect(`ws://${host}:${port}/b/2`);
      await b.next();
      expect([a.connections.length, b.connections.length]).toEqual([1, 2]);
    });

    it('gives a request that several want to the first of them', async () => {
      const [server, port] = await peers.listen();
      const first = await servers.start({ server }).listens();
      const second = await servers.start({ server }).listens();
      await peers.connect(`ws://${host}:${port}/`);
      await first.next();
      expect(second.connections).toEqual([]);
    });

    it('leaves what is not its own to other listeners', async () => {
      const [server, port] = await peers.listen();
      const theirs = new WebSocketServer({ noServer: true });
      server.on('upgrade', (request, socket, head) => {
        if (request.url === '/theirs') theirs.handleUpgrade(request, socket, head, (ws) => ws.send('theirs'));
      });
      const serving = await servers.start({ server, path: '/ours' }).listens();
      const [client] = await peers.connect(`ws://${host}:${port}/ours`);
      const ours = await serving.next();
      const answer = messageOf(client);
      ours.writer.write('ours');
      expect(await answer).toBe('ours');
      const other = new WebSocket(`ws://${host}:${port}/theirs`);
      expect(await messageOf(other)).toBe('theirs');
      other.terminate();
      expect(serving.connections.length).toBe(1);
    });

    it('waits for it to listen, and tells of that', async () => {
      const server = createServer();
      const serving = servers.start({ server });
      expect(serving.ends).toEqual([]);
      const [, port] = await peers.listen(server);
      await serving.listens();
      expect(serving.port).toBe(port);
      // Its later errors are the program's.
      expect(server.listenerCount('error')).toBe(0);
      await peers.connect(serving.url);
      await serving.next();
    });

    it('errors where it cannot listen', async () => {
      const port = await plain.listen();
      const server = createServer();
      const failed = failureOf('listening', webSocketServerConnections$({ server }));
      server.listen(port, host);
      expect(await failed).toEqual(jasmine.objectContaining({ code: 'EADDRINUSE' }));
      expect(server.eventNames()).not.toContain('upgrade');
      expect(server.listenerCount('error')).toBe(0);
    });

    it('completes when that is closed', async () => {
      const [server, port] = await peers.listen();
      const serving = await servers.start({ server }).listens();
      const [client] = await peers.connect(`ws://${host}:${port}`);
      const { writer } = await serving.next();
      const end = closed(server);
      server.close();
      client.close();
      await eventually('the close', writer.waitClosed());
      await end;
      expect(serving.ends).toEqual(['complete']);
    });

    it('knows the path of a Unix socket', async () => {
      const path = temporaryPath('http');
      const server = createServer();
      const paths: unknown[] = [];
      const listening = new Subject<void>();
      const listens = eventually('listening', listening);
      const serving = servers.start({
        server,
        onListening: (told) => {
          paths.push(told);
          listening.next();
        },
      });
      server.listen(path);
      await listens;
      expect(paths).toEqual([jasmine.objectContaining({ addresses: [], path })]);
      const client = new WebSocket(`ws+unix:${path}:/`);
      const { writer } = await serving.next();
      expect(writer.getExtraInfo('sockname')).toEqual({ address: path, family: 'Unix', port: 0 });
      expect(writer.getExtraInfo('peername')).toEqual({ address: '', family: 'Unix', port: 0 });
      const end = closeOf(client);
      writer.close();
      await end;
      const gone = closed(server);
      server.close();
      await gone;
    });
  });

  describe('on a WebSocketServer', () => {
    it('of a server takes what that opens, and lets it go when it is unsubscribed from', async () => {
      const [server] = await peers.listen();
      const webSocketServer = new WebSocketServer({ server, path: '/theirs', maxPayload: 100 });
      const serving = await servers.start({ webSocketServer }).listens();
      const [client] = await peers.connect(`${serving.url}/theirs`);
      const connection = await serving.next();
      client.send('hello');
      expect(text(await eventually('hello', connection.reader.readExactly(5)))).toBe('hello');
      client.send('x'.repeat(101));
      expect(await lossOf(connection)).toEqual(
        jasmine.objectContaining({ message: 'A message of the peer has more than maxPayload, 100 bytes' }),
      );
      serving.subscription.unsubscribe();
      expect(webSocketServer.eventNames()).toEqual([]);
      expect((await servers.start({ webSocketServer }).listens()).port).toBe(serving.port);
    });

    it('on a port waits for it to listen, and completes when it is closed', async () => {
      const webSocketServer = new WebSocketServer({ host, port: 0 });
      const serving = await servers.start({ webSocketServer }).listens();
      expect(serving.port).toBe((webSocketServer.address() as AddressInfo).port);
      const [client] = await peers.connect(serving.url);
      const connection = await serving.next();
      const end = eventually('the end', fromEvent(webSocketServer, 'close'));
      webSocketServer.close();
      client.close();
      await eventually('the close', connection.writer.waitClosed());
      await end;
      expect(serving.ends).toEqual(['complete']);
    });

    it('errors where it cannot listen', async () => {
      const port = await plain.listen();
      const failed = failureOf(
        'listening',
        webSocketServerConnections$({ webSocketServer: new WebSocketServer({ host, port }) }),
      );
      expect(await failed).toEqual(jasmine.objectContaining({ code: 'EADDRINUSE' }));
    });

    it('with noServer takes what the program has upgraded', async () => {
      const [server, port] = await peers.listen();
      const webSocketServer = new WebSocketServer({ noServer: true });
      server.on('upgrade', (request, socket, head) => {
        webSocketServer.handleUpgrade(request, socket, head, (ws) =>
          webSocketServer.emit('connection', ws, request),
        );
      });
      let told: unknown;
      const serving = servers.start({ webSocketServer, onListening: (listening) => (told = listening) });
      expect(told).toEqual(jasmine.objectContaining({ addresses: [], path: undefined }));
      const [client] = await peers.connect(`ws://${host}:${port}/anything?really`);
      const { writer } = await serving.next();
      expect(writer.getExtraInfo('request')!.url).toBe('/anything?really');
      const answer = messageOf(client);
      writer.write('yes');
      expect(await answer).toBe('yes');
    });

    it('checks the origin after the handshake: a page that must not is closed with 1008', async () => {
      const webSocketServer = new WebSocketServer({ host, port: 0 });
      const serving = await servers.start({ webSocketServer }).listens();
      const [client] = await peers.connect(serving.url, [], { origin: 'http://evil.example' });
      client.send('x'.repeat(1000));
      expect(await closeOf(client)).toBe(1008);
      await peers.connect(serving.url, [], { origin: `http://${host}:${serving.port}` });
      await serving.next();
      expect(serving.connections.length).toBe(1);
      webSocketServer.close();
    });

    it('closes with 1011 where the check throws, and reports it', async () => {
      const webSocketServer = new WebSocketServer({ host, port: 0 });
      const mine = new Error('mine');
      const origins = (): never => {
        throw mine;
      };
      const serving = await servers.start({ webSocketServer, origins }).listens();
      let code = 0;
      const reports = await reportsOf(async () => {
        const [client] = await peers.connect(serving.url);
        code = await closeOf(client);
      });
      expect(code).toBe(1011);
      expect(reports).toEqual([mine]);
      webSocketServer.close();
    });

    it('is taken by one source at a time', async () => {
      const webSocketServer = new WebSocketServer({ noServer: true });
      const first = servers.start({ webSocketServer });
      const second = servers.start({ webSocketServer });
      await failureOf('listening', second.listens());
      expect(second.ends).toEqual([jasmine.any(TypeError)]);
      first.subscription.unsubscribe();
      const third = servers.start({ webSocketServer });
      expect(third.ends).toEqual([]);
    });

    it('speaks credits where that has agreed on them', async () => {
      const webSocketServer = new WebSocketServer({ host, port: 0 });
      const serving = await servers.start({ webSocketServer }).listens();
      const [client] = await peers.connect(serving.url, ['credit.rxjs-net']);
      expect(await messageOf(client)).toMatch(/^\+\d+$/);
      expect((await serving.next()).writer.getExtraInfo('flowControl')).toBe('credit');
      webSocketServer.close();
    });
  });

  describe('signal:', () => {
    let controller: AbortController;

    beforeEach(() => (controller = new AbortController()));

    function listeners(): number {
      return getEventListeners(controller.signal, 'abort').length;
    }

    it('aborted before: its reason is the error', async () => {
      const failed = failureOf(
        'listening',
        webSocketServerConnections$({ host, port: 0, signal: AbortSignal.abort('too early') }),
      );
      expect(await failed).toBe('too early');
    });

    it('aborted before it listens: its reason is the error', async () => {
      const failed = failureOf(
        'listening',
        webSocketServerConnections$({ host, port: 0, signal: controller.signal }),
      );
      controller.abort('too early');
      expect(await failed).toBe('too early');
      expect(listeners()).toBe(0);
    });

    it('completes the source, and aborts the connections, with its reason', async () => {
      const serving = await servers.serve({ signal: controller.signal });
      const [client] = await peers.connect(serving.url);
      const { reader } = await serving.next();
      const end = closeOf(client);
      const failed = failureOf('the read', reader.readLine());
      const reason = new Error('over');
      controller.abort(reason);
      expect(serving.ends).toEqual(['complete']);
      expect(((await failed) as Error).cause).toBe(reason);
      expect(await end).toBe(1006);
      expect(listeners()).toBe(0);
    });

    it('is heard also when all connections so far are gone', async () => {
      const serving = await servers.serve({ signal: controller.signal });
      const [client] = await peers.connect(serving.url);
      const { writer } = await serving.next();
      client.close();
      await eventually('the close', writer.waitClosed());
      controller.abort();
      expect(serving.ends).toEqual(['complete']);
    });

    it('aborts the connections also after unsubscribing, and is let go of with the last of them', async () => {
      const serving = await servers.serve({ signal: controller.signal });
      const [one] = await peers.connect(serving.url);
      const [other] = await peers.connect(serving.url);
      await serving.next();
      const second = await serving.next();
      serving.subscription.unsubscribe();
      expect(listeners()).toBe(1);
      one.close();
      await eventually('the close', serving.connections[0]!.writer.waitClosed());
      expect(listeners()).toBe(1);
      const end = closeOf(other);
      controller.abort();
      await end;
      expect(second.writer.isClosing()).toBeTrue();
      expect(listeners()).toBe(0);
    });
  });

  describe('closing:', () => {
    it('either side with 1000, which is an end', async () => {
      const serving = await servers.serve();
      const [one] = await peers.connect(serving.url);
      const { writer } = await serving.next();
      const end = closeOf(one);
      writer.write('bye');
      writer.close();
      await eventually('the close', writer.waitClosed());
      expect(await end).toBe(1000);
      const [other] = await peers.connect(serving.url);
      const second = await serving.next();
      other.close(1000, 'done');
      expect(text(await eventually('the end', second.reader.read()))).toBe('');
      await eventually('the close', second.writer.waitClosed());
      expect(second.writer.getExtraInfo('closeCode')).toBe(1000);
      expect(second.writer.getExtraInfo('closeReason')).toBe('done');
    });

    it('a code of the program is a loss that has it', async () => {
      const serving = await servers.serve();
      const [client] = await peers.connect(serving.url);
      const connection = await serving.next();
      client.close(4321, 'müde');
      expect(await lossOf(connection)).toEqual(new WebSocketCloseError(4321, 'müde'));
    });

    it('an abort is 1006, on either side', async () => {
      const serving = await servers.serve();
      const [one] = await peers.connect(serving.url);
      const end = closeOf(one);
      (await serving.next()).writer.abort();
      expect(await end).toBe(1006);
      const [other] = await peers.connect(serving.url);
      const connection = await serving.next();
      other.terminate();
      expect(((await lossOf(connection)) as WebSocketCloseError).closeCode).toBe(1006);
    });
  });

  describe('pingInterval', () => {
    async function deadPeer(options: { pingInterval?: number }): Promise<[VirtualTimeScheduler, Connection]> {
      const scheduler = new VirtualTimeScheduler();
      const serving = await servers.serve({ ...options, scheduler });
      const [client] = await peers.connect(serving.url, [], { autoPong: false });
      const pinged = eventually('the ping', new Promise((resolve) => client.once('ping', resolve)));
      const connection = await serving.next();
      scheduler.maxFrames = options.pingInterval ?? 30_000;
      scheduler.flush();
      if (options.pingInterval !== 0) await pinged;
      // Handed to the system, which the server hears in a turn of its own.
      await new Promise((resolve) => setImmediate(resolve));
      return [scheduler, connection];
    }

    it('ends a dead link, after 30 s by default and 30 s more', async () => {
      const [scheduler, connection] = await deadPeer({});
      scheduler.maxFrames = 60_000;
      scheduler.flush();
      expect(await lossOf(connection)).toEqual(new HeartbeatTimeoutError(30_000));
      expect(scheduler.now()).toBe(60_000);
    });

    it('says how long', async () => {
      const [scheduler, connection] = await deadPeer({ pingInterval: 100 });
      scheduler.maxFrames = 200;
      scheduler.flush();
      expect(await lossOf(connection)).toEqual(new HeartbeatTimeoutError(100));
    });

    it('0: none', async () => {
      const scheduler = new VirtualTimeScheduler();
      const serving = await servers.serve({ pingInterval: 0, scheduler });
      await peers.connect(serving.url);
      await serving.next();
      expect(scheduler.actions.length).toBe(0);
    });
  });

  describe('mode:', () => {
    it('messages are read with their kind, and written as they are', async () => {
      const serving = await servers.serve({ mode: 'messages' });
      const [client] = await peers.connect(serving.url);
      const { reader, writer } = await serving.next();
      client.send('text');
      client.send(Buffer.of(1, 2));
      expect(await eventually('the text', reader.readFrame(messages()))).toBe('text');
      expect(await eventually('the bytes', reader.readFrame(messages()))).toEqual(Uint8Array.of(1, 2));
      const answer = eventually(
        'the answer',
        new Promise((resolve) => client.once('message', (...args) => resolve(args))),
      );
      writer.write('back');
      expect(await answer).toEqual([Buffer.from('back'), false]);
    });

    it('messages are framed as JSON', async () => {
      const serving = await servers.serve({ mode: 'messages' });
      const [client] = await peers.connect(serving.url);
      const link = framed(await serving.next(), jsonMessages<{ n: number }>());
      const received = eventually('the message', link);
      client.send('{"n":6}');
      expect(await received).toEqual({ n: 6 });
      const answer = messageOf(client);
      link.send({ n: 7 }).subscribe();
      expect(await answer).toBe('{"n":7}');
    });
  });

  it('one handler serves TCP, a Unix socket and WebSockets at once', async () => {
    const finish = new Subject<void>();
    const path = temporaryPath('handler');
    const ports = { tcp: 0, unix: -1, web: 0 };
    const listening = new Subject<void>();
    const all = eventually(
      'all to listen',
      listening.pipe(filter(() => ports.tcp > 0 && ports.unix === 0 && ports.web > 0)),
    );
    const onListening =
      (name: keyof typeof ports) =>
      ({ addresses }: { addresses: readonly { port: number }[] }): void => {
        ports[name] = addresses[0]?.port ?? 0;
        listening.next();
      };
    const shouts = ({ reader, writer }: Connection) =>
      reader
        .lines()
        .pipe(
          concatMap((line) =>
            writer.send(`${line.toUpperCase()} ${String(writer.getExtraInfo('flowControl'))}\n`),
          ),
        );
    const done = new Subject<void>();
    const completed = eventually('the end of the server', done);
    merge(
      serverConnections$({ host, port: 0, onListening: onListening('tcp') }),
      unixServerConnections$(path, { onListening: onListening('unix') }),
      webSocketServerConnections$({ host, port: 0, onListening: onListening('web') }),
    )
      // What lies behind it is to go on: that is the point.
      // eslint-disable-next-line rxjs-x/no-unsafe-takeuntil
      .pipe(takeUntil(finish), serve(shouts))
      .subscribe({ complete: () => done.next() });
    await all;
    const answers = [];
    for (const socket of [await plain.connect(ports.tcp), await plain.connectToPath(path)]) {
      answers.push(everythingFrom(socket));
      socket.end('hello\n');
    }
    const [client] = await peers.connect(`ws://${host}:${ports.web}`);
    const answer = messageOf(client);
    client.send('hello\n');
    expect(await answer).toBe('HELLO socket\n');
    expect((await Promise.all(answers)).map(text)).toEqual(['HELLO undefined\n', 'HELLO undefined\n']);
    const end = closeOf(client);
    finish.next();
    client.close();
    await end;
    await completed;
  });

  it('tells of the peer, the request and the subprotocol', async () => {
    const serving = await servers.serve({ protocols: ['chat', 'superchat'] });
    const [client, socket] = await peers.connect(`${serving.url}/?room=7`, ['x', 'superchat', 'chat'], {
      headers: { Cookie: 'a=b' },
    });
    expect(client.protocol).toBe('chat');
    const { writer } = await serving.next();
    expect(writer.getExtraInfo('protocol')).toBe('chat');
    expect(writer.getExtraInfo('request')!.headers.cookie).toBe('a=b');
    expect(writer.getExtraInfo('request')!.url).toBe('/?room=7');
    expect(writer.getExtraInfo('peername')!.port).toBe(socket.localPort!);
    expect(writer.getExtraInfo('sockname')!.port).toBe(serving.port);
    expect(writer.getExtraInfo('socket')).toBe(writer.getExtraInfo('request')!.socket);
    expect(writer.getExtraInfo('flowControl')).toBe('socket');
    expect(writer.canWriteEof()).toBeFalse();
  });

  describe('credits', () => {
    it('are accepted where they are offered, with the name of the program', async () => {
      const serving = await servers.serve({ protocols: 'chat' });
      const [client] = await peers.connect(serving.url, ['credit.rxjs-net+chat', 'chat']);
      expect(client.protocol).toBe('credit.rxjs-net+chat');
      const { writer } = await serving.next();
      expect(writer.getExtraInfo('protocol')).toBe('chat');
      expect(writer.getExtraInfo('flowControl')).toBe('credit');
      expect(writer.canWriteEof()).toBeTrue();
    });

    it('are not where the program does not want them', async () => {
      const serving = await servers.serve({ protocols: 'chat', credits: false });
      const [client] = await peers.connect(serving.url, ['credit.rxjs-net+chat', 'chat']);
      expect(client.protocol).toBe('chat');
      expect((await serving.next()).writer.getExtraInfo('flowControl')).toBe('socket');
    });

    it('are alone where the client has no names', async () => {
      const serving = await servers.serve();
      const [client] = await peers.connect(serving.url, ['credit.rxjs-net']);
      expect(client.protocol).toBe('credit.rxjs-net');
      expect((await serving.next()).writer.getExtraInfo('protocol')).toBe('');
    });
  });

  it('reports what a wrap throws, resets that client, and serves the others', async () => {
    let good = false;
    const mine = new Error('mine');
    const serving = await servers.serve({
      wrap: (transport) => {
        if (!good) throw mine;
        return transport;
      },
    });
    let code = 0;
    const reports = await reportsOf(async () => {
      const [client] = await peers.connect(serving.url);
      code = await closeOf(client);
    });
    expect(code).toBe(1006);
    expect(reports).toEqual([mine]);
    good = true;
    await peers.connect(serving.url);
    await serving.next();
    expect(serving.ends).toEqual([]);
  });

  it('ends a client that is let in by a function which ends the source', async () => {
    const [server, port] = await peers.listen();
    const serving = servers.start({
      server,
      origins: () => {
        serving.subscription.unsubscribe();
        return true;
      },
    });
    const socket = connectSocket(port, host).on('error', () => undefined);
    socket.write(
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    await eventually('the end', fromEvent(socket.resume(), 'close'));
    expect(serving.connections).toEqual([]);
  });
});
