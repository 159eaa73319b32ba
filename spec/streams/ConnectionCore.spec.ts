import { VirtualTimeScheduler } from 'rxjs';
import { manualConnection, type ManualConnection } from '../../src/testing.js';

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

describe('ConnectionCore', () => {
  it('closeTimeout is time without progress, to the millisecond', () => {
    expect(givenUpAt(100, {})).toBe(100);
    expect(givenUpAt(100, { 40: 1 })).toBe(140);
    expect(givenUpAt(100, { 40: 1, 99: 1, 198: 1 })).toBe(298);
    expect(givenUpAt(100, { 99: 1, 250: 1 })).toBe(199);
    expect(givenUpAt(100, { 90: 10, 180: 20, 270: 70 })).toBeUndefined();
    expect(givenUpAt(0, {})).toBe(0);
  });
});
