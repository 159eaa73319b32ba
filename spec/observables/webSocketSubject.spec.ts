import type { Observable } from 'rxjs';
import {
  asyncScheduler,
  catchError,
  concatMap,
  defer,
  finalize,
  first,
  ignoreElements,
  map,
  merge,
  NEVER,
  of,
  repeat,
  ReplaySubject,
  retry,
  share,
  startWith,
  Subject,
  switchMap,
  take,
  takeWhile,
  tap,
  timer,
  type ObservableInput,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  ConnectionLostError,
  framed,
  HeartbeatTimeoutError,
  jsonMessages,
  messages,
  reconnecting,
  useConnection,
  WebSocketCloseError,
  type Connection,
  type Framed,
  type ReconnectingOptions,
} from '../../src/index.js';
import { closeWebSocket, fromWebSocket, type WebSocketOptions } from '../../src/web.js';
import { record } from '../streams/record.js';
import { FakeWebSocket } from '../transports/web/FakeWebSocket.js';

// What the specs of RxJS's `webSocket()` pin, and what its users have reported, with the program that a user writes here in
// its place. docs/coming-from/websocket.md has the table.

const all: FakeWebSocket[] = [];

/** Makes sockets, and keeps them: what `WebSocketCtor` is in such a test. */
class FakeSockets {
  readonly made: FakeWebSocket[] = [];
  readonly offered: string[][] = [];
  readonly make = (protocols: string[]): FakeWebSocket => {
    this.offered.push(protocols);
    const socket = new FakeWebSocket();
    this.made.push(socket);
    all.push(socket);
    return socket;
  };

  get last(): FakeWebSocket {
    return this.made.at(-1)!;
  }
}

interface Message {
  topic?: string;
  value?: unknown;
}

type Feed = Framed<Message, unknown>;

/** What `webSocket(url)` is here: messages both ways, once the socket is open. */
function connect<R>(
  sockets: FakeSockets,
  program: (feed: Feed) => ObservableInput<R>,
  options: WebSocketOptions = {},
): Observable<R> {
  return fromWebSocket(sockets.make, { mode: 'messages', ...options }).pipe(
    useConnection((connection) => program(framed(connection, jsonMessages<Message, unknown>()))),
  );
}

/** One connection for whoever comes, again and again; it stays a second longer than the last one. */
function connected(sockets: FakeSockets, options: ReconnectingOptions = {}): Observable<Feed> {
  return reconnecting(
    fromWebSocket(sockets.make, { mode: 'messages' }),
    (connection) => {
      const feed: Feed = framed(connection, jsonMessages<Message, unknown>());
      return feed.pipe(ignoreElements(), startWith(feed));
    },
    { onComplete: 'reconnect', random: () => 0, ...options },
  ).pipe(share({ connector: () => new ReplaySubject(1), resetOnRefCountZero: () => timer(1000) }));
}

const isOpen = ({ connection }: Feed): boolean => !connection.writer.isClosing();

/** Sends each word, in order, on the feed that is open then. */
function sendOnceOpen(outbox: Observable<string>, feed$: Observable<Feed>): void {
  outbox
    .pipe(
      concatMap((word) =>
        feed$.pipe(
          first(isOpen),
          tap((feed) => feed.next(word)),
        ),
      ),
    )
    .subscribe();
}

/** A topic of the feed, and again of the next one. */
function topic(feed$: Observable<Feed>, name: string): Observable<Message> {
  return feed$.pipe(
    switchMap((feed) => subscription(feed, name).pipe(catchError(() => NEVER))), // `feed$` tells of the loss
  );
}

function subscription(feed: Feed, name: string): Observable<Message> {
  return feed.multiplex(
    () => ({ subscribe: name }),
    () => ({ unsubscribe: name }),
    (message) => message.topic === name,
  );
}

const subscribe = (name: string): string => `{"subscribe":"${name}"}`;
const unsubscribe = (name: string): string => `{"unsubscribe":"${name}"}`;
const onTopic = (name: string, value: unknown): string => JSON.stringify({ topic: name, value });

afterEach(() => {
  // Every peer answers in the end.
  for (const socket of all.splice(0))
    if (socket.readyState === 1 || socket.readyState === 2) socket.closed(1000);
});

