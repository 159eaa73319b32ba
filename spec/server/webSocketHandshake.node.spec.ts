import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { fromEvent } from 'rxjs';
import type { WebSocket } from 'ws';
import type { WebSocketAcceptOptions, WebSocketsOnPort } from '../../src/server/WebSocketServerOptions.js';
import { ConnectionLostError } from '../../src/streams/errors.js';
import { text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { reportsOf } from '../contracts/reports.js';
import { everythingFrom, reset } from '../observables/plainPeers.js';
import { server as certificate } from '../transports/node/certificates.js';
import { wsPeers } from '../transports/ws/wsPeers.js';
import { host, webSocketServers, type WebSocketServing } from './webSocketServers.js';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const UPGRADE = ['Connection: Upgrade', 'Upgrade: websocket'];
const WEB_SOCKET = [
  'Host: example.com',
  ...UPGRADE,
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${KEY}`,
];

describe('The handshake of webSocketServerConnections$', () => {
  const peers = wsPeers();
  const servers = webSocketServers();

  function serve(
    options: Omit<WebSocketsOnPort, 'port'> & WebSocketAcceptOptions = {},
  ): Promise<WebSocketServing> {
    return servers.serve(options);
  }

  /** Sends a request as it is, and returns the socket. */
  async function send({ port }: { port: number }, line: string, headers: string[]): Promise<Socket> {
    const socket = await peers.raw(port);
    socket.write([line, ...headers, '', ''].join('\r\n'));
    return socket;
  }

  /** The whole answer to a request that is refused. */
  async function refusal(
    serving: { port: number },
    line = 'GET / HTTP/1.1',
    headers = WEB_SOCKET,
  ): Promise<string> {
    const socket = await send(serving, line, headers);
    const answer = text(await everythingFrom(socket));
    socket.destroy();
    return answer;
  }

  /** The status of the answer, whatever it is. */
  async function status(
    serving: { port: number },
    line = 'GET / HTTP/1.1',
    headers = WEB_SOCKET,
  ): Promise<number> {
    const socket = await send(serving, line, headers);
    const chunk: unknown = await eventually('the answer', fromEvent(socket, 'data'));
    socket.destroy();
    return Number(/^HTTP\/1\.1 (\d+) /.exec(String(chunk))?.[1]);
  }

  function without(name: string): string[] {
    return WEB_SOCKET.filter((header) => !header.startsWith(name));
  }

  it('accepts what RFC 6455 shows', async () => {
    const serving = await serve();
    const socket = await send(serving, 'GET / HTTP/1.1', WEB_SOCKET);
    const chunk: unknown = await eventually('the answer', fromEvent(socket, 'data'));
    expect(String(chunk)).toContain('HTTP/1.1 101 Switching Protocols\r\n');
    expect(String(chunk)).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n');
    expect(String(chunk)).not.toContain('Sec-WebSocket-Protocol');
    expect(String(chunk)).not.toContain('Sec-WebSocket-Extensions');
    await serving.next();
  });

  it('delivers what came together with the request', async () => {
    const serving = await serve();
    const socket = await peers.raw(serving.port);
    // A text of two bytes, masked with zeros.
    const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
    socket.write(Buffer.concat([Buffer.from(['GET / HTTP/1.1', ...WEB_SOCKET, '', ''].join('\r\n')), frame]));
    const { reader } = await serving.next();
    expect(text(await eventually('the bytes', reader.readExactly(2)))).toBe('hi');
  });

  describe('refuses', () => {
    it('with an answer that is whole, and closes', async () => {
      expect(await refusal(await serve(), 'GET /nowhere HTTP/1.1')).toBe(
        'HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nNot Found',
      );
    });

    it('and keeps nothing of it, also where the client leaves its side open', async () => {
      const [server, port] = await peers.listen();
      await servers.start({ server }).listens();
      const accepted = eventually('the accept', fromEvent(server, 'connection')) as Promise<Socket>;
      const socket = await send({ port }, 'GET /nowhere HTTP/1.1', WEB_SOCKET);
      const closed = eventually('the close', fromEvent(await accepted, 'close'));
      await everythingFrom(socket);
      await closed;
      expect(socket.writable).toBeTrue();
    });

    it('another method: 405', async () => {
      expect(await status(await serve(), 'POST / HTTP/1.1')).toBe(405);
    });

    it('an upgrade to something else: 426, with what it would be', async () => {
      const headers = [
        'Host: x',
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAM',
      ];
      const answer = await refusal(await serve(), 'GET / HTTP/1.1', headers);
      expect(answer).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/);
      expect(answer).toContain('\r\nUpgrade: websocket\r\n');
    });

    it('a request without an upgrade: 426', async () => {
      expect(await status(await serve(), 'GET / HTTP/1.1', without('Connection'))).toBe(426);
      expect(await status(await serve(), 'GET / HTTP/1.1', without('Upgrade'))).toBe(426);
    });

    const unclear: Record<string, string[]> = {
      'no key': without('Sec-WebSocket-Key'),
      'a short key': [...without('Sec-WebSocket-Key'), 'Sec-WebSocket-Key: AAAA'],
      'a key that is no base64': [
        ...without('Sec-WebSocket-Key'),
        'Sec-WebSocket-Key: !!!!IHNhbXBsZSBub25jZQ==',
      ],
      'two keys': [...WEB_SOCKET, `Sec-WebSocket-Key: ${KEY}`],
      'no version': without('Sec-WebSocket-Version'),
      'another version': [...without('Sec-WebSocket-Version'), 'Sec-WebSocket-Version: 7'],
      'a version that is no number': [...without('Sec-WebSocket-Version'), 'Sec-WebSocket-Version: 13a'],
      'two origins': [...WEB_SOCKET, 'Origin: http://example.com', 'Origin: http://evil.example'],
      'the same origin twice': [...WEB_SOCKET, 'Origin: http://example.com', 'Origin: http://example.com'],
      'two hosts': ['Host: evil.example', ...WEB_SOCKET, 'Origin: http://example.com'],
      'no host': without('Host'),
      'a subprotocol twice': [...WEB_SOCKET, 'Sec-WebSocket-Protocol: chat, chat'],
      'no name for a subprotocol': [...WEB_SOCKET, 'Sec-WebSocket-Protocol: a b'],
      'a header with a newline in its name': [...WEB_SOCKET, 'X\n: y'],
    };
    for (const [what, headers] of Object.entries(unclear)) {
      it(`${what}: 400`, async () => {
        const serving = await serve({ protocols: ['chat'] });
        expect(await status(serving, 'GET / HTTP/1.1', headers)).toBe(400);
        expect(serving.connections).toEqual([]);
      });
    }

    it('headers without end: 431', async () => {
      const headers = [...WEB_SOCKET, `Cookie: ${'x'.repeat(20_000)}`];
      expect(await status(await serve(), 'GET / HTTP/1.1', headers)).toBe(431);
    });

    const elsewhere = [
      '/?',
      '//',
      '/chat/',
      '/Chat',
      '/chat//',
      '//chat',
      '/./chat',
      '/x/../chat',
      '/%2e/chat',
      '/x/%2e%2e/chat',
      '/x%2f..%2fchat',
      '/\\chat',
      '/%5cchat',
      '/chat%00',
      '/chat%0a',
      '/chat%',
      '/chat#/',
      'http://example.com/chat',
      'ws://example.com/chat',
      'chat',
      '*',
    ];
    for (const target of elsewhere) {
      it(`the path ${target}: 404, or 400 where it is none`, async () => {
        const serving = await serve({ path: '/chat' });
        expect([400, 404]).toContain(await status(serving, `GET ${target} HTTP/1.1`));
        expect(serving.connections).toEqual([]);
      });
    }

    it('takes the path by any spelling that means the same', async () => {
      const serving = await serve({ path: '/chat' });
      for (const target of ['/chat', '/chat?', '/chat?/../x', '/%63hat', '/c%68at?a=%00'])
        expect(await status(serving, `GET ${target} HTTP/1.1`))
          .withContext(target)
          .toBe(101);
    });

    it('a page of another origin: 403', async () => {
      const serving = await serve();
      for (const origin of [
        'http://evil.example',
        'null',
        'http://example.com:81',
        'https://example.com.evil.example',
      ]) {
        const answer = await refusal(serving, 'GET / HTTP/1.1', [...WEB_SOCKET, `Origin: ${origin}`]);
        expect(answer)
          .withContext(origin)
          .toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
      }
      expect(await status(serving, 'GET / HTTP/1.1', [...WEB_SOCKET, 'Origin: https://example.com'])).toBe(
        101,
      );
      expect(await status(serving)).toBe(101);
    });

    it('by a list of origins, whatever the host', async () => {
      const serving = await serve({ origins: ['https://app.example'] });
      const from = (origin: string): string[] => [...WEB_SOCKET, `Origin: ${origin}`];
      expect(await status(serving, 'GET / HTTP/1.1', from('https://app.example'))).toBe(101);
      expect(await status(serving, 'GET / HTTP/1.1', from('http://example.com'))).toBe(403);
    });

    it('a page that is not encrypted where the server is: 403', async () => {
      const [server, port] = await peers.listen(createSecureServer(certificate));
      await servers.start({ server }).listens();
      const answers: number[] = [];
      for (const scheme of ['http', 'https']) {
        const socket = connectTls({ port, host, rejectUnauthorized: false });
        socket.write(
          ['GET / HTTP/1.1', ...WEB_SOCKET, `Origin: ${scheme}://example.com`, '', ''].join('\r\n'),
        );
        const chunk: unknown = await eventually('the answer', fromEvent(socket, 'data'));
        answers.push(Number(String(chunk).slice(9, 12)));
        socket.destroy();
      }
      expect(answers).toEqual([403, 101]);
    });

    it('500 where a function throws, or gives no answer, which is reported; others go on', async () => {
      const mine = new Error('mine');
      let answer: () => unknown = () => true;
      for (const option of ['origins', 'path'] as const) {
        const serving = await serve({ [option]: () => answer() });
        for (const [bad, expected] of [
          [
            () => {
              throw mine;
            },
            mine,
          ],
          [async () => true, jasmine.any(TypeError)],
          [() => undefined, jasmine.any(TypeError)],
        ] as const) {
          answer = bad;
          const reports = await reportsOf(async () => {
            expect(await refusal(serving)).toMatch(/^HTTP\/1\.1 500 /);
          });
          expect(reports).toEqual([expected]);
        }
        answer = () => true;
        expect(await status(serving)).toBe(101);
        answer = () => false;
        expect(await status(serving)).toBe(option === 'path' ? 404 : 403);
        expect(serving.ends).toEqual([]);
      }
    });

    it('a client that resets in the middle, without harm to others', async () => {
      const serving = await serve();
      for (const line of ['GET / HTTP/1.1', 'GET /nowhere HTTP/1.1', 'GET']) {
        const socket = await send(serving, line, WEB_SOCKET);
        reset(socket);
      }
      expect(await status(serving)).toBe(101);
    });

    it('a client that is ended before it is answered', async () => {
      const [server, port] = await peers.listen();
      const serving = await servers.start({ server }).listens();
      const ended = eventually('the end', fromEvent(server, 'upgrade'));
      const socket = await send({ port }, 'GET / HTTP/1.1', WEB_SOCKET);
      socket.end();
      await ended;
      await everythingFrom(socket);
      for (const { writer } of serving.connections) await failureOf('the loss', writer.waitClosed());
      expect(serving.ends).toEqual([]);
    });
  });

  it('leaves what is slow to the time limit of the HTTP server', async () => {
    const [server, port] = await peers.listen(
      createServer({ headersTimeout: 20, requestTimeout: 20, connectionsCheckingInterval: 5 }),
    );
    await servers.start({ server }).listens();
    const socket = await peers.raw(port);
    socket.write('GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: webso');
    expect(text(await everythingFrom(socket))).toMatch(/^HTTP\/1\.1 408 /);
    socket.destroy();
  });

  describe('chooses', () => {
    it('no subprotocol where only unknown ones are offered', async () => {
      const serving = await serve({ protocols: ['chat'] });
      const socket = await send(serving, 'GET / HTTP/1.1', [...WEB_SOCKET, 'Sec-WebSocket-Protocol: x, y']);
      const chunk: unknown = await eventually('the answer', fromEvent(socket, 'data'));
      expect(String(chunk)).toMatch(/^HTTP\/1\.1 101 /);
      expect(String(chunk)).not.toContain('Sec-WebSocket-Protocol');
    });

    it('no compression, and the one that is asked for', async () => {
      const plain = await serve();
      const [one] = await peers.connect(plain.url, [], { perMessageDeflate: true });
      expect(one.extensions).toBe('');
      const compressed = await serve({ perMessageDeflate: { threshold: 0 } });
      const [other] = await peers.connect(compressed.url, [], { perMessageDeflate: true });
      expect(other.extensions).toBe('permessage-deflate');
      other.send('grün '.repeat(1000));
      const { reader } = await compressed.next();
      expect(text(await eventually('the text', reader.readExactly(6000)))).toBe('grün '.repeat(1000));
    });
  });

  describe('bounds', () => {
    async function client(
      serving: WebSocketServing,
      options: { perMessageDeflate?: boolean } = {},
    ): Promise<[ws: WebSocket, socket: Socket, code: Promise<number>]> {
      const [ws, socket] = await peers.connect(serving.url, [], options);
      return [
        ws,
        socket,
        eventually('the close', new Promise<number>((resolve) => ws.once('close', resolve))),
      ];
    }

    async function causeOf(serving: WebSocketServing): Promise<Error & { code: string }> {
      const { writer } = await serving.next();
      const error = (await failureOf('the loss', writer.waitClosed())) as Error;
      expect(error).toBeInstanceOf(ConnectionLostError);
      return error.cause as Error & { code: string };
    }

    it('a message: 1 MiB by default, then 1009, and a loss that says so', async () => {
      const serving = await serve();
      const [ws, , code] = await client(serving);
      ws.send(Buffer.alloc(2 ** 20));
      ws.send(Buffer.alloc(2 ** 20 + 1));
      expect(await code).toBe(1009);
      const cause = await causeOf(serving);
      expect(cause.message).toBe('A message of the peer has more than maxPayload, 1048576 bytes');
      expect(cause.code).toBe('WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
      expect(serving.connections[0]!.reader.bufferedBytes).toBeLessThanOrEqual(2 ** 20);
    });

    it('a message by what is announced, before it has come', async () => {
      for (const length of [1025n, 2n ** 40n, 2n ** 62n]) {
        const serving = await serve({ maxPayload: 1024 });
        const [, socket, code] = await client(serving);
        const header = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
        header.writeBigUInt64BE(length, 2);
        socket.write(header);
        expect(await code).toBe(1009);
        expect((await causeOf(serving)).code).toMatch(/^WS_ERR_UNSUPPORTED_/);
      }
    });

    it('a message by the sum of its fragments', async () => {
      const serving = await serve({ maxPayload: 1000 });
      const [ws, , code] = await client(serving);
      ws.send(Buffer.alloc(600), { fin: false });
      ws.send(Buffer.alloc(600), { fin: true });
      expect(await code).toBe(1009);
      await causeOf(serving);
    });

    it('a message by what it has after decompression', async () => {
      const serving = await serve({ maxPayload: 1000, perMessageDeflate: true });
      const [ws, , code] = await client(serving, { perMessageDeflate: true });
      ws.send(Buffer.alloc(2 ** 22));
      expect(await code).toBe(1009);
      await causeOf(serving);
    });

    it('the number of fragments', async () => {
      const serving = await serve();
      const [ws, , code] = await client(serving);
      for (let i = 0; i < 512; i++) ws.send('x', { fin: false });
      ws.send('y', { fin: false });
      expect(await code).toBe(1008);
      expect((await causeOf(serving)).code).toBe('WS_ERR_TOO_MANY_BUFFERED_PARTS');
    });

    it('but takes a message in the fragments that senders make', async () => {
      const serving = await serve();
      const [ws] = await client(serving);
      const { reader } = await serving.next();
      const all = eventually('the message', reader.readExactly(2 ** 20));
      for (let i = 1; i <= 512; i++) ws.send(Buffer.alloc(2048, i), { fin: i === 512 });
      const bytes = await all;
      expect([bytes[0], bytes[2048], bytes[2 ** 20 - 1]]).toEqual([1, 2, 0]);
    });

    it('the number of pieces in which a frame comes', async () => {
      const serving = await serve({ maxPayload: 4096 });
      const [, socket, code] = await client(serving);
      socket.setNoDelay(true);
      // A frame of 4096 bytes, byte by byte.
      socket.write(Buffer.from([0x82, 0xfe, 0x10, 0, 0, 0, 0, 0]));
      const { writer } = await serving.next();
      const server = writer.getExtraInfo('request')!.socket;
      for (let i = 0; i < 1030 && !server.destroyed; i++) {
        const before = server.bytesRead;
        socket.write(Buffer.from([i]));
        // Each in a piece of its own.
        const came = (): boolean => server.bytesRead > before || server.destroyed;
        while (!came()) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await code).toBe(1008);
      const error = (await failureOf('the loss', writer.waitClosed())) as Error;
      expect(error.cause).toEqual(jasmine.objectContaining({ code: 'WS_ERR_TOO_MANY_BUFFERED_PARTS' }));
    });
  });
});
