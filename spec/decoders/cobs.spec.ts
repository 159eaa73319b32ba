import fc from 'fast-check';
import { ByteQueue, cobs, type LimitOverrunError, type StreamError } from '../../src/index.js';
import { manualConnection } from '../../src/testing.js';
import { byteByByte, decoderContract, readAll, shown } from '../contracts/decoderContract.js';
import { bytes, text } from '../streams/record.js';
import { frameMarbles } from './frameMarbles.js';

const counting = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('cobs', () => {
  decoderContract('cobs', {
    make: (maxLength) => cobs({ maxLength }),
    messages: fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.array(fc.constantFrom(0, 1, 255), { maxLength: 100 }).map((message) => Uint8Array.from(message)),
    ),
    long: (length) => 'a'.repeat(length),
    overhead: 2,
  });

  frameMarbles(
    cobs({ maxLength: 4 }),
    { a: '\x03a', b: 'b\0', e: '\x01\0', z: '\0', m: '\0\x02x\0\0\x02y\0', s: '\x05a\0', l: '\x06abcde' },
    { a: 'ab', e: '', x: 'x', y: 'y' },
    [
      ['emits each message when its zero byte comes', '--a-b-|', '----a-|'],
      ['emits empty messages, and skips nothing at all', '-e-z-m-----|', '-e---(xy)--|'],
      ['errors for a zero byte inside a group', '-s-|', '-#', 'ERR_DECODE'],
      ['errors for more than a message can have', '-a-l-|', '---#', 'ERR_LIMIT_OVERRUN'],
      ['errors at the end of the stream inside a message', '-a-|', '---#', 'ERR_INCOMPLETE_READ'],
      ['completes after a zero byte', '-z-|', '---|'],
    ],
  );

  // From the paper and its page in the encyclopedia.
  const known: [message: number[], frame: number[]][] = [
    [[], [1, 0]],
    [[0], [1, 1, 0]],
    [
      [0, 0],
      [1, 1, 1, 0],
    ],
    [
      [0, 0x11, 0],
      [1, 2, 0x11, 1, 0],
    ],
    [
      [0x11, 0x22, 0, 0x33],
      [3, 0x11, 0x22, 2, 0x33, 0],
    ],
    [
      [0x11, 0, 0, 0],
      [2, 0x11, 1, 1, 1, 0],
    ],
    [counting(1, 254), [255, ...counting(1, 254), 0]],
    [
      [0, ...counting(1, 254)],
      [1, 255, ...counting(1, 254), 0],
    ],
    [counting(1, 255), [255, ...counting(1, 254), 2, 255, 0]],
    [
      [...counting(2, 255), 0],
      [255, ...counting(2, 255), 1, 1, 0],
    ],
    [
      [...counting(3, 255), 0, 1],
      [254, ...counting(3, 255), 2, 1, 0],
    ],
  ];

  it('encodes and decodes what others do', () => {
    for (const [message, frame] of known) {
      expect(Array.from(cobs().encode(Uint8Array.from(message)) as Uint8Array)).toEqual(frame);
      const log = [shown(Uint8Array.from(message)), '|'];
      for (const chunks of [[Uint8Array.from(frame)], byteByByte(Uint8Array.from(frame))]) {
        expect(readAll(cobs({ maxLength: Math.max(1, message.length) }), chunks).log).toEqual(log);
      }
    }
  });

  it('takes a longest group that is followed by an empty one, as some write it', () => {
    const data = Uint8Array.of(255, ...counting(1, 254), 1, 0);
    expect(readAll(cobs({ maxLength: 254 }), [data]).log).toEqual([shown(data.subarray(1, 255)), '|']);
  });

  it('gives back long messages, with any number of zeros', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(1, 2, 253, 254, 255, 508)), {
          maxLength: 6,
        }),
        (runs) => {
          const message = Uint8Array.from(runs.flatMap(([byte, count]) => Array<number>(count).fill(byte)));
          const codec = cobs({ maxLength: Math.max(1, message.length) });
          const frame = codec.encode(message) as Uint8Array;
          expect(frame.indexOf(0)).toBe(frame.length - 1);
          for (const chunks of [[frame], byteByByte(frame)]) {
            expect(readAll(codec, chunks).log).toEqual([shown(message), '|']);
          }
        },
      ),
    );
  });

  it('says what is wrong, and leaves the frame', () => {
    const cases: [Uint8Array, RegExp, string][] = [
      [bytes('\x05ab\0'), /group of 5 bytes .* found one at 3/, 'ERR_DECODE'],
      [bytes('\x02a\x03b\0'), /group of 3 bytes .* found one at 2/, 'ERR_DECODE'],
      [new Uint8Array(303).fill(1), /over the limit of 302/, 'ERR_LIMIT_OVERRUN'],
      [
        Uint8Array.of(...new Array<number>(302).fill(1), 0),
        /message of 301 bytes is over the maxLength of 300/,
        'ERR_LIMIT_OVERRUN',
      ],
    ];
    for (const [data, message, code] of cases) {
      const { reader, transport } = manualConnection();
      let error: StreamError | undefined;
      reader.frames(cobs({ maxLength: 300 })).subscribe({ error: (e: StreamError) => (error = e) });
      transport.receive('\x02a\0\0', data);
      expect(error?.code).toBe(code);
      expect(error?.message).toMatch(message);
      expect(reader.bufferedBytes).toBe(data.length);
      // The way on that its description tells.
      let dropped = 0;
      reader.readUntil('\0').subscribe((bad) => (dropped = bad.length));
      if (data.at(-1) !== 0) transport.receive('\0');
      expect(dropped).toBeGreaterThanOrEqual(data.length);
      let next = '';
      reader.readFrame(cobs()).subscribe((good) => (next = text(good)));
      transport.receive('\x03ok\0');
      expect(next).toBe('ok');
    }
  });

  it('tells how many bytes to skip of a message that is too long', () => {
    const frame = new Uint8Array(303).fill(1).fill(0, 302);
    const queue = new ByteQueue();
    queue.push(frame);
    let error: unknown;
    try {
      cobs({ maxLength: 300 })().decode(queue);
    } catch (thrown) {
      error = thrown;
    }
    expect((error as LimitOverrunError).consumed).toBe(302);
  });

  it('takes no more memory for a frame than it may need', () => {
    const frame = cobs().encode(new Uint8Array(254).fill(1)) as Uint8Array;
    expect(frame.buffer.byteLength).toBe(257);
  });

  it('refuses messages and options that are none', () => {
    expect(() => cobs({ maxLength: 3 }).encode('éé')).toThrowError(RangeError, /4 bytes .* maxLength of 3/);
    expect(() => cobs().encode(5 as never)).toThrowError(TypeError);
    for (const maxLength of [0, -1, 1.5, NaN, Infinity, '10', null]) {
      expect(() => cobs({ maxLength: maxLength as never })).toThrowError(RangeError, /maxLength/);
    }
    expect(() => cobs('x' as never)).toThrowError(TypeError, /options must be an object/);
  });
});