describe('In place of webSocket(), sending and receiving', () => {
  it('is JSON both ways', () => {
    const sockets = new FakeSockets();
    const seen: unknown[] = [];
    connect(sockets, (feed) => {
      feed.next('ping');
      return feed;
    }).subscribe((message) => seen.push(message));
    expect(sockets.last.sent).toEqual([]);
    sockets.last.open();
    expect(sockets.last.sent).toEqual(['"ping"']);
    for (const word of ['pong', 'and', 'more']) sockets.last.receive(JSON.stringify({ value: word }));
    expect(seen).toEqual([{ value: 'pong' }, { value: 'and' }, { value: 'more' }]);
  });

  it('is an Observable for operators, and an observer for what is sent', () => {
    const sockets = new FakeSockets();
    const typed$ = new Subject<string>();
    const { log } = record(
      connect(sockets, (feed) => {
        typed$.pipe(map((text) => text.toUpperCase())).subscribe(feed);
        return feed.pipe(map(({ value }) => `${String(value)}!`));
      }),
    );
    sockets.last.open();
    typed$.next('one');
    sockets.last.receive('{"value":"two"}');
    expect(sockets.last.sent).toEqual(['"ONE"']);
    expect(log).toEqual(['two!']);
    typed$.complete();
    expect(sockets.last.calls).toEqual(['close 1000']);
  });

  it('may begin before there is a socket: what is to be sent waits in a queue of the program’s', () => {
    const sockets = new FakeSockets();
    const feed$ = connected(sockets);
    const outbox = new Subject<string>();
    sendOnceOpen(outbox, feed$);
    // Without anybody else there is one socket for what waits.
    feed$.subscribe();
    for (const word of ['make', 'him', 'walk']) outbox.next(word);
    sockets.last.open();
    expect(sockets.last.sent).toEqual(['"make"', '"him"', '"walk"']);
    outbox.next('the');
    expect(sockets.last.sent.at(-1)).toBe('"the"');
    expect(sockets.made.length).toBe(1);
  });

  it('keeps what is to be sent while it reconnects, and sends it once', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ flush }) => {
      const sockets = new FakeSockets();
      const feed$ = connected(sockets);
      const outbox = new Subject<string>();
      feed$.subscribe();
      sendOnceOpen(outbox, feed$);
      sockets.last.open();
      outbox.next('before');
      sockets.last.closed(1006);
      outbox.next('meanwhile');
      outbox.next('too');
      flush();
      expect(sockets.made.length).toBe(2);
      sockets.last.open();
      outbox.next('after');
      expect(sockets.made.map(({ sent }) => sent)).toEqual([
        ['"before"'],
        ['"meanwhile"', '"too"', '"after"'],
      ]);
      sockets.last.closed(4000);
      outbox.next('late');
      expect(sockets.last.sent.length).toBe(3);
    });
  });

  it('opens a socket for each subscription, and with share() one for all of them', () => {
    const alone = new FakeSockets();
    const each$ = connect(alone, (feed) => feed);
    each$.subscribe();
    each$.subscribe();
    expect(alone.made.length).toBe(2);

    const shared = new FakeSockets();
    const all$ = connect(shared, (feed) => feed).pipe(share());
    const one = all$.subscribe();
    const two = record(all$.pipe(map(({ value }) => value)));
    expect(shared.made.length).toBe(1);
    shared.last.open();
    one.unsubscribe();
    shared.last.receive('{"value":1}');
    expect(two.log).toEqual(['1']);
    expect(shared.last.calls).toEqual([]);
  });

  it('closes a shared socket with the last subscription', () => {
    const sockets = new FakeSockets();
    const all$ = connect(sockets, (feed) => feed).pipe(share());
    const subscriptions = [all$.subscribe(), all$.subscribe()];
    sockets.last.open();
    subscriptions[0]!.unsubscribe();
    expect(sockets.last.calls).toEqual([]);
    subscriptions[1]!.unsubscribe();
    expect(sockets.last.calls).toEqual(['close 1000']);
  });
});

