import { defer, map, of, timer } from 'rxjs';
import { TestScheduler, type RunHelpers } from 'rxjs/testing';
import {
  converse,
  framed,
  jsonMessages,
  messages,
  reconnecting,
  WebSocketCloseError,
  type Connection,
} from '../../src/index.js';
import {
  manualConnection,
  marbleConnection,
  Recording,
  scriptedConnection,
  ScriptError,
  wiretap,
  type ScriptStep,
} from '../../src/testing.js';
import { closeWebSocket, fromWebSocket } from '../../src/web.js';
import { record } from '../streams/record.js';
import { FakeWebSocket } from '../transports/web/FakeWebSocket.js';

interface Price {
  topic: string;
  price: number;
}

// The code under test.
function prices(connection: Connection, topic: string) {
  return framed(connection, jsonMessages<Price, object>())
    .multiplex(
      () => ({ subscribe: topic }),
      () => ({ unsubscribe: topic }),
      (message) => message.topic === topic,
    )
    .pipe(map(({ price }) => price));
}

function inVirtualTime(test: (helpers: RunHelpers) => void) {
  return () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(test);
}

describe('marbleConnection in message mode', () => {
  it(
    'tests a feed of JSON: a letter is a message, each write too',
    inVirtualTime((helpers) => {
      const { expectObservable } = helpers;
      const feed = marbleConnection(helpers, {
        mode: 'messages',
        incoming: '                                     --a-b-a-|',
        values: { a: '{"topic":"tea","price":4}', b: '{"topic":"salt","price":1}' },
      });
      expectObservable(prices(feed, 'tea'), '^-----!').toBe('--4---', { 4: 4 });
      expectObservable(feed.outgoing$).toBe('            s-----u', {
        s: '{"subscribe":"tea"}',
        u: '{"unsubscribe":"tea"}',
      });
    }),
  );

  it(
    'takes letters for their text, and tells text and binary apart',
    inVirtualTime((helpers) => {
      const { expectObservable } = helpers;
      const feed = marbleConnection(helpers, {
        mode: 'messages',
        incoming: '   -a-b-(cd)-|',
        values: { b: Uint8Array.of(0x62), c: '', d: new Uint8Array(0) },
      });
      expectObservable(feed.reader.frames(messages())).toBe('-a-b-(cd)-|', {
        a: 'a',
        b: Uint8Array.of(0x62),
        c: '',
        d: new Uint8Array(0),
      });
      feed.writer.write('text');
      feed.writer.write(Uint8Array.of(0x62, 0));
      feed.writer.write('');
      expectObservable(feed.outgoing$).toBe('(tbe)', { t: 'text', b: '<62 00>', e: '' });
    }),
  );

  it(
    'ends with | as a WebSocket does that the peer closes, and with # as one that breaks',
    inVirtualTime((helpers) => {
      const { expectObservable } = helpers;
      const closed = marbleConnection(helpers, { mode: 'messages', incoming: '--|' });
      expectObservable(closed.writer.waitClosed()).toBe('--(c|)', { c: undefined });
      const kicked = new WebSocketCloseError(4001, 'kicked');
      const broken = marbleConnection(helpers, { mode: 'messages', incoming: '--#', error: kicked });
      const cause$ = defer(() => broken.writer.waitClosed());
      expectObservable(cause$).toBe('--#', {}, jasmine.objectContaining({ cause: kicked }));
      const halves = marbleConnection(helpers, { mode: 'messages', incoming: '--|', canWriteEof: true });
      expectObservable(halves.writer.waitClosed()).toBe('---');
    }),
  );

  it(
    'shows with which code a WebSocket is closed',
    inVirtualTime((helpers) => {
      const { expectObservable, cold } = helpers;
      const feed = marbleConnection(helpers, { mode: 'messages' });
      cold('---x').subscribe(() => closeWebSocket(feed, 4001, 'seen enough'));
      expectObservable(feed.events$).toBe('---c', { c: 'close 4001 seen enough' });
    }),
  );

  it(
    'tests a client that reconnects: a connection for each attempt',
    inVirtualTime((helpers) => {
      const { expectObservable } = helpers;
      const values = { a: '{"topic":"tea","price":4}', b: '{"topic":"tea","price":5}' };
      const first = marbleConnection(helpers, { mode: 'messages', incoming: '-a-#', values });
      const second = marbleConnection(helpers, { mode: 'messages', incoming: '----------b-|', values });
      const connections = [first, second];
      const client$ = reconnecting(
        defer(() => of<Connection>(connections.shift()!)),
        (connection) => prices(connection, 'tea'),
        { initialDelay: 5, random: () => 1 },
      );
      expectObservable(client$).toBe('        -4--------5-|', { 4: 4, 5: 5 });
      const opening = { s: '{"subscribe":"tea"}' };
      expectObservable(first.outgoing$).toBe('s', opening);
      expectObservable(second.outgoing$).toBe('--------s---|', opening);
    }),
  );

  it(
    'has the backpressure of every connection',
    inVirtualTime((helpers) => {
      const { expectObservable } = helpers;
      const feed = marbleConnection(helpers, {
        mode: 'messages',
        incoming: '(abcd)-----------|',
        limit: 5,
        drain: '  -----x',
        highWaterMark: 3,
      });
      const work$ = feed.reader.consume(messages(), (message) => timer(4).pipe(map(() => message)));
      expectObservable(work$).toBe('----a---b---c---d|');
      expectObservable(feed.events$).toBe('p-------r', { p: 'pause', r: 'resume' });
      feed.writer.write('1234');
      expectObservable(feed.writer.paused$).toBe('t----f-----------|', { t: true, f: false });
    }),
  );
});

