import { Duplex } from 'node:stream';
import { fromEvent } from 'rxjs';
import { RecordingReceiver } from '../../../src/testing/RecordingReceiver.js';
import { DuplexTransport } from '../../../src/transports/node/DuplexTransport.js';
import { difference, joined, seededBytes } from '../../contracts/bytes.js';
import { eventually } from '../../contracts/eventually.js';
import { plainPeers } from '../../observables/plainPeers.js';
import { temporaryPaths } from '../../observables/temporaryPaths.js';
import { encrypt } from './encrypt.js';

const MOST_AT_ONCE = 2 * 131072;

/** Takes what it is given when it is told to. */
class SlowDuplex extends Duplex {
  readonly taken: Uint8Array[] = [];
  most = 0;
  #callback: (() => void) | undefined;

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: () => void): void {
    this.#keep([chunk], callback);
  }

  override _writev(chunks: { chunk: Uint8Array }[], callback: () => void): void {
    this.#keep(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  async accept(): Promise<boolean> {
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
    await new Promise((resolve) => setImmediate(resolve));
    return callback !== undefined;
  }

  #keep(chunks: Uint8Array[], callback: () => void): void {
    this.taken.push(...chunks.map((chunk) => Uint8Array.from(chunk)));
    this.most = Math.max(this.most, joined(chunks).length);
    this.#callback = callback;
  }
}

describe('OutgoingQueue', () => {
  const peers = plainPeers();
  const temporaryPath = temporaryPaths();

  describe('gives the duplex a slice at a time', () => {
    let duplex: SlowDuplex;
    let transport: DuplexTransport;
    let told: RecordingReceiver;

    beforeEach(() => {
      duplex = new SlowDuplex();
      transport = new DuplexTransport(duplex);
      told = new RecordingReceiver(transport);
      transport.start(told);
    });

    afterEach(() => transport.abort());

    async function takeAll(): Promise<number> {
      let turns = 0;
      while (await duplex.accept()) turns++;
      return turns;
    }

    const text = 'aé€😀'.repeat(100_000);
    const inputs: [string, (Uint8Array | string)[]][] = [
      ['one large array', [seededBytes(1, 1_000_000)]],
      ['one large string', [text]],
      ['a large string of ASCII', ['0123456789'.repeat(100_000)]],
      ['a view into a larger buffer', [seededBytes(2, 2_000_000).subarray(77, 1_000_077)]],
      ['small and large by turns', ['small', seededBytes(3, 300_000), 'é', text, Uint8Array.of(1), 'end']],
      ['many small strings', Array.from({ length: 20_000 }, (_, i) => `line ${i} €\n`)],
      ['many small arrays', Array.from({ length: 5_000 }, (_, i) => seededBytes(i, 100))],
    ];
    for (const [what, data] of inputs) {
      it(`of ${what}, and tells of each`, async () => {
        const expected = joined(data.map((item) => Buffer.from(item as string)));
        for (const item of data) transport.write(item);
        expect(transport.writeQueueSize).toBe(expected.length);
        const turns = await takeAll();
        expect(duplex.most).withContext('bytes in the hands of the duplex').toBeLessThanOrEqual(MOST_AT_ONCE);
        expect(turns).toBeGreaterThanOrEqual(Math.floor(expected.length / MOST_AT_ONCE));
        expect(told.queueSizes.length).withContext('flushes').toBe(turns);
        expect(told.queueSizes).toEqual([...new Set(told.queueSizes)].sort((a, b) => b - a));
        expect(transport.writeQueueSize).toBe(0);
        expect(difference(joined(duplex.taken), expected)).toBe('none');
      });
    }

    it('and joins no halves of a character that were written apart', async () => {
      const half = String.fromCharCode(0xd83d);
      const other = String.fromCharCode(0xde00);
      for (const item of ['a'.repeat(140_000) + half, other, half, `${other}b`]) transport.write(item);
      await takeAll();
      expect(Buffer.from(joined(duplex.taken)).subarray(140_000).toString()).toBe(
        '\ufffd\ufffd\ufffd\ufffdb',
      );
    });

    it('and drops all the rest when it is aborted', async () => {
      transport.write(new Uint8Array(1_000_000));
      await duplex.accept();
      transport.abort('enough');
      expect(transport.writeQueueSize).toBe(0);
      const before = joined(duplex.taken).length;
      while (await duplex.accept());
      expect(joined(duplex.taken).length).toBe(before);
      expect(before).toBeLessThanOrEqual(2 * MOST_AT_ONCE);
      await told.untilClosed();
      expect(told.errors).toEqual(['enough']);
    });

    it('and ends after the last', async () => {
      transport.write(new Uint8Array(200_000));
      transport.writeEof();
      expect(duplex.writableEnded).toBeFalse();
      const finished = eventually('the finish', fromEvent(duplex, 'finish'));
      await takeAll();
      await finished;
      expect(joined(duplex.taken).length).toBe(200_000);
    });

    it('and closes after the last', async () => {
      transport.write(new Uint8Array(200_000));
      transport.close();
      transport.write('too late');
      await takeAll();
      await told.untilClosed();
      expect(joined(duplex.taken).length).toBe(200_000);
      expect(told.errors).toEqual([undefined]);
    });

    it('and is no recursion when the duplex takes each within the call', async () => {
      const eager = new SlowDuplex();
      let depth = 0;
      let deepest = 0;
      eager.write = (_chunk: unknown, _encoding?: unknown, callback?: unknown): boolean => {
        deepest = Math.max(deepest, ++depth);
        (callback as () => void)();
        depth--;
        return true;
      };
      const other = new DuplexTransport(eager);
      const toOther = new RecordingReceiver(other);
      other.start(toOther);
      other.write(new Uint8Array(10_000_000));
      await toOther.untilFlushed();
      expect(deepest).toBe(1);
      other.abort();
    });
  });

  const pairs: [string, () => Promise<[DuplexTransport, DuplexTransport]>][] = [
    ['TCP', async () => plain(await peers.pair())],
    ['a Unix socket', async () => plain(await peers.unixPair(temporaryPath()))],
    ['TLS', async () => encrypt(await peers.pair())],
    ['TLS 1.2', async () => encrypt(await peers.pair(), 'TLSv1.2')],
    ['TLS on a Unix socket', async () => encrypt(await peers.unixPair(temporaryPath()))],
  ];
  function plain([one, other]: [Duplex, Duplex]): [DuplexTransport, DuplexTransport] {
    return [new DuplexTransport(one), new DuplexTransport(other)];
  }

  for (const [kind, make] of pairs) {
    it(`tells of the progress inside one large write on ${kind}`, async () => {
      const [one, other] = await make();
      const [toOne, toOther] = [new RecordingReceiver(one), new RecordingReceiver(other)];
      one.start(toOne);
      other.start(toOther);
      const content = seededBytes(9, 6 * 2 ** 20);
      one.write(content);
      await toOther.untilReceived(content.length);
      await toOne.untilFlushed();
      const sizes = [content.length, ...toOne.queueSizes];
      const steps = sizes.slice(1).map((size, i) => sizes[i]! - size);
      expect(Math.max(...steps))
        .withContext('bytes between two flushes')
        .toBeLessThanOrEqual(MOST_AT_ONCE);
      expect(Math.min(...steps))
        .withContext('bytes between two flushes')
        .toBeGreaterThan(0);
      expect(difference(toOther.bytes, content)).toBe('none');
      one.abort();
      other.abort();
      await Promise.all([toOne.untilClosed(), toOther.untilClosed()]);
    });
  }
});
