import fc from 'fast-check';
import {
  ByteQueue,
  ByteWriter,
  decoder,
  lengthPrefixed,
  netstring,
  type DecoderBytes,
  type Take,
} from '../../src/index.js';
import { difference } from '../contracts/bytes.js';
import { bytes, text } from '../streams/record.js';

const MAX = Number.MAX_SAFE_INTEGER;
const TEXT = fc.string({ unit: 'binary', maxLength: 80 });
const LATIN1 = TEXT.map((value) =>
  Array.from(value, (c) => String.fromCharCode(c.codePointAt(0)! % 256)).join(''),
);

/** A value, the verb that writes it, and the one that takes it. */
interface Part {
  readonly value: unknown;
  write(writer: ByteWriter): ByteWriter;
  take(source: DecoderBytes): Take<unknown>;
}

function part<T>(
  values: fc.Arbitrary<T>,
  write: (writer: ByteWriter, value: T, littleEndian: boolean) => ByteWriter,
  take: (source: DecoderBytes, value: T, littleEndian: boolean) => Take<unknown>,
): fc.Arbitrary<Part> {
  return fc.tuple(values, fc.boolean()).map(([value, order]) => ({
    value,
    write: (writer) => write(writer, value, order),
    take: (source) => take(source, value, order),
  }));
}

const parts = fc.oneof(
  part(
    fc.integer({ min: 0, max: 0xff }),
    (w, v) => w.uint8(v),
    (s) => s.uint8(),
  ),
  part(
    fc.integer({ min: -0x80, max: 0x7f }),
    (w, v) => w.int8(v),
    (s) => s.int8(),
  ),
  part(
    fc.integer({ min: 0, max: 0xffff }),
    (w, v, o) => w.uint16(v, o),
    (s, _, o) => s.uint16(o),
  ),
  part(
    fc.integer({ min: -0x8000, max: 0x7fff }),
    (w, v, o) => w.int16(v, o),
    (s, _, o) => s.int16(o),
  ),
  part(
    fc.integer({ min: 0, max: 0xffffffff }),
    (w, v, o) => w.uint32(v, o),
    (s, _, o) => s.uint32(o),
  ),
  part(
    fc.integer({ min: -0x80000000, max: 0x7fffffff }),
    (w, v, o) => w.int32(v, o),
    (s, _, o) => s.int32(o),
  ),
  part(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    (w, v, o) => w.bigUint64(v, o),
    (s, _, o) => s.bigUint64(o),
  ),
  part(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    (w, v, o) => w.bigInt64(v, o),
    (s, _, o) => s.bigInt64(o),
  ),
  part(
    fc.float(),
    (w, v, o) => w.float32(v, o),
    (s, _, o) => s.float32(o),
  ),
  part(
    fc.double(),
    (w, v, o) => w.float64(v, o),
    (s, _, o) => s.float64(o),
  ),
  part(
    fc.maxSafeNat(),
    (w, v) => w.varint(v),
    (s) => s.varint(),
  ),
  part(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    (w, v) => w.varint(v),
    (s) => s.bigVarint(),
  ),
  part(
    fc.maxSafeInteger(),
    (w, v) => w.integer(v, '\r\n'),
    (s) => s.integer('\r\n'),
  ),
  part(
    fc.maxSafeNat(),
    (w, v) => w.integer(v, ':'),
    (s) => s.unsignedInteger(':'),
  ),
  part(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    (w, v) => w.integer(v, '\n'),
    (s) => s.bigInteger('\n'),
  ),
  part(
    TEXT.map((value) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes(value))),
    (w, v) => w.text(v),
    (s, v) => s.text(bytes(v).length),
  ),
  part(
    LATIN1,
    (w, v) => w.text(v, 'latin1'),
    (s, v) => s.text(v.length, 'latin1'),
  ),
  part(
    LATIN1.map((v) => v.replace(/[\n\r]/g, '')),
    (w, v) => w.text(v).text('\n'),
    (s) => s.line(),
  ),
  part(
    LATIN1.map((v) => v.replaceAll(';', '')),
    (w, v) => w.text(v).text(';'),
    (s) => s.textUntil(';'),
  ),
  part(
    fc.uint8Array({ maxLength: 600 }),
    (w, v) => w.bytes(v),
    (s, v) => s.exactly(v.length),
  ),
);

