import fc from 'fast-check';
import { concat, EMPTY, map, mergeMap, of, take, type Observable } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import {
  ByteQueue,
  codec,
  connectionPair,
  decode,
  DecodeError,
  decoder,
  type Decoder,
  type DecoderBytes,
  type FrameGenerator,
  type IncompleteReadError,
  type Take,
} from '../../src/index.js';
import { checkDecoder, manualConnection, marbleConnection } from '../../src/testing.js';
import { runs } from '../contracts/runs.js';
import { work } from '../contracts/work.js';
import { bytes, record, text } from '../streams/record.js';

type Value = number | string | Value[];

/** A part of RESP: each kind of verb, a part with parameters, recursion. */
function* resp(source: DecoderBytes): Generator<undefined, Value> {
  const kind = yield* source.text(1);
  const n = yield* source.integer('\r\n');
  if (kind === ':') return n;
  if (kind === '$') return yield* terminated(source, n);
  if (kind !== '*') throw new DecodeError(`Unknown kind ${kind}`);
  const values: Value[] = [];
  while (values.length < n) values.push(yield* resp(source));
  return values;
}

function* terminated(source: DecoderBytes, n: number): Generator<undefined, string> {
  const value = yield* source.text(n);
  yield* source.skip(2);
  return value;
}

const frames = decoder(resp);

function encode(value: Value): string {
  if (typeof value === 'number') return `:${value}\r\n`;
  if (typeof value === 'string') return `$${bytes(value).length}\r\n${value}\r\n`;
  return `*${value.length}\r\n${value.map(encode).join('')}`;
}

