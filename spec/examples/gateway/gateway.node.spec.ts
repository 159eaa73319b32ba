import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { VirtualTimeScheduler } from 'rxjs';
import { DEFAULT_LIMITS } from '../../../examples/gateway/ConnectionLimits.js';
import { ConnectionLostError, WebSocketCloseError } from '../../../src/index.js';
import { difference, seededBytes, seededChunks, text } from '../../contracts/bytes.js';
import { eventually, failureOf } from '../../contracts/eventually.js';
import { settled } from '../../contracts/settled.js';
import { everythingFrom, plainPeers, reset } from '../../observables/plainPeers.js';
import { temporaryPaths } from '../../observables/temporaryPaths.js';
import { patiently } from '../../interop/patience.js';
import { gatewayPeers, statusOf, type PlainClient } from './gatewayPeers.js';

const MEBIBYTE = 2 ** 20;
const REDIS = '?target=redis';

describe('examples: the gateway', () => {
  const plain = plainPeers();
  const peers = gatewayPeers();
  const newPath = temporaryPaths();

  /** A target, and the sockets that come to it. */
  async function target(): Promise<{ entry: string; next: () => Promise<Socket>; count: () => number }> {
    const sockets: Socket[] = [];
    let count = 0;
    let wake = (): void => undefined;
    const port = await plain.listen((socket) => {
      count++;
      sockets.push(socket);
      wake();
    });
    return {
      entry: `redis=127.0.0.1:${port}`,
      count: () => count,
      async next() {
        if (sockets.length === 0) {
          await eventually('a connection to the target', new Promise<void>((resolve) => (wake = resolve)));
        }
        return sockets.shift()!;
      },
    };
  }

  describe('carries', () => {
    it('all bytes both ways, however they are cut into messages', async () => {
      const { entry, next } = await target();
      const gateway = await peers.start([entry]);
      const client = await peers.open(gateway.url(REDIS));
      const server = await next();
      const [sent, answered] = [seededBytes(1, 2 * MEBIBYTE), seededBytes(2, 3 * MEBIBYTE)];
      const atTarget = everythingFrom(server);
      for (const chunk of seededChunks(3, sent, 100_000)) client.socket.send(chunk);
      for (const chunk of seededChunks(4, answered, 100_000)) server.write(chunk);
      await settled(() => client.receivedBytes);
      client.socket.close();

      expect(difference(await atTarget, sent)).toBe('none');
      server.end();
      expect(difference(client.received, answered)).toBe('none');
      expect(await client.closed()).toBe('1005');
      expect(await gateway.printed(/closed/)).toMatch(
        / redis closed after 2097152 bytes up, 3145728 bytes down$/,
      );
    });

    it('text as its UTF-8, and what comes back as binary messages', async () => {
      const { entry, next } = await target();
      const gateway = await peers.start([entry]);
      const client = await peers.open(gateway.url(REDIS));
      const server = await next();
      const atTarget = everythingFrom(server);
      client.socket.send('grün');
      server.end('bleu');
      expect(await client.closed()).toBe('1000');
      expect(text(client.received)).toBe('bleu');
      expect(text(await atTarget)).toBe('grün');
    });

    it('the end of each direction by itself, with credits', async () => {
      const { entry, next } = await target();
      const gateway = await peers.start([entry]);
      for (const backwards of [false, true]) {
        const client = await peers.connect(gateway.url(REDIS));
        const server = await next();
        const question = everythingFrom(server);
        const answer = eventually('the answer', client.reader.read());
        if (backwards) {
          server.end('answer');
          expect(text(await answer)).toBe('answer');
        }
        client.writer.write('question');
        client.writer.writeEof();
        expect(text(await question)).toBe('question');
        if (!backwards) server.end('answer');
        expect(text(await answer)).toBe('answer');
        await eventually('the close', client.writer.waitClosed());
        expect(client.writer.getExtraInfo('closeCode')).toBe(1000);
      }
    });

    it('to a Unix socket', async () => {
      const path = newPath();
      const received = new Promise<Uint8Array>((resolve) => {
        void plain.listenOnPath(path, (socket) => resolve(everythingFrom(socket)));
      });
      const gateway = await peers.start([`sock=${path}`]);
      const client = await peers.open(gateway.url('?target=sock'));
      client.socket.send('hello');
      client.socket.close();
      expect(text(await received)).toBe('hello');
    });

    it('to the target that is asked for, under its name and no other', async () => {
      const [one, other] = [await target(), await target()];
      const gateway = await peers.start([one.entry, other.entry.replace('redis', 'other')]);
      const client = await peers.open(gateway.url('?target=other'));
      client.socket.send('hello');
      const server = await other.next();
      expect(String(await new Promise((resolve) => server.once('data', resolve)))).toBe('hello');
      expect([one.count(), other.count()]).toEqual([0, 1]);
    });
  });

  describe('refuses before there is a WebSocket', () => {
    it('a target that is not listed, however it is spelled', async () => {
      const { entry, count } = await target();
      const address = entry.replace('redis=', '');
      const gateway = await peers.start([entry]);
      const queries = [
        '',
        '?',
        '?target=',
        '?target=Redis',
        '?target=redis&target=redis',
        '?target=redis%00',
        '?target=other',
        `?target=${address}`,
        `?target=[::ffff:127.0.0.1]:${address.split(':')[1]!}`,
        `?target=localhost:${address.split(':')[1]!}`,
      ];
      for (const query of queries)
        expect(await statusOf(gateway.url(query)))
          .withContext(query)
          .toBe(403);
      expect(count()).toBe(0);
      expect(gateway.lines.length).toBe(queries.length);
      expect(gateway.lines.at(-3)).toMatch(
        new RegExp(`^127\\.0\\.0\\.1:\\d+ refused: no target is listed for "/\\?target=${address}"$`),
      );
    });

    it('pages of an origin that is not listed, also of its own', async () => {
      const { entry, count } = await target();
      const gateway = await peers.start([entry], { origins: ['https://a.example'] });
      const url = gateway.url(REDIS);
      const own = new URL(url).origin.replace('ws', 'http');
      for (const origin of [
        own,
        'https://b.example',
        'https://a.example.evil',
        'http://a.example',
        'https://a.example:8443',
        'HTTPS://A.EXAMPLE',
        'null',
        '',
      ])
        expect(await statusOf(url, { headers: { origin } }))
          .withContext(origin)
          .toBe(403);
      expect(count()).toBe(0);
      expect(gateway.lines[1]).toMatch(/ refused: its origin is "https:\/\/b\.example"$/);

      const client = await peers.open(url, { origin: 'https://a.example' });
      expect(client.socket.readyState).toBe(client.socket.OPEN);
    });

    it('every page, where no origin is listed, and no program', async () => {
      const { entry } = await target();
      const gateway = await peers.start([entry]);
      const url = gateway.url(REDIS);
      expect(await statusOf(url, { origin: new URL(url).origin.replace('ws', 'http') })).toBe(403);
      const client = await peers.open(url);
      expect(client.socket.readyState).toBe(client.socket.OPEN);
    });

    it('prints of a stranger’s words a part, and as what they are', async () => {
      const { entry } = await target();
      const gateway = await peers.start([entry]);
      await statusOf(gateway.url(REDIS), { headers: { origin: `\x9b2J"${'x'.repeat(1000)}` } });
      const [line] = gateway.lines;
      expect(line).toMatch(/^[ -~]+ refused: its origin is "\\u009b2J\\"x{90,}"$/);
      expect(line!.length).toBeLessThan(200);
    });
  });

  describe('tells by a close code', () => {
    it('4502: the target takes no connection, and nothing of what is behind its name', async () => {
      const gateway = await peers.start([`redis=127.0.0.1:${await plain.unusedPort()}`]);
      const client = await peers.open(gateway.url(REDIS));
      expect(await client.closed()).toBe('4502 no connection to the target');
      expect(gateway.lines[0]).toMatch(/ redis refused: no connection to the target: connect ECONNREFUSED/);
    });

    it('4410: the target has broken off, after what had come of it', async () => {
      const { entry, next } = await target();
      const gateway = await peers.start([entry]);
      const client = await peers.open(gateway.url(REDIS));
      const server = await next();
      await gateway.printed(/open$/);
      server.write('why');
      await settled(() => client.receivedBytes);
      reset(server);
      expect(await client.closed()).toBe('4410 the target has broken off');
      expect(text(client.received)).toBe('why');
      expect(await gateway.printed(/closed/)).toMatch(
        / closed after 0 bytes up, 3 bytes down: the target has broken off: .*ECONNRESET$/,
      );
    });

    it('the same with credits, as the cause of the loss', async () => {
      const { entry, next } = await target();
      const gateway = await peers.start([entry]);
      const client = await peers.connect(gateway.url(REDIS));
      const lost = failureOf('a read', client.reader.readExactly(1));
      await gateway.printed(/open$/);
      reset(await next());
      const error = (await lost) as ConnectionLostError;
      expect(error).toBeInstanceOf(ConnectionLostError);
      expect(error.cause).toBeInstanceOf(WebSocketCloseError);
      expect((error.cause as WebSocketCloseError).closeCode).toBe(4410);
    });

    it('4429: there are too many of one address; and there is a place again when one has gone', async () => {
      const { entry, next } = await target();
      const limits = { ...DEFAULT_LIMITS, address: { open: 2, perMinute: 4 } };
      const gateway = await peers.start([entry], { limits });
      const first = await peers.open(gateway.url(REDIS));
      await next();
      await peers.open(gateway.url(REDIS));
      await next();
      const third = await peers.open(gateway.url(REDIS));
      expect(await third.closed()).toBe('4429 too many connections of this address');
      first.socket.close();
      await gateway.printed(/closed/);
      const fourth = await peers.open(gateway.url(REDIS));
      await next();
      fourth.socket.close();
      await settled(() => gateway.lines.length);
      const fifth = await peers.open(gateway.url(REDIS));
      await next();
      fifth.socket.close();
      await settled(() => gateway.lines.length);
      const sixth = await peers.open(gateway.url(REDIS));
      expect(await sixth.closed()).toBe('4429 too many new connections of this address');
    });

    it('4408: nothing went either way for too long', async () => {
      const scheduler = new VirtualTimeScheduler();
      const { entry, next } = await target();
      const gateway = await peers.start([entry], { idleTimeout: 60_000, pingInterval: 0, scheduler });
      const client = await peers.open(gateway.url(REDIS));
      const server = await next();
      await gateway.printed(/open$/);
      scheduler.maxFrames = 59_000;
      scheduler.flush();
      client.socket.send('still there');
      await settled(() => server.bytesRead);
      scheduler.maxFrames = 80_000;
      scheduler.flush();
      expect(client.socket.readyState).toBe(client.socket.OPEN);
      scheduler.maxFrames = 150_000;
      scheduler.flush();
      expect(await client.closed()).toBe('4408 idle');
    });

    it('4503: it stops; those that are there have time to finish, and nobody else comes in', async () => {
      const scheduler = new VirtualTimeScheduler();
      const { entry, next } = await target();
      const gateway = await peers.start([entry], { grace: 10_000, pingInterval: 0, scheduler });
      const [first, second] = [await peers.open(gateway.url(REDIS)), await peers.open(gateway.url(REDIS))];
      const [one, other] = [await next(), await next()];
      const rest = everythingFrom(other);
      await gateway.printed(/open$/, 2);
      gateway.stop();
      const late = await peers.open(gateway.url(REDIS));
      expect(await late.closed()).toBe('1006');

      one.end('done');
      expect(await first.closed()).toBe('1000');
      expect(text(first.received)).toBe('done');
      second.socket.send('going on');
      await settled(() => other.bytesRead);
      scheduler.maxFrames = 9999;
      scheduler.flush();
      expect([second.socket.readyState, gateway.isOver]).toEqual([second.socket.OPEN, false]);
      scheduler.maxFrames = 10_001;
      scheduler.flush();
      expect(await second.closed()).toBe('4503 the gateway stops');
      expect(text(await rest)).toBe('going on');
      other.end();
      await settled(() => gateway.lines.length);
      expect(gateway.isOver).toBeTrue();
    });
  });

  it('takes no message of more than 1 MiB, nor one that has grown to that in pieces', async () => {
    const { entry, next } = await target();
    const gateway = await peers.start([entry]);
    for (const fin of [true, false]) {
      const client = await peers.open(gateway.url(REDIS));
      const server = await next();
      const error = new Promise((resolve) => server.once('error', resolve).resume());
      client.socket.send(new Uint8Array(MEBIBYTE));
      await gateway.printed(/open$/, fin ? 1 : 2);
      // A reset that comes upon bytes which are not read yet looks to Node like an end.
      while (server.bytesRead < MEBIBYTE) await setImmediate();
      if (fin) {
        client.socket.send(new Uint8Array(MEBIBYTE + 1));
      } else {
        client.socket.send(new Uint8Array(MEBIBYTE), { fin });
        client.socket.send(new Uint8Array(1), { fin: true });
      }
      expect(await client.closed()).toMatch(/^1009/);
      expect(await eventually('the reset', error)).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
    }
    expect(await gateway.printed(/closed/, 2)).toMatch(/: the client has broken off: /);
  });

  describe('tells the target', () => {
    it('of a client that has broken off by a reset', async () => {
      const { entry, next } = await target();
      const gateway = await peers.start([entry]);
      const client = await peers.open(gateway.url(REDIS));
      const server = await next();
      client.socket.send('hal');
      await settled(() => server.bytesRead);
      const error = new Promise((resolve) => server.resume().once('error', resolve));
      client.socket.terminate();
      expect(await eventually('the reset', error)).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
      expect(await gateway.printed(/closed/)).toMatch(/: the client has broken off/);
    });

    it('who its peer is, before all else, where that is asked for', async () => {
      const [one, other] = [await target(), await target()];
      const gateway = await peers.start([one.entry, other.entry.replace('redis', 'plain')], {
        proxyProtocol: new Set(['redis']),
      });
      for (const [name, { next }, line] of [
        ['redis', one, /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 (\d+) (\d+)\r\nhello$/],
        ['plain', other, /^hello$/],
      ] as const) {
        const client = await peers.open(gateway.url(`?target=${name}`));
        client.socket.send('hello');
        client.socket.close();
        const received = text(await everythingFrom(await next()));
        expect(received).toMatch(line);
        const [, source, destination] = line.exec(received)!;
        if (name === 'plain') continue;
        expect(destination).toBe(new URL(gateway.url('')).port);
        expect(gateway.lines[0]).toContain(`127.0.0.1:${source!} redis open`);
        expect(await gateway.printed(/closed/)).toContain(' 5 bytes up');
      }
    });

    it('whom a trusted proxy names, and limits that address', async () => {
      const { entry, next } = await target();
      const gateway = await peers.start([entry], {
        proxyProtocol: new Set(['redis']),
        trustedProxies: new Set(['127.0.0.1']),
        limits: { ...DEFAULT_LIMITS, address: { open: 1, perMinute: 10 } },
      });
      const headers = { 'X-Forwarded-For': '198.51.100.9, 192.0.2.7' };
      const client = await peers.open(gateway.url(REDIS), { headers });
      const server = await next();
      const again = await peers.open(gateway.url(REDIS), { headers });
      expect(await again.closed()).toMatch(/^4429/);
      const another = await peers.open(gateway.url(REDIS), { headers: { 'X-Forwarded-For': '192.0.2.8' } });
      expect(another.socket.readyState).toBe(another.socket.OPEN);
      const received = everythingFrom(server);
      client.socket.close();
      expect(text(await received)).toMatch(/^PROXY TCP4 192\.0\.2\.7 127\.0\.0\.1 0 \d+\r\n$/);
      expect(gateway.lines[0]).toBe('192.0.2.7:0 redis open');
    });
  });

  describe('holds who is faster', () => {
    const block = seededBytes(5, 65_536);
    const blocks = 1024;

    /** Hands blocks over one after the other, as they are taken; tells how many were. */
    function produce(send: (block: Uint8Array, taken: () => void) => void, end: () => void): () => number {
      let taken = -1;
      const more = (): void => {
        taken++;
        if (taken === blocks) end();
        else send(block, more);
      };
      more();
      return () => taken;
    }

    async function allOf(server: Socket): Promise<Uint8Array> {
      const chunks: Uint8Array[] = [];
      server.on('data', (chunk: Uint8Array) => chunks.push(chunk)).resume();
      await patiently('the end at the target', once(server, 'end'));
      return Buffer.concat(chunks);
    }

    async function expectAll(received: Promise<Uint8Array>): Promise<void> {
      const all = await received;
      const whole = new Uint8Array(blocks * block.length);
      for (let i = 0; i < blocks; i++) whole.set(block, i * block.length);
      expect(Buffer.compare(all, whole)).toBe(0);
    }

    it('a client without credits; others do not notice, and nothing is lost', async () => {
      const { entry, next } = await target();
      const gateway = await peers.start([entry]);
      const { socket } = await peers.open(gateway.url(REDIS));
      const server = (await next()).pause();
      const [other, otherServer] = [await peers.open(gateway.url(REDIS)), await next()];
      const taken = produce(
        (block, done) => socket.send(block, done),
        () => socket.close(),
      );
      const turn = exchange(other, otherServer);
      // What the kernel holds for two connections, and the gateway: a bounded number of bytes.
      expect(await settled(taken, turn, 100)).toBeLessThan(0.75 * blocks);
      await expectAll(allOf(server));
    });

    it('a client with credits', async () => {
      const { entry, next } = await target();
      const gateway = await peers.start([entry]);
      const { writer } = await peers.connect(gateway.url(REDIS));
      const server = (await next()).pause();
      const [other, otherServer] = [await peers.open(gateway.url(REDIS)), await next()];
      const taken = produce(
        (block, done) => writer.send(block).subscribe({ complete: done }),
        () => writer.writeEof(),
      );
      expect(await settled(taken, exchange(other, otherServer), 100)).toBeLessThan(0.75 * blocks);
      await expectAll(allOf(server));
    });

    it('a target, for a client without credits', async () => {
      const { entry, next } = await target();
      const gateway = await peers.start([entry]);
      const client = await peers.open(gateway.url(REDIS));
      const server = await next();
      const [other, otherServer] = [await peers.open(gateway.url(REDIS)), await next()];
      client.socket.pause();
      const taken = produce(
        (block, done) => server.write(block, done),
        () => server.end(),
      );
      expect(await settled(taken, exchange(other, otherServer), 100)).toBeLessThan(0.75 * blocks);
      client.socket.resume();
      await patiently('the close', once(client.socket, 'close'));
      await expectAll(Promise.resolve(client.received));
    });

    it('a target, for a client with credits', async () => {
      const { entry, next } = await target();
      const gateway = await peers.start([entry]);
      const client = await peers.connect(gateway.url(REDIS));
      const server = await next();
      const [other, otherServer] = [await peers.open(gateway.url(REDIS)), await next()];
      const taken = produce(
        (block, done) => server.write(block, done),
        () => server.end(),
      );
      expect(await settled(taken, exchange(other, otherServer), 100)).toBeLessThan(0.75 * blocks);
      await expectAll(patiently('the bytes', client.reader.read()));
    });
  });
});

/** Sends something back and forth on another connection: time in which the gateway could take more. */
function exchange({ socket }: PlainClient, server: Socket): () => Promise<void> {
  server.on('data', (chunk) => server.write(chunk));
  return async () => {
    const echo = new Promise((resolve) => socket.once('message', resolve));
    socket.send('there?');
    await eventually('the other connection', echo);
  };
}
