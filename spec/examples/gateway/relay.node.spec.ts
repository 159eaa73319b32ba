import type { SideLost } from '../../../examples/gateway/relay.js';
import { relay } from '../../../examples/gateway/relay.js';
import { manualConnection, type ManualConnection } from '../../../src/testing.js';

describe('examples: the relay of the gateway', () => {
  let client: ManualConnection;
  let target: ManualConnection;
  let end: unknown;

  function start(canWriteEof: boolean, holdWrites: 'client' | 'target' | 'none' = 'none'): void {
    // Small enough that a few bytes make it wait.
    const marks = { limit: 4, highWaterMark: 4, lowWaterMark: 0 };
    client = manualConnection({ ...marks, canWriteEof, holdWrites: holdWrites === 'client' });
    target = manualConnection({ ...marks, holdWrites: holdWrites === 'target' });
    relay(client, target).subscribe({
      error: (error: SideLost) => (end = `${error.side}: ${(error.cause as Error).message}`),
      complete: () => (end = 'complete'),
    });
  }

  beforeEach(() => {
    end = undefined;
  });

  const toTarget = (): string => target.transport.calls.join(', ');
  const toClient = (): string => client.transport.calls.join(', ');

  it('carries both directions, and ends each by itself where the client can', () => {
    start(true);
    client.transport.receive('ping');
    target.transport.receive('pong');
    client.transport.receiveEof();
    expect([toTarget(), toClient(), end]).toEqual(['write ping, writeEof', 'write pong', undefined]);
    target.transport.receive('more');
    target.transport.receiveEof();
    expect([toClient(), end]).toEqual(['write pong, write more, writeEof', 'complete']);
  });

  it('closes a client that cannot end one direction, when the target has ended', () => {
    start(false);
    target.transport.receive('bye');
    target.transport.receiveEof();
    expect([toClient(), toTarget(), end]).toEqual(['write bye, close', 'writeEof', 'complete']);
  });

  it('holds who is faster than the other side takes it, each direction for itself', () => {
    start(true, 'target');
    client.transport.receive('12345');
    client.transport.receive('123456789');
    client.transport.receive('rest');
    target.transport.receive('down');
    expect(toTarget()).toBe('write 12345');
    expect(toClient()).toBe('pause, write down');
    expect([client.transport.waiting, client.reader.bufferedBytes]).toEqual([4, 9]);
    target.transport.drain();
    target.transport.drain();
    expect(toTarget()).toBe('write 12345, write 123456789, write rest');
  });

  it('gives the target all that a client has sent before it closed', () => {
    start(false, 'target');
    client.transport.receive('12345');
    client.transport.receive('67890');
    client.transport.receiveEof();
    client.transport.lose();
    expect([toTarget(), end]).toEqual(['write 12345', undefined]);
    // Nobody takes it any more.
    target.transport.receive('late');
    target.transport.drain();
    expect(toTarget()).toBe('write 12345, write 67890');
    target.transport.drain();
    expect([toTarget(), end]).toEqual(['write 12345, write 67890, writeEof', 'complete']);
  });

  it('gives it the same where the client closes, and does not take all that was sent to it', () => {
    // As a WebSocket shows it: there is a loss, and the code of the peer's close.
    const extraInfo: { closeCode?: number } = {};
    client = manualConnection({ limit: 4, canWriteEof: false, holdWrites: true, extraInfo });
    target = manualConnection({ limit: 4, highWaterMark: 4, lowWaterMark: 0, holdWrites: true });
    relay(client, target).subscribe({ complete: () => (end = 'complete') });
    client.transport.receive('12345');
    client.transport.receive('67890');
    target.transport.receive('unsent');
    extraInfo.closeCode = 1001;
    client.transport.lose(new Error('the peer closed while 6 bytes waited to be sent'));
    target.transport.drain();
    expect([toTarget(), end]).toEqual(['write 12345, write 67890', undefined]);
    target.transport.drain();
    expect(end).toBe('complete');
  });

  it('errors at once when the client is lost, whatever waits', () => {
    start(true, 'target');
    client.transport.receive('12345');
    client.transport.receive('67890');
    client.transport.lose(new Error('gone'));
    expect([toTarget(), end]).toEqual(['write 12345', 'client: The connection was lost: gone']);
  });

  it('errors when the target is lost, after the client has all that had come of it', () => {
    start(true, 'client');
    target.transport.receive('12345');
    target.transport.receive('why');
    target.transport.lose(new Error('reset'));
    expect([toClient(), end]).toEqual(['write 12345', undefined]);
    client.transport.drain();
    expect([toClient(), end]).toEqual(['write 12345, write why', 'target: The connection was lost: reset']);
  });

  it('errors when the target is lost after it has ended its direction', () => {
    start(true);
    target.transport.receiveEof();
    client.transport.receive('more');
    expect([toTarget(), toClient(), end]).toEqual(['write more', 'writeEof', undefined]);
    target.transport.lose(new Error('reset'));
    expect(end).toBe('target: The connection was lost: reset');
  });

  it('errors when the target is lost, and the client closes while it has not taken all', () => {
    start(false, 'client');
    target.transport.receive('12345');
    target.transport.receive('why');
    target.transport.lose(new Error('reset'));
    client.transport.receiveEof();
    client.transport.lose();
    expect(end).toBe('target: The connection was lost: reset');
  });

  it('tells of the client where both are lost', () => {
    start(true, 'client');
    target.transport.receive('12345');
    target.transport.receive('why');
    target.transport.lose(new Error('reset'));
    client.transport.lose(new Error('gone'));
    expect(end).toBe('client: The connection was lost: gone');
  });
});
