import { VirtualTimeScheduler } from 'rxjs';
import { Connection } from '../../src/index.js';
import { manualConnection } from '../../src/testing.js';
import { BareTransport } from './BareTransport.js';

describe('WriteFlow', () => {
  it('counts the bytes of text and of arrays, where the transport does not', () => {
    const { writer, core } = manualConnection();
    writer.write('grüße');
    expect(core.bytesWritten).toBe(7);
    writer.write(new Uint8Array(4));
    expect(core.bytesWritten).toBe(11);
  });

  it('asks the transport, where that does', () => {
    const transport = Object.assign(new BareTransport(), { bytesWritten: 5 });
    const { writer, core } = new Connection(transport);
    writer.write('abc');
    expect(core.bytesWritten).toBe(5);
  });

  it('counts nothing that is dropped, or empty', () => {
    const { writer, transport, core } = manualConnection();
    writer.write('');
    writer.write('abc');
    transport.lose();
    writer.write('dropped');
    expect(core.bytesWritten).toBe(3);
  });

  it('goes on with nobody to hear of it', () => {
    const transport = new BareTransport();
    const { writer } = new Connection(transport, { highWaterMark: 4, lowWaterMark: 2 });
    transport.writeQueueSize = 5;
    writer.write('12345');
    expect(writer.paused).toBeTrue();
    transport.writeQueueSize = 2;
    expect(() => transport.receiver.flushed()).not.toThrow();
    expect(writer.paused).toBeFalse();
  });

  it('is active with what is written and with what is taken, and the two do not outweigh each other', () => {
    const scheduler = new VirtualTimeScheduler();
    const { writer, transport } = manualConnection({ idleTimeout: 8, holdWrites: true, scheduler });
    // Looked at every 2 ms.
    scheduler.schedule(() => writer.write('x'), 5);
    scheduler.schedule(() => transport.drain(), 5);
    scheduler.flush();
    expect(writer.isClosing()).toBeTrue();
    expect(scheduler.now()).toBe(14);
  });

  it('remembers when something was last taken while it is paused', () => {
    const scheduler = new VirtualTimeScheduler();
    const { writer, transport, core } = manualConnection({ highWaterMark: 9, holdWrites: true, scheduler });
    writer.write('x');
    scheduler.schedule(() => transport.drain(), 10);
    scheduler.schedule(() => writer.write('x'.repeat(20)), 20);
    scheduler.schedule(() => transport.drain(1), 30);
    scheduler.schedule(() => transport.drain(1), 40);
    const seen: number[] = [];
    for (const time of [15, 25, 35, 45]) scheduler.schedule(() => seen.push(core.writes.lastTaken), time);
    scheduler.flush();
    expect(seen).toEqual([0, 0, 30, 40]);
  });
});
