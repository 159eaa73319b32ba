import fc from 'fast-check';
import {
  lengthPrefixed,
  type Data,
  type IncompleteReadError,
  type LengthPrefixedOptions,
  type StreamError,
} from '../../src/index.js';
import { checkDecoder, manualConnection } from '../../src/testing.js';
import { decoderContract, readAll, shown } from '../contracts/decoderContract.js';
import { bytes, joined, text } from '../contracts/bytes.js';
import { frameMarbles } from './frameMarbles.js';

type Width = NonNullable<LengthPrefixedOptions['width']>;
const widths: Width[] = [1, 2, 3, 4, 8, 'varint'];

const encoded = (options: LengthPrefixedOptions, message: Data): number[] => [
  ...(lengthPrefixed(options).encode(message) as Uint8Array),
];

/** What comes of these bytes: frames as text, then the end or an error. */
function frames(options: LengthPrefixedOptions, ...data: (number | string)[]): string[] {
  const { reader, transport } = manualConnection();
  const log: string[] = [];
  reader.frames(lengthPrefixed(options)).subscribe({
    next: (frame) => log.push(text(frame)),
    error: ({ code, message }: StreamError) => log.push(code, message),
    complete: () => log.push('|'),
  });
  for (const part of data) transport.receive(typeof part === 'number' ? Uint8Array.of(part) : part);
  transport.receiveEof();
  return log;
}

