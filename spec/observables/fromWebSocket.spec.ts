import { Subject, takeUntil } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  ConnectionLostError,
  ConnectTimeoutError,
  framed,
  jsonMessages,
  messages,
  ReceiveLimitError,
  WebSocketCloseError,
  type Connection,
} from '../../src/index.js';
import { closeWebSocket, fromWebSocket, type WebSocketOptions } from '../../src/web.js';
import { bytes, text } from '../contracts/bytes.js';
import { FakeWebSocket } from '../transports/web/FakeWebSocket.js';

/** Connects on a socket played by hand. */
function connected(options: WebSocketOptions = {}, protocol = '') {
  const socket = new FakeWebSocket();
  const log: unknown[] = [];
  let connection!: Connection;
  const subscription = fromWebSocket(() => socket, options).subscribe({
    next: (c) => (connection = c),
    error: (error) => log.push(error),
    complete: () => log.push('|'),
  });
  socket.open(protocol);
  const { reader, writer } = connection;
  return { socket, log, subscription, connection, reader, writer };
}

describe('fromWebSocket', () => {
  it('does nothing before it is subscribed to, and makes a socket for each subscription', () => {
    const offered: string[][] = [];
    const source = fromWebSocket(
      (protocols) => {
        offered.push(protocols);
        return new FakeWebSocket();
      },
      { protocols: ['chat', 'talk'] },
    );
    expect(offered).toEqual([]);
    source.subscribe();
    source.subscribe();
    expect(offered).toEqual([
      ['chat', 'talk'],
      ['chat', 'talk'],
    ]);
  });

  it('carries bytes both ways, in binary messages, and takes text for its UTF-8', () => {
    const { socket, reader, writer } = connected();
    const seen: string[] = [];
    reader.chunks().subscribe((chunk) => seen.push(text(chunk)));
    socket.receive(bytes('one'));
    socket.receive('zwö');
    socket.receive('');
    writer.write('é');
    writer.write(Uint8Array.of(1, 2));
    expect(seen).toEqual(['one', 'zwö']);
    expect(socket.sent).toEqual([
      [0xc3, 0xa9],
      [1, 2],
    ]);
    expect(socket.binaryType).toBe('arraybuffer');
  });

  it('cuts what is long into messages of 64 KiB', () => {
    const { socket, writer } = connected();
    writer.write(new Uint8Array(150_000));
    expect(socket.sent.map((message) => (message as number[]).length)).toEqual([65_536, 65_536, 18_928]);
  });

  it('sends each write as one message in message mode, text and binary, empty ones too', () => {
    const { socket, writer } = connected({ mode: 'messages' });
    writer.write('text');
    writer.write(new Uint8Array(100_000));
    writer.write('');
    expect(socket.sent).toEqual(['text', [...new Uint8Array(100_000)], '']);
  });

  it('gives each message as one frame in message mode', () => {
    const { socket, reader } = connected({ mode: 'messages' });
    const seen: unknown[] = [];
    reader.frames(messages()).subscribe({ next: (m) => seen.push(m), complete: () => seen.push('|') });
    socket.receive('text');
    socket.receive(Uint8Array.of(7));
    socket.receive('');
    socket.closed(1000);
    expect(seen).toEqual(['text', Uint8Array.of(7), '', '|']);
  });

  it('is a stream of JSON for framed', () => {
    const { socket, connection } = connected({ mode: 'messages' });
    const feed = framed(connection, jsonMessages<{ id: number }>());
    const seen: unknown[] = [];
    feed.subscribe((message) => seen.push(message));
    feed.next({ id: 1 });
    socket.receive('{"id":2}');
    expect(socket.sent).toEqual(['{"id":1}']);
    expect(seen).toEqual([{ id: 2 }]);
  });

  it('ends with the codes that are an end, and completes', () => {
    for (const code of [1000, 1001, 1005]) {
      const { socket, reader, writer, log } = connected();
      const seen: unknown[] = [];
      reader.chunks().subscribe({ complete: () => seen.push('end') });
      writer.waitClosed().subscribe({ complete: () => seen.push('closed') });
      socket.closed(code, 'bye');
      expect([...seen, ...log])
        .withContext(`${code}`)
        .toEqual(['end', 'closed', '|']);
      expect(writer.getExtraInfo('closeCode')).toBe(code);
      expect(writer.getExtraInfo('closeReason')).toBe('bye');
    }
  });

  it('is lost with any other code, which the cause has, after what was received', () => {
    for (const [code, reason] of [
      [1006, ''],
      [1011, 'oops'],
      [1009, ''],
      [4321, 'kicked'],
      [3000, ''],
    ] as const) {
      const { socket, reader, writer, log } = connected();
      socket.receive('last');
      socket.closed(code, reason);
      const seen: unknown[] = [];
      reader.readExactly(4).subscribe((last) => seen.push(text(last)));
      let error: unknown;
      reader.read().subscribe({ error: (e: unknown) => (error = e) });
      expect(seen).toEqual(['last']);
      expect(error).toBeInstanceOf(ConnectionLostError);
      const cause = (error as ConnectionLostError).cause as WebSocketCloseError;
      expect(cause).toBeInstanceOf(WebSocketCloseError);
      expect([cause.closeCode, cause.closeReason]).toEqual([code, reason]);
      expect(log).toEqual(['|']);
      expect(writer.getExtraInfo('closeCode')).toBe(code);
    }
  });

  it('keeps the error that a socket tells of', () => {
    const { socket, reader } = connected();
    let error: ConnectionLostError | undefined;
    reader.read().subscribe({ error: (e: ConnectionLostError) => (error = e) });
    const own = new Error('read ECONNRESET');
    socket.dispatch('error', { error: own });
    socket.closed(1006);
    expect((error?.cause as Error).message).toBe('The WebSocket broke with code 1006: read ECONNRESET');
    expect((error?.cause as Error).cause).toBe(own);
  });

  it('errors when it cannot be opened, with the code and what is known', () => {
    const socket = new FakeWebSocket();
    let error: WebSocketCloseError | undefined;
    fromWebSocket(() => socket).subscribe({ error: (e: WebSocketCloseError) => (error = e) });
    socket.dispatch('error', { error: new Error('connect ECONNREFUSED') });
    socket.closed(1006);
    expect(error).toBeInstanceOf(WebSocketCloseError);
    expect(error?.message).toBe(
      'The WebSocket to ws://fake.example/ could not be opened (1006): connect ECONNREFUSED',
    );
    expect(socket.listeners).toBe(0);
  });

  it('errors with what the function throws, and for a socket that is closed', () => {
    const oops = new Error('no socket');
    const seen: unknown[] = [];
    fromWebSocket(() => {
      throw oops;
    }).subscribe({ error: (e) => seen.push(e) });
    const closed = new FakeWebSocket();
    closed.readyState = 3;
    fromWebSocket(() => closed).subscribe({ error: (e) => seen.push(e) });
    expect(seen[0]).toBe(oops);
    expect(seen[1]).toBeInstanceOf(TypeError);
  });

  it('takes a socket that is open already', () => {
    const socket = new FakeWebSocket();
    socket.readyState = 1;
    const seen: unknown[] = [];
    fromWebSocket(() => socket).subscribe(() => seen.push('connection'));
    expect(seen).toEqual(['connection']);
  });

  it('gives an attempt up when it is unsubscribed, or its signal is aborted', () => {
    const one = new FakeWebSocket();
    fromWebSocket(() => one)
      .subscribe()
      .unsubscribe();
    expect(one.calls).toEqual(['close']);

    const two = new FakeWebSocket();
    const attempt = new AbortController();
    let error: unknown;
    fromWebSocket(() => two, { signal: attempt.signal }).subscribe({ error: (e: unknown) => (error = e) });
    attempt.abort(new Error('enough'));
    expect(error).toEqual(new Error('enough'));
    expect(two.calls).toEqual(['close']);
  });

  it('gives an attempt up after connectTimeout', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ expectObservable }) => {
      const socket = new FakeWebSocket();
      expectObservable(fromWebSocket(() => socket, { connectTimeout: 5 })).toBe(
        '-----#',
        undefined,
        new ConnectTimeoutError(5),
      );
    });
  });

  it('closes when it is unsubscribed, and waits for the answer', () => {
    const { socket, subscription, writer, log } = connected();
    writer.write('last words');
    subscription.unsubscribe();
    expect(socket.sent.length).toBe(1);
    expect(socket.calls).toEqual(['close 1000']);
    let closed = false;
    writer.waitClosed().subscribe(() => (closed = true));
    expect(closed).toBeFalse();
    socket.closed(1000);
    expect(closed).toBeTrue();
    expect(socket.listeners).toBe(0);
    expect(log).toEqual([]);
  });

  it('closes with a code and a reason', () => {
    const { socket, connection } = connected();
    closeWebSocket(connection, 4001, 'seen enough');
    expect(socket.calls).toEqual(['close 4001 seen enough']);
  });

  it('breaks the connection for the peer with 4000 at an abort, or with the code of its reason', () => {
    const one = connected();
    one.writer.abort(new Error('nonsense'));
    expect(one.socket.calls).toEqual(['close 4000']);
    const two = connected();
    two.writer.abort(new WebSocketCloseError(4400, 'bad request'));
    expect(two.socket.calls).toEqual(['close 4400 bad request']);
  });

  it('breaks it with 4000 also when the code of the reason is none to be sent, as that of another loss', () => {
    for (const code of [1006, 1011, 1005, 999, 4000.5, NaN]) {
      const { socket, writer } = connected();
      writer.abort(new WebSocketCloseError(code, 'lost'));
      expect(socket.calls).withContext(`${code}`).toEqual(['close 4000']);
    }
    const { socket, writer } = connected();
    writer.abort(new WebSocketCloseError(4001, 'é'.repeat(62)));
    expect(socket.calls).toEqual(['close 4001']);
  });

  it('aborts with its signal', () => {
    const stop = new AbortController();
    const { socket, log } = connected({ signal: stop.signal });
    stop.abort();
    expect(socket.calls).toEqual(['close 4000']);
    expect(log).toEqual(['|']);
  });

  it('looks at bufferedAmount for backpressure, and only while something waits', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ expectObservable, cold }) => {
      const { socket, writer } = connected({ highWaterMark: 10, lowWaterMark: 2, scheduler });
      socket.holds = true;
      writer.write('x'.repeat(11));
      expect(writer.transport.writeQueueSize).toBe(11);
      cold('a 4ms b 3ms c').subscribe((step) => socket.drain({ a: 1, b: 7, c: 3 }[step]));
      // Looked at after 4 ms, 8 ms and 12 ms: it holds 10 bytes, then 3, which is as much as it takes in that time.
      expectObservable(writer.paused$.pipe(takeUntil(cold('20ms x')))).toBe('t 7ms f 11ms |', {
        t: true,
        f: false,
      });
      expectObservable(cold('20ms x')).toBe('20ms x');
    });
    expect(scheduler.actions.length).toBe(0);
  });

  it('lets a socket hold as much as it takes between two looks, at most 1 MiB, and counts the rest as waiting', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ cold, flush }) => {
      const { socket, writer } = connected({ scheduler });
      const waits = (): number => writer.transport.writeQueueSize;
      const fill = (): void => {
        while (!writer.paused) writer.write(new Uint8Array(65_536));
      };
      socket.holds = true;
      const held: number[] = [];
      const steps: Record<string, () => void> = {
        f: () => {
          fill();
          held.push(socket.bufferedAmount);
        },
        d: () => socket.drain(),
        // Slower and slower: looked at 4, 8 and 12 ms after it was filled. What did not wait does not begin to.
        s: () => socket.drain(2 ** 19 + 1000),
        t: () => expect(waits()).toBe(socket.bufferedAmount - 2 ** 19 - 1000),
        u: () => socket.drain(1000),
        v: () => expect(waits()).toBe(socket.bufferedAmount - 2 ** 19),
        c: () => socket.closed(1000),
      };
      cold(`${'f-d-------'.repeat(30)} f-s--tu--v---v--c`).subscribe((step) => steps[step]!());
      flush();
      expect(held.slice(0, 3)).toEqual([131_072, 262_144, 393_216]);
      expect(Math.max(...held)).toBe(2 ** 20 + 131_072);
    });
  });

  it('looks by one timer, whatever is sent when it tells of room', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    const schedule = spyOn(scheduler, 'schedule').and.callThrough();
    scheduler.run(({ cold, flush }) => {
      const { socket, writer } = connected({ highWaterMark: 10, lowWaterMark: 2, scheduler });
      socket.holds = true;
      const fill = (): void => {
        while (!writer.paused) writer.write('x'.repeat(11));
      };
      writer.drain$.subscribe(fill);
      fill();
      schedule.calls.reset();
      // 25 looks; each finds that a part was taken.
      cold(`${'3ms a '.repeat(25)}b`).subscribe((step) => {
        if (step === 'a') socket.drain(socket.bufferedAmount - 1);
        else socket.closed(1000);
      });
      flush();
    });
    expect(schedule.calls.all().filter(({ args }) => args[1] === 4).length).toBeLessThanOrEqual(27);
  });

  it('is lost when the peer closes and what the socket holds was not sent', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ cold, flush }) => {
      const { socket, writer } = connected({ scheduler });
      const seen: unknown[] = [];
      socket.holds = true;
      writer.write('x'.repeat(100));
      socket.drain();
      cold('10ms a').subscribe(() => {
        writer.write('x'.repeat(60));
        expect(writer.transport.writeQueueSize).toBe(0);
        writer.waitClosed().subscribe({ error: (error: Error) => seen.push(error.message) });
        socket.closed(1000);
      });
      flush();
      expect(seen).toEqual([jasmine.stringContaining('60 bytes')]);
    });
  });

  it('lets no more wait than receiveLimit, where nothing slows the peer down', () => {
    const { socket, reader, writer } = connected({ receiveLimit: 1000, limit: 100 });
    expect(writer.getExtraInfo('flowControl')).toBe('bound');
    for (let i = 0; i < 30; i++) socket.receive(new Uint8Array(50));
    expect(socket.calls).toEqual(['close 4000']);
    let received = 0;
    let error: ConnectionLostError | undefined;
    reader.chunks().subscribe({
      next: ({ length }) => (received += length),
      error: (e: ConnectionLostError) => (error = e),
    });
    expect(error?.cause).toBeInstanceOf(ReceiveLimitError);
    expect((error?.cause as ReceiveLimitError).limit).toBe(1000);
    // Nothing of what had come by then is lost.
    expect(received).toBe(50 * 14);
  });

  it('asks a silent peer, and is lost when it says nothing', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ expectObservable, cold }) => {
      const { socket, writer } = connected({
        scheduler,
        mode: 'messages',
        heartbeat: { interval: 30, timeout: 10, ping: '{"ping":1}' },
      });
      cold('20ms x').subscribe(() => socket.receive('news'));
      cold('99ms x').subscribe(() => expect(socket.sent).toEqual(['{"ping":1}']));
      // Heard at 20, so looked at again at 30 and 60: asked at 60, lost at 70.
      expectObservable(writer.waitClosed()).toBe(
        '70ms #',
        undefined,
        jasmine.any(ConnectionLostError) as never,
      );
    });
  });

  it('says whether it can half-close, and what the socket is', () => {
    const { writer, socket } = connected({ protocols: 'chat' }, 'chat');
    expect(writer.canWriteEof()).toBeFalse();
    expect(() => writer.writeEof()).toThrowError(TypeError);
    expect(writer.getExtraInfo('protocol')).toBe('chat');
    expect(writer.getExtraInfo('url')).toBe('ws://fake.example/');
    expect(writer.getExtraInfo('socket')).toBe(socket);
  });

  it('is lost when send throws, and everybody is told', () => {
    const { socket, writer, reader } = connected();
    const seen: unknown[] = [];
    reader.chunks().subscribe({ error: (e: ConnectionLostError) => seen.push(e.cause) });
    writer.waitClosed().subscribe({ error: (e: ConnectionLostError) => seen.push(e.cause) });
    const oops = new Error('detached');
    socket.send = () => {
      throw oops;
    };
    writer.write('x');
    expect(seen).toEqual([oops, oops]);
  });

  it('breaks the socket when the connection cannot be made', () => {
    const socket = new FakeWebSocket();
    const seen: unknown[] = [];
    const oops = new Error('wrap');
    fromWebSocket(() => socket, {
      wrap: () => {
        throw oops;
      },
    }).subscribe({ error: (e) => seen.push(e) });
    socket.open();
    expect(seen).toEqual([oops]);
    expect(socket.calls).toEqual(['close 4000']);
  });

  it('survives a subscriber that unsubscribes, writes and closes inside next', () => {
    const socket = new FakeWebSocket();
    const stop$ = new Subject<void>();
    fromWebSocket(() => socket)
      .pipe(takeUntil(stop$))
      .subscribe(({ writer }) => {
        writer.write('x');
        stop$.next();
      });
    socket.open();
    expect(socket.sent).toEqual([[120]]);
    expect(socket.calls).toEqual(['close 1000']);
    socket.closed(1000);
  });
});

