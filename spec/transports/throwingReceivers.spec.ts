import { VirtualTimeScheduler } from 'rxjs';
import type { Transport } from '../../src/index.js';
import { chaos } from '../../src/testing/chaos.js';
import { ManualTransport } from '../../src/testing/ManualTransport.js';
import { networkTransports } from '../../src/testing/NetworkTransport.js';
import { RecordingReceiver } from '../../src/testing/RecordingReceiver.js';
import { ScriptedTransport } from '../../src/testing/ScriptedTransport.js';
import { wiretap } from '../../src/testing/wiretap.js';
import { MemoryTransport } from '../../src/transports/memory/MemoryTransport.js';
import { movedItems } from '../contracts/movedItems.js';
import { reportsOf } from '../contracts/reports.js';

const scheduler = new VirtualTimeScheduler();
const tap = wiretap(() => undefined);
const pairs: Record<string, () => readonly [Transport, Transport]> = {
  MemoryTransport: () => MemoryTransport.pair(),
  'a tapped MemoryTransport': () => {
    const [one, other] = MemoryTransport.pair();
    return [tap(one), tap(other)];
  },
  'a network': () => networkTransports(),
  'a network with latency and chaos': () => networkTransports({ latency: 3, chaos: chaos(1), scheduler }),
};
const bad = new Error('of the receiver');
const fail = (): never => {
  throw bad;
};
const HOOKS = ['onData', 'onEof', 'onFlushed', 'onClosed'] as const;

function begin(transport: Transport): RecordingReceiver {
  const receiver = new RecordingReceiver(transport);
  transport.start(receiver);
  return receiver;
}

describe('A receiver that throws', () => {
  for (const [name, makePair] of Object.entries(pairs)) {
    for (const hook of HOOKS) {
      it(`in ${hook}, on both sides and always, harms neither end of ${name}`, async () => {
        const [one, other] = makePair();
        const [toOne, toOther] = [begin(one), begin(other)];
        toOne[hook] = fail;
        toOther[hook] = fail;
        const reports = await reportsOf(() => {
          other.pause();
          one.write('first ');
          one.write(new Uint8Array(100_000).fill(46));
          scheduler.flush();
          other.resume();
          scheduler.flush();
          other.write('answer');
          scheduler.flush();
          one.write(' last');
          one.writeEof();
          scheduler.flush();
          other.close();
          scheduler.flush();
          one.close();
          scheduler.flush();
        });
        expect(toOther.text).toBe(`first ${'.'.repeat(100_000)} last`);
        expect(toOne.text).toBe('answer');
        expect([toOne.order, toOther.order]).toEqual([
          ['data', 'eof', 'closed'],
          ['data', 'eof', 'closed'],
        ]);
        expect([...toOne.errors, ...toOther.errors]).toEqual([undefined, undefined]);
        const calls = {
          onData: toOne.chunks.length + toOther.chunks.length,
          onEof: 2,
          onFlushed: toOne.queueSizes.length + toOther.queueSizes.length,
          onClosed: 2,
        };
        expect(reports).toEqual(Array<unknown>(calls[hook]).fill(bad));
      });
    }

    it(`in closed by an abort does not keep it from the other end of ${name}`, async () => {
      const [one, other] = makePair();
      const [toOne, toOther] = [begin(one), begin(other)];
      toOne.onClosed = fail;
      const reports = await reportsOf(() => {
        one.abort('over');
        scheduler.flush();
      });
      expect(toOne.errors).toEqual(['over']);
      expect(toOther.errors).toEqual([jasmine.objectContaining({ code: 'ECONNRESET' })]);
      expect(reports).toEqual([bad]);
    });

    it(`in closed does not come out of start() of an end that is closed already, of ${name}`, async () => {
      const [one, other] = makePair();
      begin(one);
      one.abort();
      scheduler.flush();
      const toOther = new RecordingReceiver(other);
      toOther.onClosed = fail;
      const reports = await reportsOf(() => {
        other.start(toOther);
        scheduler.flush();
      });
      expect(toOther.order).toEqual(['closed']);
      expect(reports).toEqual([bad]);
    });
  }

  for (const hook of HOOKS) {
    it(`in ${hook} always, harms no ManualTransport`, async () => {
      const transport = new ManualTransport({ holdWrites: true });
      const receiver = begin(transport);
      receiver[hook] = fail;
      const reports = await reportsOf(() => {
        transport.receive('one', 'two');
        transport.receive('three');
        transport.write('12345');
        transport.drain(2);
        transport.drain();
        transport.receiveEof();
        transport.writeEof();
      });
      expect(receiver.text).toBe('onetwothree');
      expect(receiver.queueSizes).toEqual([3, 0]);
      expect(receiver.order).toEqual(['data', 'eof', 'closed']);
      expect(reports.length).toBe({ onData: 3, onEof: 1, onFlushed: 2, onClosed: 1 }[hook]);
    });
  }

  for (const hook of ['onData', 'onEof', 'onClosed'] as const) {
    it(`in ${hook} always, harms no ScriptedTransport`, async () => {
      const transport = new ScriptedTransport(
        [{ reply: 'hello' }, { expect: 'name' }, { reply: 'a' }, { wait: 5 }, { reply: 'b' }, { eof: true }],
        scheduler,
      );
      const receiver = new RecordingReceiver(transport);
      receiver[hook] = fail;
      const reports = await reportsOf(() => {
        transport.start(receiver);
        transport.write('na');
        transport.write('me');
        scheduler.flush();
        transport.writeEof();
      });
      expect(receiver.text).toBe('helloab');
      expect(receiver.order).toEqual(['data', 'eof', 'closed']);
      expect(transport.problem).toBeUndefined();
      expect(reports.length).toBe({ onData: 3, onEof: 1, onClosed: 1 }[hook]);
    });
  }
});

describe('Tens of thousands of chunks that wait', () => {
  const COUNT = 50_000;
  const chunk = Uint8Array.of(1);
  const transports: Record<string, () => readonly [Transport, Transport]> = {
    ...pairs,
    'a network of which the window is full': () => networkTransports({ window: 1 }),
  };
  for (const [name, makePair] of Object.entries(transports)) {
    it(`cost the same each, in ${name}`, () => {
      const [one, other] = makePair();
      begin(one);
      let received = 0;
      other.start({
        data: ({ length }) => (received += length),
        eof: () => undefined,
        flushed: () => undefined,
        closed: () => undefined,
      });
      other.pause();
      const moved = movedItems(() => {
        for (let i = 0; i < COUNT; i++) one.write(chunk);
        other.resume();
        scheduler.flush();
      });
      expect(received).toBe(COUNT);
      expect(moved)
        .withContext('items moved in arrays')
        .toBeLessThan(20 * COUNT);
    });
  }

  it('cost the same each, in a ManualTransport, which knows how many bytes wait', () => {
    const transport = new ManualTransport();
    let received = 0;
    let waiting = 0;
    const moved = movedItems(() => {
      for (let i = 0; i < COUNT; i++) {
        transport.receive(chunk);
        waiting = transport.waiting;
      }
      transport.start({
        data: ({ length }) => (received += length),
        eof: () => undefined,
        flushed: () => undefined,
        closed: () => undefined,
      });
    });
    expect([waiting, received, transport.waiting]).toEqual([COUNT, COUNT, 0]);
    expect(moved)
      .withContext('items moved in arrays')
      .toBeLessThan(20 * COUNT);
  });
});
