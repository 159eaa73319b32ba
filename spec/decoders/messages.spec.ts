import fc from 'fast-check';
import type { Observable } from 'rxjs';
import {
  ByteQueue,
  connectionPair,
  converse,
  framed,
  jsonMessages,
  messages,
  type IncompleteReadError,
} from '../../src/index.js';
import { checkDecoder, manualConnection, receivedMessage } from '../../src/testing.js';
import { joined } from '../contracts/bytes.js';
import { readAll } from '../contracts/decoderContract.js';

const message = fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 50 }));

function inMessageMode() {
  return manualConnection({ mode: 'messages' });
}

describe('messages', () => {
  it('gives back what was sent, text as text and bytes as bytes, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), (all) => {
        expect(checkDecoder(messages(), joined(all.map(receivedMessage)))).toEqual(all);
      }),
    );
  });

  it('gives long messages', () => {
    const all = ['x'.repeat(100_000), new Uint8Array(70_000).fill(3), 'é'.repeat(9000)];
    const frames: unknown[] = [];
    const { reader, transport } = manualConnection();
    reader.frames(messages()).subscribe((frame) => frames.push(frame));
    for (const one of all) transport.receive(receivedMessage(one));
    expect(frames).toEqual(all);
  });

  it('refuses what is over maxLength as soon as its length is there, and leaves it in the reader', () => {
    const { reader, transport } = manualConnection();
    let error: Error | undefined;
    reader.readFrame(messages({ maxLength: 3 })).subscribe({ error: (e: Error) => (error = e) });
    transport.receive(receivedMessage('abcd').subarray(0, 5));
    expect(error?.message).toBe('A message of 4 bytes is over the maxLength of 3');
    transport.receive('abcd');
    reader.readFrame(messages()).subscribe((whole) => expect(whole).toBe('abcd'));
  });

  it('encodes no message over maxLength, counted in UTF-8', () => {
    const short = messages({ maxLength: 4 });
    expect(short.encode('abcd')).toBe('abcd');
    expect(short.encode('éé')).toBe('éé');
    expect(() => short.encode('ééa')).toThrowError(
      RangeError,
      'A message of 5 bytes is over the maxLength of 4',
    );
    expect(() => short.encode(new Uint8Array(5))).toThrowError(RangeError);
    expect(() => short.encode(7 as never)).toThrowError(TypeError);
  });

  it('takes messages of maxLength bytes, and sends them', () => {
    const short = messages({ maxLength: 4 });
    expect(short.encode(new Uint8Array(4))).toEqual(new Uint8Array(4));
    expect(readAll(short, [receivedMessage('abcd')]).log).toEqual(['"abcd"', '|']);
  });

  it('goes on behind a message that becomes undefined, and lets go of it', () => {
    const codec = messages<unknown, string>({
      decode: (message) => (message === '' ? undefined : message),
      encode: String,
    });
    const queue = new ByteQueue();
    queue.hold();
    queue.push(receivedMessage(''));
    expect(codec().decode(queue)).toBeUndefined();
    expect(queue.held).toBe(0);
    queue.push(joined(['', 'a'].map(receivedMessage)));
    expect(codec().decode(queue)).toBe('a');
  });

  it('tells at the end how many bytes a message has, once that is known', () => {
    const whole = receivedMessage('abc');
    for (const [length, expected] of [
      [1, null],
      [4, null],
      [5, 8],
      [7, 8],
    ] as const) {
      const queue = new ByteQueue();
      queue.push(whole.subarray(0, length));
      expect(() => messages()().end!(queue)).toThrowMatching(
        (error: IncompleteReadError) => error.expected === expected && error.partial.length === length,
      );
    }
    expect(messages()().end!(new ByteQueue())).toBeUndefined();
  });

  it('says what is wrong with its arguments, and with a connection of bytes', () => {
    expect(() => messages(5 as never)).toThrowError(TypeError, 'options must be an object, not 5');
    expect(() => messages({ decode: 1 as never, encode: String })).toThrowError(
      TypeError,
      'decode must be a function, not 1',
    );
    expect(() => messages({ decode: String, encode: 1 as never })).toThrowError(
      TypeError,
      'encode must be a function, not 1',
    );
    const queue = new ByteQueue();
    queue.push(Uint8Array.of(65));
    expect(() => messages()().decode(queue)).toThrowError(
      'messages() is for a connection in message mode; this one carries bytes, the next is 65',
    );
  });

  it('says that a connection carries bytes', () => {
    expect(readAll(messages(), [Uint8Array.of(65, 66)])).toEqual({ log: ['# ERR_DECODE'], rest: '41 42' });
  });

  it('errors at an end inside a message', () => {
    const whole = receivedMessage('abc');
    for (let length = 1; length < whole.length; length++) {
      expect(readAll(messages(), [whole.subarray(0, length)]).log).toEqual(['# ERR_INCOMPLETE_READ']);
    }
  });

  it('converts, skips what becomes undefined, and passes on what a conversion throws', () => {
    const numbers = messages<number>({
      decode: (text) => (text === '' ? undefined : checkedNumber(text)),
      encode: String,
    });
    const { reader, transport } = manualConnection();
    const seen: unknown[] = [];
    reader.frames(numbers).subscribe({ next: (n) => seen.push(n), error: (e) => seen.push(e) });
    for (const text of ['1', '', '2', 'x']) transport.receive(receivedMessage(text));
    expect(seen).toEqual([1, 2, new RangeError('x')]);
    expect(numbers.encode(3)).toBe('3');
    reader.readFrame(messages()).subscribe((left) => expect(left).toBe('x'));
  });

  it('checks its arguments', () => {
    expect(() => messages({ maxLength: 0 })).toThrowError(RangeError);
    expect(() => messages({ decode: 1 as never, encode: String })).toThrowError(TypeError);
    expect(() => messages(null as never)).toThrowError(TypeError);
  });
});