describe('lengthPrefixed', () => {
  const layouts: [LengthPrefixedOptions & { width: Width }, number][] = [
    [{ width: 4 }, 4],
    [{ width: 1 }, 1],
    [{ width: 2, littleEndian: true }, 2],
    [{ width: 3, adjustment: -2 }, 3],
    [{ width: 8, lengthIncludesHeader: true, littleEndian: true }, 8],
    [{ width: 'varint' }, 10],
    [{ width: 'varint', lengthIncludesHeader: true }, 10],
  ];
  for (const [options, overhead] of layouts) {
    decoderContract(`lengthPrefixed(${JSON.stringify(options)})`, {
      // What a decoder costs is seen on more bytes than one byte can count.
      make: (maxLength) =>
        lengthPrefixed({
          ...options,
          width: options.width === 1 && maxLength > 255 ? 2 : options.width,
          maxLength,
        }),
      messages: fc.uint8Array({ maxLength: 100 }),
      long: (length) => 'a'.repeat(length),
      overhead,
    });
  }

  const headed = { width: 2, offset: 3, keepHeader: true } as const;
  const withHeader = (payload: Uint8Array): Uint8Array =>
    joined([bytes('abc'), Uint8Array.of(payload.length >> 8, payload.length & 255), payload]);
  decoderContract('lengthPrefixed(keepHeader)', {
    make: (maxLength) => lengthPrefixed({ ...headed, maxLength }),
    messages: fc.uint8Array({ maxLength: 100 }).map(withHeader),
    long: (length) => withHeader(new Uint8Array(length)),
    overhead: 5,
  });

  frameMarbles(
    lengthPrefixed({ width: 2, maxLength: 3 }),
    {
      a: Uint8Array.of(0),
      b: Uint8Array.of(2, 0x61),
      c: 'b\0\u0001c',
      d: '\0\0',
      e: '\0\u0004',
      f: Uint8Array.of(4),
    },
    { x: 'ab', y: 'c', e: '' },
    [
      ['emits each payload when its last byte comes', '--a-b---c----|', '--------(xy)-|'],
      ['emits empty payloads', '--d--d|', '--e--e|'],
      ['errors for an announcement, not for its bytes', '--d-e--|', '--e-#', 'ERR_DECODE'],
      ['errors for the last byte of a field', '--d-a-f-|', '--e---#', 'ERR_DECODE'],
      ['errors at the end of the stream inside a field', '--d-a--|', '--e----#', 'ERR_INCOMPLETE_READ'],
      ['errors at the end of the stream inside a payload', '--a-b--|', '-------#', 'ERR_INCOMPLETE_READ'],
      ['completes with an empty stream', '---|', '---|'],
    ],
  );

  it('reads the field in every width and both orders', () => {
    expect(frames({ width: 1 }, 2, 'ab')).toEqual(['ab', '|']);
    expect(frames({ width: 2 }, 0, 2, 'ab')).toEqual(['ab', '|']);
    expect(frames({ width: 3, littleEndian: true }, 2, 0, 0, 'ab')).toEqual(['ab', '|']);
    expect(frames({}, 0, 0, 0, 2, 'ab')).toEqual(['ab', '|']);
    expect(frames({ littleEndian: true }, 2, 0, 0, 0, 'ab')).toEqual(['ab', '|']);
    expect(frames({ width: 8 }, 0, 0, 0, 0, 0, 0, 0, 2, 'ab')).toEqual(['ab', '|']);
    expect(frames({ width: 'varint' }, 2, 'ab')).toEqual(['ab', '|']);
    // As protobuf, longer than it need be.
    expect(frames({ width: 'varint' }, 0x82, 0x80, 0, 'ab')).toEqual(['ab', '|']);
    expect(
      frames({ width: 'varint' }, 0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 'ab'),
    ).toEqual(['ab', '|']);
  });

  it('writes what the definitions of the formats show', () => {
    expect(encoded({ width: 2 }, 'abc')).toEqual([0, 3, 97, 98, 99]);
    expect(encoded({ width: 3 }, new Uint8Array(258)).slice(0, 3)).toEqual([0, 1, 2]);
    expect(encoded({ width: 4, littleEndian: true }, new Uint8Array(258)).slice(0, 4)).toEqual([2, 1, 0, 0]);
    expect(encoded({ width: 8 }, 'a')).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 97]);
    // The example of the protobuf documentation: 150 is 96 01.
    expect(encoded({ width: 'varint' }, new Uint8Array(150)).slice(0, 3)).toEqual([0x96, 0x01, 0]);
    expect(encoded({ width: 'varint' }, 'é')).toEqual([2, 0xc3, 0xa9]);
  });

  // The examples in the documentation of Netty's LengthFieldBasedFrameDecoder, 12 bytes of payload each.
  it('reads what Netty shows as examples', () => {
    const hello = 'HELLO, WORLD';
    expect(frames({ width: 2 }, 0, 12, hello)).toEqual([hello, '|']);
    expect(frames({ width: 2, keepHeader: true }, 0, 12, hello)).toEqual([`\0\f${hello}`, '|']);
    expect(frames({ width: 2, lengthIncludesHeader: true }, 0, 14, hello)).toEqual([hello, '|']);
    expect(frames({ width: 2, adjustment: -2, keepHeader: true }, 0, 14, hello)).toEqual([
      `\0\x0e${hello}`,
      '|',
    ]);
    expect(frames({ width: 3, offset: 2, keepHeader: true }, 'AB', 0, 0, 12, hello)).toEqual([
      `AB\0\0\f${hello}`,
      '|',
    ]);
    // A header behind the field, which does not count it.
    expect(frames({ width: 3, adjustment: 2 }, 0, 0, 12, 'AB', hello)).toEqual([`AB${hello}`, '|']);
    expect(frames({ width: 2, offset: 1, adjustment: 1 }, 'A', 0, 12, 'B', hello)).toEqual([
      `B${hello}`,
      '|',
    ]);
    expect(frames({ width: 2, offset: 1, adjustment: -3 }, 'A', 0, 16, 'B', hello)).toEqual([
      `B${hello}`,
      '|',
    ]);
  });

  it('counts the bytes of the header as they are', () => {
    expect(frames({ width: 1, offset: 2, lengthIncludesHeader: true }, 'ab', 5, 'xy')).toEqual(['xy', '|']);
    expect(frames({ width: 'varint', lengthIncludesHeader: true }, 0x84, 0, 'xy')).toEqual(['xy', '|']);
    const varint = { width: 'varint', lengthIncludesHeader: true } as const;
    expect(encoded(varint, new Uint8Array(126)).slice(0, 2)).toEqual([127, 0]);
    expect(encoded(varint, new Uint8Array(127)).slice(0, 3)).toEqual([0x81, 1, 0]);
  });

  it('refuses what a field announces too much, too little, or unreadably, with the numbers', () => {
    const refused = (options: LengthPrefixedOptions, data: number[], message: RegExp): void => {
      const [code, said] = frames(options, ...data);
      expect(code).toBe('ERR_DECODE');
      expect(said).toMatch(message);
    };
    const ones = (count: number): number[] => new Array<number>(count).fill(255);
    refused({ width: 1, maxLength: 4 }, [5], /says 5, .* 5 bytes; it may have 0 to 4/);
    refused({ width: 2, adjustment: -3 }, [0, 2], /says 2, .* -1 bytes/);
    refused({ width: 2, lengthIncludesHeader: true }, [0, 1], /says 1, .* -1 bytes/);
    refused({ width: 2, adjustment: 3, maxLength: 4 }, [0, 2], /says 2, .* 5 bytes/);
    refused({}, [0, 1, 0, 1], /says 65537/);
    refused({}, ones(4), /says 4294967295/);
    refused({ width: 8 }, ones(8), /says 18446744073709/);
    refused({ width: 'varint' }, ones(10), /more than 10 bytes/);
    refused({ width: 'varint' }, [...ones(9), 1], /says 18446744073709/);
    refused({ width: 'varint' }, [0x81, 0x80, 0x04], /says 65537, .* 0 to 65536/);
  });

  it('does not let an adjustment bring back what no number can hold exactly', () => {
    // 2^53 + 1, less 2^53 - 1, would be 2.
    const options = { width: 8, adjustment: -Number.MAX_SAFE_INTEGER } as const;
    expect(frames(options, 0, 0x20, 0, 0, 0, 0, 0, 1, 'ab')[0]).toBe('ERR_DECODE');
    expect(frames(options, 0, 0x1f, 255, 255, 255, 255, 255, 255)).toEqual(['', '|']);
  });

  it('takes maxLength bytes behind the field, whatever stands in front', () => {
    const options = { width: 1, offset: 2, keepHeader: true, maxLength: 3 } as const;
    expect(frames(options, 'ab', 3, 'xyz')).toEqual(['ab\u0003xyz', '|']);
    expect(frames(options, 'ab', 4)[0]).toBe('ERR_DECODE');
    expect(frames({}, 0, 1, 0, 0)[0]).toBe('ERR_INCOMPLETE_READ');
  });

  it('tells how many bytes it expected', () => {
    const { reader, transport } = manualConnection();
    let error: IncompleteReadError | undefined;
    reader.frames(lengthPrefixed({ width: 1 })).subscribe({ error: (e: IncompleteReadError) => (error = e) });
    transport.receive('\0\u0005abc');
    transport.receiveEof();
    expect([error?.expected, text(error!.partial)]).toEqual([6, '\u0005abc']);
  });

  it('drops, or keeps, a header wherever it is cut', () => {
    const data = joined([bytes('ab'), Uint8Array.of(0x83, 0), bytes('xyzcd'), Uint8Array.of(0)]);
    const options = { width: 'varint', offset: 2 } as const;
    expect(checkDecoder(lengthPrefixed(options), data).map(text)).toEqual(['xyz', '']);
    const kept = checkDecoder(lengthPrefixed({ ...options, keepHeader: true }), data);
    expect(kept.map((frame) => frame.length)).toEqual([7, 3]);
  });

  it('finds its place again for any layout', () => {
    const options = fc.record({
      width: fc.constantFrom(...widths),
      littleEndian: fc.boolean(),
      adjustment: fc.integer({ min: -5, max: 0 }),
      lengthIncludesHeader: fc.boolean(),
      maxLength: fc.constant(300),
    });
    fc.assert(
      fc.property(options, fc.array(fc.uint8Array({ maxLength: 240 }), { maxLength: 3 }), (layout, all) => {
        const codec = lengthPrefixed(layout);
        const data = joined(all.map((message) => codec.encode(message) as Uint8Array));
        expect(readAll(codec, [data])).toEqual({ log: [...all.map(shown), '|'], rest: '' });
        // With its header a frame is all that was sent, and goes out as it came in.
        const whole = lengthPrefixed({ ...layout, keepHeader: true });
        const sent = all.map((message) => codec.encode(message));
        expect(readAll(whole, [data])).toEqual({ log: [...sent.map(shown), '|'], rest: '' });
        for (const frame of sent) expect(whole.encode(frame)).toBe(frame);
      }),
    );
  });

  it('refuses to encode what does not fit', () => {
    const refused = (options: LengthPrefixedOptions, message: Data, text: RegExp): void => {
      expect(() => lengthPrefixed(options).encode(message)).toThrowError(RangeError, text);
    };
    refused({ width: 1 }, new Uint8Array(256), /256 bytes .* field 256, .* into 1 bytes/);
    refused({ width: 1, lengthIncludesHeader: true }, new Uint8Array(255), /field 256/);
    refused({ width: 2, adjustment: 3 }, 'ab', /field -1/);
    refused({ width: 8, adjustment: -Number.MAX_SAFE_INTEGER }, 'a', /into 8 bytes/);
    refused({ maxLength: 3 }, 'éé', /4 bytes is over the maxLength of 3/);
    refused({}, new Uint8Array(65537), /65537 bytes is over the maxLength of 65536/);
    expect(encoded({ width: 1 }, new Uint8Array(255))[0]).toBe(255);
    expect(encoded({ width: 2, adjustment: 2 }, 'ab')).toEqual([0, 0, 97, 98]);
    expect(() => lengthPrefixed().encode({} as string)).toThrowError(TypeError);
  });

  it('makes a varint that counts itself as long as it must be', () => {
    const varint = { width: 'varint', lengthIncludesHeader: true } as const;
    expect(encoded(varint, new Uint8Array(16381)).slice(0, 2)).toEqual([0xff, 0x7f]);
    expect(encoded(varint, new Uint8Array(16382)).slice(0, 3)).toEqual([0x81, 0x80, 1]);
  });

  it('writes a field up to the largest number that is exact', () => {
    const most = { width: 8, adjustment: 1 - Number.MAX_SAFE_INTEGER } as const;
    expect(encoded(most, 'a')).toEqual([0, 31, 255, 255, 255, 255, 255, 255, 97]);
    expect(() => lengthPrefixed(most).encode('ab')).toThrowError(
      RangeError,
      'A payload of 2 bytes makes the length field 9007199254740992, which does not fit into 8 bytes',
    );
  });

  it('says which option is wrong, and why a frame is', () => {
    const wrong: [options: object, message: string][] = [
      [{ width: 5 }, "width must be 1, 2, 3, 4, 8 or 'varint', not 5"],
      [{ offset: -1 }, 'offset must be a non-negative integer (bytes), not -1'],
      [{ adjustment: 0.5 }, 'adjustment must be an integer, not 0.5'],
    ];
    for (const [options, message] of wrong)
      expect(() => lengthPrefixed(options)).toThrowError(RangeError, message);
    const causeOf = (...frame: number[]): unknown => {
      try {
        lengthPrefixed({ width: 1, keepHeader: true, maxLength: 3 }).encode(Uint8Array.from(frame));
      } catch (error) {
        return (error as Error).cause;
      }
      return 'none was thrown';
    };
    expect(causeOf(2, 1)).toBeUndefined();
    expect((causeOf(4, 1, 1, 1, 1) as { code?: string }).code).toBe('ERR_DECODE');
  });

  it('encodes whole frames if it keeps headers, and only if their length is right', () => {
    const codec = lengthPrefixed({ width: 1, offset: 1, keepHeader: true, maxLength: 3 });
    const frame = Uint8Array.of(9, 2, 1, 1);
    expect(codec.encode(frame)).toBe(frame);
    for (const bad of [[], [9], [9, 2, 1], [9, 2, 1, 1, 1], [9, 4, 1, 1, 1, 1], [9, 0, 9, 0]]) {
      expect(() => codec.encode(Uint8Array.from(bad)))
        .withContext(String(bad))
        .toThrowError(RangeError, new RegExp(`frame of ${bad.length} bytes`));
    }
    expect(() => lengthPrefixed({ offset: 1 }).encode('a')).toThrowError(TypeError, /keepHeader/);
  });

  it('refuses bad options at the call', () => {
    const refused = (options: object): void => {
      expect(() => lengthPrefixed(options))
        .withContext(JSON.stringify(options))
        .toThrowError(RangeError);
    };
    for (const width of [0, 5, 9, 16, -1, NaN, '4', 'leb128']) refused({ width });
    for (const offset of [-1, 0.5, NaN, Infinity]) refused({ offset });
    for (const adjustment of [0.5, NaN, Infinity]) refused({ adjustment });
    for (const maxLength of [0, -1, 1.5, NaN, Infinity]) refused({ maxLength });
  });

  it('refuses options that are none, and messages that are no bytes', () => {
    for (const wrong of ['x', 10, true]) {
      expect(() => lengthPrefixed(wrong as never)).toThrowError(TypeError, /options must be an object/);
    }
    for (const maxLength of ['10', 10n, null, {}]) {
      expect(() => lengthPrefixed({ maxLength: maxLength as never })).toThrowError(RangeError, /maxLength/);
    }
    for (const message of [
      new Uint16Array(2),
      new Int8Array(2),
      new DataView(new ArrayBuffer(2)),
      [1, 2],
      5,
      null,
    ]) {
      expect(() => lengthPrefixed().encode(message as never)).toThrowError(
        TypeError,
        /must be a string or a Uint8Array/,
      );
    }
    for (const name of ['littleEndian', 'keepHeader', 'lengthIncludesHeader']) {
      expect(() => lengthPrefixed({ [name]: 'yes' })).toThrowError(TypeError, new RegExp(name));
    }
  });
});
