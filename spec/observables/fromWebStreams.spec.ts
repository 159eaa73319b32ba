import { firstValueFrom, retry, tap, type Subscription } from 'rxjs';
import { converse, useConnection, type Connection, type Conversation } from '../../src/index.js';
import { fromWebStreams } from '../../src/observables/fromWebStreams.js';
import type { WebStreams } from '../../src/transports/web/WebStreams.js';
import { bytes, text } from '../contracts/bytes.js';
import { reportsOf } from '../contracts/reports.js';
import { FakeSerialPort } from '../transports/web/FakeSerialPort.js';
import { joinedBy } from '../transports/web/streamPairs.js';
import { turn } from '../transports/web/turn.js';

const pair = (): [WebStreams, WebStreams] => joinedBy(() => new TransformStream());

/** Collects what a source gives, from its subscription on. */
class Watched {
  readonly connections: Connection[] = [];
  readonly ends: unknown[] = [];
  readonly subscription: Subscription;

  constructor(source: ReturnType<typeof fromWebStreams>) {
    this.subscription = source.subscribe({
      next: (connection) => this.connections.push(connection),
      error: (error) => this.ends.push(error),
      complete: () => this.ends.push('complete'),
    });
  }
}

describe('fromWebStreams', () => {
  describe('with streams', () => {
    it('emits a connection at once, and completes when it has closed', async () => {
      const [one, other] = pair();
      const [client, server] = [new Watched(fromWebStreams(one)), new Watched(fromWebStreams(other))];
      const lines: string[] = [];
      server.connections[0]!.reader.lines().subscribe((line) => lines.push(line));
      client.connections[0]!.writer.write('hello\nworld\n');
      await turn();
      expect(lines).toEqual(['hello', 'world']);
      client.connections[0]!.writer.close();
      server.connections[0]!.writer.close();
      await turn();
      expect([...client.ends, ...server.ends]).toEqual(['complete', 'complete']);
      expect(one.readable!.locked).toBe(false);
    });

    it('closes gracefully when it is unsubscribed: what was written is sent, then the end', async () => {
      const [one, other] = pair();
      const client = new Watched(fromWebStreams(one));
      const server = new Watched(fromWebStreams(other));
      const received = firstValueFrom(server.connections[0]!.reader.read());
      client.connections[0]!.writer.write('goodbye');
      client.subscription.unsubscribe();
      expect(text(await received)).toBe('goodbye');
      expect(client.connections[0]!.writer.isClosing()).toBe(true);
      expect(client.ends).toEqual([]);
    });

    it('tells an abort to both halves of the other side, with its reason', async () => {
      const [one, other] = pair();
      const client = new Watched(fromWebStreams(one));
      const server = new Watched(fromWebStreams(other));
      const reason = Object.assign(new Error('too much'), { streamErrorCode: 3 });
      const failed = firstValueFrom(server.connections[0]!.reader.readLine()).catch(
        (error: unknown) => error,
      );
      client.connections[0]!.writer.abort(reason);
      expect(await failed).toEqual(jasmine.objectContaining({ code: 'ERR_CONNECTION_LOST', cause: reason }));
      expect(server.ends).toEqual(['complete']);
    });

    it('errors when the streams carry a connection already', () => {
      const [one] = pair();
      const source = fromWebStreams(one);
      new Watched(source);
      expect(new Watched(source).ends).toEqual([jasmine.any(TypeError)]);
    });

    it('throws at the call what is wrong with the streams and the options', () => {
      const locked = new ReadableStream<Uint8Array>();
      locked.getReader();
      const wrong: [unknown, RegExp][] = [
        [undefined, /\{ readable, writable \}, or a function that returns that, not undefined/],
        ['text', /not text \(string\)/],
        [null, /not null/],
        [{}, /has neither: is it open\?/],
        [{ readable: null, writable: null }, /neither/],
        [new ReadableStream(), /neither/],
        [{ readable: 'text' }, /readable must be a ReadableStream, not text/],
        [
          { writable: new ReadableStream() },
          /writable must be a WritableStream, not \[object ReadableStream\]/,
        ],
        [{ readable: locked }, /readable must be a ReadableStream that is not locked/],
        [{ readable: new ReadableStream(), closed: true }, /closed must be a promise, not true/],
        [{ readable: new ReadableStream(), close: true }, /close must be a function, not true/],
        [{ readable: new ReadableStream(), closeWrite: 1 }, /closeWrite must be a function, not 1/],
      ];
      for (const [source, message] of wrong) {
        expect(() => fromWebStreams(source as WebStreams)).toThrowError(TypeError, message);
      }
      const [one] = pair();
      expect(() => fromWebStreams(one, { limit: 0 })).toThrowError(RangeError);
      expect(() => fromWebStreams(one, { onReadableError: 1 as never })).toThrowError(
        TypeError,
        /onReadableError/,
      );
    });

    it('lets go of the streams when no connection can be made', async () => {
      const bad = new Error('of wrap');
      const [one] = pair();
      const source = { ...one, close: jasmine.createSpy('close') };
      const wrap = (): never => {
        throw bad;
      };
      for (const of of [source, () => ({ ...pair()[0], close: source.close })]) {
        source.close.calls.reset();
        expect(new Watched(fromWebStreams(of, { wrap })).ends).toEqual([bad]);
        expect(source.close).toHaveBeenCalledTimes(1);
      }
      expect(one.readable!.locked).toBe(false);
    });
  });

  describe('with a function', () => {
    it('calls it for each subscription, so that `retry` connects again', async () => {
      const peers: WebStreams[] = [];
      const source = fromWebStreams(async () => {
        const [one, other] = pair();
        peers.push(other);
        return one;
      });
      const answers: string[] = [];
      const done = new Promise<void>((resolve) => {
        source
          .pipe(
            useConnection(({ reader }) => reader.readLine()),
            retry(2),
          )
          .subscribe({ next: (line) => answers.push(text(line)), complete: resolve });
      });
      await turn();
      await peers[0]!.writable!.abort(new Error('reset'));
      await turn();
      await turn();
      expect(peers.length).toBe(2);
      new Watched(fromWebStreams(peers[1]!)).connections[0]!.writer.write('second time\n');
      await done;
      expect(answers).toEqual(['second time\n']);
    });

    it('emits at once what is there at once', () => {
      expect(new Watched(fromWebStreams(() => pair()[0])).connections.length).toBe(1);
    });

    it('errors with what it throws, and with what its promise rejects with', async () => {
      const refused = new Error('refused');
      const thrown = fromWebStreams(() => {
        throw refused;
      });
      expect(new Watched(thrown).ends).toEqual([refused]);
      const rejected = new Watched(fromWebStreams(() => Promise.reject(refused)));
      await turn();
      expect(rejected.ends).toEqual([refused]);
    });

    it('errors with a TypeError when it gives no streams, and lets go of what it gave', async () => {
      const readable = { cancelled: 0 };
      const close = jasmine.createSpy('close');
      const half = {
        readable: new ReadableStream<Uint8Array>({
          cancel: () => {
            readable.cancelled++;
          },
        }),
        writable: 'none' as never,
        close,
      };
      const watched = new Watched(fromWebStreams(async () => half));
      await turn();
      expect(watched.ends).toEqual([jasmine.any(TypeError)]);
      expect(readable.cancelled).toBe(1);
      expect(close).toHaveBeenCalledTimes(1);
      expect(new Watched(fromWebStreams(() => undefined as never)).ends).toEqual([jasmine.any(TypeError)]);
    });

    it('leaves streams alone that another connection has', async () => {
      const close = jasmine.createSpy('close');
      const one = { ...pair()[0], close };
      const source = fromWebStreams(() => one);
      const [first, second] = [new Watched(source), new Watched(source)];
      await turn();
      expect(second.ends).toEqual([jasmine.any(TypeError)]);
      expect(first.ends).toEqual([]);
      expect(close).not.toHaveBeenCalled();
    });

    it('releases what comes after it was unsubscribed', async () => {
      const told: unknown[] = [];
      let give!: (streams: WebStreams) => void;
      const watched = new Watched(
        fromWebStreams(() => new Promise<WebStreams>((resolve) => (give = resolve))),
      );
      watched.subscription.unsubscribe();
      give({
        readable: new ReadableStream<Uint8Array>({ cancel: () => void told.push('cancel') }),
        writable: new WritableStream<Uint8Array>({ abort: () => void told.push('abort') }),
        closed: Promise.reject(new Error('of the session')),
        close: () => told.push('close'),
      });
      await turn();
      expect(told).toEqual(['cancel', 'abort', 'close']);
      expect(watched.connections).toEqual([]);
      expect(watched.ends).toEqual([]);
    });

    it('does not tell of a promise that rejects after it was unsubscribed', async () => {
      let refuse!: (error: unknown) => void;
      const watched = new Watched(
        fromWebStreams(() => new Promise<WebStreams>((_, reject) => (refuse = reject))),
      );
      watched.subscription.unsubscribe();
      const reports = await reportsOf(async () => {
        refuse(new Error('too late'));
        await turn();
      });
      expect(reports).toEqual([]);
      expect(watched.ends).toEqual([]);
    });
  });

  describe('on a serial port', () => {
    const broken = new DOMException('A break condition has been detected.', 'BreakError');
    let port: FakeSerialPort;
    const open = async (): Promise<FakeSerialPort> => {
      await port.open();
      return port;
    };

    beforeEach(() => (port = new FakeSerialPort()));

    it('goes on with the new readable after a break: nothing that was received is lost, and the error is told', async () => {
      const errors: unknown[] = [];
      const lines: string[] = [];
      const watched = new Watched(fromWebStreams(open, { onReadableError: (error) => errors.push(error) }));
      await turn();
      const { reader, writer } = watched.connections[0]!;
      reader.lines().subscribe((line) => lines.push(line));
      port.receive(bytes('first\nsec'));
      await turn();
      port.breakLine(broken);
      await turn();
      port.receive(bytes('ond\n'));
      await turn();
      writer.write('still here');
      await turn();
      expect(lines).toEqual(['first', 'second']);
      expect(errors).toEqual([broken]);
      expect(port.written.map(text)).toEqual(['still here']);
      expect(watched.ends).toEqual([]);
    });

    it('keeps what was received while the reader is paused, and stays paused over a break', async () => {
      const watched = new Watched(fromWebStreams(open, { onReadableError: () => undefined, limit: 4 }));
      await turn();
      port.receive(bytes('more than 8 bytes'));
      await turn();
      const pulls = port.pulls;
      port.breakLine(broken);
      await turn();
      expect(port.pulls).toBe(pulls);
      const received: string[] = [];
      watched.connections[0]!.reader.chunks().subscribe((chunk) => received.push(text(chunk)));
      await turn();
      port.receive(bytes(', after'));
      await turn();
      expect(received.join('')).toBe('more than 8 bytes, after');
    });

    it('reports the error where nobody asks for it', async () => {
      const watched = new Watched(fromWebStreams(open));
      await turn();
      const reports = await reportsOf(async () => {
        port.breakLine(broken);
        await turn();
      });
      expect(reports).toEqual([broken]);
      expect(watched.ends).toEqual([]);
      watched.subscription.unsubscribe();
    });

    it('is lost when the device is gone, and closes the port', async () => {
      const gone = new DOMException('The device has been lost.', 'NetworkError');
      const watched = new Watched(fromWebStreams(open));
      await turn();
      const failed = firstValueFrom(watched.connections[0]!.reader.readLine()).catch(
        (error: unknown) => error,
      );
      port.unplug(gone);
      expect(await failed).toEqual(jasmine.objectContaining({ code: 'ERR_CONNECTION_LOST', cause: gone }));
      expect(watched.ends).toEqual(['complete']);
      expect(port.isOpen).toBe(false);
    });

    it('closes the port when it is unsubscribed, so that it can be opened again', async () => {
      for (let round = 1; round <= 2; round++) {
        const watched = new Watched(fromWebStreams(open));
        await turn();
        watched.connections[0]!.writer.write(`${round}`);
        watched.subscription.unsubscribe();
        await turn();
        expect(port.closes).toBe(round);
      }
      expect(port.written.map(text)).toEqual(['1', '2']);
    });

    it('lets a conversation live through noise', async () => {
      const scale = converse(function* (io: Conversation<number>) {
        for (;;) io.emit(Number(yield* io.line()));
      });
      const grams: number[] = [];
      const subscription = fromWebStreams(open, { onReadableError: () => undefined })
        .pipe(useConnection(scale))
        .subscribe((value) => grams.push(value));
      await turn();
      for (const weight of ['12\n', '13\n', '14\n']) {
        port.receive(bytes(weight));
        await turn();
        port.breakLine(broken);
        await turn();
      }
      expect(grams).toEqual([12, 13, 14]);
      subscription.unsubscribe();
      await turn();
      expect(port.isOpen).toBe(false);
    });
  });

  it('shows the writable’s backpressure to the program: `paused$`, `drain`', async () => {
    let take!: () => void;
    const writable = new WritableStream<Uint8Array>({
      write: () => new Promise<void>((resolve) => (take = resolve)),
    });
    const watched = new Watched(
      fromWebStreams({ writable }, { highWaterMark: 100_000, lowWaterMark: 40_000 }),
    );
    const { writer } = watched.connections[0]!;
    const states: (boolean | string)[] = [];
    writer.paused$.subscribe((paused) => states.push(paused));
    writer.write(new Uint8Array(150_000));
    writer.drain().subscribe(() => states.push('drained'));
    await turn();
    take();
    await turn();
    expect(states).toEqual([false, true]);
    take();
    await turn();
    expect(states).toEqual([false, true, false, 'drained']);
  });

  it('carries 64 MiB, and what waits in between is bounded', async () => {
    const size = 2 ** 26;
    const [one, other] = pair();
    const client = new Watched(fromWebStreams(one)).connections[0]!;
    const server = new Watched(fromWebStreams(other)).connections[0]!;
    const chunk = new Uint8Array(2 ** 20).map((_, i) => i);
    let produced = 0;
    let taken = 0;
    let most = 0;
    let wrong = 0;
    const sent = (async () => {
      for (; produced < size; produced += chunk.length) {
        client.writer.write(chunk);
        await firstValueFrom(client.writer.drain());
      }
      client.writer.close();
    })();
    await new Promise<void>((resolve) => {
      server.reader
        .chunks()
        .pipe(tap((part) => (wrong += part[0] === (taken & 255) ? 0 : 1)))
        .subscribe({
          next: (part) => {
            taken += part.length;
            most = Math.max(most, produced + chunk.length - taken);
          },
          complete: resolve,
        });
    });
    await sent;
    expect(taken).toBe(size);
    expect(wrong).toBe(0);
    // What the writer has accepted, and what a reader may keep.
    expect(most).toBeLessThan(2 ** 21);
  });
});