describe('In place of the config of webSocket()', () => {
  /** With a class in place of the platform's own. */
  function withGlobals(globals: object, run: () => void): void {
    const names = ['WebSocket', 'WebSocketStream'] as const;
    const before = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
    try {
      for (const name of names) {
        Object.defineProperty(globalThis, name, {
          value: (globals as Record<string, unknown>)[name],
          configurable: true,
        });
      }
      run();
    } finally {
      names.forEach((name, i) => {
        if (before[i] === undefined) Reflect.deleteProperty(globalThis, name);
        else Object.defineProperty(globalThis, name, before[i]);
      });
    }
  }

  it('url, protocol: the target, and protocols', () => {
    const made: unknown[][] = [];
    class Socket extends FakeWebSocket {
      constructor(...given: unknown[]) {
        super();
        made.push(given);
      }
    }
    withGlobals({ WebSocket: Socket }, () => {
      fromWebSocket('ws://one.example/').subscribe();
      fromWebSocket(new URL('wss://two.example/x'), { protocols: 'chat' }).subscribe();
      fromWebSocket('ws://three.example/', { protocols: ['chat', 'talk'] }).subscribe();
    });
    expect(made).toEqual([
      ['ws://one.example/', []],
      ['wss://two.example/x', ['chat']],
      ['ws://three.example/', ['chat', 'talk']],
    ]);
  });

  it('the url may be another one for each connection: a function makes the socket', () => {
    const sockets = new FakeSockets();
    const urls: string[] = [];
    let token = 0;
    const source$ = fromWebSocket((protocols) => {
      urls.push(`wss://feed.example/?token=${++token}`);
      return sockets.make(protocols);
    });
    source$.pipe(retry(1)).subscribe({ error: () => undefined });
    sockets.last.closed(1006);
    expect(urls).toEqual(['wss://feed.example/?token=1', 'wss://feed.example/?token=2']);
  });

  it('WebSocketCtor: a function that makes the socket, and whose error is that of the source', () => {
    const { log } = record(
      fromWebSocket(() => {
        throw new Error('connection refused');
      }),
    );
    expect(log).toEqual(['# connection refused']);
  });

  it('WebSocketCtor: without one, and without one of the platform, the source says what to give', () => {
    withGlobals({}, () => {
      let error: unknown;
      fromWebSocket('ws://feed.example/').subscribe({ error: (e: unknown) => (error = e) });
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message).toContain('(protocols) => new WebSocket(url, protocols)');
    });
  });

  it('deserializer, resultSelector: decode of messages()', () => {
    const sockets = new FakeSockets();
    const loud = messages({ decode: (message) => `${String(message)}!`, encode: (word: string) => word });
    const { log } = record(
      fromWebSocket(sockets.make, { mode: 'messages' }).pipe(
        useConnection((connection) => framed(connection, loud)),
      ),
    );
    sockets.last.open();
    for (const word of ['ahoy', 'yarr', 'shove off']) sockets.last.receive(word);
    expect(log).toEqual(['ahoy!', 'yarr!', 'shove off!']);
  });

  it('a deserializer that throws: its error, and the socket is closed', () => {
    const sockets = new FakeSockets();
    const { log } = record(connect(sockets, (feed) => feed.pipe(map(({ value }) => value))));
    sockets.last.open();
    sockets.last.receive('{"value":1}');
    sockets.last.receive('no JSON');
    sockets.last.receive('{"value":2}');
    expect(log).toEqual(['1', '# ERR_DECODE']);
    expect(sockets.last.calls).toEqual(['close 1000']);
  });

  it('serializer: encode of messages(), text or binary', () => {
    const sockets = new FakeSockets();
    const codec = messages({
      decode: (message) => message,
      encode: (value: number | string) => (typeof value === 'number' ? Uint8Array.of(value) : `"${value}"`),
    });
    fromWebSocket(sockets.make, { mode: 'messages' })
      .pipe(
        useConnection((connection) => {
          const feed = framed(connection, codec);
          feed.next('one');
          feed.next(2);
          return feed;
        }),
      )
      .subscribe();
    sockets.last.open();
    expect(sockets.last.sent).toEqual(['"one"', [2]]);
  });

  it('a serializer that throws: thrown by next(), and the connection goes on', () => {
    const sockets = new FakeSockets();
    let feed!: Feed;
    const { log } = record(connect(sockets, (opened) => (feed = opened).pipe(map(({ value }) => value))));
    sockets.last.open();
    const circle: { self?: object } = {};
    circle.self = circle;
    expect(() => feed.next(circle)).toThrowError(TypeError);
    expect(() => feed.next(undefined)).toThrowError(TypeError, /no JSON/);
    feed.next('fine');
    sockets.last.receive('{"value":1}');
    expect(sockets.last.sent).toEqual(['"fine"']);
    expect(log).toEqual(['1']);
  });

  it('openObserver: the connection that is emitted, each time', () => {
    const sockets = new FakeSockets();
    const opened: unknown[] = [];
    fromWebSocket(sockets.make, { mode: 'messages' })
      .pipe(
        tap(({ writer }) => opened.push(writer.getExtraInfo('url'))),
        useConnection((connection) => framed(connection, jsonMessages())),
        repeat(2),
        retry(1),
      )
      .subscribe();
    expect(opened).toEqual([]);
    sockets.last.open();
    sockets.last.closed(1000);
    expect(opened.length).toBe(1);
    sockets.last.open();
    expect(opened.length).toBe(2);
    sockets.last.closed(1006);
    sockets.last.open();
    expect(opened).toEqual(Array(3).fill('ws://fake.example/'));
  });

  it('closeObserver: waitClosed(), closeCode and closeReason', () => {
    const closes: unknown[] = [];
    for (const [code, reason] of [
      [1000, 'bye'],
      [1006, ''],
      [4001, 'kicked'],
    ] as const) {
      const sockets = new FakeSockets();
      connect(sockets, (feed) => {
        const { writer } = feed.connection;
        const told = (): unknown =>
          closes.push([writer.getExtraInfo('closeCode'), writer.getExtraInfo('closeReason')]);
        writer
          .waitClosed()
          .pipe(finalize(told))
          .subscribe({ error: () => undefined });
        return feed;
      }).subscribe({ error: () => undefined });
      sockets.last.open();
      sockets.last.closed(code, reason);
    }
    expect(closes).toEqual([
      [1000, 'bye'],
      [1006, ''],
      [4001, 'kicked'],
    ]);
  });

  it('closingObserver: finalize() in the handler, which may still send', () => {
    const sockets = new FakeSockets();
    const subscribed = connect(sockets, (feed) => feed.pipe(finalize(() => feed.next('bye')))).subscribe();
    sockets.last.open();
    expect(sockets.last.sent).toEqual([]);
    subscribed.unsubscribe();
    expect(sockets.last.sent).toEqual(['"bye"']);
    expect(sockets.last.calls).toEqual(['close 1000']);
  });

  it('binaryType: binary messages are bytes, text is text', () => {
    const sockets = new FakeSockets();
    const seen: unknown[] = [];
    fromWebSocket(sockets.make, { mode: 'messages' })
      .pipe(
        useConnection((connection) => {
          const feed = framed(connection, messages());
          feed.next(Uint8Array.of(1, 2));
          feed.next('three');
          return feed;
        }),
      )
      .subscribe((message) => seen.push(message));
    sockets.last.open();
    // Before anything is received, and not by the program.
    expect(sockets.last.binaryType).toBe('arraybuffer');
    expect(sockets.last.sent).toEqual([[1, 2], 'three']);
    sockets.last.receive(Uint8Array.of(4, 5));
    sockets.last.receive('six');
    expect(seen).toEqual([Uint8Array.of(4, 5), 'six']);
  });
});

