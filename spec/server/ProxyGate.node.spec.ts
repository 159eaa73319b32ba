import { Socket } from 'node:net';
import { connect as connectTlsOn } from 'node:tls';
import {
  first,
  fromEvent,
  race,
  ReplaySubject,
  Subject,
  take,
  takeUntil,
  toArray,
  VirtualTimeScheduler,
} from 'rxjs';
import { encodeProxyHeader, ProxyProtocolError, type ProxyHeader } from '../../src/index.js';
import { fromServer } from '../../src/server/fromServer.js';
import { ProxyGate } from '../../src/server/ProxyGate.js';
import type { Server } from '../../src/server/Server.js';
import type { ServerOptions } from '../../src/server/ServerOptions.js';
import type { Connection } from '../../src/streams/Connection.js';
import { bytes, difference, joined, seededBytes, text } from '../contracts/bytes.js';
import { eventually } from '../contracts/eventually.js';
import { at } from '../decoders/proxyHeaders.js';
import { everythingFrom, plainPeers, reset } from '../observables/plainPeers.js';
import { temporaryPaths } from '../observables/temporaryPaths.js';
import { connectTls } from '../observables/tlsPeers.js';
import { authority, server as certificate } from '../transports/node/certificates.js';
import { acceptedSockets, sendingBy, sendSlowly } from './proxyClients.js';

const host = '127.0.0.1';
const ENDS = { source: at('192.0.2.7', 51234), destination: at('198.51.100.1', 443) };
const HEADERS: Record<string, Uint8Array> = {
  'version 1': encodeProxyHeader({ version: 1, ...ENDS }),
  'version 2': encodeProxyHeader({ ...ENDS, authority: 'a.example', crc32c: true }),
};
const LOCAL = encodeProxyHeader({ command: 'LOCAL' });