describe('fromWebSocket with credits', () => {
  it('offers them beside the subprotocols, and speaks them where they are accepted', () => {
    const offered: string[][] = [];
    const make = (protocols: string[]) => (offered.push(protocols), new FakeWebSocket());
    fromWebSocket(make, { credits: true }).subscribe();
    fromWebSocket(make, { credits: true, protocols: ['a', 'b'] }).subscribe();
    expect(offered).toEqual([['credit.rxjs-net'], ['credit.rxjs-net+a', 'a', 'credit.rxjs-net+b', 'b']]);

    const { socket, writer } = connected({ credits: true }, 'credit.rxjs-net');
    expect(writer.getExtraInfo('flowControl')).toBe('credit');
    expect(writer.canWriteEof()).toBeTrue();
    expect(socket.sent).toEqual(['+1048576']);
    writer.write('not yet');
    expect(socket.sent.length).toBe(1);
    socket.receive('+100');
    expect(socket.sent.length).toBe(2);
    const refused = connected({ credits: true, protocols: 'a' }, 'a');
    expect(refused.writer.getExtraInfo('flowControl')).toBe('bound');
    expect(refused.socket.sent).toEqual([]);
  });

  it('is lost when the peer does not speak them', () => {
    for (const first of ['hello', Uint8Array.of(1), '?', '.', '+', '+0', '+x', '+99999999999999']) {
      const { socket, writer } = connected({ credits: true }, 'credit.rxjs-net');
      let code: unknown;
      writer.waitClosed().subscribe({
        error: (e: ConnectionLostError) => (code = (e.cause as { code?: unknown }).code),
      });
      socket.receive(first);
      expect(code).withContext(String(first)).toBe('ERR_FLOW_CONTROL');
      expect(socket.calls).toEqual(['close 4000']);
    }
  });
});