describe('manualConnection in message mode', () => {
  it('takes messages, and shows them', () => {
    const connection = manualConnection({ mode: 'messages' });
    const { log } = record(prices(connection, 'tea'));
    connection.transport.receive('{"topic":"tea","price":4}', '{"topic":"tea","price":5}');
    connection.writer.write(Uint8Array.of(65));
    closeWebSocket(connection, 1000);
    expect(log).toEqual(['4', '5', '|']);
    expect(connection.transport.calls).toEqual(['write {"subscribe":"tea"}', 'write <41>', 'close 1000']);
  });

  it('refuses to be read as bytes, as a WebSocket does', () => {
    const { reader, writer } = manualConnection({ mode: 'messages' });
    let error: unknown;
    reader.readLine().subscribe({ error: (e: unknown) => (error = e) });
    expect(error).toEqual(
      new TypeError('This connection is in message mode: read it with messages() or jsonMessages()'),
    );
    expect(writer.canWriteEof()).toBeFalse();
  });

  it('knows two modes', () => {
    expect(() => manualConnection({ mode: 'text' as never })).toThrowError(
      RangeError,
      /'messages', not "text"/,
    );
    expect(() => scriptedConnection([], { mode: 1 as never })).toThrowError(RangeError);
  });
});

describe('scriptedConnection in message mode', () => {
  const steps: ScriptStep[] = [
    { reply: '{"hello":1}' },
    { expect: '{"subscribe":"tea"}' },
    { reply: Uint8Array.of(1, 2) },
    { expect: Uint8Array.of(3) },
    { expect: '' },
    { reply: '' },
    { expectClose: true },
  ];

  it('plays one message for each step', () => {
    const connection = scriptedConnection(steps, { mode: 'messages' });
    const { reader, writer } = connection;
    const seen: unknown[] = [];
    reader.frames(messages()).subscribe((message) => seen.push(message));
    expect(seen).toEqual(['{"hello":1}']);
    writer.write('{"subscribe":"tea"}');
    writer.write(Uint8Array.of(3));
    writer.write('');
    writer.close();
    expect(seen).toEqual(['{"hello":1}', Uint8Array.of(1, 2), '']);
    connection.done();
  });

  const wrong: [what: string, write: (string | Uint8Array)[], message: RegExp][] = [
    [
      'another message',
      ['{"subscribe":"salt"}'],
      /^Step 2 of 7: not what was expected, from byte 14 on\n {2}expected: \{"subscribe":"▸tea"\}\n {2}written: {2}\{"subscribe":"▸salt"\}$/,
    ],
    ['a part of it', ['{"subscribe":'], /^Step 2 of 7: .*from byte 13 on/],
    ['more than it', ['{"subscribe":"tea"}\n'], /^Step 2 of 7: .*from byte 19 on/],
    [
      'the same as binary',
      [new TextEncoder().encode('{"subscribe":"tea"}')],
      /\n {2}expected: text {3}\{"subscribe":"tea"\}\n {2}written: {2}binary \{"subscribe":"tea"\}$/,
    ],
    [
      'text for binary',
      ['{"subscribe":"tea"}', '\u0003'],
      /^Step 4 of 7: not what was expected\n {2}expected: binary <03>\n/,
    ],
    [
      'none in place of an empty one',
      ['{"subscribe":"tea"}', Uint8Array.of(3), 'x'],
      /^Step 5 of 7: .*from byte 0 on/,
    ],
    [
      'one too many',
      ['{"subscribe":"tea"}', Uint8Array.of(3), '', ''],
      /^Step 7 of 7: .*\n {2}expected: expectClose/,
    ],
  ];
  for (const [what, written, message] of wrong) {
    it(`fails code that writes ${what}`, () => {
      const connection = scriptedConnection(steps, { mode: 'messages' });
      record(connection.reader.frames(messages()));
      for (const each of written) connection.writer.write(each);
      expect(() => connection.done()).toThrowError(ScriptError, message);
    });
  }

  it('closes at eof', () => {
    const connection = scriptedConnection([{ reply: '1' }, { eof: true }], { mode: 'messages' });
    expect(record(connection.reader.frames(messages())).log).toEqual(['1', '|']);
    expect(record(connection.writer.waitClosed()).log).toEqual(['undefined', '|']);
    connection.done();
  });
});

