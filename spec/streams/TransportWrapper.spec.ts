import { EMPTY } from 'rxjs';
import type { Data, Transport, TransportReceiver } from '../../src/index.js';
import { ManualTransport } from '../../src/testing/ManualTransport.js';
import { TransportWrapper } from '../../src/streams/TransportWrapper.js';
import { wiretap } from '../../src/testing/wiretap.js';

/** Has all that a transport can have, and writes down what it is asked. */
class Full extends ManualTransport {
  readonly asked: unknown[] = [];
  startTls(options?: unknown): typeof EMPTY {
    this.asked.push(['startTls', this, options]);
    return EMPTY;
  }
  onReleased(released: () => void): void {
    this.asked.push(['onReleased', this]);
    released();
  }
}

const wrappers: Record<string, (transport: Transport) => Transport> = {
  TransportWrapper: (transport) => new TransportWrapper(transport),
  wiretap: wiretap(() => undefined),
  'a wiretap of a wiretap': (transport) => wiretap(() => undefined)(wiretap(() => undefined)(transport)),
};

describe('A transport around another one', () => {
  for (const [name, wrap] of Object.entries(wrappers)) {
    it(`has what the one inside has, in ${name}`, () => {
      const inner = new Full();
      const outer = wrap(inner);
      let released = 0;
      expect(outer.startTls?.(undefined)).toBe(EMPTY);
      outer.onReleased?.(() => released++);
      expect(released).toBe(1);
      expect(inner.asked).toEqual([
        ['startTls', inner, undefined],
        ['onReleased', inner],
      ]);
    });

    it(`lacks what the one inside lacks, in ${name}`, () => {
      const outer = wrap(new ManualTransport());
      expect('startTls' in outer).toBeFalse();
      expect('onReleased' in outer).toBeFalse();
    });
  }

  it('hands everything else on', () => {
    const calls: unknown[] = [];
    const inner: Transport = {
      canWriteEof: true,
      writeQueueSize: 5,
      start: (receiver: TransportReceiver) => calls.push(['start', receiver]),
      write: (data: Data) => calls.push(['write', data]),
      writeEof: () => calls.push('writeEof'),
      pause: () => calls.push('pause'),
      resume: () => calls.push('resume'),
      close: () => calls.push('close'),
      abort: (reason) => calls.push(['abort', reason]),
      getExtraInfo: (name) => `the ${name}`,
    };
    const receiver = {} as TransportReceiver;
    const outer = new TransportWrapper(inner);
    outer.start(receiver);
    outer.write('data');
    outer.writeEof();
    outer.pause();
    outer.resume();
    outer.close();
    outer.abort('why');
    expect(calls).toEqual([
      ['start', receiver],
      ['write', 'data'],
      'writeEof',
      'pause',
      'resume',
      'close',
      ['abort', 'why'],
    ]);
    expect([outer.canWriteEof, outer.writeQueueSize, outer.getExtraInfo('name')]).toEqual([
      true,
      5,
      'the name',
    ]);
  });

  it('asks anew for what changes', () => {
    const inner = Object.assign(new ManualTransport(), {
      bytesWritten: undefined as number | undefined,
      limitedFor: undefined as number | undefined,
    });
    const outer = new TransportWrapper(inner);
    expect([outer.bytesWritten, outer.limitedFor]).toEqual([undefined, undefined]);
    inner.bytesWritten = 7;
    inner.limitedFor = 50;
    expect([outer.bytesWritten, outer.limitedFor]).toEqual([7, 50]);
  });

  it('is in message mode when the one inside is', () => {
    expect(new TransportWrapper(new ManualTransport({ mode: 'messages' })).messages).toBeTrue();
    expect('messages' in new TransportWrapper(new ManualTransport())).toBeFalse();
  });
});
