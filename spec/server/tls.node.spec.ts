import type { Socket } from 'node:net';
import { createSecureContext, type TLSSocket } from 'node:tls';
import {
  first,
  fromEvent,
  mergeMap,
  race,
  Subject,
  take,
  takeUntil,
  toArray,
  VirtualTimeScheduler,
} from 'rxjs';
import type { ServerTlsOptions } from '../../src/node.js';
import { fromConnection } from '../../src/observables/fromConnection.js';
import { fromServer } from '../../src/server/fromServer.js';
import type { Server } from '../../src/server/Server.js';
import type { ServerOptions } from '../../src/server/ServerOptions.js';
import type { Connection } from '../../src/streams/Connection.js';
import { HandshakeTimeoutError } from '../../src/streams/errors.js';
import { difference, seededBytes, text } from '../contracts/bytes.js';
import { eventually } from '../contracts/eventually.js';
import { everythingFrom, plainPeers, reset } from '../observables/plainPeers.js';
import { temporaryPaths } from '../observables/temporaryPaths.js';
import { connectTls } from '../observables/tlsPeers.js';
import { authority, client, other, server as certificate } from '../transports/node/certificates.js';

const host = '127.0.0.1';

describe('TLS of a server', () => {
  const peers = plainPeers();
  const temporaryPath = temporaryPaths();
  const finish = new Subject<void>();
  let server: Server;
  let connections: Connection[];
  let handshakeErrors: unknown[];

  afterEach(async () => {
    for (const { writer } of connections) writer.abort();
    finish.next();
    server.abortClients();
    await eventually('the server to be done', server.waitClosed());
  });

  async function listen(
    tls: ServerTlsOptions = certificate,
    more: Partial<ServerOptions> = {},
  ): Promise<void> {
    connections = [];
    handshakeErrors = [];
    server = await new Promise((resolve, reject) => {
      const options = { host, port: 0, tls, ...more } as ServerOptions;
      fromServer(options).pipe(takeUntil(finish)).subscribe({ next: resolve, error: reject });
    });
    server.connections$.subscribe((connection) => connections.push(connection));
    server.handshakeErrors$.subscribe((error) => handshakeErrors.push(error));
  }

  function connectPlain(): Promise<Socket> {
    return peers.connect(server.addresses[0]!.port);
  }

  async function connect(options?: Parameters<typeof connectTls>[1]): Promise<[TLSSocket, Connection]> {
    const accepted = eventually('the connection', server.connections$.pipe(first()));
    const socket = await connectTls(await connectPlain(), options);
    return [socket, await accepted];
  }

  it('carries bytes both ways', async () => {
    await listen();
    const [socket, { reader, writer }] = await connect();
    socket.write('hello\n');
    expect(text(await eventually('the line', reader.readLine()))).toBe('hello\n');
    const answer = everythingFrom(socket);
    writer.write('goodbye');
    writer.writeEof();
    expect(text(await answer)).toBe('goodbye');
    expect(handshakeErrors).toEqual([]);
  });

  it('delivers what comes with the end of the handshake', async () => {
    await listen();
    const accepted = eventually('the connection', server.connections$.pipe(first()));
    const socket = connectTls(await connectPlain());
    (await socket).write('early\n');
    const { reader } = await accepted;
    expect(text(await eventually('the line', reader.readLine()))).toBe('early\n');
  });

  it('knows what was agreed on, and the addresses', async () => {
    await listen({ ...certificate, ALPNProtocols: ['h2', 'mine'] });
    const [socket, { writer }] = await connect({ ALPNProtocols: ['mine'], servername: 'localhost' });
    expect(writer.getExtraInfo('alpnProtocol')).toBe('mine');
    expect(writer.getExtraInfo('servername')).toBe('localhost');
    expect(writer.getExtraInfo('tlsVersion')).toBe('TLSv1.3');
    expect(writer.getExtraInfo('cipher')!.name).toMatch(/^TLS_/);
    const peername = { address: host, family: 'IPv4', port: socket.localPort! };
    expect(writer.getExtraInfo('peername')).toEqual(peername);
    writer.abort();
    await eventually('the close', writer.waitClosed());
    expect(writer.getExtraInfo('peername')).toEqual(peername);
    expect(writer.getExtraInfo('sockname')).toEqual(server.addresses[0]);
  });

  it('shows the certificate that the client asked for by name', async () => {
    await listen({
      ...certificate,
      SNICallback: (name, answer) => {
        answer(null, createSecureContext(name === 'other.test' ? other : certificate));
      },
    });
    const [socket] = await connect({ servername: 'other.test' });
    expect(socket.getPeerCertificate().subject.CN).toBe('other.test');
    const [another] = await connect();
    expect(another.getPeerCertificate().subject.CN).toBe('localhost');
  });

  describe('with client certificates', () => {
    it('lets those in that the authority vouches for, and knows their names', async () => {
      await listen({ ...certificate, ca: authority, requestCert: true });
      const [, { writer }] = await connect(client);
      expect(writer.getExtraInfo('peercert')!.subject.CN).toBe('client');
    });

    it('lets nobody else in', async () => {
      await listen({ ...certificate, ca: authority, requestCert: true });
      const failed = eventually('the failure', server.handshakeErrors$);
      const socket = await connectTls(await connectPlain());
      const gone = eventually('the end', race(fromEvent(socket, 'close'), fromEvent(socket.resume(), 'end')));
      expect(await failed).toEqual(jasmine.any(Error));
      await gone;
      expect(connections).toEqual([]);
      const [, { writer }] = await connect(client);
      expect(writer.getExtraInfo('peercert')!.subject.CN).toBe('client');
    });

    it('lets everybody in with rejectUnauthorized: false', async () => {
      await listen({ ...certificate, ca: authority, requestCert: true, rejectUnauthorized: false });
      const [, { writer }] = await connect();
      expect((writer.getExtraInfo('socket') as TLSSocket).authorized).toBeFalse();
    });
  });

  describe('a handshake that fails', () => {
    // The others are served as before.
    async function expectToBeServed(): Promise<void> {
      const [socket, { reader }] = await connect();
      socket.write('hello\n');
      expect(text(await eventually('the line', reader.readLine()))).toBe('hello\n');
    }

    it('is nothing but an entry in handshakeErrors$, while others are served', async () => {
      await listen();
      const [socket, { reader }] = await connect();
      const failed = eventually('the failure', server.handshakeErrors$);
      const stranger = await connectPlain();
      stranger.write('GET / HTTP/1.0\r\n\r\n');
      expect(await failed).toEqual(jasmine.objectContaining({ code: 'ERR_SSL_HTTP_REQUEST' }));
      await everythingFrom(stranger);
      socket.write('still here\n');
      expect(text(await eventually('the line', reader.readLine()))).toBe('still here\n');
      expect(connections.length).toBe(1);
      await expectToBeServed();
    });

    it('shows when the client goes in the middle, by a reset or an end', async () => {
      await listen();
      const failed = eventually('two failures', server.handshakeErrors$.pipe(take(2), toArray()));
      reset(await peers.connectAccepted(server.addresses[0]!.port));
      (await peers.connectAccepted(server.addresses[0]!.port)).end();
      const codes = (await failed).map((error) => (error as NodeJS.ErrnoException).code);
      expect(codes).toEqual(['ECONNRESET', 'ECONNRESET']);
      await expectToBeServed();
    });

    it('shows when the client does not trust the server', async () => {
      await listen();
      const failed = eventually('the failure', race(server.handshakeErrors$, server.connections$));
      await expectAsync(connectTls(await connectPlain(), { ca: [] })).toBeRejected();
      await failed;
      await expectToBeServed();
    });

    it('is over when a client says nothing for handshakeTimeout', async () => {
      await listen({ ...certificate, handshakeTimeout: 5 });
      const failed = eventually('the failure', server.handshakeErrors$);
      const silent = await connectPlain();
      const gone = eventually('the end', race(fromEvent(silent.resume(), 'end'), fromEvent(silent, 'close')));
      const error = await failed;
      expect(error).toBeInstanceOf(HandshakeTimeoutError);
      expect(error).toEqual(jasmine.objectContaining({ timeout: 5 }));
      expect(error.cause).toEqual(jasmine.objectContaining({ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' }));
      await gone;
      expect(connections).toEqual([]);
    });

    it('is ended at close, and no connection comes of it', async () => {
      await listen();
      const silent = await peers.connectAccepted(server.addresses[0]!.port);
      const gone = eventually('the end', race(fromEvent(silent.resume(), 'end'), fromEvent(silent, 'close')));
      const completed = eventually('the completion', server.handshakeErrors$.pipe(toArray()));
      server.close();
      await gone;
      expect(await completed).toEqual([]);
      expect(connections).toEqual([]);
    });
  });

  it('is reset by an abort', async () => {
    await listen({ ...certificate, maxVersion: 'TLSv1.2' });
    const [socket, { writer }] = await connect();
    const gone = eventually('the reset', fromEvent(socket.resume(), 'close'));
    writer.abort();
    await gone;
    expect(socket.errored).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
    await eventually('the close', writer.waitClosed());
  });

  it('aborts at close the connections that nobody took', async () => {
    await listen({ ...certificate, maxVersion: 'TLSv1.2' });
    const idle = new Subject<void>();
    finish.next();
    await eventually('the end of the first server', server.waitClosed());
    server = await new Promise((resolve) => {
      fromServer({ host, port: 0, tls: { ...certificate, maxVersion: 'TLSv1.2' } })
        .pipe(takeUntil(idle))
        .subscribe(resolve);
    });
    const socket = await connectTls(await connectPlain());
    await eventually('the connection to be known', server.active$.pipe(first((count) => count === 1)));
    const gone = eventually('the reset', fromEvent(socket.resume(), 'close'));
    idle.next();
    await gone;
    expect(socket.errored).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
  });

  it('works on a Unix socket', async () => {
    const path = temporaryPath();
    await listen(certificate, { port: undefined, host: undefined, path } as unknown as ServerOptions);
    const accepted = eventually('the connection', server.connections$.pipe(first()));
    const socket = await connectTls(await peers.connectToPath(path));
    const { reader, writer } = await accepted;
    socket.write('hello\n');
    expect(text(await eventually('the line', reader.readLine()))).toBe('hello\n');
    const told = ['sockname', 'peername', 'tlsVersion'].map((name) => writer.getExtraInfo(name));
    expect(told).toEqual([...[path, ''].map((address) => ({ address, family: 'Unix', port: 0 })), 'TLSv1.3']);
    socket.end();
    writer.close();
    await eventually('the close', writer.waitClosed());
  });

  it('aborts at close the handshakes on a Unix socket, and no connection that was taken', async () => {
    const path = temporaryPath();
    await listen(certificate, { port: undefined, host: undefined, path } as unknown as ServerOptions);
    const silent = [await peers.connectToPath(path), await peers.connectToPath(path)];
    const accepted = eventually('the connection', server.connections$.pipe(first()));
    // One that comes later is there: so are the others.
    const socket = await connectTls(await peers.connectToPath(path));
    const { reader } = await accepted;
    const ends = silent.map((raw) => eventually('the end', fromEvent(raw.resume(), 'end')));
    server.close();
    await Promise.all(ends);
    expect(connections.length).toBe(1);
    socket.write('still here\n');
    expect(text(await eventually('the line', reader.readLine()))).toBe('still here\n');
    expect(handshakeErrors).toEqual([]);
  });

  describe('whose client does not end:', () => {
    const count = 5;

    // Closed by the server, while the clients keep their sockets open.
    async function linger(more: Partial<ServerOptions> = {}): Promise<[TLSSocket[], number[]]> {
      await listen({ ...certificate, shutdownTimeout: 1000 }, more);
      const counts: number[] = [];
      server.active$.subscribe({ next: (value) => counts.push(value), complete: () => counts.push(-1) });
      const sockets: TLSSocket[] = [];
      for (let i = 0; i < count; i++) {
        const raw = more.path === undefined ? await connectPlain() : await peers.connectToPath(more.path);
        raw.allowHalfOpen = true;
        const accepted = eventually('the connection', server.connections$.pipe(first()));
        const socket = await connectTls(raw);
        socket.allowHalfOpen = true;
        sockets.push(socket);
        await accepted;
      }
      const ends = sockets.map((socket) => eventually('the end', fromEvent(socket.resume(), 'end')));
      for (const { writer } of connections) writer.close();
      await Promise.all(ends);
      for (const { writer } of connections) await eventually('the close', writer.waitClosed());
      return [sockets, counts];
    }

    for (const kind of ['TCP', 'Unix']) {
      it(`counts until its socket is gone, on ${kind}, and is within the reach of abortClients()`, async () => {
        const path = { port: undefined, host: undefined, path: temporaryPath() } as never;
        const [sockets, counts] = await linger(kind === 'Unix' ? path : {});
        expect(counts).withContext('closed, and still open below').toEqual([0, 1, 2, 3, 4, 5]);
        server.close();
        let done = false;
        server.waitClosed().subscribe(() => (done = true));
        server.closeClients();
        await new Promise((resolve) => setImmediate(resolve));
        expect(done).withContext('closeClients() leaves them').toBeFalse();
        server.abortClients();
        await eventually('the end', server.waitClosed());
        expect(counts).toEqual([0, 1, 2, 3, 4, 5, 4, 3, 2, 1, 0, -1]);
        for (const socket of sockets) socket.destroy();
      });
    }

    it('counts until its client ends', async () => {
      const [sockets, counts] = await linger();
      for (const socket of sockets) socket.end();
      await eventually('the last one', server.active$.pipe(first((value) => value === 0)));
      expect(counts).toEqual([0, 1, 2, 3, 4, 5, 4, 3, 2, 1, 0]);
    });

    it('counts until shutdownTimeout is over', async () => {
      const scheduler = new VirtualTimeScheduler();
      const [sockets, counts] = await linger({ scheduler });
      scheduler.maxFrames = 999;
      scheduler.flush();
      await new Promise((resolve) => setImmediate(resolve));
      expect(counts.at(-1)).toBe(count);
      scheduler.maxFrames = 1000;
      scheduler.flush();
      await eventually('the last one', server.active$.pipe(first((value) => value === 0)));
      expect(counts).toEqual([0, 1, 2, 3, 4, 5, 4, 3, 2, 1, 0]);
      for (const socket of sockets) socket.destroy();
    });

    it('is ended by the signal of the server', async () => {
      const controller = new AbortController();
      const [sockets, counts] = await linger({ signal: controller.signal });
      controller.abort();
      await eventually('the end', server.waitClosed());
      expect(counts.slice(-2)).toEqual([0, -1]);
      for (const socket of sockets) socket.destroy();
    });

    it('counts as well where a wrap knows nothing of it', async () => {
      const [sockets, counts] = await linger({
        // The six verbs and three facts, and no more.
        wrap: (transport) => ({
          start: (receiver) => transport.start(receiver),
          write: (data) => transport.write(data),
          writeEof: () => transport.writeEof(),
          pause: () => transport.pause(),
          resume: () => transport.resume(),
          close: () => transport.close(),
          abort: (reason) => transport.abort(reason),
          getExtraInfo: (name) => transport.getExtraInfo(name),
          canWriteEof: true,
          get writeQueueSize() {
            return transport.writeQueueSize;
          },
        }),
      });
      expect(counts.at(-1)).toBe(count);
      server.abortClients();
      await eventually('the last one', server.active$.pipe(first((value) => value === 0)));
      expect(counts.at(-1)).toBe(0);
      for (const socket of sockets) socket.destroy();
    });
  });

  it('ends a handshake on a Unix socket that is over after the close', async () => {
    const path = temporaryPath();
    await listen(certificate, { port: undefined, host: undefined, path } as unknown as ServerOptions);
    const raw = await peers.connectToPath(path);
    // One that comes later is there: so is the first.
    await connectTls(await peers.connectToPath(path));
    await eventually('the other connection', server.active$.pipe(first((count) => count === 1)));
    server.close();
    const socket = await connectTls(raw).catch(() => undefined);
    if (socket !== undefined) await everythingFrom(socket);
    expect(connections.length).toBe(1);
    expect(raw.readableEnded || raw.destroyed || socket?.readableEnded).toBeTrue();
  });

  it('sends megabytes to a slow client and is paused meanwhile', async () => {
    await listen();
    const [socket, { writer }] = await connect();
    const sent = seededBytes(9, 8 * 2 ** 20);
    const paused: boolean[] = [];
    writer.paused$.subscribe((value) => paused.push(value));
    writer.write(sent);
    expect(paused).toEqual([false, true]);
    writer.writeEof();
    expect(difference(await everythingFrom(socket), sent)).toBe('none');
    expect(paused).toEqual([false, true, false]);
  });

  it('stops a client that sends more than is read', async () => {
    await listen(certificate, { limit: 1000 });
    const [socket, { reader }] = await connect();
    const sent = 32 * 2 ** 20;
    socket.end(new Uint8Array(sent));
    for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(socket.writableLength).withContext('bytes that the client still holds').toBeGreaterThan(0);
    let received = 0;
    let most = 0;
    while (!reader.atEof()) {
      most = Math.max(most, reader.bufferedBytes);
      received += (await eventually('bytes', reader.read(100_000))).length;
    }
    expect(received).toBe(sent);
    expect(most)
      .withContext('bytes that waited')
      .toBeLessThanOrEqual(2 * 1000 + 65536);
  });

  it('talks with fromConnection, and both end cleanly', async () => {
    await listen();
    server.connections$
      .pipe(mergeMap(({ reader, writer }) => reader.pipeTo(writer)))
      .subscribe({ error: (error: unknown) => handshakeErrors.push(error) });
    const echo = fromConnection({
      host: 'localhost',
      family: 4,
      port: server.addresses[0]!.port,
      tls: { ca: authority },
    }).pipe(
      mergeMap(({ reader, writer }) => {
        writer.write('all of it');
        writer.writeEof();
        return reader.read();
      }),
    );
    expect(text(await eventually('the echo', echo))).toBe('all of it');
    await eventually('the last connection to go', server.active$.pipe(first((count) => count === 0)));
    expect(handshakeErrors).toEqual([]);
  });
});

describe('TLS of a server, at the call,', () => {
  it('checks its options', () => {
    const tlsWith = (tls: object): (() => unknown) => {
      return () => fromServer({ port: 0, tls: { ...certificate, ...tls } });
    };
    for (const timeout of [0, -1, NaN, 2 ** 31]) {
      expect(tlsWith({ handshakeTimeout: timeout })).toThrowError(RangeError, /^handshakeTimeout must be/);
      expect(tlsWith({ shutdownTimeout: timeout })).toThrowError(RangeError, /^shutdownTimeout must be/);
    }
    for (const wrong of [{ cert: 'no certificate' }, { key: 'no key' }]) {
      expect(tlsWith(wrong)).toThrowError(/^TLS: (no start line|DECODER.*|unsupported)$/i);
      expect(tlsWith(wrong)).toThrowMatching(
        ({ cause, code }) => cause instanceof Error && (code as string).startsWith('ERR_OSSL'),
      );
    }
    expect(tlsWith({ key: other.key })).toThrowError(/key/);
    for (const stray of [
      'key',
      'cert',
      'SNICallback',
      'requestCert',
      'handshakeTimeout',
      'pfx',
      'secureContext',
    ]) {
      const options = { port: 0, [stray]: 1 } as ServerOptions;
      expect(() => fromServer(options)).toThrowError(TypeError, new RegExp(`^${stray} is an option of TLS`));
    }
  });
});
