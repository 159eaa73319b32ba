import { VirtualTimeScheduler } from 'rxjs';
import { Connection, type ConnectionOptions } from '../../src/index.js';
import { manualConnection, type ManualConnection } from '../../src/testing.js';
import { BareTransport } from './BareTransport.js';

/** When a close is given up, with what drained at which time. */
function givenUpAt(closeTimeout: number, drains: Record<number, number>): number | undefined {
  const scheduler = new VirtualTimeScheduler();
  const connection: ManualConnection = manualConnection({ closeTimeout, scheduler, holdWrites: true });
  connection.writer.write('x'.repeat(100));
  for (const [time, bytes] of Object.entries(drains))
    scheduler.schedule(() => connection.transport.drain(bytes), Number(time));
  connection.release();
  let end: number | undefined;
  connection.writer.waitClosed().subscribe({ error: () => (end = scheduler.now()) });
  scheduler.flush();
  return end;
}

/** A connection on a transport that does nothing by itself. */
function bare(options?: ConnectionOptions): { connection: Connection; transport: BareTransport } {
  const transport = new BareTransport();
  return { connection: new Connection(transport, options), transport };
}

describe('ConnectionCore', () => {
  it('closeTimeout is time without progress, to the millisecond', () => {
    expect(givenUpAt(100, {})).toBe(100);
    expect(givenUpAt(100, { 40: 1 })).toBe(140);
    expect(givenUpAt(100, { 40: 1, 99: 1, 198: 1 })).toBe(298);
    expect(givenUpAt(100, { 99: 1, 250: 1 })).toBe(199);
    expect(givenUpAt(100, { 90: 10, 180: 20, 270: 70 })).toBeUndefined();
    expect(givenUpAt(0, {})).toBe(0);
  });

  it('says how long a close made no progress, and what was left', () => {
    const scheduler = new VirtualTimeScheduler();
    const { release, transport } = releasable(scheduler);
    transport.writeQueueSize = 90;
    release();
    scheduler.flush();
    expect(transport.asked).toEqual([
      'close',
      ['abort', new Error('Closing made no progress for 100 ms; 90 bytes could not be sent')],
    ]);
  });

  it('releases once: a second release does not take the progress away from the first', () => {
    const scheduler = new VirtualTimeScheduler();
    const { release, transport } = releasable(scheduler);
    release();
    for (const time of [60, 120, 180]) scheduler.schedule(() => transport.receiver.flushed(), time);
    scheduler.schedule(release, 70);
    scheduler.schedule(() => transport.receiver.closed(), 200);
    scheduler.flush();
    expect(transport.asked).toEqual(['close']);
    expect(scheduler.now()).withContext('the last timer').toBe(200);
  });

  it('keeps no timer for a close that is over', () => {
    const scheduler = new VirtualTimeScheduler();
    const { connection, transport } = bare({ closeTimeout: 100, scheduler });
    connection.release();
    transport.receiver.closed();
    scheduler.flush();
    expect(scheduler.now()).toBe(0);
  });

  it('releases nothing of a connection that was aborted, or is gone', () => {
    const acts: ((to: ReturnType<typeof bare>) => void)[] = [
      ({ connection }) => connection.writer.abort(),
      ({ transport }) => transport.receiver.closed(),
    ];
    for (const act of acts) {
      const scheduler = new VirtualTimeScheduler();
      const both = bare({ closeTimeout: 100, scheduler });
      act(both);
      const { asked } = both.transport;
      const before = asked.length;
      const schedule = spyOn(scheduler, 'schedule').and.callThrough();
      both.connection.release();
      expect(schedule).withContext('timers').not.toHaveBeenCalled();
      expect(asked.length).toBe(before);
    }
  });

  it('asks a transport for each end once', () => {
    const { connection, transport } = bare();
    for (let i = 0; i < 2; i++) connection.writer.writeEof();
    for (let i = 0; i < 2; i++) connection.writer.close();
    for (let i = 0; i < 2; i++) connection.writer.abort(i);
    expect(transport.asked).toEqual(['writeEof', 'close', ['abort', 0]]);
    expect(connection.inspect().phase).toBe('aborted');
    expect(connection.inspect().error?.cause).withContext('the first reason').toBe(0);
  });

  it('can be gone with nobody to hear of it', () => {
    for (const error of [undefined, new Error('cut')]) {
      const { connection, transport } = bare();
      const told: unknown[] = [];
      expect(() => transport.receiver.closed(error)).not.toThrow();
      connection.core.onGone(() => told.push('gone'));
      connection.core.onAbandoned(() => told.push('abandoned'));
      expect(told).toEqual(error === undefined ? ['gone'] : ['gone', 'abandoned']);
    }
  });

  it('takes back who waits for its end', () => {
    const { connection, transport } = bare();
    const told: string[] = [];
    connection.core.onGone(() => told.push('first'));
    const forget = connection.core.onGone(() => told.push('second'));
    forget();
    transport.receiver.closed();
    connection.core.onGone(() => told.push('late'))();
    expect(told).toEqual(['first', 'late']);
  });

  it('is abandoned when a loss finds no read, and all that had come is taken', () => {
    const { connection, transport } = bare();
    const told: string[] = [];
    connection.core.onAbandoned(() => told.push('abandoned'));
    connection.core.onAbandoned(() => told.push('taken back'))();
    transport.receiver.data(Uint8Array.of(1, 2));
    transport.receiver.closed(new Error('cut'));
    expect(told).toEqual([]);
    connection.reader.readExactly(2).subscribe();
    expect(told).toEqual(['abandoned']);
  });

  it('is not abandoned by a close that is no failure, nor where a read was told', () => {
    const closed = bare();
    const lost = bare();
    const told: unknown[] = [];
    for (const { connection } of [closed, lost]) connection.core.onAbandoned(() => told.push('abandoned'));
    lost.connection.reader.readLine().subscribe({ error: () => told.push('the read') });
    closed.transport.receiver.closed();
    lost.transport.receiver.closed(new Error('cut'));
    expect(told).toEqual(['the read']);
  });

  describe('abort', () => {
    it('runs what is to be done meanwhile before the transport is told, and reports what that throws', () => {
      const { connection, transport } = bare();
      const log: unknown[] = [];
      connection.core.report = (error) => log.push(error);
      connection.core.abort('enough', () => {
        log.push(connection.core.lifecycle.phase, transport.asked.length);
        throw new Error('meanwhile');
      });
      expect(log).toEqual(['aborted', 0, new Error('meanwhile')]);
      expect(transport.asked).toEqual([['abort', 'enough']]);
    });

    it('is for a transport that is closed only where it has something left to let go of', () => {
      const plain = bare();
      const tls = bare();
      Object.assign(tls.transport, { onReleased: () => undefined });
      for (const { connection, transport } of [plain, tls]) {
        transport.receiver.closed();
        connection.writer.abort('late');
      }
      expect(plain.transport.asked).toEqual([]);
      expect(tls.transport.asked).toEqual([['abort', 'late']]);
    });
  });

  it('is released when the transport says so, else when it is gone', () => {
    const plain = bare();
    const tls = bare();
    const told: string[] = [];
    let released: (() => void) | undefined;
    Object.assign(tls.transport, { onReleased: (listener: () => void) => (released = listener) });
    plain.connection.core.onReleased(() => told.push('plain'));
    tls.connection.core.onReleased(() => told.push('tls'));
    expect(released).withContext('not asked before it is gone').toBeUndefined();
    plain.transport.receiver.closed();
    tls.transport.receiver.closed();
    expect(told).toEqual(['plain']);
    released!();
    expect(told).toEqual(['plain', 'tls']);
  });
});

function releasable(scheduler: VirtualTimeScheduler): { release: () => void; transport: BareTransport } {
  const { connection, transport } = bare({ closeTimeout: 100, scheduler });
  return { release: () => connection.release(), transport };
}