describe('In place of webSocket(), closing', () => {
  it('complete(): closes with 1000, and the messages complete when the peer has answered', () => {
    const sockets = new FakeSockets();
    let feed!: Feed;
    const { log } = record(connect(sockets, (opened) => (feed = opened)));
    sockets.last.open();
    feed.next('last words');
    feed.complete();
    expect(sockets.last.sent).toEqual(['"last words"']);
    expect(sockets.last.calls).toEqual(['close 1000']);
    expect(log).toEqual([]);
    expect(() => feed.next('too late')).toThrowError(/after/);
    sockets.last.closed(1000);
    expect(log).toEqual(['|']);
  });

  it('error({ code, reason }): closeWebSocket(connection, code, reason)', () => {
    const sockets = new FakeSockets();
    let feed!: Feed;
    const { log } = record(connect(sockets, (opened) => (feed = opened)));
    sockets.last.open();
    expect(() => closeWebSocket(feed.connection, 1337, 'no such code')).toThrowError(RangeError);
    closeWebSocket(feed.connection, 4337, 'Too bad');
    expect(sockets.last.calls).toEqual(['close 4337 Too bad']);
    // A browser tells the code that was agreed on: the one that was sent.
    sockets.last.closed(4337, 'Too bad');
    expect(log).toEqual(['# ERR_CONNECTION_LOST']);
  });

  it('error() with anything else: breaks the connection, drops what waits, tells the reader', () => {
    const sockets = new FakeSockets();
    let feed!: Feed;
    const { log } = record(connect(sockets, (opened) => (feed = opened)));
    sockets.last.open();
    feed.error(new Error('nonsense'));
    expect(sockets.last.calls).toEqual(['close 4000']);
    expect(log).toEqual(['# ERR_CONNECTION_CLOSED']);
  });

  it('unsubscribing closes with 1000, also before the socket is open', () => {
    const sockets = new FakeSockets();
    const feed$ = connect(sockets, (feed) => feed);
    const early = feed$.subscribe();
    early.unsubscribe();
    expect(sockets.last.calls).toEqual(['close']);
    // It does not matter what still happens to it.
    sockets.last.dispatch('error');
    sockets.last.closed(1006);

    const late = feed$.subscribe();
    sockets.last.open();
    late.unsubscribe();
    expect(sockets.made.map(({ calls }) => calls)).toEqual([['close'], ['close 1000']]);
  });

  it('a close of the peer: an end with 1000, 1001 or none, else the loss with its code', () => {
    const ends: string[] = [];
    for (const code of [1000, 1001, 1005, 1006, 1011, 4000]) {
      const sockets = new FakeSockets();
      connect(sockets, (feed) => feed).subscribe({
        error: ({ cause }: ConnectionLostError) => ends.push((cause as WebSocketCloseError).message),
        complete: () => ends.push('end'),
      });
      sockets.last.open();
      sockets.last.closed(code, 'why');
    }
    expect(ends).toEqual([
      'end',
      'end',
      'end',
      'The WebSocket was closed with code 1006: why',
      'The WebSocket was closed with code 1011: why',
      'The WebSocket was closed with code 4000: why',
    ]);
  });

  it('an error of the socket is told with the close that follows it, once', () => {
    const sockets = new FakeSockets();
    const { log } = record(connect(sockets, (feed) => feed));
    sockets.last.open();
    sockets.last.dispatch('error');
    expect(log).toEqual([]);
    sockets.last.closed(1006);
    expect(log).toEqual(['# ERR_CONNECTION_LOST']);
  });
});