function checkedNumber(text: unknown): number {
  const value = Number(text);
  if (Number.isNaN(value)) throw new RangeError(String(text));
  return value;
}

describe('a connection in message mode', () => {
  it('refuses whatever would read it as bytes, and loses nothing by it', () => {
    const { reader, transport } = inMessageMode();
    transport.receive('one');
    const [, sink] = connectionPair();
    const reads: Record<string, Observable<unknown>> = {
      read: reader.read(),
      readExactly: reader.readExactly(1),
      readUntil: reader.readUntil(),
      readLine: reader.readLine(),
      lines: reader.lines(),
      chunks: reader.chunks(),
      pipeTo: reader.pipeTo(sink.writer),
    };
    for (const [name, read] of Object.entries(reads)) {
      let error: Error | undefined;
      read.subscribe({ error: (e: Error) => (error = e) });
      expect(error?.message)
        .withContext(name)
        .toMatch(/in message mode: read it with messages\(\)/);
    }
    reader.readFrame(messages()).subscribe((text) => expect(text).toBe('one'));
    expect(reader.bufferedBytes).toBe(0);
  });

  it('writes each write as it is, empty ones too', () => {
    const { writer, transport } = inMessageMode();
    const written: unknown[] = [];
    const { write } = transport;
    transport.write = (data) => {
      written.push(data);
      write.call(transport, data);
    };
    writer.write('');
    writer.write('text');
    writer.write(new Uint8Array(0));
    expect(written).toEqual(['', 'text', new Uint8Array(0)]);
  });

  it('takes requests, replies and conversations', () => {
    const connection = inMessageMode();
    const { transport } = connection;
    const rpc = framed(connection, jsonMessages<{ id: number }>());
    const seen: unknown[] = [];
    rpc.request({ id: 2 }, ({ id }) => id === 2).subscribe((reply) => seen.push(reply));
    transport.receive('{"id":1}');
    transport.receive('{"id":2,"ok":true}');
    expect(seen).toEqual([{ id: 2, ok: true }]);
  });

  it('holds a conversation in messages', () => {
    const connection = inMessageMode();
    const seen: unknown[] = [];
    converse(function* (io) {
      const name = yield* io.frame(messages());
      yield* io.send(`hello, ${String(name)}`);
      return yield* io.frame(messages());
    })(connection).subscribe((value) => seen.push(value));
    connection.transport.receive('rxjs');
    connection.transport.receive(Uint8Array.of(1));
    expect(seen).toEqual([Uint8Array.of(1)]);
  });
});
