import { PassThrough, Duplex } from 'node:stream';
import { RecordingReceiver } from '../../../src/testing/RecordingReceiver.js';
import { Connection } from '../../../src/streams/Connection.js';
import { ConnectionLostError } from '../../../src/streams/errors.js';
import { DuplexTransport } from '../../../src/transports/node/DuplexTransport.js';
import { failureOf } from '../../contracts/eventually.js';
import { plainPeers } from '../../observables/plainPeers.js';
import { temporaryPaths } from '../../observables/temporaryPaths.js';
import { encrypt } from './encrypt.js';

const cause = new Error('thrown by the duplex');

function thrower(): never {
  throw cause;
}

/** Takes everything. */
function sink(options = {}): Duplex {
  return new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, callback) => callback(),
    ...options,
  });
}

function started(duplex: Duplex): [DuplexTransport, RecordingReceiver] {
  const transport = new DuplexTransport(duplex);
  const told = new RecordingReceiver(transport);
  transport.start(told);
  return [transport, told];
}

/** Takes the memory away from whoever has it, as postMessage to a worker does. */
function detach(array: Uint8Array): void {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
}

describe('DuplexLife', () => {
  const peers = plainPeers();
  const temporaryPath = temporaryPaths();

  describe('memory that is gone before it was sent', () => {
    const kinds: [string, () => Promise<DuplexTransport>][] = [
      ['TCP', async () => new DuplexTransport((await peers.pair())[0])],
      ['a Unix socket', async () => new DuplexTransport((await peers.unixPair(temporaryPath()))[0])],
      ['TLS', async () => (await encrypt(await peers.pair()))[0]],
      ['a duplex', () => Promise.resolve(new DuplexTransport(sink()))],
    ];
    for (const [kind, make] of kinds) {
      for (const size of [1, 5000, 4 * 2 ** 20]) {
        it(`is a loss: ${size} bytes on ${kind}`, async () => {
          const { reader, writer } = new Connection(await make());
          const read = failureOf('the read', reader.read());
          const array = new Uint8Array(new ArrayBuffer(size));
          writer.write('before');
          writer.write(array);
          writer.write('after');
          detach(array);
          const loss = await failureOf('waitClosed()', writer.waitClosed());
          expect(loss).toBeInstanceOf(ConnectionLostError);
          expect(String((loss as Error).cause)).toContain('transferred');
          expect(await failureOf('drain()', writer.drain())).toBe(loss);
          expect(await read).toBe(loss);
          expect((writer.getExtraInfo('socket') as Duplex).writableCorked).toBe(0);
          expect(writer.transport.writeQueueSize).toBe(0);
        });
      }
    }

    it('is a loss also where it was resized', async () => {
      const { writer } = new Connection(new DuplexTransport(sink()));
      // Newer than the library of types.
      const Resizable = ArrayBuffer as unknown as new (
        size: number,
        options: { maxByteLength: number },
      ) => ArrayBuffer & { resize(size: number): void };
      const buffer = new Resizable(100, { maxByteLength: 200 });
      writer.write(new Uint8Array(buffer));
      buffer.resize(50);
      const loss = await failureOf('waitClosed()', writer.waitClosed());
      expect(String((loss as Error).cause)).toContain('100 bytes that were written 50 are left');
    });

    it('is a loss also when a slow duplex still had it', async () => {
      let taken: (() => void) | undefined;
      const slow = sink({
        write: (_chunk: unknown, _encoding: unknown, callback: () => void) => (taken = callback),
      });
      const [transport, told] = started(slow);
      const array = new Uint8Array(20_000);
      transport.write(array);
      detach(array);
      taken!();
      await told.untilClosed();
      expect(String(told.errors[0])).toContain('transferred');
    });

    it('is none when the system has taken all of it within the call', async () => {
      const [client, peer] = await peers.pair();
      const [transport, told] = started(client);
      const array = new Uint8Array(20_000).fill(7);
      transport.write(array);
      detach(array);
      let heard = 0;
      await new Promise<void>((resolve) => {
        peer.on('data', (chunk: Uint8Array) => {
          heard += chunk.filter((byte) => byte === 7).length;
          if (heard === 20_000) resolve();
        });
      });
      await told.untilFlushed();
      expect(told.order).toEqual([]);
      transport.abort();
      await told.untilClosed();
    });
  });

  describe('a duplex that throws makes it a loss:', () => {
    const makers: [string, () => Duplex][] = [
      ['_write', () => sink({ write: thrower })],
      ['_writev', () => sink({ writev: thrower })],
      ['write', () => Object.assign(sink(), { write: thrower })],
      ['cork', () => Object.assign(sink(), { cork: thrower })],
      ['uncork', () => Object.assign(sink(), { uncork: thrower })],
    ];
    for (const [name, make] of makers) {
      it(`${name} in a tick's batch`, async () => {
        const duplex = make();
        const { reader, writer } = new Connection(new DuplexTransport(duplex));
        writer.write(Uint8Array.of(1));
        writer.write(Uint8Array.of(2));
        const loss = await failureOf('waitClosed()', writer.waitClosed());
        expect(loss).toBeInstanceOf(ConnectionLostError);
        expect((loss as Error).cause).toBe(cause);
        expect(await failureOf('drain()', writer.drain())).toBe(loss);
        expect(await failureOf('the read', reader.read())).toBe(loss);
        expect(duplex.destroyed).toBeTrue();
        expect(writer.transport.writeQueueSize).toBe(0);
      });
    }

    it('_write within the call', async () => {
      const [transport, told] = started(sink({ write: thrower }));
      expect(() => transport.write(new Uint8Array(100_000))).not.toThrow();
      await told.untilClosed();
      expect(told.errors).toEqual([cause]);
      expect(transport.writeQueueSize).toBe(0);
    });

    it('_write at the second slice', async () => {
      let writes = 0;
      const write = (_chunk: unknown, _encoding: unknown, callback: () => void): void => {
        if (++writes === 2) throw cause;
        callback();
      };
      const [transport, told] = started(sink({ write }));
      transport.write(new Uint8Array(1_000_000));
      await told.untilClosed();
      expect(told.errors).toEqual([cause]);
      expect(writes).toBe(2);
    });

    const calls: [string, (transport: DuplexTransport) => unknown][] = [
      ['pause', (transport) => transport.pause()],
      ['resume', (transport) => transport.resume()],
      ['end', (transport) => transport.writeEof()],
      ['end', (transport) => transport.close()],
    ];
    for (const [name, call] of calls) {
      it(`${name} at ${String(call).slice(16)}`, async () => {
        const duplex = sink();
        const [transport, told] = started(duplex);
        Object.assign(duplex, { [name]: thrower });
        expect(() => call(transport)).not.toThrow();
        await told.untilClosed();
        expect(told.errors).toEqual([cause]);
        expect(duplex.destroyed).toBeTrue();
      });
    }

    it('destroy, which cannot be waited for', async () => {
      const [transport, told] = started(Object.assign(sink(), { destroy: thrower }));
      transport.abort('reason');
      await told.untilClosed();
      expect(told.errors).toEqual(['reason']);
      expect(told.violations).toEqual([]);
    });

    it('destroy after everything was sent', async () => {
      const [transport, told] = started(Object.assign(sink({ autoDestroy: false }), { destroy: thrower }));
      transport.close();
      await told.untilClosed();
      expect(told.errors).toEqual([cause]);
    });

    it('_destroy', async () => {
      const [transport, told] = started(sink({ destroy: thrower }));
      transport.abort();
      await told.untilClosed();
      expect(told.order).toEqual(['closed']);
    });

    it('resetAndDestroy', async () => {
      const [client] = await peers.pair();
      const [transport, told] = started(client);
      Object.assign(client, { resetAndDestroy: thrower });
      transport.abort('reason');
      await told.untilClosed();
      expect(told.errors).toEqual(['reason']);
      client.destroy();
    });

    for (const name of ['readableEnded', 'destroyed', 'on', 'once', 'resume']) {
      it(`${name} at the start`, async () => {
        const duplex = sink();
        const transport = new DuplexTransport(duplex);
        Object.defineProperty(duplex, name, { get: thrower });
        const told = new RecordingReceiver(transport);
        expect(() => transport.start(told)).not.toThrow();
        await told.untilClosed();
        expect(told.errors).toEqual([cause]);
      });
    }

    it('a setter', async () => {
      const duplex = sink();
      Object.defineProperty(duplex, 'allowHalfOpen', { set: thrower });
      const { writer } = new Connection(new DuplexTransport(duplex));
      expect(((await failureOf('waitClosed()', writer.waitClosed())) as Error).cause).toBe(cause);
    });

    it('a getter that getExtraInfo asks', async () => {
      const [one, other] = await encrypt(await peers.pair());
      const told = new RecordingReceiver(one);
      one.start(told);
      Object.assign(one.getExtraInfo('socket') as object, { getCipher: thrower });
      expect(one.getExtraInfo('cipher')).toBeUndefined();
      await told.untilClosed();
      expect(told.errors).toEqual([cause]);
      other.start(new RecordingReceiver(other));
      other.abort();
    });
  });

  describe('tells that it is closed', () => {
    const options: [string, object][] = [
      ['emitClose: false', { emitClose: false }],
      ['autoDestroy: false', { autoDestroy: false }],
      ['neither', { emitClose: false, autoDestroy: false }],
    ];
    for (const [what, given] of options) {
      it(`after close(): ${what}`, async () => {
        const [transport, told] = started(sink(given));
        transport.write('bye');
        transport.close();
        await told.untilClosed();
        expect(told.errors).toEqual([undefined]);
      });

      it(`after abort(): ${what}`, async () => {
        const [transport, told] = started(sink(given));
        transport.abort('reason');
        await told.untilClosed();
        expect(told.errors).toEqual(['reason']);
      });

      it(`after both directions have ended: ${what}`, async () => {
        const duplex = sink(given);
        const [transport, told] = started(duplex);
        transport.writeEof();
        duplex.push(null);
        await told.untilClosed();
        expect(told.order).toEqual(['eof', 'closed']);
        expect(told.errors).toEqual([undefined]);
        expect(duplex.destroyed).toBeTrue();
      });

      it(`after an error: ${what}`, async () => {
        const duplex = sink({
          ...given,
          write: (_chunk: unknown, _encoding: unknown, callback: (error: Error) => void) => callback(cause),
        });
        const [transport, told] = started(duplex);
        transport.write('to nobody');
        await told.untilClosed();
        expect(told.errors).toEqual([cause]);
      });

      it(`after somebody else has destroyed it: ${what}`, async () => {
        for (const error of [undefined, cause]) {
          const duplex = sink(given);
          const [, told] = started(duplex);
          duplex.destroy(error);
          await told.untilClosed();
          expect(told.errors).toEqual([error ?? new Error('The stream was destroyed')]);
        }
      });

      it(`after somebody had destroyed it: ${what}`, async () => {
        const duplex = sink(given);
        duplex.destroy();
        const [, told] = started(duplex);
        await told.untilClosed();
        expect(told.errors).toEqual([new Error('The stream was destroyed')]);
        await new Promise((resolve) => setImmediate(resolve));
        expect(told.violations).toEqual([]);
      });
    }

    it('where destroy() does nothing', async () => {
      const duplex = Object.assign(sink(), { destroy: () => duplex });
      const [transport, told] = started(duplex);
      transport.abort('reason');
      await told.untilClosed();
      expect(told.errors).toEqual(['reason']);
    });

    it('with a loss when it is destroyed with data that was to be sent before the close', async () => {
      const stuck = sink({ write: () => undefined });
      const [transport, told] = started(stuck);
      transport.write('never sent');
      transport.close();
      setImmediate(() => stuck.destroy());
      await told.untilClosed();
      expect(told.errors).toEqual([new Error('The stream was destroyed')]);
    });
  });

  it('tells of the release when the duplex is gone, everybody, and at once afterwards', async () => {
    const [transport, told] = started(new PassThrough());
    const events: string[] = [];
    for (const name of ['first', 'second']) {
      transport.onReleased(() => events.push(`${name}, ${told.order.join()}`));
    }
    transport.abort();
    expect(events).toEqual([]);
    await told.untilClosed();
    expect(events).toEqual(['first, closed', 'second, closed']);
    transport.onReleased(() => events.push('later'));
    expect(events.at(-1)).toBe('later');
  });
});
