import { setImmediate } from 'node:timers/promises';
import { VirtualTimeScheduler } from 'rxjs';
import { HeartbeatTimeoutError } from '../../../src/streams/errors.js';
import type { WsLink } from '../../../src/transports/ws/WsLink.js';
import { eventually } from '../../contracts/eventually.js';
import { settled } from '../../contracts/settled.js';
import { LinkRecord, linksOf, wsPeers, type WsPair, type WsPairOptions } from './wsPeers.js';

const INTERVAL = 30_000;

describe('PingWatch', () => {
  const peers = wsPeers();
  let scheduler: VirtualTimeScheduler;
  let pair: WsPair;
  let client: WsLink;
  let server: WsLink;
  let atServer: LinkRecord;
  let pings: number;

  beforeEach(() => {
    scheduler = new VirtualTimeScheduler();
    pings = 0;
  });

  async function start(options: WsPairOptions = {}): Promise<void> {
    pair = await peers.pair(options);
    pair.client.on('ping', () => pings++);
    [client, server] = linksOf(pair, { pingInterval: INTERVAL, scheduler });
    LinkRecord.of(client);
    atServer = LinkRecord.of(server);
  }

  /** Until nothing moves on the wire any more. */
  function quiet(): Promise<number> {
    return settled(() => pair.clientSocket.bytesRead + pair.request.socket.bytesRead, setImmediate, 50);
  }

  async function pass(intervals: number): Promise<void> {
    for (let i = 0; i < intervals; i++) {
      await quiet();
      scheduler.maxFrames = scheduler.frame + INTERVAL;
      scheduler.flush();
      scheduler.frame = scheduler.maxFrames;
      await quiet();
    }
  }

  async function expectDead(): Promise<void> {
    await pass(2);
    const { error } = await atServer.untilClosed();
    expect(error).toBeInstanceOf(HeartbeatTimeoutError);
    expect((error as HeartbeatTimeoutError).timeout).toBe(INTERVAL);
  }

  it('pings once each interval, and leaves a peer alone that answers', async () => {
    await start();
    await pass(10);
    expect(pings).toBe(10);
    expect(atServer.closings).toEqual([]);
  });

  it('ends a link on which nothing comes for an interval after a ping, at its end, and resets it', async () => {
    await start({ client: { autoPong: false } });
    await pass(1);
    expect(pings).toBe(1);
    expect(atServer.closings).toEqual([]);
    const closed = new Promise((resolve) => pair.client.once('close', resolve));
    await pass(1);
    expect((await atServer.untilClosed()).error).toEqual(new HeartbeatTimeoutError(INTERVAL));
    expect(scheduler.now()).toBe(2 * INTERVAL);
    expect(await eventually('the end at the peer', closed)).toBe(1006);
  });

  it('takes data for a sign of life, and part of a message, and waits for the pong with the next ping', async () => {
    await start({ client: { autoPong: false } });
    for (let i = 0; i < 5; i++) {
      // A frame of 5 bytes, byte by byte: FIN and binary, mask and length, the mask.
      pair.clientSocket.write(Uint8Array.of([0x82, 0x85, 0, 0, 0][i]!));
      await pass(1);
    }
    expect(atServer.messages).toEqual([]);
    expect(atServer.closings).toEqual([]);
    expect(pings).toBe(1);
  });

  it('finds the link dead when the signs of life end', async () => {
    await start({ client: { autoPong: false } });
    await pass(1);
    client.send('alive');
    await pass(1);
    client.send('alive');
    await pass(1);
    expect(atServer.closings).toEqual([]);
    await pass(1);
    expect((await atServer.untilClosed()).error).toBeInstanceOf(HeartbeatTimeoutError);
  });

  it('does not judge while it is paused, nor for a time in which it was', async () => {
    await start();
    server.pause();
    await pass(5);
    expect(atServer.closings).toEqual([]);
    expect(pings).toBe(1);
    server.resume();
    await pass(3);
    expect(atServer.closings).toEqual([]);
    expect(pings).toBeGreaterThan(1);
    pair.client.removeAllListeners('ping');
    pair.clientSocket.pause();
    await pass(1);
    server.pause();
    server.resume();
    await pass(1);
    expect(atServer.closings).toEqual([]);
    await expectDead();
  });

  it('does not judge a peer that has stopped reading, with a ping behind what waits', async () => {
    await start();
    client.pause();
    for (let i = 0; i < 32; i++) server.send(new Uint8Array(2 ** 20));
    await settled(() => server.queuedBytes);
    await pass(5);
    expect(pings).toBe(0);
    expect(atServer.closings).toEqual([]);
    client.resume();
    await atServer.untilSent();
    await pass(2);
    expect(pings).toBeGreaterThan(0);
    expect(atServer.closings).toEqual([]);
  });

  it('does not judge a peer that may have stopped reading after the ping', async () => {
    await start({ client: { autoPong: false } });
    await pass(1);
    server.send(new Uint8Array(65_537));
    await pass(5);
    expect(atServer.closings).toEqual([]);
  });

  it('judges a peer that gets little', async () => {
    await start({ client: { autoPong: false } });
    await pass(1);
    server.send(new Uint8Array(65_536));
    await pass(1);
    expect((await atServer.untilClosed()).error).toBeInstanceOf(HeartbeatTimeoutError);
  });

  it('ends with the link: nothing is left for the scheduler', async () => {
    await start();
    await pass(1);
    server.close();
    await atServer.untilClosed();
    expect(scheduler.actions.length).toBe(0);
  });

  it('finds a link dead also while that closes', async () => {
    await start({ client: { autoPong: false } });
    await pass(1);
    // It will not hear of the close.
    pair.client.pause();
    server.close();
    await pass(1);
    expect((await atServer.untilClosed()).error).toBeInstanceOf(HeartbeatTimeoutError);
  });

  it('is not there without an interval', async () => {
    pair = await peers.pair();
    [client, server] = linksOf(pair, { pingInterval: 0, scheduler });
    atServer = LinkRecord.of(server);
    expect(scheduler.actions.length).toBe(0);
  });
});