describe('A wiretap in message mode', () => {
  /** A dialogue on a WebSocket: text, binary, long, empty; then the peer goes. */
  function recorded(): { recording: Recording; socket: FakeWebSocket } {
    const recording = new Recording();
    const socket = new FakeWebSocket();
    const wrap = wiretap(recording);
    fromWebSocket(() => socket, { mode: 'messages', wrap }).subscribe((connection) => dialogue(connection));
    socket.open();
    socket.receive('{"topic":"tea"}');
    socket.receive(Uint8Array.of(0x41, 0x42));
    socket.receive('x'.repeat(5000));
    socket.receive('');
    socket.closed(1000);
    return { recording, socket };
  }

  // Answers each message with its kind and length, in kind.
  function dialogue({ reader, writer }: Connection): void {
    reader.frames(messages()).subscribe((message) => {
      writer.write(typeof message === 'string' ? `text ${message.length}` : Uint8Array.of(message.length));
    });
  }

  it('shows messages, not what they are carried in', () => {
    const { recording, socket } = recorded();
    const at = jasmine.any(Number) as never;
    expect(recording.toJSON().events).toEqual([
      { at, type: 'received', text: '{"topic":"tea"}', message: 'text' },
      { at, type: 'sent', text: 'text 15', message: 'text' },
      { at, type: 'received', text: 'AB', message: 'binary' },
      { at, type: 'sent', hex: '02', message: 'binary' },
      { at, type: 'received', text: 'x'.repeat(5000), message: 'text' },
      { at, type: 'sent', text: 'text 5000', message: 'text' },
      { at, type: 'received', text: '', message: 'text' },
      { at, type: 'sent', text: 'text 0', message: 'text' },
      { at, type: 'eof' },
      { at, type: 'closed' },
    ]);
    expect(socket.sent).toEqual(['text 15', [2], 'text 5000', 'text 0']);
  });

  it('becomes a script, and marbles, of messages, also by way of JSON', () => {
    const { recording } = recorded();
    const stored = Recording.fromJSON(JSON.stringify(recording));
    expect(stored.events).toEqual(recording.events);
    const script = stored.toScript({ waits: false });
    expect(script.slice(0, 4)).toEqual([
      { reply: '{"topic":"tea"}' },
      { expect: 'text 15' },
      { reply: Uint8Array.of(0x41, 0x42) },
      { expect: Uint8Array.of(2) },
    ]);
    const connection = scriptedConnection(script, { mode: 'messages' });
    dialogue(connection);
    connection.done();

    inVirtualTime((helpers) => {
      const played = marbleConnection(helpers, stored.toMarbles(10_000));
      dialogue(played);
      helpers.expectObservable(played.outgoing$).toBe('(abcd)', {
        a: 'text 15',
        b: '<02>',
        c: 'text 5000',
        d: 'text 0',
      });
    })();
  });
});

describe('converse in message mode', () => {
  it('speaks in turn, one message after the other', () => {
    const connection = scriptedConnection(
      [
        { expect: '{"login":"me"}' },
        { reply: '{"ok":true}' },
        { expect: '{"ask":1}' },
        { reply: '{"answer":42}' },
        { expectClose: true },
      ],
      { mode: 'messages' },
    );
    const json = jsonMessages<{ ok?: boolean; answer?: number }, object>();
    const answer$ = converse(function* (io) {
      yield* io.send(json.encode({ login: 'me' }));
      const { ok } = yield* io.frame(json);
      if (ok !== true) throw new Error('not let in');
      yield* io.send(json.encode({ ask: 1 }));
      return (yield* io.frame(json)).answer;
    })(connection);
    expect(record(answer$).log).toEqual(['42', '|']);
    connection.writer.close();
    connection.done();
  });
});
