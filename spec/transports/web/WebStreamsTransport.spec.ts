import { RecordingReceiver } from '../../../src/testing/RecordingReceiver.js';
import { WebStreamsTransport } from '../../../src/transports/web/WebStreamsTransport.js';
import type { WebStreams } from '../../../src/transports/web/WebStreams.js';
import { bytes, text } from '../../contracts/bytes.js';
import { reportsOf } from '../../contracts/reports.js';
import { turn } from './turn.js';

type Bytes = Uint8Array;

/** The streams of a platform: what it gives, and what it takes, is for the spec to say. */
class Platform implements WebStreams {
  pulls = 0;
  closes: unknown[] = [];
  readonly events: unknown[] = [];
  readonly written: string[] = [];
  reading!: ReadableStreamDefaultController<Bytes>;
  writing!: WritableStreamDefaultController;
  /** Whether a write is taken at once. */
  takes = true;
  #take: (() => void) | undefined;

  readonly readable: ReadableStream<Bytes> = new ReadableStream<Bytes>(
    {
      start: (controller) => void (this.reading = controller),
      pull: () => {
        this.pulls++;
      },
      cancel: (reason) => void this.events.push(['cancel', reason]),
    },
    { highWaterMark: 0 },
  );

  readonly writable: WritableStream<Bytes> = new WritableStream<Bytes>({
    start: (controller) => void (this.writing = controller),
    write: async (chunk) => {
      this.written.push(text(chunk));
      if (!this.takes) await new Promise<void>((resolve) => (this.#take = resolve));
    },
    close: () => void this.events.push('close'),
    abort: (reason) => void this.events.push(['abort', reason]),
  });

  async take(): Promise<void> {
    this.#take!();
    await turn();
  }

  close(): void {
    this.closes.push([this.readable.locked, this.writable.locked]);
  }
}

function begin(source: WebStreams): [WebStreamsTransport, RecordingReceiver] {
  const transport = new WebStreamsTransport(source);
  const receiver = new RecordingReceiver(transport);
  transport.start(receiver);
  return [transport, receiver];
}

const UNLOCKED = [[false, false]];

describe('WebStreamsTransport', () => {
  const broken = new Error('of the platform');
  let platform: Platform;
  let transport: WebStreamsTransport;
  let receiver: RecordingReceiver;

  beforeEach(async () => {
    platform = new Platform();
    [transport, receiver] = begin(platform);
    await turn();
  });

  describe('receiving', () => {
    it('pulls nothing while it is paused, and delivers at once what was kept when it is resumed', async () => {
      expect(platform.pulls).toBe(1);
      transport.pause();
      platform.reading.enqueue(bytes('kept'));
      await turn();
      expect(platform.pulls).toBe(1);
      expect(receiver.text).toBe('');
      transport.resume();
      expect(receiver.text).toBe('kept');
      await turn();
      expect(platform.pulls).toBe(2);
    });

    it('skips chunks without a byte', async () => {
      platform.reading.enqueue(new Uint8Array(0));
      platform.reading.enqueue(bytes('something'));
      await turn();
      expect(receiver.text).toBe('something');
      expect(receiver.violations).toEqual([]);
    });

    it('is lost with a TypeError by a chunk that is no bytes, and lets go of the streams', async () => {
      platform.reading.enqueue('a text' as unknown as Bytes);
      await turn();
      const expected = jasmine.any(TypeError);
      expect(receiver.errors).toEqual([expected]);
      expect(platform.events).toEqual([
        ['cancel', expected],
        ['abort', expected],
      ]);
      expect(platform.closes).toEqual(UNLOCKED);
    });

    it('is lost when the readable breaks, with its error as it is; the writable is aborted with it', async () => {
      const reset = Object.assign(new Error('reset'), { source: 'stream', streamErrorCode: 7 });
      platform.reading.enqueue(bytes('before'));
      await turn();
      platform.reading.error(reset);
      await turn();
      expect(receiver.order).toEqual(['data', 'closed']);
      expect(receiver.errors).toEqual([reset]);
      expect(platform.events).toEqual([['abort', reset]]);
      expect(platform.closes).toEqual(UNLOCKED);
    });

    it('is lost also by a stream that breaks without a reason', async () => {
      platform.reading.error(undefined);
      await turn();
      expect(receiver.errors).toEqual([jasmine.any(Error)]);
    });
  });

  describe('sending', () => {
    it('counts in writeQueueSize what the writable has not taken', async () => {
      platform.takes = false;
      transport.write('one');
      transport.write('two');
      expect(transport.writeQueueSize).toBe(6);
      await turn();
      transport.write('three');
      expect(platform.written).toEqual(['onetwo']);
      expect(transport.writeQueueSize).toBe(11);
      await platform.take();
      expect(transport.writeQueueSize).toBe(5);
      expect(receiver.queueSizes).toEqual([5]);
      await platform.take();
      expect(platform.written).toEqual(['onetwo', 'three']);
      expect(receiver.queueSizes).toEqual([5, 0]);
    });

    it('is lost when the writable breaks with something unsent; the readable is cancelled with the error', async () => {
      platform.takes = false;
      transport.write('one');
      await turn();
      transport.write('two');
      platform.writing.error(broken);
      await platform.take();
      expect(receiver.errors).toEqual([broken]);
      expect(transport.writeQueueSize).toBe(0);
      expect(platform.events).toEqual([['cancel', broken]]);
      expect(platform.closes).toEqual(UNLOCKED);
    });

    it('delivers before the loss what was received and kept for the end of a pause', async () => {
      transport.pause();
      platform.reading.enqueue(bytes('kept'));
      await turn();
      platform.writing.error(broken);
      transport.write('lost');
      await turn();
      expect(receiver.text).toBe('kept');
      expect(receiver.order).toEqual(['data', 'closed']);
      expect(receiver.errors).toEqual([broken]);
    });

    it('is lost when what was written is gone before it could be sent', async () => {
      const written = bytes('one');
      transport.write(written);
      structuredClone(written, { transfer: [written.buffer] });
      await turn();
      expect(receiver.errors).toEqual([
        jasmine.objectContaining({ message: jasmine.stringMatching(/0 are left/) }),
      ]);
      expect(platform.events.length).toBe(2);
    });

    it('is lost when the end cannot be told', async () => {
      const source = {
        readable: platform.readable,
        writable: new WritableStream<Bytes>({ close: () => Promise.reject(broken) }),
      };
      transport.abort();
      for (const end of ['writeEof', 'close'] as const) {
        const [failing, told] = begin({ ...source, readable: new ReadableStream<Bytes>() });
        failing[end]();
        await turn();
        expect(told.errors).withContext(end).toEqual([broken]);
        source.writable = new WritableStream<Bytes>({ close: () => Promise.reject(broken) });
      }
    });

    describe('to a writable that has broken with nothing unsent', () => {
      beforeEach(async () => {
        platform.writing.error(broken);
        await turn();
      });

      it('goes on receiving, up to the end', async () => {
        platform.reading.enqueue(bytes('still here'));
        await turn();
        platform.reading.close();
        await turn();
        expect(receiver.text).toBe('still here');
        expect(receiver.order).toEqual(['data', 'eof']);
      });

      it('is lost by the next write', () => {
        transport.write('more');
        expect(receiver.errors).toEqual([broken]);
      });

      it('is closed without an error, as there is nothing to be sent', () => {
        transport.close();
        expect(receiver.errors).toEqual([undefined]);
        expect(platform.closes).toEqual(UNLOCKED);
      });

      it('has closed when both directions have ended, whichever comes first', async () => {
        transport.writeEof();
        expect(receiver.order).toEqual([]);
        platform.reading.close();
        await turn();
        expect(receiver.order).toEqual(['eof', 'closed']);
        expect(receiver.errors).toEqual([undefined]);
      });
    });

    it('does not take it for a loss that the peer has closed first', async () => {
      platform.reading.close();
      await turn();
      platform.writing.error(broken);
      await turn();
      expect(receiver.order).toEqual(['eof']);
      transport.close();
      expect(receiver.errors).toEqual([undefined]);
    });
  });

  describe('closing', () => {
    it('closes the writable after what was written, then cancels the readable, and is closed when nothing is locked', async () => {
      platform.takes = false;
      transport.write('last');
      transport.close();
      await turn();
      platform.reading.enqueue(bytes('dropped'));
      await turn();
      expect(platform.pulls).toBe(2);
      expect(platform.events).toEqual([]);
      expect(receiver.order).toEqual([]);
      await platform.take();
      expect(platform.written).toEqual(['last']);
      expect(platform.events).toEqual(['close', ['cancel', undefined]]);
      expect(platform.closes).toEqual(UNLOCKED);
      expect(receiver.order).toEqual(['closed']);
      expect(receiver.errors).toEqual([undefined]);
    });

    it('drops what comes, so that the peer can go on, also when it was paused', async () => {
      transport.pause();
      platform.reading.enqueue(bytes('dropped'));
      await turn();
      platform.takes = false;
      transport.write('last');
      transport.close();
      await turn();
      expect(platform.pulls).toBe(2);
      expect(receiver.order).toEqual([]);
      await platform.take();
      expect(receiver.order).toEqual(['closed']);
    });

    it('is no loss when the writable broke with nothing unsent, which is heard only now', async () => {
      platform.writing.error(broken);
      transport.close();
      await turn();
      expect(receiver.errors).toEqual([undefined]);
    });

    it('does not care for a readable that breaks while what was written is still being sent', async () => {
      platform.takes = false;
      transport.write('last');
      transport.close();
      await turn();
      platform.reading.error(broken);
      await turn();
      expect(receiver.order).toEqual([]);
      await platform.take();
      expect(receiver.errors).toEqual([undefined]);
    });

    it('aborts the writable and cancels the readable with the reason, and is closed at once', () => {
      const reason = Object.assign(new Error('enough'), { streamErrorCode: 42 });
      transport.write('dropped');
      transport.abort(reason);
      expect(receiver.errors).toEqual([reason]);
      expect(platform.events).toEqual([
        ['abort', reason],
        ['cancel', reason],
      ]);
      expect(platform.closes).toEqual(UNLOCKED);
    });

    it('drops what the `close` of the source throws or rejects with', async () => {
      for (const close of [
        () => Promise.reject(broken),
        () => {
          throw broken;
        },
      ]) {
        const [failing, told] = begin({ readable: new ReadableStream<Bytes>(), close });
        const reports = await reportsOf(async () => {
          failing.close();
          await turn();
        });
        expect(told.errors).toEqual([undefined]);
        expect(reports).toEqual([]);
      }
    });

    it('survives streams that refuse to be cancelled and aborted', async () => {
      const refuse = (): never => {
        throw new Error('of the source');
      };
      const [failing, told] = begin({
        readable: new ReadableStream<Bytes>({ cancel: refuse }),
        writable: new WritableStream<Bytes>({ abort: refuse }),
      });
      failing.abort('enough');
      await turn();
      expect(told.errors).toEqual(['enough']);
    });
  });

  describe('with a source that ends its sending direction by a call', () => {
    function halfClosing(closeWrite: () => unknown): [Platform, WebStreamsTransport, RecordingReceiver] {
      const streams = new Platform();
      const { readable, writable } = streams;
      return [streams, ...begin({ readable, writable, closeWrite, close: () => streams.close() })];
    }

    it('makes the call when all has been taken, in place of closing the writable, and goes on receiving', async () => {
      const ends: string[] = [];
      const [streams, half, told] = halfClosing(() => ends.push(streams.written.join()));
      streams.takes = false;
      half.write('one');
      await turn();
      half.write('two');
      half.writeEof();
      await streams.take();
      expect(ends).toEqual([]);
      await streams.take();
      expect(ends).toEqual(['one,two']);
      streams.reading.enqueue(bytes('an answer'));
      await turn();
      streams.reading.close();
      await turn();
      expect(told.text).toBe('an answer');
      expect(told.order).toEqual(['data', 'eof', 'closed']);
      expect(told.errors).toEqual([undefined]);
      expect(streams.events).toEqual([]);
      expect(streams.closes).toEqual(UNLOCKED);
    });

    it('makes it at a close as well', async () => {
      const closeWrite = jasmine.createSpy('closeWrite').and.resolveTo();
      const [streams, half, told] = halfClosing(closeWrite);
      half.close();
      await turn();
      expect(closeWrite).toHaveBeenCalledTimes(1);
      expect(told.errors).toEqual([undefined]);
      expect(streams.closes).toEqual(UNLOCKED);
    });

    it('is lost when it fails', async () => {
      for (const closeWrite of [
        () => Promise.reject(broken),
        () => {
          throw broken;
        },
      ]) {
        const [, half, told] = halfClosing(closeWrite);
        half.writeEof();
        await turn();
        expect(told.errors).toEqual([broken]);
      }
    });

    it('aborts the writable, and is lost when it breaks, as any other', async () => {
      const [streams, half, told] = halfClosing(() => undefined);
      await turn();
      half.abort('enough');
      expect(streams.events).toEqual([
        ['abort', 'enough'],
        ['cancel', 'enough'],
      ]);
      expect(told.errors).toEqual(['enough']);
      const [failing, other, toldOther] = halfClosing(() => undefined);
      failing.writing.error(broken);
      await turn();
      other.write('more');
      expect(toldOther.errors).toEqual([broken]);
    });
  });

  describe('the promise `closed` of the source', () => {
    it('is a loss when it rejects, with its reason as the cause', async () => {
      const closed = Promise.reject(broken);
      const [, told] = begin({ readable: new ReadableStream<Bytes>(), closed });
      await turn();
      expect(told.errors).toEqual([broken]);
    });

    it('is nothing when it resolves, nor when it rejects later than the connection has gone', async () => {
      let reject!: (error: unknown) => void;
      const sources = [Promise.resolve('closed'), new Promise((_, rejectIt) => (reject = rejectIt))].map(
        (closed) => begin({ readable: new ReadableStream<Bytes>(), closed }),
      );
      await turn();
      for (const [, told] of sources) expect(told.order).toEqual([]);
      for (const [ended] of sources) ended.close();
      reject(broken);
      await turn();
      for (const [, told] of sources) expect(told.errors).toEqual([undefined]);
    });

    it('may reject before the start: that is told then', async () => {
      const early = new WebStreamsTransport({
        readable: new ReadableStream<Bytes>(),
        closed: Promise.reject(broken),
      });
      await turn();
      const told = new RecordingReceiver(early);
      early.start(told);
      expect(told.errors).toEqual([broken]);
    });
  });

  describe('without a writable', () => {
    it('refuses what is written, and has closed at the end of the readable', async () => {
      const { body } = new Response('a body');
      const [half, told] = begin({ readable: body });
      expect(half.canWriteEof).toBe(true);
      expect(() => half.write('text')).toThrowError(TypeError, /no writable/);
      half.writeEof();
      await told.untilClosed();
      expect(told.text).toBe('a body');
      expect(told.order).toEqual(['data', 'eof', 'closed']);
      expect(told.errors).toEqual([undefined]);
    });

    it('is closed at once, and cancels the readable', () => {
      const cancelled: unknown[] = [];
      const [half, told] = begin({
        readable: new ReadableStream<Bytes>({ cancel: () => void cancelled.push('cancelled') }),
        writable: null,
      });
      half.close();
      expect(told.errors).toEqual([undefined]);
      expect(cancelled).toEqual(['cancelled']);
    });
  });

  describe('without a readable', () => {
    it('is at the end from the start on, and has closed when its own direction has ended', async () => {
      const { writable, written } = new Platform();
      const [half, told] = begin({ writable, readable: undefined });
      expect(told.order).toEqual(['eof']);
      half.write('text');
      half.writeEof();
      await told.untilClosed();
      expect(written).toEqual(['text']);
      expect(told.errors).toEqual([undefined]);
    });

    it('is lost as soon as the writable breaks: nothing else would show it', async () => {
      const other = new Platform();
      const [, told] = begin({ writable: other.writable });
      other.writing.error(broken);
      await turn();
      expect(told.errors).toEqual([broken]);
    });
  });

  describe('with calls from inside', () => {
    const calls: Record<string, (of: WebStreamsTransport) => void> = {
      'a close': (of) => of.close(),
      'an abort': (of) => of.abort('enough'),
      'the end': (of) => {
        of.write('bye');
        of.writeEof();
      },
    };

    for (const [name, call] of Object.entries(calls)) {
      it(`bears ${name} in data`, async () => {
        receiver.onData = () => call(transport);
        platform.reading.enqueue(bytes('one'));
        await turn();
        if (name === 'the end') platform.reading.close();
        await turn();
        expect(receiver.text).toBe('one');
        expect(receiver.order.at(-1)).toBe('closed');
        expect(receiver.violations).toEqual([]);
      });

      it(`bears ${name} in what is delivered before a loss`, async () => {
        transport.pause();
        platform.reading.enqueue(bytes('kept'));
        await turn();
        platform.writing.error(broken);
        await turn();
        receiver.onData = () => call(transport);
        transport.write('lost');
        expect(receiver.order).toEqual(['data', 'closed']);
        expect(receiver.errors).toEqual([name === 'an abort' ? 'enough' : broken]);
      });
    }

    it('bears a close at the end, and one in flushed', async () => {
      receiver.onFlushed = () => transport.close();
      transport.write('one');
      await turn();
      expect(receiver.order).toEqual(['closed']);
      const other = new Platform();
      const [closing, told] = begin(other);
      told.onEof = () => closing.close();
      await turn();
      other.reading.close();
      await turn();
      expect(told.order).toEqual(['eof', 'closed']);
    });
  });

  it('says what the connection is made of', () => {
    expect(transport.getExtraInfo('socket')).toBe(platform);
    expect(transport.getExtraInfo('flowControl')).toBe('stream');
    expect(transport.getExtraInfo('peername')).toBeUndefined();
  });

  it('locks the streams, and refuses those that are locked', () => {
    expect([platform.readable.locked, platform.writable.locked]).toEqual([true, true]);
    expect(() => new WebStreamsTransport(platform)).toThrowError(
      TypeError,
      /ReadableStream that is not locked/,
    );
    const { writable } = platform;
    expect(() => new WebStreamsTransport({ writable })).toThrowError(
      TypeError,
      /WritableStream that is not locked/,
    );
  });
});
