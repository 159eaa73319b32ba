import { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { WebSocketCloseError } from '../../../src/streams/errors.js';
import { WsLink } from '../../../src/transports/ws/WsLink.js';
import type { LinkClosing } from '../../../src/transports/web/MessageLink.js';
import { eventually } from '../../contracts/eventually.js';
import { reportsOf } from '../../contracts/reports.js';
import { settled } from '../../contracts/settled.js';
import { LinkRecord, linksOf, wsPeers, type WsPair } from './wsPeers.js';

const MEBIBYTE = 2 ** 20;

describe('WsLink', () => {
  const peers = wsPeers();

  async function started(pair?: WsPair): Promise<{
    client: WsLink;
    server: WsLink;
    atClient: LinkRecord;
    atServer: LinkRecord;
    pair: WsPair;
  }> {
    const used = pair ?? (await peers.pair());
    const [client, server] = linksOf(used);
    return { client, server, atClient: LinkRecord.of(client), atServer: LinkRecord.of(server), pair: used };
  }

  /** The close code that a WebSocket of `ws` ends with: the peer's, or 1006. */
  function closeOf(ws: WebSocket): Promise<number> {
    return eventually('the close', new Promise<number>((resolve) => ws.once('close', resolve)));
  }

  describe('carries', () => {
    it('messages of both kinds both ways, empty ones too', async () => {
      const { client, server, atClient, atServer } = await started();
      const bytes = Uint8Array.of(0, 255, 128);
      for (const message of ['grün 😀', '', bytes, new Uint8Array(0)]) client.send(message);
      for (const message of [new Uint8Array(0), 'ok', '']) server.send(message);
      expect((await atServer.untilReceived(4)).map(plain)).toEqual(['grün 😀', '', [0, 255, 128], []]);
      expect((await atClient.untilReceived(3)).map(plain)).toEqual([[], 'ok', '']);
    });

    it('what comes before it is started, and tells of it then', async () => {
      const pair = await peers.pair();
      const [client, server] = linksOf(pair);
      const atClient = LinkRecord.of(client);
      client.send('early');
      client.send('bird');
      await atClient.untilSent();
      await setImmediate();
      const atServer = LinkRecord.of(server);
      expect(await atServer.untilReceived(2)).toEqual(['early', 'bird']);
    });

    it('what came before it is started of a peer that has gone since', async () => {
      const pair = await peers.pair();
      const [client, server] = linksOf(pair);
      const atClient = LinkRecord.of(client);
      const gone = closeOf(pair.server);
      client.send('farewell');
      await atClient.untilSent();
      // As when the system tells of a loss: `ws` then gives out what the socket still has.
      await settled(() => pair.request.socket.readableLength);
      pair.request.socket.destroy();
      await gone;
      const atServer = LinkRecord.of(server);
      expect(atServer.messages).toEqual(['farewell']);
      expect(atServer.closings).toEqual([closing(1006)]);
    });

    it('nothing of a WebSocket that was closed when it was made', async () => {
      const pair = await peers.pair();
      const gone = closeOf(pair.server);
      pair.server.terminate();
      await gone;
      const record = LinkRecord.of(new WsLink(pair.server, pair.request.socket));
      expect(record.closings).toEqual([{ code: 1006 }]);
    });
  });

  describe('tells of the socket below:', () => {
    it('the addresses, also when it is gone, the socket, the request and the protocol', async () => {
      const pair = await peers.pair({ protocols: ['chat'] });
      const { client, server, atServer } = await started(pair);
      const { localPort, remotePort } = pair.clientSocket;
      client.abort();
      await atServer.untilClosed();
      expect(server.getExtraInfo('peername')).toEqual({
        address: '127.0.0.1',
        family: 'IPv4',
        port: localPort,
      });
      expect(server.getExtraInfo('sockname')).toEqual({
        address: '127.0.0.1',
        family: 'IPv4',
        port: remotePort,
      });
      expect(server.getExtraInfo('socket')).toBe(pair.request.socket);
      expect(server.getExtraInfo('request')).toBe(pair.request);
      expect(server.getExtraInfo('protocol')).toBe('chat');
      expect(client.getExtraInfo('request')).toBeUndefined();
      expect(server.getExtraInfo('cipher')).toBeUndefined();
      expect(server.flowControl).toBe('socket');
    });
  });

  describe('paused', () => {
    it('stops the peer, and goes on when it is resumed', async () => {
      const { client, server, atClient, atServer } = await started();
      const count = 64;
      server.pause();
      for (let i = 0; i < count; i++) client.send(new Uint8Array(MEBIBYTE).fill(i));
      const stuck = await settled(() => client.queuedBytes);
      expect(stuck).toBeGreaterThan(16 * MEBIBYTE);
      expect(atServer.messages.length).toBeLessThan(2);
      server.resume();
      const messages = await atServer.untilReceived(count);
      expect(messages.map((message) => (message as Uint8Array)[MEBIBYTE - 1])).toEqual([
        ...Array(count).keys(),
      ]);
      await atClient.untilSent();
      expect(client.queuedBytes).toBe(0);
    });

    it('closes all the same, drops what it has not told of, and hears the answer', async () => {
      const { client, server, atClient, atServer } = await started();
      server.pause();
      for (let i = 0; i < 8; i++) client.send(new Uint8Array(MEBIBYTE));
      await settled(() => client.queuedBytes);
      server.close(1000, 'enough');
      expect(await atServer.untilClosed()).toEqual(closing(1000, 'enough'));
      expect(atServer.messages.length).toBeLessThan(2);
      expect(await atClient.untilClosed()).toEqual(closing(1000, 'enough'));
    });

    it('from inside a message hears of the close that came with it only when it is resumed', async () => {
      const { client, server, atServer } = await started();
      atServer.onMessage = () => server.pause();
      client.send('last');
      await atServer.untilReceived(1);
      client.close(1001);
      await setImmediate();
      server.resume();
      expect(await atServer.untilClosed()).toEqual(closing(1001));
    });

    it('after the close of the peer has come does not keep the end from being seen', async () => {
      const { server, atServer, pair } = await started();
      // A peer that closes, and does not end the socket before this side does.
      pair.clientSocket.pause();
      pair.clientSocket.write(Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8));
      while (pair.server.readyState === pair.server.OPEN) await setImmediate();
      // `ws` resumes the socket, too.
      await setImmediate();
      server.pause();
      pair.clientSocket.resume();
      expect(await atServer.untilClosed()).toEqual(closing(1000));
    });

    it('before it is started tells of nothing', async () => {
      const [client, server] = linksOf(await peers.pair());
      server.pause();
      const atServer = LinkRecord.of(server);
      const atClient = LinkRecord.of(client);
      client.send('early');
      await atClient.untilSent();
      await settled(() => atServer.messages.length, setImmediate, 50);
      expect(atServer.messages).toEqual([]);
      server.resume();
      expect(await atServer.untilReceived(1)).toEqual(['early']);
    });
  });

  describe('counts what was sent', () => {
    it('in bytes of UTF-8', async () => {
      const { client, atClient } = await started();
      client.send('é€😀');
      client.send(new Uint8Array(1000));
      expect(client.queuedBytes).toBe(1009);
      await atClient.untilSent();
      expect(atClient.queues).toEqual([1000, 0]);
    });

    it('and lets small messages of one turn leave together', async () => {
      const { client, atServer, pair } = await started();
      const writes = spyOn(pair.clientSocket, '_writev' as never).and.callThrough();
      const single = spyOn(pair.clientSocket, '_write').and.callThrough();
      for (let i = 0; i < 100; i++) client.send(`message ${i}`);
      await atServer.untilReceived(100);
      expect(writes.calls.count()).toBe(1);
      expect(single.calls.count()).toBe(0);
    });

    it('and does not wait for the end of the turn when it is much', async () => {
      const { client, atServer, pair } = await started();
      client.send(new Uint8Array(10_000));
      expect(pair.clientSocket.writableLength).toBeGreaterThan(10_000);
      client.send(new Uint8Array(10_000));
      expect(pair.clientSocket.writableLength).toBe(0);
      await atServer.untilReceived(2);
    });

    it('and tells of progress inside one large message, of either kind, which arrives whole', async () => {
      const text = 'grün 😀 '.repeat(100_000);
      for (const message of [new Uint8Array(MEBIBYTE).map((_, i) => i), text]) {
        const { client, server, atClient, atServer } = await started();
        server.pause();
        client.send(message);
        const size = client.queuedBytes;
        await settled(() => client.queuedBytes);
        server.resume();
        await atClient.untilSent();
        expect(atClient.queues.length).toBeGreaterThan(5);
        expect(atClient.queues).toEqual([...new Set(atClient.queues)].sort((a, b) => b - a));
        expect(atClient.queues[0]).toBeLessThan(size);
        const [received] = await atServer.untilReceived(1);
        expect(atServer.messages.length).toBe(1);
        // Not by jasmine, to which each of a million bytes is a value of its own.
        expect(Buffer.compare(Buffer.from(received as string | Buffer), Buffer.from(message as string))).toBe(
          0,
        );
        expect(typeof received).toBe(typeof message);
      }
    });
  });

  describe('closes', () => {
    it('with a code and a reason, either side, and each hears them', async () => {
      for (const end of ['client', 'server'] as const) {
        const both = await started();
        both[end].close(4001, 'wegen müde');
        const expected = closing(4001, 'wegen müde');
        expect(await both.atClient.untilClosed()).toEqual(expected);
        expect(await both.atServer.untilClosed()).toEqual(expected);
      }
    });

    it('without a code: 1000, and hears a peer that gives none: 1005', async () => {
      const { server, atClient, atServer } = await started();
      server.close();
      expect((await atClient.untilClosed()).code).toBe(1000);
      expect((await atServer.untilClosed()).code).toBe(1000);
      const other = await started();
      other.pair.client.close();
      expect((await other.atServer.untilClosed()).code).toBe(1005);
    });

    it('and what the system had not taken by then still counts, which is no clean end', async () => {
      const { client, server, atServer } = await started();
      client.pause();
      for (let i = 0; i < 32; i++) server.send(new Uint8Array(MEBIBYTE));
      await settled(() => server.queuedBytes);
      client.resume();
      client.close(1000);
      await atServer.untilClosed();
      expect(server.queuedBytes).toBeGreaterThan(0);
    });

    it('only when all that was sent is handed on: the time for the answer does not run before', async () => {
      const pair = await peers.pair({ server: { closeTimeout: 1 } });
      const { client, server, atClient, atServer } = await started(pair);
      client.pause();
      const count = 32;
      for (let i = 0; i < count; i++) server.send(new Uint8Array(MEBIBYTE));
      await settled(() => server.queuedBytes);
      server.close(1000);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(server.queuedBytes).toBeGreaterThan(0);
      expect(atServer.closings).toEqual([]);
      client.resume();
      await atClient.untilReceived(count);
      await atServer.untilClosed();
    });

    it('without an answer when that does not come in time', async () => {
      const pair = await peers.pair({ server: { closeTimeout: 10 } });
      const { client, server, atServer } = await started(pair);
      client.pause();
      server.close(1000);
      expect(await atServer.untilClosed()).toEqual(closing(1006));
    });

    it('once: what is called after it does nothing', async () => {
      const { client, server, atClient, atServer } = await started();
      server.close(1000);
      server.close(4000);
      server.send('late');
      client.send('late, too');
      server.pause();
      expect(await atClient.untilClosed()).toEqual(closing(1000));
      await atServer.untilClosed();
      server.send('too late');
      server.resume();
      server.close();
      server.abort();
      expect(server.queuedBytes).toBe(0);
      expect(atServer.messages).toEqual([]);
      expect(atClient.messages).toEqual([]);
      expect(atServer.closings.length).toBe(1);
    });

    it('with the error where the platform takes neither the code nor the reason', async () => {
      for (const [code, reason] of [
        [1006, ''],
        [4000, 'x'.repeat(124)],
      ] as const) {
        const { server, atServer, atClient } = await started();
        server.close(code, reason);
        expect(await atServer.untilClosed()).toEqual({ error: jasmine.any(Error) as unknown });
        expect((await atClient.untilClosed()).code).toBe(1006);
      }
    });
  });

  describe('aborted', () => {
    it('tells nothing any more, and the peer sees 1006', async () => {
      const { client, server, atClient, atServer } = await started();
      server.send('late');
      client.abort();
      client.abort();
      expect((await atServer.untilClosed()).code).toBe(1006);
      await setImmediate();
      expect(atClient.closings).toEqual([]);
      expect(atClient.messages).toEqual([]);
    });

    it('resets the connection, which the peer is told as the cause', async () => {
      const { client, atServer, atClient, server } = await started();
      server.send('hello');
      await atClient.untilReceived(1);
      client.abort();
      const { code, error } = await atServer.untilClosed();
      expect(code).toBe(1006);
      expect(error).toEqual(
        new WebSocketCloseError(1006, '', 'The WebSocket broke with code 1006: read ECONNRESET'),
      );
      expect((error as Error).cause).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
    });

    it('drops what the peer has not taken', async () => {
      const { client, server, atServer } = await started();
      server.pause();
      for (let i = 0; i < 32; i++) client.send(new Uint8Array(MEBIBYTE));
      await settled(() => client.queuedBytes);
      client.abort();
      server.resume();
      await atServer.untilClosed();
      expect(atServer.messages.length).toBeLessThan(32);
    });

    it('from inside a message tells of no other one', async () => {
      const { client, server, atClient, atServer } = await started();
      atServer.onMessage = () => server.abort();
      for (let i = 0; i < 10; i++) client.send('x');
      await atClient.untilClosed();
      expect(atServer.messages).toEqual(['x']);
    });

    it('while it closes', async () => {
      const { client, server, atClient, atServer } = await started();
      client.pause();
      server.close(1000);
      await setImmediate();
      server.abort();
      client.resume();
      await atClient.untilClosed();
      expect(atServer.closings).toEqual([]);
    });
  });

  describe('is lost', () => {
    it('with 1006 when the peer ends without a word', async () => {
      const { atServer, pair } = await started();
      pair.clientSocket.end();
      expect(await atServer.untilClosed()).toEqual(closing(1006));
    });

    it('with the error of a message that is too large, which has the number, and the peer sees 1009', async () => {
      const pair = await peers.pair({ server: { maxPayload: 1000 } });
      const [, server] = linksOf(pair, { maxPayload: 1000 });
      const atServer = LinkRecord.of(server);
      const closed = closeOf(pair.client);
      pair.client.resume();
      pair.client.send('x'.repeat(1000));
      pair.client.send('x'.repeat(1001));
      const { error } = await atServer.untilClosed();
      expect(error).toEqual(jasmine.objectContaining({ code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' }));
      expect((error as Error).message).toBe('A message of the peer has more than maxPayload, 1000 bytes');
      expect(atServer.messages.length).toBe(1);
      expect(await closed).toBe(1009);
    });

    it('with the error of text that is no UTF-8, and the peer sees 1007', async () => {
      const { atServer, pair } = await started();
      const closed = closeOf(pair.client);
      pair.client.send(Uint8Array.of(0xff), { binary: false });
      expect((await atServer.untilClosed()).error).toEqual(
        jasmine.objectContaining({ code: 'WS_ERR_INVALID_UTF8' }),
      );
      expect(await closed).toBe(1007);
    });

    it('when memory is taken away before it was sent', async () => {
      const { client, server, atServer, atClient } = await started();
      client.pause();
      for (let i = 0; i < 32; i++) server.send(new Uint8Array(MEBIBYTE));
      await settled(() => server.queuedBytes);
      const bytes = new Uint8Array(100);
      server.send(bytes);
      structuredClone(bytes, { transfer: [bytes.buffer] });
      client.resume();
      const { error } = await atServer.untilClosed();
      expect((error as Error).message).toMatch(/^Of 100 bytes that were sent 0 are left/);
      expect((await atClient.untilClosed()).code).toBe(1006);
    });

    it('when the platform throws', async () => {
      const { server, atServer, pair } = await started();
      const broken = new Error('broken');
      spyOn(pair.server, 'send').and.throwError(broken);
      server.send('x');
      expect(atServer.closings).toEqual([{ error: broken }]);
      server.send('y');
      expect(atServer.closings.length).toBe(1);
    });
  });

  it('reports what its receiver throws, and goes on', async () => {
    const { client, server, atClient, atServer } = await started();
    const thrown = new Error('of the receiver');
    const reports = await reportsOf(async () => {
      atServer.onMessage = () => {
        throw thrown;
      };
      client.send('one');
      client.send('two');
      await atServer.untilReceived(2);
    });
    expect(reports).toEqual([thrown, thrown]);
    server.send('still here');
    expect(await atClient.untilReceived(1)).toEqual(['still here']);
  });

  it('runs on a WebSocket whose stream is no socket', async () => {
    const pair = await peers.pair();
    const plainStream = new Duplex({ read: () => undefined });
    const server = new WsLink(pair.server, plainStream);
    const atServer = LinkRecord.of(server);
    pair.client.send('hello');
    expect(await atServer.untilReceived(1)).toEqual(['hello']);
    expect(server.getExtraInfo('peername')).toBeUndefined();
    server.abort();
    expect(await closeOf(pair.client)).toBe(1006);
  });
});

function closing(code: number, reason = ''): LinkClosing {
  return { code, reason, error: undefined };
}

function plain(message: string | Uint8Array): unknown {
  return typeof message === 'string' ? message : [...message];
}