describe('decoder', () => {
  it(
    'emits a frame with its last byte, on a reader and as an operator',
    marbles((m) => {
      const values = { a: '*2\r\n:1\r', b: '\n$2\r\nhi\r\n:', c: '7\r\n' };
      const { reader } = marbleConnection(m, { incoming: '--a--b--c', values });
      m.expect(reader.frames(frames).pipe(take(1))).toBeObservable('  -----(x|)', { x: [1, 'hi'] });
      m.expect(m.cold('--a--b--(c|)', values).pipe(map(bytes), decode(frames))).toBeObservable(
        '-----x--(y|)',
        { x: [1, 'hi'], y: 7 },
      );
    }),
  );

  describe('lines, texts, varints and 64-bit decimals', () => {
    const header = decoder(function* (source) {
      const first = yield* source.line();
      const name = yield* source.textUntil(': ', 100, 'latin1');
      const big = yield* source.bigInteger('\r\n');
      const count = yield* source.varint();
      const total = yield* source.bigVarint();
      const last = yield* source.line({ limit: 10 });
      return { first, name, big, count, total, last };
    });
    const wire = (ending: string): Uint8Array =>
      Uint8Array.of(
        ...bytes('größe\r\n'),
        0xe9,
        ...bytes(': -9223372036854775808\r\n'),
        ...[0xac, 2],
        ...[255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
        ...bytes(ending),
      );
    const expected = { first: 'größe', name: 'é', big: -(2n ** 63n), count: 300, total: 2n ** 64n - 1n };

    it('are the same wherever the chunks were cut, and the last line needs no end', () => {
      for (const ending of ['end\n', 'end\r\n', 'end']) {
        const frames: unknown[] = [];
        of(...Array.from(wire(ending), (byte) => Uint8Array.of(byte)))
          .pipe(decode(header))
          .subscribe((frame) => frames.push(frame));
        expect(frames).toEqual([{ ...expected, last: 'end' }]);
        expect(checkDecoder(header, wire(ending))).toEqual([{ ...expected, last: 'end' }]);
      }
    });

    it('are bounded, and leave the bytes where they are', () => {
      const bounded: [FrameGenerator<unknown>, string, string][] = [
        [
          function* (s) {
            return yield* s.line({ limit: 3 });
          },
          'abcd',
          'ERR_LIMIT_OVERRUN',
        ],
        [
          function* (s) {
            return yield* s.textUntil(';', 3);
          },
          'abcd;',
          'ERR_LIMIT_OVERRUN',
        ],
        [
          function* (s) {
            return yield* s.line();
          },
          'a'.repeat(65537),
          'ERR_LIMIT_OVERRUN',
        ],
        [
          function* (s) {
            return yield* s.textUntil(';');
          },
          'a'.repeat(65537),
          'ERR_LIMIT_OVERRUN',
        ],
        [
          function* (s) {
            return yield* s.line({ encoding: 'ascii' });
          },
          'é\n',
          'ERR_DECODE',
        ],
        [
          function* (s) {
            return yield* s.varint();
          },
          '\u{10ffff}'.repeat(4),
          'ERR_DECODE',
        ],
        [
          function* (s) {
            return yield* s.bigInteger(';');
          },
          '1'.repeat(21),
          'ERR_DECODE',
        ],
      ];
      for (const [generate, sent, code] of bounded) {
        const queue = new ByteQueue();
        queue.push(bytes(sent));
        const { length } = queue;
        expect(() => decoder(generate)().decode(queue)).toThrow(jasmine.objectContaining({ code }));
        expect(queue.length).toBe(length);
      }
    });

    it('refuse arguments that are none, at the call', () => {
      const refused: ((source: DecoderBytes) => unknown)[] = [
        (s) => s.line(512 as never),
        (s) => s.line({ limit: 0 }),
        (s) => s.line({ encoding: 'utf-16' as never }),
        (s) => s.textUntil(''),
        (s) => s.bigInteger(''),
      ];
      for (const call of refused) {
        const queue = new ByteQueue();
        queue.push(bytes('x'));
        const decoding = decoder(function* (source): Generator<undefined, void> {
          expect(() => call(source)).toThrow();
          yield* source.skip(1);
        });
        decoding().decode(queue);
        expect(queue.length).toBe(0);
      }
    });
  });

  it('is typed from its verbs to its frames', () => {
    const typed = decoder(function* (source) {
      const count: number = yield* source.uint8();
      const big: bigint = yield* source.bigUint64();
      const name: string = yield* source.text(count);
      const raw: Uint8Array = yield* source.exactly(1);
      return { count, big, name, raw };
    });
    const queue = new ByteQueue();
    queue.push(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 1, 0, 104, 105, 9));
    const frame: { count: number; big: bigint; name: string; raw: Uint8Array } | undefined =
      typed().decode(queue);
    expect(frame).toEqual({ count: 2, big: 256n, name: 'hi', raw: Uint8Array.of(9) });
    decoder(function* (source) {
      // @ts-expect-error: a verb's value is there only behind yield*.
      const count: number = source.uint8();
      return yield* source.exactly(count);
    });
  });

  it('has every verb of the queue', () => {
    const view = new DataView(new ArrayBuffer(64));
    view.setUint8(0, 200);
    view.setInt8(1, -3);
    view.setUint16(2, 40000);
    view.setUint16(4, 40001, true);
    view.setInt16(6, -5);
    view.setUint32(8, 4e9);
    view.setInt32(12, -4);
    view.setBigUint64(16, 2n ** 63n);
    view.setBigInt64(24, -2n);
    view.setFloat32(32, 0.5);
    view.setFloat64(36, 0.1);
    const tail = bytes('12\r\nab;c-€');
    const data = new Uint8Array([...new Uint8Array(view.buffer, 0, 44), ...tail]);
    const all = decoder(function* (source) {
      return [
        yield* source.uint8(),
        yield* source.int8(),
        yield* source.uint16(),
        yield* source.uint16(true),
        yield* source.int16(),
        yield* source.uint32(),
        yield* source.int32(),
        yield* source.bigUint64(),
        yield* source.bigInt64(),
        yield* source.float32(),
        yield* source.float64(),
        yield* source.peek(1),
        yield* source.integer('\r\n'),
        text(yield* source.until([';', '!'])),
        text(yield* source.exactly(1)),
        yield* source.skip(1),
        yield* source.text(3),
      ];
    });
    const expected = [
      ...[200, -3, 40000, 40001, -5, 4e9, -4, 2n ** 63n, -2n, 0.5, 0.1],
      ...[0x32, 12, 'ab;', 'c', true, '€'],
    ];
    expect(checkDecoder(all, data, { frames: [expected] })).toEqual([expected]);
  });

  it('gives the same frames however the bytes are cut, and leaves what is behind them', () => {
    const values: Value[] = [1, 'hello', [], ['GET', ['nested', -7, 'ü']], 'x'.repeat(300)];
    expect(checkDecoder(frames, values.map(encode).join('')).length).toBe(values.length);
    checkDecoder(frames, values.map(encode).join(''), { frames: values });
    const value = fc.letrec<{ value: Value }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.integer(),
        fc.string({ unit: 'grapheme' }),
        fc.array(tie('value'), { maxLength: 4 }),
      ),
    })).value;
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3 }), (list) => {
        checkDecoder(frames, list.map(encode).join(''), { frames: list });
      }),
      runs(30),
    );
  });

  it('suspends only where bytes are missing', () => {
    let steps = 0;
    const counting = decoder(function* (source) {
      steps++;
      const a = yield* source.uint8();
      steps++;
      const b = yield* source.uint8();
      steps++;
      return a + b;
    });
    const queue = new ByteQueue();
    const decoding = counting();
    expect(decoding.decode(queue)).toBeUndefined();
    expect(steps).withContext('not begun without a byte').toBe(0);
    queue.push(Uint8Array.of(1));
    expect(decoding.decode(queue)).toBeUndefined();
    expect(decoding.decode(queue)).toBeUndefined();
    expect(steps).withContext('goes on where it waited').toBe(2);
    queue.push(Uint8Array.of(2, 3));
    expect(decoding.decode(queue)).toBe(3);
    expect(queue.length).toBe(1);
  });

  it('gives the bytes of an unfinished frame back to the next read', () => {
    const { reader, transport } = manualConnection();
    const first = reader.readFrame(frames).subscribe();
    transport.receive('*2\r\n:1\r\n$5\r\nhe');
    first.unsubscribe();
    expect(reader.bufferedBytes).toBe('*2\r\n:1\r\n$5\r\nhe'.length);
    const { log } = record(reader.readFrame(frames).pipe(map((value) => String(value))));
    transport.receive('llo\r\n');
    expect(log).toEqual(['1,hello', '|']);
  });

  it('takes turns with other reads, also when they are begun inside next', () => {
    const [client, server] = connectionPair();
    const log: unknown[] = [];
    client.reader
      .readFrame(frames)
      .pipe(
        mergeMap((length) => client.reader.readExactly(length as number)),
        map(text),
        mergeMap((word) => concat(of(word), client.reader.readFrame(frames))),
      )
      .subscribe((value) => log.push(value));
    server.writer.write(':5\r\nhello:6\r\n');
    expect(log).toEqual(['hello', 6]);
  });

  it('errors with what the generator throws, and puts the frame back', () => {
    const { reader, transport } = manualConnection();
    transport.receive(':1\r\n*2\r\n:2\r\n?3\r\n');
    expect(record(reader.frames(frames)).log).toEqual(['1', '# ERR_DECODE']);
    expect(reader.bufferedBytes).toBe('*2\r\n:2\r\n?3\r\n'.length);
    expect(record(reader.readExactly(4)).log).toEqual(['*2\r\n', '|']);
  });

  it('is an incomplete read at an end inside a frame, and none between frames', () => {
    expect(record(of(bytes(':1\r\n')).pipe(decode(frames))).log).toEqual(['1', '|']);
    expect(record(of(bytes(':1\r\n:')).pipe(decode(frames))).log).toEqual(['1', '# ERR_INCOMPLETE_READ']);
  });

  it('bounds until() at 64 KiB, or as it is told', () => {
    const line = (limit?: number) =>
      decoder(function* (source) {
        return (yield* source.until('\n', limit)).length;
      });
    const long = (length: number): Uint8Array => bytes(`${'x'.repeat(length)}\n`);
    expect(record(of(long(65536)).pipe(decode(line()))).log).toEqual(['65537', '|']);
    expect(record(of(long(65537)).pipe(decode(line()))).log).toEqual(['# ERR_LIMIT_OVERRUN']);
    expect(record(of(long(4)).pipe(decode(line(3)))).log).toEqual(['# ERR_LIMIT_OVERRUN']);
    expect(record(of(bytes('xxxx')).pipe(decode(line(3)))).log).toEqual(['# ERR_LIMIT_OVERRUN']);
  });

  it('reads a frame that goes on to the end of the stream', () => {
    const body = decoder(function* (source) {
      const kind = yield* source.uint8();
      let length = 0;
      while (!(yield* source.atEnd())) length += (yield* source.chunk()).length;
      return [kind, length];
    });
    checkDecoder(body, Uint8Array.of(7, 1, 2, 3, 4), { frames: [[7, 4]], trailing: '' });
    expect(record(of(Uint8Array.of(7)).pipe(decode(body))).log).toEqual(['7,0', '|']);
    expect(record((EMPTY as Observable<Uint8Array>).pipe(decode(body))).log).toEqual(['|']);
  });

  describe('that returns nothing', () => {
    // A length, then that many bytes; a length of 0 is a heartbeat.
    const messages = decoder(function* (source) {
      const length = yield* source.uint8();
      if (length === 0) return;
      return yield* source.text(length);
    });
    const data = Uint8Array.of(0, 1, 97, 0, 0, 0, 2, 98, 99, 0);

    it('skips, and goes on with the next frame of the same chunk', () => {
      expect(record(of(data).pipe(decode(messages))).log).toEqual(['a', 'bc', '|']);
      checkDecoder(messages, data, { frames: ['a', 'bc'] });
      const typed: Observable<string> = of(data).pipe(decode(messages));
      expect(typed).toBeDefined();
    });

    it('does so for a bare queue, read by read, with consume and behind the end of the stream', () => {
      const queue = new ByteQueue();
      queue.push(data);
      const decoding = messages();
      expect([decoding.decode(queue), decoding.decode(queue), decoding.decode(queue)]).toEqual([
        'a',
        'bc',
        undefined,
      ]);
      expect([queue.length, decoding.end!(queue)]).toEqual([0, undefined]);
      for (const order of ['read first', 'feed first'] as const) {
        const { reader, transport } = manualConnection();
        const log: unknown[] = [];
        const read = (): void => {
          reader.readFrame(messages).subscribe((frame) => log.push(frame));
          reader
            .consume(messages, (frame) => void log.push(frame))
            .subscribe({ complete: () => log.push('|') });
        };
        const feed = (): void => {
          transport.receive(data);
          transport.receiveEof();
        };
        if (order === 'feed first') feed();
        const once = record(reader.readFrame(messages));
        if (order === 'read first') feed();
        expect(once.log).toEqual(['a', '|']);
        read();
        expect(log).toEqual(['bc', '|']);
      }
    });

    it('holds nothing of what it skips, however much comes', () => {
      const { reader, transport } = manualConnection();
      const { log } = record(reader.frames(messages));
      let most = 0;
      for (let i = 0; i < 2000; i++) {
        transport.receive(new Uint8Array(i % 7 === 0 ? 300 : 1));
        most = Math.max(most, reader.bufferedBytes);
      }
      expect(most).toBe(0);
      transport.receive(Uint8Array.of(3, 97));
      expect(reader.bufferedBytes).toBe(2);
      transport.receive('bc');
      expect(log).toEqual(['abc']);
    });

    it('completes cleanly behind a heartbeat, and not inside a frame behind one', () => {
      expect(record(of(Uint8Array.of(0, 0)).pipe(decode(messages))).log).toEqual(['|']);
      expect(record(of(Uint8Array.of(0, 2, 97)).pipe(decode(messages))).log).toEqual([
        '# ERR_INCOMPLETE_READ',
      ]);
    });

    it('is refused if it takes no bytes', () => {
      const nothing = decoder(function* (source) {
        yield* source.peek();
      });
      const { log } = record((of(Uint8Array.of(1)) as Observable<Uint8Array>).pipe(decode(nothing)));
      expect(log[0]).toContain('frame of no bytes');
    });

    it('costs what the bytes cost', () => {
      const cost = (count: number): number =>
        work(() => expect(record(of(new Uint8Array(count)).pipe(decode(messages))).log).toEqual(['|']));
      expect(cost(4000) / cost(1000)).toBeLessThan(6);
    });
  });

  describe('with discard and commit', () => {
    // A kind, a length of 32 bits, a body: of kind 1 it is dropped as it comes, of kind 2 it is summed up piece by piece.
    const frames32 = decoder(function* (source) {
      const kind = yield* source.uint8();
      let left = yield* source.uint32();
      let sum = 0;
      if (kind === 1) yield* source.discard(left);
      else
        while (left > 0) {
          const piece = yield* source.upTo(left);
          left -= piece.length;
          for (const byte of piece) sum += byte;
          yield* source.commit();
        }
      return `${kind}:${sum}:${text(yield* source.until(';'))}`;
    });
    const header = (kind: number, length: number): Uint8Array => {
      const view = new DataView(new ArrayBuffer(5));
      view.setUint8(0, kind);
      view.setUint32(1, length);
      return new Uint8Array(view.buffer);
    };

    it('holds nothing of a body of a GiB', () => {
      const piece = new Uint8Array(2 ** 20).fill(1);
      for (const kind of [1, 2]) {
        // One GiB for the one that does not look at it.
        const count = kind === 1 ? 1024 : 16;
        const { reader, transport } = manualConnection();
        const { log } = record(reader.frames(frames32));
        transport.receive(header(kind, count * piece.length));
        let most = 0;
        for (let i = 0; i < count; i++) {
          transport.receive(piece);
          most = Math.max(most, reader.bufferedBytes);
        }
        expect(most).withContext(`kind ${kind}`).toBe(0);
        transport.receive('end;');
        expect(log).toEqual([`${kind}:${kind === 1 ? 0 : count * piece.length}:end;`]);
      }
    });

    it('gives the same however the bytes are cut', () => {
      const data = new Uint8Array([
        ...header(1, 3),
        ...bytes('xyzone;'),
        ...header(2, 2),
        ...[1, 2],
        ...bytes('two;'),
        ...header(1, 0),
        ...bytes('three;'),
      ]);
      const expected = ['1:0:one;', '2:3:two;', '1:0:three;'];
      for (let size = 1; size <= data.length; size++) {
        const chunks = Array.from({ length: Math.ceil(data.length / size) }, (_, i) =>
          data.slice(i * size, (i + 1) * size),
        );
        expect(record(of(...chunks).pipe(decode(frames32))).log).toEqual([...expected, '|']);
      }
      const queue = new ByteQueue();
      queue.push(data);
      const decoding = frames32();
      expect([decoding.decode(queue), decoding.decode(queue), decoding.decode(queue)]).toEqual(expected);
    });

    it('leaves to the next read what comes after an unsubscription in the middle', () => {
      for (const kind of [1, 2]) {
        const { reader, transport } = manualConnection();
        const first = reader.readFrame(frames32).subscribe();
        transport.receive(header(kind, 10));
        transport.receive('abcd');
        first.unsubscribe();
        expect(reader.bufferedBytes).toBe(0);
        const { log } = record(reader.readExactly(6));
        transport.receive('efghijkl');
        expect(log).toEqual(['efghij', '|']);
      }
    });

    it('puts back what was taken after them', () => {
      const { reader, transport } = manualConnection();
      const first = reader.readFrame(frames32).subscribe();
      transport.receive(header(1, 2));
      transport.receive('abrest');
      first.unsubscribe();
      expect(record(reader.readExactly(4)).log).toEqual(['rest', '|']);
    });

    it('is an incomplete read at an end in the middle, though nothing is held', () => {
      for (const kind of [1, 2]) {
        for (const body of ['', 'ab', 'abc']) {
          const { log } = record(of(header(kind, 3), bytes(body)).pipe(decode(frames32)));
          expect(log).withContext(`${kind} ${body}`).toEqual(['# ERR_INCOMPLETE_READ']);
        }
      }
    });

    it('refuses a count that is none, and a forgotten yield*', () => {
      for (const n of [-1, 1.5, NaN, '3' as never]) {
        const bad = decoder(function* (source) {
          yield* source.discard(n);
          return 1;
        });
        expect(record(of(bytes('abc')).pipe(decode(bad))).log[0]).toContain('non-negative integer');
      }
      const forgetful = decoder(function* (source) {
        source.commit();
        return yield* source.uint8();
      });
      expect(record(of(bytes('abc')).pipe(decode(forgetful))).log[0]).toContain('yield*');
    });
  });

  it('takes lengths without a sign', () => {
    const strings = decoder(function* (source) {
      const length = yield* source.unsignedInteger(':');
      const value = yield* source.text(length);
      yield* source.skip(1);
      return value;
    });
    checkDecoder(strings, '3:abc,0:,12:hello world!,', { frames: ['abc', '', 'hello world!'] });
    for (const wrong of ['+3:abc,', '-3:abc,', '-0:,', ':', 'x']) {
      const { reader, transport } = manualConnection();
      const { log } = record(reader.frames(strings));
      transport.receive(wrong);
      expect(log).withContext(wrong).toEqual(['# ERR_DECODE']);
      expect(reader.bufferedBytes).toBe(wrong.length);
    }
  });

  it('tells of a yield without its star at the first one', () => {
    const generators: FrameGenerator<unknown>[] = [
      function* (source) {
        yield source.skip(1) as never;
        return yield* source.uint8();
      },
      function* (source) {
        yield source.uint32() as never;
        return 1;
      },
      function* () {
        yield;
        return 1;
      },
      function* (source) {
        yield* source.uint8();
        yield 'x' as never;
        return 1;
      },
      function* (source) {
        source.uint32();
        yield;
        return 1;
      },
    ];
    for (const generate of generators) {
      const { reader, transport } = manualConnection();
      const { log } = record(reader.frames(decoder(generate)));
      transport.receive('a');
      expect(log.length).withContext(generate.toString()).toBe(1);
      expect(log[0]).toContain('`yield*`, not `yield`');
    }
  });

  it('takes a generator function, and nothing else', () => {
    for (const wrong of [undefined, null, {}, 'x', decoder(resp)()]) {
      expect(() => decoder(wrong as never)).toThrowError(TypeError, /generator function/);
    }
    for (const wrong of [
      () => 5,
      () => undefined,
      async () => Promise.resolve(5),
      async function* () {
        yield* [];
      },
    ]) {
      const { log } = record(of(bytes('a')).pipe(decode(decoder(wrong as never))));
      expect(log[0]).toContain('generator function');
    }
  });

  it('tells of a forgotten yield*', () => {
    const forgetful = decoder(function* (source) {
      source.skip(1);
      return yield* source.uint8();
    });
    const forgetfulAtLast = decoder(function* (source) {
      const value = yield* source.uint8();
      source.skip(1);
      return value;
    });
    for (const bad of [forgetful, forgetfulAtLast]) {
      const { log } = record(of(Uint8Array.of(1, 2)).pipe(decode(bad)));
      expect(log.length).toBe(1);
      expect(log[0]).toContain('yield* bytes.skip(2)');
    }
  });

  it('refuses a frame of no bytes, which would come for ever', () => {
    const nothing = decoder(function* (source) {
      return yield* source.peek();
    });
    const { log } = record(of(Uint8Array.of(1)).pipe(decode(nothing)));
    expect(log.length).toBe(1);
    expect(log[0]).toContain('frame of no bytes');
  });

  it('begins anew for each subscription, and each frame', () => {
    let made = 0;
    const numbered = () => {
      const stream = ++made;
      let frame = 0;
      return decoder(function* (source) {
        yield* source.skip(1);
        return `${stream}.${++frame}`;
      })();
    };
    const source$ = of(Uint8Array.of(0), Uint8Array.of(0)).pipe(decode(numbered));
    expect([...record(source$).log, ...record(source$).log]).toEqual(['1.1', '1.2', '|', '2.1', '2.2', '|']);
  });

  it('may catch the error of a verb, and go on with another', () => {
    const lenient = decoder(function* (source) {
      try {
        return yield* source.integer('\n');
      } catch {
        return text(yield* source.until('\n'));
      }
    });
    expect(checkDecoder(lenient, '12\n1x\n3\n')).toEqual([12, '1x\n', 3]);
  });

  it('takes up to n bytes, as many as lie in one piece', () => {
    const some = decoder(function* (source) {
      return text(yield* source.upTo(3));
    });
    expect(record(of(bytes('abcd'), bytes('ef')).pipe(decode(some))).log).toEqual(['abc', 'd', 'ef', '|']);
    const none = decoder(function* (source) {
      return yield* source.upTo(0);
    });
    expect(record(of(bytes('a')).pipe(decode(none))).log[0]).toContain('takeUpTo(0)');
  });

  it('can be used on after an error, on a bare queue', () => {
    const queue = new ByteQueue();
    const decoding = frames();
    queue.push(bytes('?1\r\n:2\r\n'));
    expect(() => decoding.decode(queue)).toThrowError(DecodeError);
    expect(String(decoding.decode(queue))).toBe('2');
  });

  it('reads a million values of one frame without deepening the stack', () => {
    const list = decoder(function* (source) {
      let sum = 0;
      for (let n = yield* source.uint32(); n > 0; n--) sum += yield* source.uint8();
      return sum;
    });
    const data = new Uint8Array(1e6 + 4).fill(1);
    new DataView(data.buffer).setUint32(0, 1e6);
    expect(record(of(data.subarray(0, 500_000), data.subarray(500_000)).pipe(decode(list))).log).toEqual([
      '1000000',
      '|',
    ]);
  });

  it('waits for the first byte of a piece, and for what is behind the end', () => {
    const pieces = decoder(function* (source) {
      yield* source.skip(1);
      const piece = text(yield* source.chunk());
      return [piece, yield* source.atEnd()];
    });
    const queue = new ByteQueue();
    const decoding = pieces();
    queue.push(bytes('-'));
    expect(decoding.decode(queue)).toBeUndefined();
    queue.push(bytes('ab'));
    expect(decoding.decode(queue)).toBeUndefined();
    expect(decoding.end!(queue)).toEqual(['ab', true]);
    const another = pieces();
    queue.push(bytes('-ab'));
    expect(another.decode(queue)).toBeUndefined();
    queue.push(bytes('c'));
    expect(another.decode(queue)).toEqual(['ab', false]);
  });

  it('has no line where nothing is left at the end of the stream', () => {
    const two = decoder(function* (source) {
      return [yield* source.line(), yield* source.line()];
    });
    expect(record(of(bytes('a\n')).pipe(decode(two))).log).toEqual(['# ERR_INCOMPLETE_READ']);
    expect(record(of(bytes('a\n\n')).pipe(decode(two))).log.at(-1)).toBe('|');
  });

  it('may end before anything has come', () => {
    expect(frames().end!(new ByteQueue())).toBeUndefined();
  });

  it('gives back at the end of the stream all that was taken for the frame', () => {
    const queue = new ByteQueue();
    queue.push(bytes('$5\r\nab'));
    queue.hold();
    const decoding = frames();
    expect(decoding.decode(queue)).toBeUndefined();
    expect(() => decoding.end!(queue)).toThrowMatching(
      (error: IncompleteReadError) => text(error.partial) === '$5\r\nab' && error.expected === null,
    );
  });

  it('has true for a commit, and refuses a limit of a line that is none', () => {
    const committed = decoder(function* (source) {
      yield* source.skip(1);
      return yield* source.commit();
    });
    expect(record(of(bytes('a')).pipe(decode(committed))).log).toEqual(['true', '|']);
    for (const limit of [0, -1, 1.5]) {
      const limited = decoder(function* (source) {
        return yield* source.line({ limit });
      });
      const queue = new ByteQueue();
      queue.push(bytes('a\n'));
      expect(() => limited().decode(queue)).toThrowError(
        RangeError,
        `limit must be a positive integer (bytes), not ${limit}`,
      );
    }
  });

  it('says what it was given in place of a generator function', () => {
    const message = 'decoder() takes a generator function, decoder(function* (bytes) { … }), not';
    expect(() => decoder(5 as never)).toThrowError(TypeError, `${message} 5`);
    expect(() => decoder({} as never)).toThrowError(TypeError, `${message} [object Object]`);
    const plain = { named: () => 5, async *later() {} };
    const queue = new ByteQueue();
    queue.push(bytes('a'));
    for (const [given, shown] of [
      [plain.named, 'the function named'],
      [plain.later, 'the function later'],
      [
        (
          () => () =>
            5
        )(),
        'the function given',
      ],
    ] as const)
      expect(() => decoder(given as never)().decode(queue)).toThrowError(TypeError, `${message} ${shown}`);
  });

  it('gives verbs a type of their own, for helpers', () => {
    const twice = (source: DecoderBytes): Take<number> => source.uint16(true);
    const both = decoder(function* (source) {
      return (yield* twice(source)) + (yield* twice(source));
    });
    expect(checkDecoder(both, Uint8Array.of(1, 0, 2, 0))).toEqual([3]);
  });
});

describe('codec', () => {
  const byte = (): Decoder<number> => ({ decode: (queue) => queue.takeUint8() });
  const both = codec(byte, (value: number) => Uint8Array.of(value));

  it('is the decoder, and has the encoder', () => {
    checkDecoder(both, Uint8Array.of(1, 2), { frames: [1, 2] });
    expect(both.encode(3)).toEqual(Uint8Array.of(3));
  });

  it('refuses what is no decoder factory, or no encoder', () => {
    expect(() => codec(both() as never, (value: number) => Uint8Array.of(value))).toThrowError(
      TypeError,
      /decoder factory/,
    );
    expect(() => codec(byte, undefined as never)).toThrowError(TypeError, /encode must be a function/);
  });

  it('leaves the decoder it was made from alone', () => {
    expect('encode' in byte).toBe(false);
  });
});
