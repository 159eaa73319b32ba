import { GuardedReceiver } from '../../src/transports/GuardedReceiver.js';
import { reportsOf } from '../contracts/reports.js';

describe('GuardedReceiver', () => {
  it('hands every call on', () => {
    const calls: unknown[] = [];
    const receiver = new GuardedReceiver({
      data: (chunk) => calls.push(['data', chunk]),
      eof: () => calls.push('eof'),
      flushed: () => calls.push('flushed'),
      closed: (error) => calls.push(['closed', error]),
    });
    const chunk = Uint8Array.of(1);
    receiver.data(chunk);
    receiver.eof();
    receiver.flushed();
    receiver.closed('why');
    receiver.closed();
    expect(calls).toEqual([['data', chunk], 'eof', 'flushed', ['closed', 'why'], ['closed', undefined]]);
  });

  it('reports what each of them throws, once, whatever it is', async () => {
    for (const thrown of [new Error('bad'), undefined, null, Object.create(null) as unknown]) {
      const fail = (): never => {
        throw thrown;
      };
      const receiver = new GuardedReceiver({ data: fail, eof: fail, flushed: fail, closed: fail });
      const reports = await reportsOf(() => {
        receiver.data(Uint8Array.of(1));
        receiver.eof();
        receiver.flushed();
        receiver.closed(new Error('of the connection'));
      });
      expect(reports).toEqual([thrown, thrown, thrown, thrown]);
    }
  });
});
