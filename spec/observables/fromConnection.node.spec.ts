import { Socket } from 'node:net';
import {
  firstValueFrom,
  fromEvent,
  lastValueFrom,
  mergeMap,
  repeat,
  race,
  retry,
  Subject,
  take,
  takeUntil,
  tap,
  timer,
  toArray,
  VirtualTimeScheduler,
} from 'rxjs';
import type { ConnectOptions } from '../../src/node.js';
import { fromConnection } from '../../src/observables/fromConnection.js';
import type { Connection } from '../../src/streams/Connection.js';
import { ConnectionLostError } from '../../src/streams/errors.js';
import { shown } from '../../src/streams/check.js';
import { difference, joined, seededBytes, text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { everythingFrom, plainPeers, reset } from './plainPeers.js';

const host = '127.0.0.1';
const MEBIBYTE = 2 ** 20;

describe('fromConnection', () => {
  const peers = plainPeers();

  // Sockets that were accepted wait here for the spec.
  async function listen(): Promise<{ port: number; accepted: () => Promise<Socket> }> {
    const waiting: Socket[] = [];
    let wake = (): void => undefined;
    const port = await peers.listen((socket) => {
      waiting.push(socket);
      wake();
    });
    const accepted = async (): Promise<Socket> => {
      if (waiting.length === 0) {
        await eventually('a connection to arrive', new Promise<void>((resolve) => (wake = resolve)));
      }
      return waiting.shift()!;
    };
    return { port, accepted };
  }

  // Before, the other side may still be connecting, and that would fail.
  async function resetOnceHeard(peer: Socket): Promise<void> {
    await eventually('the peer to hear', fromEvent(peer, 'data'));
    reset(peer);
  }

  describe('checks its options at the call:', () => {
    for (const port of [0, -1, 65536, 1.5, NaN, '80' as unknown as number]) {
      it(`a port of ${typeof port} ${port}`, () => {
        expect(() => fromConnection({ port })).toThrowError(
          RangeError,
          new RegExp(`port .*not ${shown(port)}$`),
        );
      });
    }

    it('nothing that says where to connect to', () => {
      expect(() => fromConnection({} as ConnectOptions)).toThrowError(
        TypeError,
        /^One of port .* path, socket and fd .* none does$/,
      );
    });

    it('two things that say where to connect to', () => {
      const both = { port: 80, socket: new Socket() } as unknown as ConnectOptions;
      expect(() => fromConnection(both)).toThrowError(TypeError, /port and socket do(es)?$/);
      const two = { path: '/x', fd: 0 } as unknown as ConnectOptions;
      expect(() => fromConnection(two)).toThrowError(TypeError, /path and fd do(es)?$/);
    });

    for (const limit of [0, -5, 1.5, NaN, Infinity]) {
      it(`a limit of ${limit}`, () => {
        expect(() => fromConnection({ port: 80, limit })).toThrowError(
          RangeError,
          new RegExp(`limit .*not ${limit}$`),
        );
      });
    }

    it('water marks the wrong way round', () => {
      const options = { port: 80, highWaterMark: 10, lowWaterMark: 20 };
      expect(() => fromConnection(options)).toThrowError(RangeError, /not 10 and 20$/);
    });

    it('a negative water mark', () => {
      expect(() => fromConnection({ port: 80, lowWaterMark: -1, highWaterMark: 1 })).toThrowError(
        RangeError,
        /not 1 and -1$/,
      );
    });

    for (const closeTimeout of [-1, NaN, 2 ** 31, Infinity]) {
      it(`a closeTimeout of ${closeTimeout}`, () => {
        expect(() => fromConnection({ port: 80, closeTimeout })).toThrowError(
          RangeError,
          new RegExp(`closeTimeout .*not ${closeTimeout}$`),
        );
      });
    }
  });

  describe('connecting', () => {
    it('does nothing before it is subscribed to, then makes a connection for each subscription', async () => {
      const { port, accepted } = await listen();
      const connection$ = fromConnection({ host, port });
      const probe = await peers.connect(port);
      expect((await accepted()).remotePort)
        .withContext('first to arrive')
        .toBe(probe.localPort);
      const both = [connection$, connection$].map((source) =>
        eventually('a connection', source.pipe(take(1))),
      );
      const [one, other] = await Promise.all(both);
      expect(one).not.toBe(other);
      expect(one!.writer.getExtraInfo('sockname')).not.toEqual(other!.writer.getExtraInfo('sockname'));
    });

    it('emits one connection and stays open until that closes', async () => {
      const { port, accepted } = await listen();
      const events: string[] = [];
      const completed = new Promise<void>((resolve) => {
        fromConnection({ host, port }).subscribe({
          next: ({ writer }) => {
            events.push('next');
            writer.write('hello');
            writer.close();
          },
          complete: () => {
            events.push('complete');
            resolve();
          },
        });
      });
      const peer = await accepted();
      expect(text(await everythingFrom(peer))).toBe('hello');
      await eventually('the completion', completed);
      expect(events).toEqual(['next', 'complete']);
    });

    it("errors with Node's own error when nobody listens", async () => {
      const unused = await peers.unusedPort();
      const error = await failureOf('the connect', fromConnection({ host, port: unused }));
      expect(error).toEqual(
        jasmine.objectContaining({ code: 'ECONNREFUSED', syscall: 'connect', port: unused }),
      );
    });

    it('cancels the attempt when it is unsubscribed from before', async () => {
      const { port } = await listen();
      const destroyed = spyOn(Socket.prototype, 'destroy').and.callThrough();
      const events: string[] = [];
      const subscription = fromConnection({ host, port }).subscribe({
        next: () => events.push('next'),
        error: () => events.push('error'),
        complete: () => events.push('complete'),
      });
      subscription.unsubscribe();
      expect(destroyed).withContext('destroy of the socket').toHaveBeenCalledTimes(1);
      // The next connection gets through, behind the one that was cancelled.
      await eventually('another connection', fromConnection({ host, port }));
      expect(events).toEqual([]);
    });

    it('is silent about an attempt that fails while it is being cancelled', async () => {
      const port = await peers.unusedPort();
      const events: string[] = [];
      const subscription = fromConnection({ host, port }).subscribe({ error: () => events.push('error') });
      subscription.unsubscribe();
      // Its own failure comes back later than that of the one before.
      await failureOf('the connect', fromConnection({ host, port }));
      expect(events).toEqual([]);
    });

    it('switches off the delay of small writes, unless told otherwise', async () => {
      const { port } = await listen();
      const setNoDelay = spyOn(Socket.prototype, 'setNoDelay').and.callThrough();
      await eventually('a connection', fromConnection({ host, port }));
      expect(setNoDelay.calls.allArgs()).toEqual([[true]]);
      setNoDelay.calls.reset();
      await eventually('a connection', fromConnection({ host, port, noDelay: false }));
      expect(setNoDelay.calls.allArgs()).toEqual([[false]]);
    });
  });

  describe('unsubscribing from a connection', () => {
    it('sends megabytes to a slow reader, then the end', async () => {
      const { port, accepted } = await listen();
      const sent = seededBytes(1, 8 * MEBIBYTE);
      const subscription = fromConnection({ host, port }).subscribe(({ writer }) => {
        writer.write(sent);
        subscription.unsubscribe();
      });
      const peer = await accepted();
      const chunks: Uint8Array[] = [];
      for await (const chunk of peer) {
        chunks.push(chunk as Uint8Array);
        await eventually('a turn of the event loop', new Promise((resolve) => setImmediate(resolve)));
      }
      expect(difference(joined(chunks), sent)).toBe('none');
    });

    it('closes what the subscriber of the first value has left', async () => {
      const { port, accepted } = await listen();
      const { writer } = await firstValueFrom(fromConnection({ host, port }));
      expect(writer.isClosing()).toBeTrue();
      expect(text(await everythingFrom(await accepted()))).toBe('');
      await eventually('the close', writer.waitClosed());
    });

    it('aborts a peer that never reads when closeTimeout is over, and not before', async () => {
      const { port, accepted } = await listen();
      const scheduler = new VirtualTimeScheduler();
      const { writer } = await eventually(
        'a connection',
        fromConnection({ host, port, closeTimeout: 1000, scheduler }).pipe(
          tap((connection) => connection.writer.write(new Uint8Array(64 * MEBIBYTE))),
        ),
      );
      const peer = await accepted();
      const lost = failureOf('waitClosed()', writer.waitClosed());
      scheduler.maxFrames = 999;
      scheduler.flush();
      expect(writer.transport.writeQueueSize).withContext('bytes in the queue before').toBeGreaterThan(0);
      scheduler.maxFrames = 1000;
      scheduler.flush();
      const loss = await lost;
      expect(loss).toBeInstanceOf(ConnectionLostError);
      expect((loss as Error).message).toContain('1000 ms');
      // What lies in the kernel is still delivered; libuv may then show the reset as an end.
      let received = 0;
      peer.on('data', (chunk: Uint8Array) => (received += chunk.length));
      await eventually('the peer to notice', race(fromEvent(peer, 'end'), fromEvent(peer, 'close')));
      expect(received)
        .withContext('bytes that arrived')
        .toBeLessThan(64 * MEBIBYTE);
    });

    it('does not wait for closeTimeout when the peer reads', async () => {
      const { port, accepted } = await listen();
      const scheduler = new VirtualTimeScheduler();
      const { writer } = await eventually('a connection', fromConnection({ host, port, scheduler }));
      expect(text(await everythingFrom(await accepted()))).toBe('');
      await eventually('the close', writer.waitClosed());
      scheduler.flush();
      expect(scheduler.now()).withContext('virtual time of the last timer left').toBe(0);
    });
  });

  describe('completes', () => {
    it('when the peer has closed and we do', async () => {
      const { port, accepted } = await listen();
      const words: string[] = [];
      const whole = lastValueFrom(
        fromConnection({ host, port }).pipe(
          mergeMap(({ reader, writer }) => reader.lines().pipe(tap({ complete: () => writer.close() }))),
          tap((line) => words.push(line)),
        ),
      );
      (await accepted()).end('one\ntwo\n');
      await eventually('the completion', whole);
      expect(words).toEqual(['one', 'two']);
    });

    it('not yet when only the peer has closed', async () => {
      const { port, accepted } = await listen();
      const events: string[] = [];
      const ended = new Promise<Connection>((resolve) => {
        fromConnection({ host, port }).subscribe({
          next: (connection) => connection.reader.read().subscribe(() => resolve(connection)),
          complete: () => events.push('complete'),
        });
      });
      const peer = await accepted();
      peer.end();
      const { writer } = await eventually('the end at the reader', ended);
      const rest = everythingFrom(peer);
      writer.write('we go on');
      expect(events).toEqual([]);
      writer.close();
      expect(text(await rest)).toBe('we go on');
      await eventually('the close', writer.waitClosed());
      expect(events).toEqual(['complete']);
    });

    it('when the peer resets, of which the reader and the writer tell', async () => {
      const { port, accepted } = await listen();
      const told: Promise<unknown>[] = [];
      const whole = lastValueFrom(
        fromConnection({ host, port }).pipe(
          tap(({ reader, writer }) => {
            writer.write('here I am');
            told.push(failureOf('the read', reader.readLine()));
            told.push(failureOf('waitClosed()', writer.waitClosed()));
          }),
        ),
      );
      await resetOnceHeard(await accepted());
      const { reader, writer } = await eventually('the completion', whole);
      const [ofRead, ofClose] = await Promise.all(told);
      expect(ofRead).toBeInstanceOf(ConnectionLostError);
      expect((ofRead as Error).cause).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
      expect(ofClose).toBe(ofRead);
      expect(await failureOf('a later read', reader.read())).toBe(ofRead);
      expect(await failureOf('drain()', writer.drain())).toBe(ofRead);
      expect(writer.isClosing()).toBeTrue();
    });

    it('when this side aborts', async () => {
      const { port } = await listen();
      const whole = fromConnection({ host, port }).pipe(
        tap(({ writer }) => writer.abort()),
        toArray(),
      );
      expect((await eventually('the completion', whole)).length).toBe(1);
    });
  });

  describe('connecting again', () => {
    it('with retry, when what was done on the connection failed', async () => {
      const { port, accepted } = await listen();
      const line = eventually(
        'a line, after two resets',
        fromConnection({ host, port }).pipe(
          mergeMap(({ reader, writer }) => {
            writer.write('here I am');
            return reader.readLine();
          }),
          retry({ count: 2, delay: () => timer(0) }),
        ),
      );
      await resetOnceHeard(await accepted());
      await resetOnceHeard(await accepted());
      (await accepted()).write('third time lucky\n');
      expect(text(await line)).toBe('third time lucky\n');
    });

    it('with retry, as often as it is refused', async () => {
      const port = await peers.unusedPort();
      let attempts = 0;
      const refused = fromConnection({ host, port }).pipe(
        retry({ count: 2, delay: () => (attempts++, timer(0)) }),
      );
      expect(await failureOf('the connect', refused)).toEqual(
        jasmine.objectContaining({ code: 'ECONNREFUSED' }),
      );
      expect(attempts).toBe(2);
    });

    it('with repeat, when the connection is over', async () => {
      const port = await peers.listen((socket) => socket.end('bye\n'));
      const lines = fromConnection({ host, port }).pipe(
        mergeMap((connection) =>
          connection.reader.lines().pipe(tap({ complete: () => connection.writer.close() })),
        ),
        repeat(3),
        toArray(),
      );
      expect(await eventually('three connections', lines)).toEqual(['bye', 'bye', 'bye']);
    });
  });

  describe('with a socket that is there already', () => {
    it('takes one that is connected, with what has come before', async () => {
      const [socket, peer] = await peers.pair();
      peer.write('early\n');
      const line = fromConnection({ socket }).pipe(mergeMap(({ reader }) => reader.lines()));
      expect(await eventually('the line', line)).toBe('early');
      expect(socket.writableEnded).withContext('closed by the unsubscription').toBeTrue();
    });

    it('takes one that is connecting', async () => {
      const { port, accepted } = await listen();
      const socket = new Socket();
      const line = fromConnection({ socket: socket.connect(port, host) }).pipe(
        mergeMap(({ reader }) => reader.lines()),
      );
      const first = eventually('the line', line);
      (await accepted()).write('welcome\n');
      expect(await first).toBe('welcome');
    });

    it('destroys one that is connecting when it is unsubscribed from', async () => {
      const { port } = await listen();
      const socket = new Socket().connect(port, host);
      fromConnection({ socket }).subscribe().unsubscribe();
      expect(socket.destroyed).toBeTrue();
    });

    it("errors with the socket's own error when its connect fails", async () => {
      const port = await peers.unusedPort();
      const socket = new Socket().connect(port, host);
      const error = await failureOf('the connect', fromConnection({ socket }));
      expect(error).toEqual(jasmine.objectContaining({ code: 'ECONNREFUSED' }));
    });

    it('refuses one that is destroyed', async () => {
      const [socket] = await peers.pair();
      socket.destroy();
      expect(await failureOf('the subscription', fromConnection({ socket }))).toBeInstanceOf(TypeError);
    });

    it('refuses one that nobody has connected', async () => {
      expect(await failureOf('the subscription', fromConnection({ socket: new Socket() }))).toBeInstanceOf(
        TypeError,
      );
    });

    it('refuses one that carries a connection already', async () => {
      const [socket] = await peers.pair();
      const connection$ = fromConnection({ socket });
      const subscription = connection$.subscribe();
      const error = await failureOf('the second subscription', connection$);
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message).toContain('already');
      subscription.unsubscribe();
    });
  });

  it('ends with takeUntil, gracefully', async () => {
    const { port, accepted } = await listen();
    const stop = new Subject<void>();
    fromConnection({ host, port })
      .pipe(takeUntil(stop))
      .subscribe(({ writer }) => {
        writer.write('last words');
        stop.next();
      });
    expect(text(await everythingFrom(await accepted()))).toBe('last words');
  });
});