describe('In place of webSocket(), connecting again', () => {
  it('can be subscribed to again after an end, after a loss, and after a close of its own', () => {
    const sockets = new FakeSockets();
    let feed!: Feed;
    const feed$ = connect(sockets, (opened) => {
      feed = opened;
      feed.next(sockets.made.length);
      return feed;
    });
    const run = (end: () => void): string[] => {
      const { log } = record(feed$);
      sockets.last.open();
      end();
      return log;
    };
    expect(run(() => sockets.last.closed(1000))).toEqual(['|']);
    expect(run(() => sockets.last.closed(1006))).toEqual(['# ERR_CONNECTION_LOST']);
    expect(run(() => feed.complete())).toEqual([]);
    expect(run(() => closeWebSocket(feed.connection, 4000))).toEqual([]);
    expect(sockets.made.map(({ sent }) => sent)).toEqual([['1'], ['2'], ['3'], ['4']]);
  });

  it('is retried until the server is there (rxjs#1466)', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ flush }) => {
      const sockets = new FakeSockets();
      const { log } = record(
        connect(sockets, (feed) => feed.pipe(map(({ value }) => value))).pipe(retry({ delay: 1000 })),
      );
      for (let attempt = 1; attempt <= 3; attempt++) {
        expect(sockets.made.length).toBe(attempt);
        sockets.last.closed(1006);
        flush();
      }
      sockets.last.open();
      sockets.last.receive('{"value":"there"}');
      expect(log).toEqual(['there']);
      expect(sockets.made.slice(0, 3).map(({ listeners }) => listeners)).toEqual([0, 0, 0]);
    });
  });

  it('tells of each open and each close, and why it waits (rxjs#6770)', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ flush }) => {
      const sockets = new FakeSockets();
      const client$ = reconnecting(
        fromWebSocket(sockets.make, { mode: 'messages' }),
        (connection) => framed(connection, jsonMessages()),
        { random: () => 1 },
      );
      const statuses: string[] = [];
      client$.status$.subscribe((status) => {
        const { closeCode } = ((status as { reason?: { cause?: unknown } }).reason?.cause ??
          {}) as Partial<WebSocketCloseError>;
        statuses.push(closeCode === undefined ? status.kind : `${status.kind} ${closeCode}`);
      });
      client$.subscribe();
      sockets.last.open();
      sockets.last.closed(1012, 'restarting');
      flush();
      sockets.last.open();
      sockets.last.closed(1000);
      expect(statuses).toEqual([
        'closed',
        'connecting',
        'open',
        'waiting 1012',
        'connecting',
        'open',
        'closed',
      ]);
    });
  });

  it('says what it needs first on each connection, and gives up on a code that means it', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ flush }) => {
      const sockets = new FakeSockets();
      const closeCode = (error: unknown): number | undefined =>
        error instanceof ConnectionLostError && error.cause instanceof WebSocketCloseError
          ? error.cause.closeCode
          : undefined;
      const { log } = record(
        reconnecting(
          fromWebSocket(sockets.make, { mode: 'messages' }),
          (connection) => {
            const feed: Feed = framed(connection, jsonMessages<Message, unknown>());
            feed.next({ login: 'me' });
            return feed.pipe(map(({ value }) => value));
          },
          { onComplete: 'reconnect', shouldRetry: (error) => closeCode(error) !== 4401 },
        ),
      );
      for (const code of [1001, 1006, 1000, 4401]) {
        sockets.last.open();
        expect(sockets.last.sent).toEqual(['{"login":"me"}']);
        sockets.last.receive(`{"value":${code}}`);
        sockets.last.closed(code);
        flush();
      }
      expect(log).toEqual(['1001', '1006', '1000', '4401', '# ERR_CONNECTION_LOST']);
      expect(sockets.made.length).toBe(4);
    });
  });

  it('does not mix a socket that is still closing up with the next one (rxjs#4650, rxjs#3935)', () => {
    const sockets = new FakeSockets();
    const values$ = connect(sockets, (feed) => subscription(feed, 'a').pipe(map(({ value }) => value)));
    const first$ = record(values$.pipe(take(1)));
    const [old] = sockets.made;
    old!.open();
    old!.receive(onTopic('a', 'old'));
    expect(first$.log).toEqual(['old', '|']);
    expect(old!.calls).toEqual(['close 1000']);

    const next: string[] = [];
    const subscribed = values$.subscribe((value) => next.push(String(value)));
    const fresh = sockets.last;
    expect(fresh).not.toBe(old!);
    old!.receive(onTopic('a', 'late'));
    fresh.open();
    fresh.receive(onTopic('a', 'new'));
    old!.closed(1000);
    fresh.receive(onTopic('a', 'newer'));
    expect(next).toEqual(['new', 'newer']);
    expect(fresh.sent).toEqual([subscribe('a')]);
    expect(fresh.calls).toEqual([]);
    subscribed.unsubscribe();
    expect(fresh.sent).toEqual([subscribe('a'), unsubscribe('a')]);
    expect(fresh.calls).toEqual(['close 1000']);
    expect(old!.sent).toEqual([subscribe('a'), unsubscribe('a')]);
  });

  it('finds out that a link is dead, and connects again (rxjs#5175)', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ flush }) => {
      const sockets = new FakeSockets();
      const client$ = reconnecting(
        fromWebSocket(sockets.make, {
          mode: 'messages',
          heartbeat: { interval: 20_000, timeout: 5000, ping: '{"type":"ping"}' },
          scheduler: asyncScheduler,
        }),
        (connection) => framed(connection, jsonMessages()),
        { random: () => 0, maxAttempts: 2 },
      );
      let reason: unknown;
      client$.status$.subscribe((status) => {
        if (status.kind === 'waiting') reason = status.reason;
      });
      client$.subscribe();
      sockets.last.open();
      const [silent] = sockets.made;
      expect(silent!.sent).toEqual([]);
      flush();
      expect(scheduler.now()).toBe(25_000);
      expect(silent!.sent).toEqual(['{"type":"ping"}']);
      expect(silent!.calls).toEqual(['close 4000']);
      expect((reason as ConnectionLostError).cause).toEqual(new HeartbeatTimeoutError(5000));
      expect(sockets.made.length).toBe(2);
    });
  });
});

