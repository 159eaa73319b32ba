import { once } from 'node:events';
import { Readable } from 'node:stream';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { connectionPair, sendAll } from '../../src/index.js';
import { manualConnection } from '../../src/testing.js';
import { record, text } from '../streams/record.js';
import { reported } from './reported.js';

/** Gives a chunk for each that is asked for. */
function endless(): Readable {
  let count = 0;
  return new Readable({
    highWaterMark: 4,
    read() {
      this.push(`${count++ % 10}`.repeat(4));
    },
  });
}

describe('sendAll of a Readable', () => {
  it('sends it all, as fast as the reader reads', async () => {
    const [one, other] = connectionPair({ limit: 64, highWaterMark: 64 });
    const source = Readable.from(Array.from({ length: 1000 }, (_, i) => Buffer.from(`${i},`)));
    const sent = lastValueFrom(sendAll(one.writer, source), { defaultValue: undefined }).then(() =>
      one.writer.close(),
    );
    const received = firstValueFrom(other.reader.read());
    await sent;
    expect(text(await received)).toBe(Array.from({ length: 1000 }, (_, i) => `${i},`).join(''));
    expect(source.destroyed).toBeTrue();
  });

  it('is destroyed at the unsubscription while the writer is paused', async () => {
    const { writer, transport } = manualConnection({ holdWrites: true, highWaterMark: 8 });
    const source = endless();
    const subscription = sendAll(writer, source).subscribe();
    while (!writer.paused) await new Promise(setImmediate);
    expect(transport.writeQueueSize).toBe(12);
    subscription.unsubscribe();
    await once(source, 'close');
    expect(source.destroyed).toBeTrue();
  });

  it('is destroyed by a loss while it is silent, and before its first item', async () => {
    const silent = new Readable({ read() {} });
    const { writer, transport } = manualConnection();
    const log = record(sendAll(writer, silent));
    transport.lose(new Error('reset'));
    expect(log.log).toEqual(['# ERR_CONNECTION_LOST']);
    await once(silent, 'close');
    expect(silent.destroyed).toBeTrue();

    const unread = new Readable({ read() {} });
    const paused = manualConnection({ holdWrites: true, highWaterMark: 0 });
    paused.writer.write('x');
    sendAll(paused.writer, unread).subscribe().unsubscribe();
    await once(unread, 'close');
    expect(unread.destroyed).toBeTrue();
  });

  it('passes its error on', async () => {
    const failing = new Readable({
      read() {
        this.destroy(new Error('disk'));
      },
    });
    const { writer } = manualConnection();
    await expectAsync(lastValueFrom(sendAll(writer, failing))).toBeRejectedWithError('disk');
  });

  it('takes text from one with an encoding, and refuses objects', async () => {
    const { writer, transport } = manualConnection();
    await lastValueFrom(sendAll(writer, Readable.from(['ä', 'b'])), { defaultValue: undefined });
    expect(transport.calls).toEqual(['write ä', 'write b']);
    const objects = Readable.from([{ a: 1 }]);
    await expectAsync(lastValueFrom(sendAll(writer, objects))).toBeRejectedWithError(
      TypeError,
      /string or a Uint8Array/,
    );
    expect(objects.destroyed).toBeTrue();
  });

  it('whose destroy fails ends no process: the error is reported, unless somebody listens to it', async () => {
    for (const listened of [false, true]) {
      const failing = new Readable({
        read() {},
        destroy(_error, callback) {
          callback(new Error('disk'));
        },
      });
      const heard: unknown[] = [];
      if (listened) failing.on('error', (error) => heard.push(error));
      const paused = manualConnection({ holdWrites: true, highWaterMark: 0 });
      paused.writer.write('x');
      const errors = await reported(async () => {
        sendAll(paused.writer, failing).subscribe().unsubscribe();
        await new Promise((resolve) => failing.on('close', resolve));
      });
      expect(errors).toEqual(listened ? [] : [new Error('disk')]);
      expect(heard).toEqual(listened ? [new Error('disk')] : []);
    }
  });
});
