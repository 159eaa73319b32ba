import fc from 'fast-check';
import { delimited, type LimitOverrunError, type Separator } from '../../src/index.js';
import { checkDecoder, manualConnection } from '../../src/testing.js';
import { decoderContract, readAll, shown } from '../contracts/decoderContract.js';
import { bytes, text } from '../streams/record.js';
import { frameMarbles } from './frameMarbles.js';

const withoutZero = fc.uint8Array({ maxLength: 100 }).map((data) => data.map((byte) => byte || 1));
const asText = (data: unknown): string => text(data as Uint8Array);

describe('delimited', () => {
  decoderContract('delimited', {
    make: (maxLength) => delimited(Uint8Array.of(0), { maxLength }),
    messages: withoutZero,
    long: (length) => 'a'.repeat(length),
    overhead: 1,
  });

  decoderContract('delimited by several bytes', {
    make: (maxLength) => delimited('ababc', { maxLength }),
    messages: fc
      .array(fc.constantFrom('a', 'b', 'd', 'ab', 'abab'), { maxLength: 20 })
      .map((parts) => parts.join(''))
      .filter((message) => !message.includes('ababc')),
    long: (length) => 'ab'.repeat((length + 1) / 2),
    overhead: 5,
  });

  decoderContract('delimited by one of several', {
    make: (maxLength) => delimited(['\r\n', '\n'], { maxLength }),
    messages: fc
      .array(fc.constantFrom('a', 'b', '\r'), { maxLength: 99 })
      .map((parts) => parts.join(''))
      .filter((message) => !message.endsWith('\r')),
    long: (length) => 'a'.repeat(length - 1),
    overhead: 2,
  });

  frameMarbles(delimited(';'), { a: 'ab', b: 'c;d;', c: ';' }, { x: 'abc', y: 'd', e: '' }, [
    ['emits each frame when its separator comes', '--a---b----|', '------(xy)-|'],
    ['emits empty frames', '--c-c|', '--e-e|'],
    ['errors at the end of the stream inside a frame', '--c-a--|', '--e----#', 'ERR_INCOMPLETE_READ'],
    ['completes with an empty stream', '---|', '---|'],
  ]);
  frameMarbles(delimited(';', { maxLength: 3 }), { a: 'ab', b: 'c;', c: 'cd' }, { x: 'abc' }, [
    ['takes a frame of maxLength bytes', '--a-b--|', '----x--|'],
    ['errors as soon as there is one more', '--a-c--|', '----#', 'ERR_LIMIT_OVERRUN'],
  ]);

  it('keeps the separator if it is told to', () => {
    const kept = delimited([';', '\r\n'], { keepSeparator: true });
    expect(checkDecoder(kept, 'ab;c\r\n;').map(asText)).toEqual(['ab;', 'c\r\n', ';']);
    expect(text(kept.encode('ab') as Uint8Array)).toBe('ab;');
  });

  it('cuts at the first separator to end, and drops the longest that ends there', () => {
    const frames = (separator: Separator, data: string): string[] =>
      checkDecoder(delimited(separator), data).map(asText);
    expect(frames(['\n', '\r\n'], 'a\r\nb\n\rc\n\r\n')).toEqual(['a', 'b', '\rc', '']);
    expect(frames(['\r\n', '\n'], 'a\r\nb\n')).toEqual(['a', 'b']);
    expect(frames(['ab', 'b', 'c'], 'xabybc')).toEqual(['x', 'y', '']);
    // The longer separator cannot reach back into the frame before.
    expect(frames(['aa', 'a'], 'aaa')).toEqual(['', '', '']);
  });

  it('cuts behind separators that begin again within themselves', () => {
    expect(checkDecoder(delimited('aab'), 'aaabaab').map(asText)).toEqual(['a', '']);
  });

  it('tells how many bytes hold no separator, as readUntil does', () => {
    const consumed: number[] = [];
    for (const data of ['abcdefg', 'abcdef\r\n', 'abcde\r']) {
      const { reader, transport } = manualConnection();
      reader.frames(delimited('\r\n', { maxLength: 4 })).subscribe({
        error: (error: LimitOverrunError) => consumed.push(error.consumed),
      });
      transport.receive(data);
    }
    expect(consumed).toEqual([6, 6, 5]);
  });

  it('does not look at a separator again that was changed afterwards', () => {
    const separator = Uint8Array.of(0);
    const codec = delimited(separator);
    separator[0] = 0x61;
    expect(readAll(codec, [bytes('a\0')]).log).toEqual([shown(bytes('a')), '|']);
    expect(text(codec.encode('b') as Uint8Array)).toBe('b\0');
  });

  it('encodes with the first separator', () => {
    expect(text(delimited(['\r\n', '\n']).encode('a') as Uint8Array)).toBe('a\r\n');
    expect(text(delimited(Uint8Array.of(0x3b)).encode(bytes('a')) as Uint8Array)).toBe('a;');
  });

  it('refuses to encode what would be cut elsewhere', () => {
    const refused = (separator: Separator, message: string): void => {
      expect(() => delimited(separator).encode(message))
        .withContext(`${JSON.stringify(separator)} ${JSON.stringify(message)}`)
        .toThrowError(RangeError, /must not contain a separator/);
    };
    refused(';', 'a;b');
    refused(';', ';');
    refused([';', ','], 'a,b');
    // With the separator behind it, it ends too early, or loses its own last byte.
    refused('aba', 'ab');
    refused(['\n', '\r\n'], 'a\r');
    expect(text(delimited('\r\n').encode('a\r') as Uint8Array)).toBe('a\r\r\n');
    expect(() => delimited(';').encode(1 as unknown as string)).toThrowError(TypeError);
  });

  it('counts what stands in front of the shortest separator, when it encodes as when it decodes', () => {
    const codec = delimited(['\r\n', '\n'], { maxLength: 3 });
    expect(readAll(codec, [bytes('abc\r\n')]).log).toEqual(['# ERR_LIMIT_OVERRUN']);
    expect(() => codec.encode('abc')).toThrowError(RangeError);
    expect(readAll(codec, [codec.encode('ab') as Uint8Array]).log).toEqual([shown(bytes('ab')), '|']);
  });

  it('refuses bad options at the call', () => {
    for (const maxLength of [0, -1, 1.5, NaN, Infinity]) {
      expect(() => delimited(';', { maxLength })).toThrowError(RangeError, /maxLength/);
    }
    expect(() => delimited('')).toThrowError(RangeError);
    expect(() => delimited([])).toThrowError(RangeError);
    expect(() => delimited(1 as unknown as string)).toThrowError(TypeError);
  });

  it('refuses what is no separator, no option and no message', () => {
    for (const wrong of [new Uint16Array(1), [1], [null], undefined, 5]) {
      expect(() => delimited(wrong as never)).toThrowError(TypeError, /separator must be/);
    }
    expect(() => delimited(';', 'x' as never)).toThrowError(TypeError, /options must be an object/);
    expect(() => delimited(';', { keepSeparator: 1 as never })).toThrowError(TypeError, /keepSeparator/);
    for (const message of [new Uint16Array(2), [1, 2], 5]) {
      expect(() => delimited(';').encode(message as never)).toThrowError(TypeError, /must be a string or/);
    }
  });
});