describe('In place of multiplex() of webSocket()', () => {
  it('opens, takes what is its own, and closes, with its connection', () => {
    const sockets = new FakeSockets();
    const seen: unknown[] = [];
    const subscribed = connect(sockets, (feed) => subscription(feed, 'foo')).subscribe(({ value }) =>
      seen.push(value),
    );
    sockets.last.open();
    expect(sockets.last.sent).toEqual([subscribe('foo')]);
    for (const value of [1, 2, 3, 4, 5]) {
      sockets.last.receive(onTopic(value % 3 === 0 ? 'bar' : 'foo', value));
    }
    expect(seen).toEqual([1, 2, 4, 5]);
    subscribed.unsubscribe();
    expect(sockets.last.sent.at(-1)).toBe(unsubscribe('foo'));
    expect(sockets.last.calls).toEqual(['close 1000']);
  });

  it('is retried: the opening message is sent on each connection', () => {
    const sockets = new FakeSockets();
    const seen: unknown[] = [];
    connect(sockets, (feed) => subscription(feed, 'foo'))
      .pipe(retry(1), take(2))
      .subscribe(({ value }) => seen.push(value));
    sockets.last.open();
    expect(sockets.last.sent).toEqual([subscribe('foo')]);
    sockets.last.closed(1006);
    expect(sockets.made.length).toBe(2);
    sockets.last.open();
    expect(sockets.last.sent).toEqual([subscribe('foo')]);
    sockets.last.receive(onTopic('foo', 'test'));
    sockets.last.receive(onTopic('foo', 'this'));
    expect(seen).toEqual(['test', 'this']);
  });

  it('is repeated after a clean close', () => {
    const sockets = new FakeSockets();
    const { log } = record(
      connect(sockets, (feed) => subscription(feed, 'foo')).pipe(
        repeat(2),
        map(({ value }) => value),
      ),
    );
    for (const round of [1, 2]) {
      expect(sockets.made.length).toBe(round);
      sockets.last.open();
      expect(sockets.last.sent).toEqual([subscribe('foo')]);
      sockets.last.receive(onTopic('foo', round));
      sockets.last.closed(1000);
    }
    expect(log).toEqual(['1', '2', '|']);
  });

  it('ends with a close of the peer, and makes no loss of it by a closing message', () => {
    const sockets = new FakeSockets();
    const closes: string[] = [];
    const { log } = record(
      connect(sockets, (feed) => {
        feed.connection.writer.waitClosed().subscribe({
          complete: () => closes.push('closed'),
          error: () => closes.push('lost'),
        });
        return subscription(feed, 'foo');
      }),
    );
    sockets.last.open();
    sockets.last.closed(1000);
    expect(log).toEqual(['|']);
    expect(closes).toEqual(['closed']);
  });

  it('has many streams on one socket, each of which ends alone', () => {
    const sockets = new FakeSockets();
    const log: string[] = [];
    const part = (feed: Feed, name: string): Observable<unknown> =>
      subscription(feed, name).pipe(
        takeWhile(({ value }) => value !== 'last'),
        tap({ next: () => log.push(`${name} next`), complete: () => log.push(`${name} complete`) }),
        finalize(() => log.push(`${name} unsub`)),
      );
    connect(sockets, (feed) => merge(part(feed, 'A'), part(feed, 'B'))).subscribe();
    sockets.last.open();
    sockets.last.receive(onTopic('A', 1));
    sockets.last.receive(onTopic('B', 1));
    sockets.last.receive(onTopic('A', 'last'));
    expect(sockets.last.calls).toEqual([]);
    sockets.last.receive(onTopic('B', 2));
    sockets.last.receive(onTopic('B', 'last'));
    expect(log).toEqual(['A next', 'B next', 'A complete', 'A unsub', 'B next', 'B complete', 'B unsub']);
    expect(sockets.last.sent).toEqual([subscribe('A'), subscribe('B'), unsubscribe('A'), unsubscribe('B')]);
    expect(sockets.last.calls).toEqual(['close 1000']);
  });

  it('with a filter that throws: that stream has the error, the others go on', () => {
    const sockets = new FakeSockets();
    const log: string[] = [];
    connect(sockets, (feed) => {
      const picky$ = feed.multiplex(
        () => 'open',
        () => 'close',
        ({ topic: name }) => name!.startsWith('p'),
      );
      return merge(
        picky$.pipe(catchError((error: Error) => of({ value: error.name }))),
        subscription(feed, 'b'),
      );
    }).subscribe(({ value }) => log.push(String(value)));
    sockets.last.open();
    sockets.last.receive('{"value":1}');
    sockets.last.receive(onTopic('b', 2));
    expect(log).toEqual(['TypeError', '2']);
    expect(sockets.last.sent).toEqual(['"open"', subscribe('b'), '"close"']);
  });

  it('one opening message for many subscribers, the closing one after the last: share() (rxjs#2445)', () => {
    const sockets = new FakeSockets();
    let topic$!: Observable<Message>;
    connect(sockets, (feed) => {
      topic$ = subscription(feed, 'a').pipe(share());
      return feed;
    }).subscribe();
    sockets.last.open();
    const one = topic$.subscribe();
    const two = record(topic$.pipe(map(({ value }) => value)));
    one.unsubscribe();
    sockets.last.receive(onTopic('a', 1));
    expect(two.log).toEqual(['1']);
    expect(sockets.last.sent).toEqual([subscribe('a')]);
    const three = topic$.pipe(take(1)).subscribe();
    sockets.last.receive(onTopic('a', 2));
    expect(three.closed).toBeTrue();
    expect(sockets.last.sent).toEqual([subscribe('a')]);
  });

  it('a channel both ways is the stream, and a function that sends on it (rxjs#2442)', () => {
    const sockets = new FakeSockets();
    const channel = (feed: Feed, name: string) => ({
      messages$: subscription(feed, name),
      send: (value: unknown) => feed.next({ topic: name, value }),
    });
    const seen: unknown[] = [];
    connect(sockets, (feed) => {
      const room = channel(feed, 'room');
      return room.messages$.pipe(tap(({ value }) => room.send(`I heard ${String(value)}`)));
    }).subscribe(({ value }) => seen.push(value));
    sockets.last.open();
    sockets.last.receive(onTopic('room', 'hello'));
    sockets.last.receive(onTopic('hall', 'hello?'));
    expect(seen).toEqual(['hello']);
    expect(sockets.last.sent).toEqual([subscribe('room'), onTopic('room', 'I heard hello')]);
  });

  it('goes from one stream to the next on the same socket', () => {
    const sockets = new FakeSockets();
    const tab$ = new Subject<string>();
    const { log } = record(
      connect(sockets, (feed) =>
        tab$.pipe(
          switchMap((name) => subscription(feed, name)),
          map(({ value }) => value),
        ),
      ),
    );
    sockets.last.open();
    tab$.next('a');
    sockets.last.receive(onTopic('a', 1));
    tab$.next('b');
    sockets.last.receive(onTopic('a', 2));
    sockets.last.receive(onTopic('b', 3));
    expect(log).toEqual(['1', '3']);
    expect(sockets.made.length).toBe(1);
    expect(sockets.last.sent).toEqual([subscribe('a'), unsubscribe('a'), subscribe('b')]);
  });

  it('is the whole application’s: opened again on the next connection, and nothing closed there', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ flush }) => {
      const sockets = new FakeSockets();
      const feed$ = connected(sockets);
      const a: unknown[] = [];
      const b: unknown[] = [];
      const subscribed = [
        topic(feed$, 'a').subscribe(({ value }) => a.push(value)),
        topic(feed$, 'b').subscribe(({ value }) => b.push(value)),
      ];
      sockets.last.open();
      sockets.last.receive(onTopic('a', 1));
      sockets.last.closed(1006);
      // Nobody is there to be told.
      subscribed[1]!.unsubscribe();
      // Somebody comes while there is no connection.
      subscribed.push(topic(feed$, 'c').subscribe());
      flush();
      sockets.last.open();
      sockets.last.receive(onTopic('a', 2));
      sockets.last.receive(onTopic('b', 3));
      expect(a).toEqual([1, 2]);
      expect(b).toEqual([]);
      // The peer restarts, with a close.
      sockets.last.closed(1001);
      flush();
      sockets.last.open();
      sockets.last.receive(onTopic('a', 4));
      expect(a).toEqual([1, 2, 4]);
      expect(sockets.made.map(({ sent }) => sent)).toEqual([
        [subscribe('a'), subscribe('b')],
        [subscribe('a'), subscribe('c')],
        [subscribe('a'), subscribe('c')],
      ]);
      for (const each of subscribed) each.unsubscribe();
      expect(sockets.last.sent.slice(2)).toEqual([unsubscribe('a'), unsubscribe('c')]);
      expect(sockets.last.calls).toEqual([]);
      scheduler.schedule(() => {
        expect(sockets.last.calls).toEqual(['close 1000']);
        sockets.last.closed(1000);
      }, 1001);
      flush();
      expect(sockets.made.length).toBe(3);
    });
  });
});