describe('A server with proxyProtocol', () => {
  const peers = plainPeers();
  const temporaryPath = temporaryPaths();
  const accepted = acceptedSockets();
  const finish = new Subject<void>();
  let server: Server;
  let connections: Connection[];
  let refusals: ReplaySubject<ProxyProtocolError>;
  let refused: ProxyProtocolError[];

  afterEach(async () => {
    for (const { writer } of connections) writer.abort();
    finish.next();
    server.abortClients();
    await eventually('the server to be done', server.waitClosed());
  });

  async function listen(options: Partial<ServerOptions> = {}): Promise<void> {
    connections = [];
    refused = [];
    refusals = new ReplaySubject(Infinity);
    const given = { host, port: 0, proxyProtocol: { trusted: ['127.0.0.1'] }, ...options };
    server = await new Promise((resolve, reject) => {
      fromServer(given as ServerOptions)
        .pipe(takeUntil(finish))
        .subscribe({ next: resolve, error: reject });
    });
    server.connections$.subscribe((connection) => connections.push(connection));
    server.handshakeErrors$.subscribe((error) => {
      if (!(error instanceof ProxyProtocolError)) throw error;
      refused.push(error);
      refusals.next(error);
    });
  }

  function connect(): Promise<Socket> {
    return peers.connectAccepted(server.addresses[0]!.port);
  }

  function connection(): Promise<Connection> {
    return connections.length > 0
      ? Promise.resolve(connections.at(-1)!)
      : eventually('the connection', server.connections$.pipe(first()));
  }

  async function lineOf({ reader }: Connection): Promise<string> {
    return text(await eventually('a line', reader.readLine()));
  }

  /** Nothing is left of it but an entry in `handshakeErrors$`. */
  async function refusalOf(socket: Socket): Promise<ProxyProtocolError> {
    const gone = eventually('its end', race(fromEvent(socket.resume(), 'end'), fromEvent(socket, 'close')));
    const error = await eventually('the refusal', refusals);
    await gone;
    expect(error).toBeInstanceOf(ProxyProtocolError);
    expect(refused).toEqual([error]);
    expect(connections).toEqual([]);
    expect(accepted.every(({ destroyed }) => destroyed)).toBeTrue();
    expect(await eventually('the count', server.active$)).toBe(0);
    expect(server.isServing).toBeTrue();
    return error;
  }

  function expectToBeProxied({ writer }: Connection): void {
    expect(writer.getExtraInfo('peername')).toEqual(ENDS.source);
    expect(writer.getExtraInfo('sockname')).toEqual(ENDS.destination);
    expect(writer.getExtraInfo('proxy')).toEqual(jasmine.objectContaining(ENDS));
  }

  for (const [version, header] of Object.entries(HEADERS)) {
    describe(`and a header of ${version}`, () => {
      it('gives the addresses of the header, and what comes behind it in the same segment', async () => {
        await listen();
        const socket = await connect();
        socket.write(joined([header, bytes('hello\nworld\n')]));
        const ours = await connection();
        expectToBeProxied(ours);
        expect([await lineOf(ours), await lineOf(ours)]).toEqual(['hello\n', 'world\n']);
        const answer = everythingFrom(socket);
        ours.writer.write('goodbye');
        ours.writer.writeEof();
        expect(text(await answer)).toBe('goodbye');
        expect(refused).toEqual([]);
      });

      it('takes it byte by byte', async () => {
        await listen();
        const socket = await connect();
        await sendSlowly(socket, accepted[0]!, header.slice(0, -1));
        expect(connections).toEqual([]);
        await sendSlowly(socket, accepted[0]!, joined([header.slice(-1), bytes('hi\n')]));
        const ours = await connection();
        expectToBeProxied(ours);
        expect(await lineOf(ours)).toBe('hi\n');
      });

      it('hands the connection over before anything else is sent', async () => {
        await listen();
        const socket = await connect();
        socket.write(header);
        const { writer } = await connection();
        writer.write('220 ready\n');
        expect(text((await eventually('the greeting', fromEvent(socket, 'data'))) as Uint8Array)).toBe(
          '220 ready\n',
        );
      });

      it('gives an empty stream to a peer that sends the header and ends', async () => {
        await listen();
        const socket = await connect();
        socket.end(header);
        const { reader, writer } = await connection();
        expect((await eventually('the end', reader.read())).length).toBe(0);
        writer.close();
        await eventually('the end of it', writer.waitClosed());
        expect(refused).toEqual([]);
      });

      it('loses nothing of 8 MiB', async () => {
        await listen();
        const data = seededBytes(3, 2 ** 23);
        const socket = await connect();
        socket.end(joined([header, data]));
        const { reader } = await connection();
        expect(difference(await eventually('all of it', reader.read(-1)), data)).toBe('none');
      });

      it('reads it before TLS, in one segment with the start of the handshake', async () => {
        await listen({ tls: certificate });
        const raw = await connect();
        let isFirst = true;
        const through = sendingBy(raw, (data) => {
          raw.write(isFirst ? joined([header, data]) : data);
          isFirst = false;
        });
        const socket = connectTlsOn({ socket: through, ca: authority, host: 'localhost' });
        socket.on('error', () => undefined).write('hello\n');
        const ours = await connection();
        expectToBeProxied(ours);
        expect(ours.writer.getExtraInfo('tlsVersion')).toBe('TLSv1.3');
        expect(await lineOf(ours)).toBe('hello\n');
        ours.writer.write('hi');
        expect(text((await eventually('the answer', fromEvent(socket, 'data'))) as Uint8Array)).toBe('hi');
        expect(refused).toEqual([]);
        socket.destroy();
      });

      it('reads it before TLS, byte by byte, and all of the handshake', async () => {
        await listen({ tls: certificate });
        const raw = await connect();
        await sendSlowly(raw, accepted[0]!, header);
        const through = sendingBy(raw, (data) => sendSlowly(raw, accepted[0]!, data));
        const socket = connectTlsOn({ socket: through, ca: authority, host: 'localhost' });
        socket.on('error', () => undefined).write('hello\n');
        const ours = await connection();
        expectToBeProxied(ours);
        expect(await lineOf(ours)).toBe('hello\n');
        socket.destroy();
      });

      it('reads it before TLS, in a segment of its own', async () => {
        await listen({ tls: certificate });
        const raw = await connect();
        raw.write(header);
        const socket = await connectTls(raw);
        socket.write('hello\n');
        const ours = await connection();
        expectToBeProxied(ours);
        expect(await lineOf(ours)).toBe('hello\n');
      });

      it('lets TLS be started later, on the addresses of the header', async () => {
        await listen();
        const raw = await connect();
        raw.write(joined([header, bytes('STARTTLS\n')]));
        const ours = await connection();
        expect(await lineOf(ours)).toBe('STARTTLS\n');
        const started = eventually('TLS', ours.writer.startTls({ isServer: true, ...certificate }));
        const socket = connectTls(raw);
        await started;
        expectToBeProxied(ours);
        (await socket).write('hello\n');
        expect(await lineOf(ours)).toBe('hello\n');
      });
    });
  }

  describe('refuses', () => {
    const wrong: Record<string, [data: string | Uint8Array, reason: string, message: RegExp]> = {
      'another protocol': ['GET / HTTP/1.1\r\n\r\n', 'missing', /found byte 71 at 0$/],
      TLS: [Uint8Array.of(22, 3, 1), 'missing', /found byte 22 at 0$/],
      'lines of another protocol': ['\r\n\r\nQUIT\n', 'missing', /found byte 81 at 4$/],
      'a word that is nearly one': ['PROXIES ', 'missing', /found byte 73 at 4$/],
      'a line of no form': ['PROXY TCP4 localhost 1 2 3\r\n', 'malformed', /"PROXY TCP4 localhost 1 2 3"$/],
      'a line that is too long': [`PROXY UNKNOWN ${'x'.repeat(100)}`, 'malformed', /at most 107 bytes/],
      'a checksum that is wrong': [
        HEADERS['version 2']!.map((byte, i) => (i === 17 ? byte ^ 1 : byte)),
        'malformed',
        /checksum/,
      ],
      'a block that is too long': [
        encodeProxyHeader({ tlvs: [{ type: 224, value: new Uint8Array(2046) }] }),
        'malformed',
        /over the maxLength of 2048$/,
      ],
    };
    for (const [name, [data, reason, message]] of Object.entries(wrong)) {
      for (const tls of [false, certificate] as const) {
        it(`${name}, ${tls ? 'with' : 'without'} TLS`, async () => {
          await listen({ tls });
          const socket = await connect();
          const { localPort } = socket;
          socket.write(data);
          const error = await refusalOf(socket);
          expect(error.reason).toBe(reason as 'missing');
          expect(error.message).toMatch(message);
          expect(error.cause).toEqual(jasmine.objectContaining({ code: 'ERR_DECODE' }));
          expect(error.peername).toEqual({ address: host, family: 'IPv4', port: localPort! });
        });
      }
    }

    it('those that are not trusted, without reading a byte', async () => {
      await listen({ proxyProtocol: { trusted: ['127.0.0.2', '10.0.0.0/8', '::/0'] } });
      const socket = await connect();
      socket.write(HEADERS['version 1']!);
      const error = await refusalOf(socket);
      expect(error.reason).toBe('untrusted');
      expect(error.message).toMatch(
        /^A connection from 127.0.0.1, port \d+, was refused: it comes from nobody/,
      );
      expect(accepted[0]!.bytesRead).toBe(0);
    });

    it('those that are over before they are accepted, as nobody knows any more whose they were', () => {
      for (const [isUnix, reason] of [
        [false, 'ended'],
        [true, 'untrusted'],
      ] as const) {
        const refused: ProxyProtocolError[] = [];
        const gate = new ProxyGate({ proxyProtocol: { trusted: [host] } }, isUnix, (error) =>
          refused.push(error),
        );
        const socket = new Socket();
        gate.admit(socket, () => fail('It was admitted'));
        expect(refused.map((error) => [error.reason, error.peername])).toEqual([[reason, undefined]]);
        expect(socket.destroyed).toBe(true);
      }
    });

    it('those that end before the header is whole', async () => {
      await listen();
      const socket = await connect();
      socket.end(HEADERS['version 1']!.slice(0, 20));
      const error = await refusalOf(socket);
      expect([error.reason, error.message]).toEqual([
        'ended',
        jasmine.stringMatching(/it ended after 20 bytes$/),
      ]);
    });

    it('those that end at once', async () => {
      await listen({ tls: certificate });
      const socket = await connect();
      socket.end();
      expect((await refusalOf(socket)).reason).toBe('ended');
    });

    it('those that are reset before the header is whole, with the cause', async () => {
      await listen();
      const socket = await connect();
      await sendSlowly(socket, accepted[0]!, bytes('PRO'));
      reset(socket);
      const error = await eventually('the refusal', refusals);
      expect([error.reason, error.cause]).toEqual([
        'ended',
        jasmine.objectContaining({ code: 'ECONNRESET' }),
      ]);
      expect(error.peername!.address).toBe(host);
    });

    it('those whose header is late, one after the other, and nobody else', async () => {
      const scheduler = new VirtualTimeScheduler();
      await listen({ scheduler, proxyProtocol: { trusted: 'any', timeout: 300 } });
      const sockets: Socket[] = [];
      // Three of them: the first one is in time.
      for (const frame of [0, 100, 200]) {
        scheduler.frame = frame;
        sockets.push(await connect());
      }
      sockets[0]!.write(HEADERS['version 1']!);
      await connection();
      const both = eventually('the refusals', refusals.pipe(take(2), toArray()));
      const times: number[] = [];
      server.handshakeErrors$.subscribe(() => times.push(scheduler.now()));
      scheduler.flush();
      for (const error of await both) {
        expect(error.reason).toBe('timeout');
        expect(error.message).toMatch(/no header within 300 ms$/);
      }
      expect(times).toEqual([400, 500]);
      expect(connections.length).toBe(1);
    });
  });

  for (const [name, header] of Object.entries({
    LOCAL,
    UNKNOWN: bytes('PROXY UNKNOWN\r\n'),
    UNSPEC: encodeProxyHeader({ authority: 'a.example' }),
  })) {
    it(`keeps the addresses of the connection behind ${name}`, async () => {
      await listen();
      const socket = await connect();
      socket.write(header);
      const { writer } = await connection();
      expect(writer.getExtraInfo('peername')).toEqual({
        address: host,
        family: 'IPv4',
        port: socket.localPort!,
      });
      expect(writer.getExtraInfo('sockname')).toEqual({
        address: host,
        family: 'IPv4',
        port: socket.remotePort!,
      });
      expect(writer.getExtraInfo('proxy')!.source).toBeUndefined();
    });
  }

  it('gives addresses that stay as they are when the connection has gone', async () => {
    await listen();
    const socket = await connect();
    socket.end(HEADERS['version 1']!);
    const ours = await connection();
    ours.writer.getExtraInfo('peername')!.address = 'changed';
    ours.writer.close();
    await eventually('the end', ours.writer.waitClosed());
    expectToBeProxied(ours);
  });

  it('works on a Unix socket, whose peers are trusted by the entry unix', async () => {
    const path = temporaryPath();
    await listen({ host: undefined, port: undefined, path, proxyProtocol: { trusted: ['unix'] } } as never);
    const socket = await peers.connectToPath(path);
    socket.write(joined([HEADERS['version 2']!, bytes('hello\n')]));
    const ours = await connection();
    expectToBeProxied(ours);
    expect(await lineOf(ours)).toBe('hello\n');
    const local = await peers.connectToPath(path);
    const next = eventually('the next one', server.connections$.pipe(first()));
    local.write(LOCAL);
    const { writer } = await next;
    expect(writer.getExtraInfo('peername')).toEqual({ address: '', family: 'Unix', port: 0 });
    expect(writer.getExtraInfo('sockname')).toEqual({ address: path, family: 'Unix', port: 0 });
  });

  it('takes the entry unix for nobody on TCP', async () => {
    await listen({ proxyProtocol: { trusted: ['unix'] } });
    const socket = await connect();
    socket.write(LOCAL);
    expect((await refusalOf(socket)).reason).toBe('untrusted');
  });

  for (const tls of [false, certificate] as const) {
    it(`destroys those that wait for a header when it is closed, ${tls ? 'with' : 'without'} TLS`, async () => {
      await listen({ tls });
      const socket = await connect();
      await sendSlowly(socket, accepted[0]!, bytes('PROXY TCP4 '));
      const gone = eventually('its end', race(fromEvent(socket.resume(), 'end'), fromEvent(socket, 'close')));
      server.close();
      await gone;
      await eventually('the server to be done', server.waitClosed());
      expect(refused).toEqual([]);
      expect(connections).toEqual([]);
    });
  }

  it('serves others while one waits, and while one is refused', async () => {
    await listen();
    const slow = await connect();
    await sendSlowly(slow, accepted[0]!, bytes('PROXY TCP4 '));
    const bad = await connect();
    bad.write('nonsense');
    expect((await eventually('the refusal', refusals)).reason).toBe('missing');
    const good = await connect();
    good.write(joined([HEADERS['version 2']!, bytes('hello\n')]));
    expect(await lineOf(await connection())).toBe('hello\n');
    const next = eventually('the slow one', server.connections$.pipe(first()));
    slow.write('192.0.2.7 198.51.100.1 51234 443\r\nslow\n');
    expect(await lineOf(await next)).toBe('slow\n');
  });

  it('gives those that nobody took to the next who asks, and aborts them when it is closed', async () => {
    await listen();
    const proxyProtocol = { trusted: 'any' } as const;
    const another = await new Promise<Server>((resolve, reject) => {
      fromServer({ host, port: 0, proxyProtocol })
        .pipe(takeUntil(finish))
        .subscribe({ next: resolve, error: reject });
    });
    const socket = await peers.connectAccepted(another.addresses[0]!.port);
    socket.write(joined([HEADERS['version 1']!, bytes('hello\n')]));
    await eventually('it to be there', another.active$.pipe(first((count) => count === 1)));
    const taken = await eventually('the connection', another.connections$);
    expectToBeProxied(taken);
    expect(await lineOf(taken)).toBe('hello\n');
    taken.writer.abort();
  });

  it('has all that a header says for the handler', async () => {
    await listen();
    const header: ProxyHeader = {
      version: 2,
      command: 'PROXY',
      transport: 'STREAM',
      ...ENDS,
      alpn: 'h2',
      authority: 'a.example',
      uniqueId: bytes('id-1'),
      ssl: {
        clientSsl: true,
        clientCertConn: true,
        clientCertSess: true,
        verify: 0,
        version: 'TLSv1.3',
        cn: 'me',
      },
      tlvs: [{ type: 224, value: bytes('x') }],
      crc32c: true,
    };
    const socket = await connect();
    socket.write(encodeProxyHeader(header));
    expect((await connection()).writer.getExtraInfo('proxy')).toEqual(header);
  });
});