describe('the arguments of fromWebSocket', () => {
  const wrong: [
    what: string,
    target: unknown,
    options: object,
    error: typeof TypeError | typeof RangeError,
  ][] = [
    ['a URL of another kind', 'ftp://a.example/', {}, TypeError],
    ['no URL', 'wss://', {}, TypeError],
    ['a fragment', 'wss://a.example/#x', {}, TypeError],
    ['nothing', undefined, {}, TypeError],
    ['a subprotocol twice', 'wss://a.example/', { protocols: ['a', 'a'] }, TypeError],
    ['a subprotocol with a space', 'wss://a.example/', { protocols: 'a b' }, TypeError],
    ['an empty subprotocol', 'wss://a.example/', { protocols: '' }, TypeError],
    ['a mode', 'wss://a.example/', { mode: 'text' }, RangeError],
    ['a receiveLimit', 'wss://a.example/', { receiveLimit: 0 }, RangeError],
    ['a limit', 'wss://a.example/', { limit: 0 }, RangeError],
    ['a heartbeat without a ping', 'wss://a.example/', { heartbeat: { interval: 5 } }, TypeError],
    ['an interval', 'wss://a.example/', { credits: true, heartbeat: { interval: 0 } }, RangeError],
    ['a ping', 'wss://a.example/', { heartbeat: { interval: 1, ping: 7 } }, TypeError],
    ['a connectTimeout', 'wss://a.example/', { connectTimeout: 0 }, RangeError],
    ['a signal', 'wss://a.example/', { signal: {} }, TypeError],
    ['credits', 'wss://a.example/', { credits: 'yes' }, TypeError],
  ];
  for (const [what, target, options, error] of wrong) {
    it(`are refused at the call: ${what}`, () => {
      expect(() => fromWebSocket(target as string, options)).toThrowError(error);
    });
  }

  it('may be http URLs, which are taken for ws', () => {
    expect(() => fromWebSocket('https://a.example/x')).not.toThrow();
    expect(() => fromWebSocket(new URL('wss://a.example/x'))).not.toThrow();
  });

  it('of closeWebSocket are checked', () => {
    const { connection } = connected();
    for (const code of [0, 999, 1001, 1006, 2999, 5000, 4000.5, NaN]) {
      expect(() => closeWebSocket(connection, code))
        .withContext(`${code}`)
        .toThrowError(RangeError);
    }
    expect(() => closeWebSocket(connection, 4000, 'é'.repeat(62))).toThrowError(
      RangeError,
      /123 bytes at most, not 124/,
    );
    expect(() => closeWebSocket(connection, 4000, 1 as never)).toThrowError(TypeError);
  });
});
