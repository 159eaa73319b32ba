import type { Transport } from '../../src/streams/Transport.js';
import { bytes, difference, seededBytes, seededChunks, text } from './bytes.js';
import { RecordingReceiver } from './RecordingReceiver.js';

const MEBIBYTE = 2 ** 20;

export interface TransportTraits {
  /** Whether `abort` is seen by the peer as a broken connection. Else it may look like an end. */
  resets: boolean;
}

/** What every transport must do, whatever carries it. `makePair` makes two connected ends that are not started yet. */
export function transportContract(
  name: string,
  makePair: () => Promise<readonly [Transport, Transport]>,
  { resets }: TransportTraits,
): void {
  describe(`${name} as a transport`, () => {
    let one: Transport;
    let other: Transport;
    let toOne: RecordingReceiver;
    let toOther: RecordingReceiver;

    beforeEach(async () => {
      [one, other] = await makePair();
      toOne = new RecordingReceiver(one);
      toOther = new RecordingReceiver(other);
    });

    afterEach(() => {
      one.abort();
      other.abort();
    });

    function start(): void {
      one.start(toOne);
      other.start(toOther);
    }

    // Bytes that go the other way show that there was time for those that must not come.
    async function letTimePass(): Promise<void> {
      for (let i = 0; i < 20; i++) {
        const before = toOne.length;
        other.write('.');
        await toOne.untilReceived(before + 1);
      }
    }

    // Returns how many bytes it took until the pause had worked its way back to here.
    async function writeUntilStuck(): Promise<number> {
      const megabyte = new Uint8Array(MEBIBYTE);
      for (let written = MEBIBYTE; written <= 64 * MEBIBYTE; written += MEBIBYTE) {
        one.write(megabyte);
        await letTimePass();
        if (one.writeQueueSize > 0) return written;
      }
      throw new Error('64 MiB went out to an end that is paused');
    }

    it('keeps what comes before start, and delivers it then', async () => {
      one.start(toOne);
      one.write('early ');
      one.write('bird');
      one.writeEof();
      expect(toOther.calls).withContext('calls before start').toBe(0);
      other.start(toOther);
      await toOther.untilEof();
      expect(toOther.text).toBe('early bird');
      expect(toOther.order).toEqual(['data', 'eof']);
    });

    it('delivers at start what a peer sent that has closed since', async () => {
      one.start(toOne);
      one.write('farewell');
      one.close();
      other.start(toOther);
      await toOther.untilEof();
      expect(toOther.text).toBe('farewell');
      other.close();
      await toOther.untilClosed();
      expect(toOther.order).toEqual(['data', 'eof', 'closed']);
      expect(toOther.errors).toEqual([undefined]);
    });

    it('tells of data, then of the end, then of the close, and of nothing after', async () => {
      start();
      one.write('question');
      one.writeEof();
      await toOther.untilEof();
      other.write('answer');
      other.close();
      await toOne.untilEof();
      one.close();
      await toOne.untilClosed();
      await toOther.untilClosed();
      const calls = [toOne.calls, toOther.calls];
      one.pause();
      one.resume();
      one.close();
      one.abort();
      other.abort();
      await letTimePassElsewhere();
      expect([toOne.text, toOther.text]).toEqual(['answer', 'question']);
      expect(toOne.order).toEqual(['data', 'eof', 'closed']);
      expect(toOther.order).toEqual(['data', 'eof', 'closed']);
      expect([toOne.errors, toOther.errors]).toEqual([[undefined], [undefined]]);
      expect([toOne.calls, toOther.calls]).withContext('calls, also after closed').toEqual(calls);
    });

    it('is closed when both directions have ended', async () => {
      start();
      one.writeEof();
      await toOther.untilEof();
      other.writeEof();
      await toOther.untilClosed();
      await toOne.untilClosed();
      expect(toOne.order).toEqual(['eof', 'closed']);
      expect(toOther.order).toEqual(['eof', 'closed']);
      expect([...toOne.errors, ...toOther.errors]).toEqual([undefined, undefined]);
    });

    it('bears a second close', async () => {
      start();
      one.close();
      one.close();
      await toOne.untilClosed();
      one.close();
      await toOther.untilEof();
      other.close();
      await toOther.untilClosed();
      expect(toOne.order.filter((event) => event === 'closed')).toEqual(['closed']);
      expect(toOne.errors).toEqual([undefined]);
    });

    it('bears a second abort, whose reason does not count', async () => {
      start();
      one.abort('first');
      one.abort('second');
      await toOne.untilClosed();
      one.abort('third');
      await letTimePassElsewhere();
      expect(toOne.order).toEqual(['closed']);
      expect(toOne.errors).toEqual(['first']);
    });

    it('can be aborted while it is closing', async () => {
      start();
      other.pause();
      await writeUntilStuck();
      one.close();
      await letTimePassElsewhere();
      expect(toOne.order).not.toContain('closed');
      expect(one.writeQueueSize)
        .withContext('bytes that a stopped peer cannot have taken')
        .toBeGreaterThan(0);
      one.abort('enough');
      await toOne.untilClosed();
      expect(toOne.errors).toEqual(['enough']);
      expect(toOne.order.at(-1)).toBe('closed');
    });

    it('can be aborted right after close', async () => {
      start();
      one.close();
      one.abort('at once');
      await toOne.untilClosed();
      expect(toOne.order).toEqual(['closed']);
      expect(toOne.errors.length).toBe(1);
    });

    it('can be aborted right after the end of its own direction', async () => {
      start();
      one.write('the last word');
      one.writeEof();
      one.abort('at once');
      await toOne.untilClosed();
      expect(toOne.order).toEqual(['closed']);
      expect(toOne.errors).toEqual(['at once']);
    });

    it('can be aborted when the peer has seen the end of its direction', async () => {
      start();
      one.writeEof();
      await toOther.untilEof();
      one.abort('later');
      await toOne.untilClosed();
      expect(toOne.order).toEqual(['closed']);
      expect(toOne.errors).toEqual(['later']);
    });

    it('bears a close after an abort', async () => {
      start();
      one.abort('over');
      one.close();
      await toOne.untilClosed();
      expect(toOne.order).toEqual(['closed']);
      expect(toOne.errors).toEqual(['over']);
    });

    it('sends what was written before it closes', async () => {
      const sent = seededBytes(1, 2 * MEBIBYTE);
      start();
      for (const chunk of seededChunks(2, sent, 100_000)) one.write(chunk);
      one.close();
      await toOther.untilEof();
      await toOne.untilClosed();
      expect(difference(toOther.bytes, sent)).toBe('none');
      expect(toOther.order).toEqual(['data', 'eof']);
      expect(toOne.errors).toEqual([undefined]);
    });

    it('goes on sending after close until a peer that had stopped has taken everything', async () => {
      start();
      other.pause();
      const written = await writeUntilStuck();
      one.close();
      other.resume();
      await toOther.untilEof();
      await toOne.untilClosed();
      expect(toOther.length).toBe(written);
      expect(toOne.errors).toEqual([undefined]);
    });

    it('closes also while it is paused with bytes waiting', async () => {
      start();
      one.pause();
      other.write('nobody reads this');
      one.close();
      await toOne.untilClosed();
      expect(toOne.errors).toEqual([undefined]);
      expect(toOne.length).withContext('bytes delivered after close').toBe(0);
    });

    it('carries a megabyte in random chunks both ways at once', async () => {
      const [forth, back] = [seededBytes(3, MEBIBYTE), seededBytes(4, MEBIBYTE)];
      start();
      const forthChunks = seededChunks(5, forth, 5000);
      const backChunks = seededChunks(6, back, 5000);
      for (let i = 0; i < Math.max(forthChunks.length, backChunks.length); i++) {
        const [toWrite, toAnswer] = [forthChunks[i], backChunks[i]];
        if (toWrite !== undefined) one.write(toWrite);
        if (toAnswer !== undefined) other.write(toAnswer);
        if (i % 50 === 0) await letTimePassElsewhere();
      }
      await toOther.untilReceived(forth.length);
      await toOne.untilReceived(back.length);
      expect(difference(toOther.bytes, forth)).toBe('none');
      expect(difference(toOne.bytes, back)).toBe('none');
    });

    it('ends one direction and keeps the other', async () => {
      start();
      one.write('all I have to say');
      one.writeEof();
      await toOther.untilEof();
      expect(toOther.text).toBe('all I have to say');
      other.write('a long ');
      await toOne.untilReceived(7);
      other.write('answer');
      await toOne.untilReceived(13);
      expect(toOne.text).toBe('a long answer');
      expect(toOne.order).toEqual(['data']);
      expect(toOther.order).toEqual(['data', 'eof']);
      expect(one.canWriteEof).toBeTrue();
    });

    it('stops delivering when paused but for what was under way, and goes on when resumed', async () => {
      start();
      one.write('begin');
      await toOther.untilReceived(5);
      other.pause();
      one.write(new Uint8Array(4 * MEBIBYTE));
      one.writeEof();
      await letTimePass();
      expect(toOther.length)
        .withContext('delivered in spite of the pause')
        .toBeLessThanOrEqual(5 + 256 * 1024);
      expect(toOther.order).toEqual(['data']);
      other.resume();
      await toOther.untilEof();
      expect(toOther.length).toBe(5 + 4 * MEBIBYTE);
    });

    it('counts what it could not hand on, and tells of every decrease', async () => {
      start();
      other.pause();
      const written = await writeUntilStuck();
      const before = one.writeQueueSize;
      one.write('é€😀');
      one.write(new Uint8Array(1000));
      expect(one.writeQueueSize).toBe(before + 9 + 1000);
      const flushes = toOne.queueSizes.length;
      other.resume();
      await toOne.untilFlushed();
      await toOther.untilReceived(written + 1009);
      const sizes = toOne.queueSizes.slice(flushes);
      expect(sizes.at(-1)).withContext('queue at the last flush').toBe(0);
      expect(sizes)
        .withContext('every flush is a decrease')
        .toEqual([...new Set(sizes)].sort((a, b) => b - a));
      expect(toOther.length).toBe(written + 1009);
    });

    it('drops what is written after it was aborted', async () => {
      start();
      one.abort('over');
      one.write('into the void');
      await toOne.untilClosed();
      const calls = toOne.calls;
      one.write('into the void');
      one.write(new Uint8Array(100_000));
      await letTimePassElsewhere();
      expect(toOne.calls).withContext('calls after closed').toBe(calls);
      expect(toOther.length).toBe(0);
    });

    it('drops at an abort what a peer that does not read had not taken', async () => {
      start();
      other.pause();
      await writeUntilStuck();
      one.abort('too slow');
      await toOne.untilClosed();
      expect(toOne.errors).toEqual(['too slow']);
      expect(toOne.order.at(-1)).toBe('closed');
    });

    if (resets) {
      it('shows an abort to the peer as an error, behind what it had received', async () => {
        start();
        one.write('hello');
        await toOther.untilReceived(5);
        one.abort();
        await toOther.untilClosed();
        await toOne.untilClosed();
        expect(toOther.text).toBe('hello');
        expect(toOther.order).toEqual(['data', 'closed']);
        expect(toOther.errors.map((error) => (error as { code?: unknown }).code)).toEqual(['ECONNRESET']);
        expect(toOne.errors).toEqual([undefined]);
      });

      it('drops what is written after the connection was lost', async () => {
        start();
        other.abort();
        await toOne.untilClosed();
        const calls = toOne.calls;
        one.write('too late');
        one.write(new Uint8Array(100_000));
        await letTimePassElsewhere();
        expect(toOne.calls).withContext('calls after closed').toBe(calls);
        expect(toOne.errors).toEqual([jasmine.any(Error)]);
      });
    }

    it('lets its calls be answered from inside: an abort in the middle of the data ends it there', async () => {
      start();
      toOther.onData = () => other.abort('seen enough');
      one.write('one');
      await toOther.untilClosed();
      one.write('two');
      await letTimePassElsewhere();
      expect(toOther.text).toBe('one');
      expect(toOther.order).toEqual(['data', 'closed']);
      expect(toOther.errors).toEqual(['seen enough']);
    });

    it('lets its calls be answered from inside: a close at the end of the stream', async () => {
      start();
      toOther.onEof = () => {
        other.write('bye');
        other.close();
      };
      one.writeEof();
      await toOther.untilClosed();
      await toOne.untilEof();
      one.close();
      await toOne.untilClosed();
      expect(toOne.text).toBe('bye');
      expect(toOne.order).toEqual(['data', 'eof', 'closed']);
      expect(toOther.order).toEqual(['eof', 'closed']);
    });

    it('lets its calls be answered from inside: a pause in the middle of the data, and a resume later', async () => {
      start();
      toOther.onData = () => other.pause();
      one.write('one');
      await toOther.untilReceived(3);
      one.write('two');
      await letTimePass();
      expect(toOther.text).toBe('one');
      toOther.onData = () => undefined;
      other.resume();
      await toOther.untilReceived(6);
      expect(toOther.text).toBe('onetwo');
    });

    it('sends strings as UTF-8, in order with the bytes', async () => {
      start();
      one.write('grün ');
      one.write(Uint8Array.of(0xff, 0x00));
      one.write('€');
      one.write('😀');
      one.write(bytes('!'));
      one.writeEof();
      await toOther.untilEof();
      expect([...toOther.bytes]).toEqual([...bytes('grün '), 0xff, 0x00, ...bytes('€😀!')]);
    });

    it('puts a replacement character for half a surrogate pair, whatever is written next to it', async () => {
      start();
      one.write('\ud83d');
      one.write('\ude00');
      one.writeEof();
      await toOther.untilEof();
      expect(toOther.text).toBe('\ufffd\ufffd');
    });

    it('leaves an array to its owner once it has been flushed', async () => {
      start();
      const array = bytes('first text');
      one.write(array);
      await toOne.untilFlushed();
      array.set(bytes('other text'));
      one.write(array);
      await toOne.untilFlushed();
      array.fill(0);
      await toOther.untilReceived(20);
      expect(toOther.text).toBe('first textother text');
    });

    it('delivers chunks that it never touches again', async () => {
      start();
      const atDelivery: string[] = [];
      toOther.onData = (chunk) => atDelivery.push(text(chunk));
      for (let i = 0; i < 100; i++) {
        one.write(`${i} `.repeat(100));
        if (i % 10 === 0) await letTimePass();
      }
      one.writeEof();
      await toOther.untilEof();
      expect(toOther.chunks.map(text)).toEqual(atDelivery);
    });

    it('knows nothing of names it has never heard of', () => {
      start();
      expect(one.getExtraInfo('no such name')).toBeUndefined();
    });
  });

  // The same on a pair of its own, for when this one is closed or stuck.
  async function letTimePassElsewhere(): Promise<void> {
    const [first, second] = await makePair();
    const toSecond = new RecordingReceiver(second);
    first.start(new RecordingReceiver(first));
    second.start(toSecond);
    for (let i = 1; i <= 20; i++) {
      first.write('.');
      await toSecond.untilReceived(i);
    }
    first.abort();
    second.abort();
  }
}