function taken(message: readonly Part[], chunks: readonly Uint8Array[]): unknown[] | undefined {
  const reading = decoder(function* (source) {
    const values: unknown[] = [];
    for (const one of message) values.push(yield* one.take(source));
    yield* source.skip(1);
    return values;
  })();
  const queue = new ByteQueue();
  let values: unknown[] | undefined;
  for (const chunk of chunks) {
    queue.push(chunk);
    values ??= reading.decode(queue);
  }
  return values;
}

describe('ByteWriter', () => {
  it('writes what the verbs of a decoder take, whole, byte by byte and in any pieces', () => {
    const writer = new ByteWriter();
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 12 }), fc.nat(40), (message, size) => {
        for (const one of message) one.write(writer);
        const wire = writer.uint8(0).finish();
        expect(writer.length).toBe(0);
        const values = message.map(({ value }) => value);
        const pieces = (length: number): Uint8Array[] =>
          Array.from({ length: Math.ceil(wire.length / length) }, (_, i) =>
            wire.slice(i * length, (i + 1) * length),
          );
        expect(taken(message, [wire])).toEqual(values);
        expect(taken(message, pieces(1))).toEqual(values);
        expect(taken(message, pieces(size + 1))).toEqual(values);
      }),
    );
  });

  it('puts numbers into network byte order, or the other one', () => {
    const wire = new ByteWriter().uint16(0x0102).int32(-2).uint16(0x0102, true).bigUint64(1n, true).finish();
    expect([...wire]).toEqual([1, 2, 255, 255, 255, 254, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('takes network byte order where none is given, for every verb', () => {
    const wires = [
      new ByteWriter().uint16(1),
      new ByteWriter().int16(1),
      new ByteWriter().uint32(1),
      new ByteWriter().int32(1),
      new ByteWriter().bigUint64(1n),
      new ByteWriter().bigInt64(1n),
      new ByteWriter().float32(1),
      new ByteWriter().float64(1),
    ].map((writer) => writer.finish());
    expect(wires.slice(0, 6).map((wire) => [wire[0], wire.at(-1)])).toEqual(Array(6).fill([0, 1]));
    expect(wires.slice(6).map((wire) => [wire[0], wire.at(-1)])).toEqual(Array(2).fill([0x3f, 0]));
  });

  it('refuses options of a length that are none', () => {
    for (const wrong of ['x', null, []] as never[]) {
      expect(() => new ByteWriter().lengthPrefixed(1, 'a', wrong)).toThrowError(
        TypeError,
        /^options must be an object/,
      );
    }
  });

  it('moves nothing for a length whose place is known before', () => {
    const copyWithin = spyOn(Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array, 'copyWithin');
    copyWithin.and.callThrough();
    const writer = new ByteWriter();
    for (const width of [1, 2, 3, 4, 8, 'varint'] as const) writer.lengthPrefixed(width, 'a');
    writer.integerPrefixed(':', 'a'.repeat(12)).integerPrefixed(':', new Uint8Array(100));
    expect(copyWithin).not.toHaveBeenCalled();
    writer.integerPrefixed(':', () => writer.text('a'.repeat(12)));
    expect(copyWithin).toHaveBeenCalledTimes(1);
    expect(text(writer.finish()).endsWith('12:aaaaaaaaaaaa')).toBeTrue();
  });

  it('writes varints as LEB128 has them', () => {
    for (const [value, ...expected] of [
      [0, 0],
      [127, 127],
      [128, 128, 1],
      [300, 172, 2],
      [MAX, 255, 255, 255, 255, 255, 255, 255, 15],
    ] as [number, ...number[]][]) {
      expect([...new ByteWriter().varint(value).finish()]).toEqual(expected);
      expect([...new ByteWriter().varint(BigInt(value)).finish()]).toEqual(expected);
    }
    expect(
      new ByteWriter()
        .varint(2n ** 64n - 1n)
        .finish()
        .join(' '),
    ).toBe('255 255 255 255 255 255 255 255 255 1');
  });

  it('refuses what does not fit, or is of another type, and is left as it was', () => {
    const writer = new ByteWriter().text('kept');
    const refused: [attempt: (value: never) => unknown, outOfRange: unknown[], wrong: unknown[]][] = [
      [(v) => writer.uint8(v), [-1, 256, 1.5, NaN, Infinity], ['1', 1n, null, undefined, {}]],
      [(v) => writer.int8(v), [-129, 128], ['1', true]],
      [(v) => writer.uint16(v), [-1, 65536], ['1']],
      [(v) => writer.int16(v, true), [-32769, 32768], [[]]],
      [(v) => writer.uint32(v), [-1, 2 ** 32], ['1']],
      [(v) => writer.int32(v), [-(2 ** 31) - 1, 2 ** 31], ['1']],
      [(v) => writer.bigUint64(v), [-1n, 2n ** 64n], [1, '1']],
      [(v) => writer.bigInt64(v), [-(2n ** 63n) - 1n, 2n ** 63n], [1, '1']],
      [(v) => writer.float32(v), [1e39, -1e39], ['1', 1n]],
      [(v) => writer.float64(v), [], ['1', 1n]],
      [(v) => writer.varint(v), [-1, 0.5, MAX + 1, -1n, 2n ** 64n], ['1', null]],
      [(v) => writer.integer(v, '\n'), [0.5, MAX + 1, -MAX - 1, 2n ** 64n, -(2n ** 63n) - 1n], ['1']],
      [(v) => writer.integer(1, v), [''], [1, ['\n'], undefined]],
      [(v) => writer.integerPrefixed(v, 'x'), [''], [1, ['\n'], undefined]],
      [(v) => writer.text(v, 'ascii'), ['añ'], [1, undefined]],
      [(v) => writer.text(v, 'latin1'), ['a€'], [1]],
      [(v) => writer.text('a', v), ['utf-16'], []],
      [(v) => writer.text(v), [], [1, null, bytes('a')]],
      [(v) => writer.bytes(v), [], ['a', [1], new Uint16Array(1)]],
      [(v) => writer.uint16(1, v), [], [1, 'little']],
      [(v) => writer.float64(1, v), [], [1]],
      [(v) => writer.bigInt64(1n, v), [], [1]],
      [(v) => writer.lengthPrefixed(v, 'x'), [0, 5, '2', null], []],
      [(v) => writer.lengthPrefixed(1, v), ['x'.repeat(256)], [1, undefined, null]],
      [
        (v) => writer.lengthPrefixed(1, 'x', v),
        [{ adjustment: 2 }, { adjustment: 0.5 }],
        [{ littleEndian: 1 }],
      ],
    ];
    for (const [attempt, outOfRange, wrong] of refused) {
      for (const value of outOfRange) expect(() => attempt(value as never)).toThrowError(RangeError);
      for (const value of wrong) expect(() => attempt(value as never)).toThrowError(TypeError);
    }
    expect(text(writer.finish())).toBe('kept');
  });

  it('says which verb, what it takes and what it was given', () => {
    const writer = new ByteWriter();
    expect(() => writer.uint16(70000)).toThrowError(
      RangeError,
      'uint16 must be an integer from 0 to 65535, not 70000',
    );
    expect(() => writer.uint8('7' as never)).toThrowError(
      TypeError,
      'uint8 must be a number, not 7 (string)',
    );
  });

  it('writes the least and the most of each number, and names them for what is beyond', () => {
    const verbs: [verb: keyof ByteWriter, least: number | bigint, most: number | bigint, mustBe: string][] = [
      ['uint8', 0, 255, 'an integer from 0 to 255'],
      ['int8', -128, 127, 'an integer from -128 to 127'],
      ['uint16', 0, 65535, 'an integer from 0 to 65535'],
      ['int16', -32768, 32767, 'an integer from -32768 to 32767'],
      ['uint32', 0, 4294967295, 'an integer from 0 to 4294967295'],
      ['int32', -2147483648, 2147483647, 'an integer from -2147483648 to 2147483647'],
      ['bigUint64', 0n, 2n ** 64n - 1n, 'from 0 to 18446744073709551615'],
      ['bigInt64', -(2n ** 63n), 2n ** 63n - 1n, 'from -9223372036854775808 to 9223372036854775807'],
      ['varint', 0, MAX, 'an integer from 0 to 9007199254740991'],
      ['varint', 0n, 2n ** 64n - 1n, 'from 0 to 18446744073709551615'],
    ];
    for (const [verb, least, most, mustBe] of verbs) {
      const write = (value: number | bigint): Uint8Array =>
        (new ByteWriter()[verb] as (this: ByteWriter, value: number | bigint) => ByteWriter)
          .call(new ByteWriter(), value)
          .finish();
      const one = typeof most === 'bigint' ? 1n : 1;
      const beyond = [Number(least) - 1, Number(most) + 1];
      const wrong = typeof most === 'bigint' ? [(least as bigint) - 1n, most + 1n] : beyond;
      for (const value of [least, most]) expect(() => write(value)).not.toThrow();
      for (const value of wrong) {
        const shown = typeof one === 'bigint' ? `${value} (bigint)` : `${value}`;
        expect(() => write(value)).toThrowError(RangeError, `${verb} must be ${mustBe}, not ${shown}`);
      }
    }
    for (const value of [MAX, -MAX, -(2n ** 63n), 2n ** 64n - 1n])
      expect(text(new ByteWriter().integer(value, ';').finish())).toBe(`${value};`);
    expect(() => new ByteWriter().integer(MAX + 1, ';')).toThrowError(
      RangeError,
      `integer must be an integer from -${MAX} to ${MAX}, not ${MAX + 1}`,
    );
    expect(() => new ByteWriter().float32(1e39)).toThrowError(
      RangeError,
      'float32 must be a single, not 1e+39',
    );
  });

  it('says of what type a value must be', () => {
    const writer = new ByteWriter();
    const wrong: [attempt: () => unknown, message: string][] = [
      [() => writer.float64('1' as never), 'float64 must be a number, not 1 (string)'],
      [() => writer.bigUint64(1 as never), 'bigUint64 must be a bigint, not 1'],
      [() => writer.bigInt64('1' as never), 'bigInt64 must be a bigint, not 1 (string)'],
      [() => writer.uint8(1).float32(null as never), 'float32 must be a number, not null (object)'],
      [() => writer.bigUint64(1n, 1 as never), 'littleEndian must be true or false, not 1'],
      [() => writer.bigInt64(1n, 1 as never), 'littleEndian must be true or false, not 1'],
      [() => writer.float32(1, 1 as never), 'littleEndian must be true or false, not 1'],
      [() => writer.int16(1, 1 as never), 'littleEndian must be true or false, not 1'],
      [() => writer.varint('1' as never), 'varint must be a number, not 1 (string)'],
      [() => writer.text(1 as never), 'text must be a string, not 1'],
      [() => writer.bytes('a' as never), 'bytes must be a Uint8Array, not a (string)'],
      [() => writer.integer(1, ['\n'] as never), 'A terminator that is written must be one, not a list'],
      [
        () => writer.lengthPrefixed(1, 5 as never),
        'The content must be a string, a function or a Uint8Array, not 5',
      ],
      [
        () => writer.lengthPrefixed(1, () => ({ next: () => 1 })),
        'What writes a message must be a plain function, not an async one or a generator',
      ],
      [
        () => writer.lengthPrefixed(1, () => writer.finish()),
        'finish() within a part whose length is not known yet',
      ],
    ];
    for (const [attempt, message] of wrong) expect(attempt).toThrowError(TypeError, message);
    // What is returned besides is nobody's business.
    for (const result of [null, undefined, 1, writer, { then: 1, next: 1 }])
      expect(() => writer.lengthPrefixed(1, () => result)).not.toThrow();
  });

  it('says which character does not fit into an encoding', () => {
    expect(() => new ByteWriter().text('ab€', 'latin1')).toThrowError(RangeError, '"€" at 2 is not latin1');
    expect(() => new ByteWriter().text('é', 'ascii')).toThrowError(RangeError, '"é" at 0 is not ascii');
  });

  it('writes texts around each length at which another way is taken', () => {
    for (const length of [0, 1, 31, 32, 33, 64, 255, 256, 257, 1000]) {
      for (const last of ['z', 'é', '€', '😀']) {
        const value = `${'a'.repeat(length)}${last}`;
        const writer = new ByteWriter().text(value).text('!');
        expect(writer.length).toBe(bytes(value).length + 1);
        expect(text(writer.finish())).toBe(`${value}!`);
      }
    }
  });

  it('keeps what it wrote when its memory grows', () => {
    const writer = new ByteWriter();
    for (let i = 0; i < 255; i++) writer.uint8(i);
    writer.uint16(0x0102).uint32(7);
    const wire = writer.finish();
    expect(wire.length).toBe(261);
    expect([...wire.subarray(0, 255)]).toEqual(Array.from({ length: 255 }, (_, i) => i));
    expect([...wire.subarray(255)]).toEqual([1, 2, 0, 0, 0, 7]);
  });

  it('hands out a large message where it lies if it fills half of its memory, and begins small again', () => {
    for (const [length, memory] of [
      [65_536, 65_536],
      [65_537, 131_072],
      [131_072, 131_072],
    ] as const) {
      const writer = new ByteWriter();
      for (let at = 0; at < length; at += 256) writer.bytes(new Uint8Array(Math.min(256, length - at)));
      const wire = writer.finish();
      expect([wire.length, wire.buffer.byteLength]).toEqual([length, memory]);
      expect(writer.text('a').finish().buffer.byteLength).toBe(1);
    }
  });

  it('writes floats that are no numbers, or none that end', () => {
    for (const value of [NaN, Infinity, -Infinity, -0, 1e-50]) {
      const queue = new ByteQueue();
      queue.push(new ByteWriter().float32(value).float64(value).finish());
      expect(queue.takeFloat32()).toEqual(Math.fround(value));
      expect(queue.takeFloat64()).toEqual(value);
    }
  });

  describe('lengthPrefixed', () => {
    it('writes what the codec of the same name decodes, for every width, order and length', () => {
      for (const width of [1, 2, 3, 4, 8, 'varint'] as const) {
        for (const littleEndian of [false, true]) {
          for (const lengthIncludesHeader of [false, true]) {
            for (const length of [0, 1, 125, 126, 127, 128, 129, 250, 16382, 16383, 16384, 65536]) {
              if (width === 1 && length > 250) continue;
              if (width === 2 && length > 65000) continue;
              const options = { littleEndian, lengthIncludesHeader };
              const content = new Uint8Array(length).fill(7);
              const expected = lengthPrefixed({ width, ...options }).encode(content);
              const wire = new ByteWriter().lengthPrefixed(width, (w) => w.bytes(content), options).finish();
              // Not toEqual, which takes its time for that many bytes.
              expect(difference(wire, expected as Uint8Array)).toBe('none');
            }
          }
        }
      }
    });

    it('fills in the lengths of parts within parts', () => {
      const writer = new ByteWriter();
      writer.uint8(0x30).lengthPrefixed('varint', () => {
        writer.lengthPrefixed(2, 'topic').lengthPrefixed('varint', (same) => same.text('x'.repeat(300)));
      });
      const queue = new ByteQueue();
      queue.push(writer.finish());
      expect(queue.takeUint8()).toBe(0x30);
      expect([...queue.takeExactly(2)!]).toEqual([128 + (309 & 127), 309 >> 7]);
      expect(queue.takeText(queue.takeUint16()!)).toBe('topic');
      expect([...queue.takeExactly(2)!]).toEqual([172, 2]);
      expect(queue.takeText(300)).toBe('x'.repeat(300));
      expect(queue.length).toBe(0);
    });

    it('counts the bytes of a text, not its characters', () => {
      expect([...new ByteWriter().lengthPrefixed(1, 'é€').finish()]).toEqual([
        5, 0xc3, 0xa9, 0xe2, 0x82, 0xac,
      ]);
    });

    it('leaves nothing of a part that fails, at any depth, and goes on', () => {
      const writer = new ByteWriter().text('a');
      const failure = new Error('no');
      const failing = (): void => {
        writer.lengthPrefixed(2, () => {
          writer.text('b').integerPrefixed(':', () => {
            writer.text('c');
            throw failure;
          });
        });
      };
      expect(failing).toThrow(failure);
      expect(writer.length).toBe(1);
      writer.lengthPrefixed(1, () => {
        expect(failing).toThrow(failure);
        writer.text('d');
      });
      expect([...writer.finish()]).toEqual([97, 1, 100]);
    });

    it('refuses to finish or clear within a part, and a function that would go on later', () => {
      const writer = new ByteWriter();
      expect(() => writer.lengthPrefixed(1, () => writer.finish())).toThrowError(
        TypeError,
        /^finish\(\) within a part/,
      );
      expect(() => writer.lengthPrefixed(1, () => writer.clear())).toThrowError(
        TypeError,
        /^clear\(\) within a part/,
      );
      expect(() => writer.lengthPrefixed(1, async () => Promise.resolve())).toThrowError(
        TypeError,
        /not an async one/,
      );
      expect(() => writer.integerPrefixed(':', function* () {})).toThrowError(TypeError, /or a generator/);
      expect(writer.length).toBe(0);
    });
  });

  it('writes lengths in decimal, as netstrings have them', () => {
    const writer = new ByteWriter();
    for (const length of [0, 1, 9, 10, 99, 100, 1000, 65536]) {
      const content = 'x'.repeat(length);
      writer.integerPrefixed(':', content).text(',');
      expect(writer.finish()).toEqual(netstring().encode(content) as Uint8Array);
    }
    expect(text(writer.integerPrefixed('\r\n', 'é'.repeat(5)).finish())).toBe(`10\r\n${'é'.repeat(5)}`);
  });

  it('encodes text as TextEncoder does, at any fill', () => {
    const surrogates = fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((c) => String.fromCharCode(c)),
      maxLength: 300,
    });
    fc.assert(
      fc.property(fc.nat(400), surrogates, (fill, value) => {
        const wire = new ByteWriter().bytes(new Uint8Array(fill)).text(value).finish();
        expect(wire.subarray(fill)).toEqual(bytes(value));
      }),
    );
  });

  it('hands out messages that are never written to again, in arrays of their own size', () => {
    const writer = new ByteWriter();
    const messages = [10, 300, 70_000, 5, 140_000, 65_536, 65_537, 0, 1].map(
      (length, i): [Uint8Array, number, number] => [
        writer.bytes(new Uint8Array(length).fill(i)).finish(),
        length,
        i,
      ],
    );
    for (const [message, length, i] of messages) {
      expect(message.length).toBe(length);
      expect(message.every((byte) => byte === i)).toBe(true);
      expect(message.buffer.byteLength).toBeLessThanOrEqual(2 * length);
    }
  });

  it('copies no byte more than a few times, however long the message grows', () => {
    const set = spyOn(Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array, 'set').and.callThrough();
    const writer = new ByteWriter();
    for (let i = 0; i < 100_000; i++) writer.uint8(i & 255);
    const copied = set.calls.allArgs().reduce((sum, [source]) => sum + source.length, 0);
    expect(copied).toBeLessThan(200_000);
    expect(writer.finish().length).toBe(100_000);
  });

  it('writes texts of a byte for each character of any length', () => {
    for (const length of [255, 256, 257, 5000]) {
      const value = 'é'.repeat(length);
      const wire = new ByteWriter().text(value, 'latin1').text('!').finish();
      expect(wire.length).toBe(length + 1);
      expect(wire.every((byte, at) => byte === (at === length ? 0x21 : 0xe9))).toBeTrue();
    }
  });

  it('hands out a copy where the message fills less than half of a large memory, or the memory is small', () => {
    const handedOut = (length: number, after: number): number => {
      const writer = new ByteWriter();
      const write = (count: number): void => {
        for (let at = 0; at < count; at += 256) writer.bytes(new Uint8Array(Math.min(256, count - at)));
      };
      write(after);
      writer.clear();
      write(length);
      return writer.finish().buffer.byteLength;
    };
    expect(handedOut(200, 0)).toBe(200);
    expect(handedOut(40_000, 0)).toBe(40_000);
    expect(handedOut(65_535, 131_072)).toBe(65_535);
    expect(handedOut(65_536, 131_072)).toBe(131_072);
  });

  it('drops what was written with clear', () => {
    const writer = new ByteWriter().text('abc');
    writer.clear();
    expect(text(writer.text('d').finish())).toBe('d');
  });
});