describe('In place of webSocket(), requests', () => {
  it('have their replies by id, whatever comes in between, and fail when the connection does', () => {
    const sockets = new FakeSockets();
    let feed!: Framed<{ id?: number; result?: string }, unknown>;
    const { log } = record(
      fromWebSocket(sockets.make, { mode: 'messages' }).pipe(
        useConnection((connection: Connection) => {
          feed = framed(connection, jsonMessages<{ id?: number; result?: string }, unknown>());
          return feed.pipe(ignoreElements());
        }),
      ),
    );
    let id = 0;
    const call = (method: string): Observable<string | undefined> =>
      defer(() => {
        const own = ++id;
        return feed.request({ id: own, method }, (reply) => reply.id === own);
      }).pipe(map(({ result }) => result));
    sockets.last.open();
    const replies = [record(call('a')), record(call('b')), record(call('c'))];
    expect(sockets.last.sent).toEqual([
      '{"id":1,"method":"a"}',
      '{"id":2,"method":"b"}',
      '{"id":3,"method":"c"}',
    ]);
    sockets.last.receive('{"id":2,"result":"B"}');
    sockets.last.receive('{"result":"news"}');
    sockets.last.receive('{"id":1,"result":"A"}');
    sockets.last.closed(1006);
    expect(replies.map((reply) => reply.log)).toEqual([['A', '|'], ['B', '|'], ['# ERR_CONNECTION_LOST']]);
    expect(log).toEqual(['# ERR_CONNECTION_LOST']);
  });
});
