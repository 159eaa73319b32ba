import fc from 'fast-check';
import { fixedLength, type IncompleteReadError } from '../../src/index.js';
import { decoderContract } from '../contracts/decoderContract.js';
import { checkDecoder, manualConnection } from '../../src/testing.js';
import { bytes, text } from '../streams/record.js';
import { frameMarbles } from './frameMarbles.js';

describe('fixedLength', () => {
  decoderContract('fixedLength', {
    make: fixedLength,
    messages: fc.uint8Array({ minLength: 100, maxLength: 100 }),
    long: (length) => new Uint8Array(length),
    overhead: 0,
  });

  frameMarbles(fixedLength(2), { a: 'ab', b: 'c', c: 'def' }, { a: 'ab', x: 'cd', y: 'ef' }, [
    ['emits each frame when its last byte comes', '--a-b---c----|', '--a-----(xy)-|'],
    ['errors at the end of the stream inside a frame', '--a-b-|', '--a---#', 'ERR_INCOMPLETE_READ'],
    ['completes with an empty stream', '---|', '---|'],
  ]);

  it('cuts wherever the frames end', () => {
    expect(checkDecoder(fixedLength(3), 'abcdef').map(text)).toEqual(['abc', 'def']);
    expect(checkDecoder(fixedLength(1), 'abc').map(text)).toEqual(['a', 'b', 'c']);
  });

  it('tells how many bytes it expected', () => {
    const { reader, transport } = manualConnection();
    let error: IncompleteReadError | undefined;
    reader.frames(fixedLength(4)).subscribe({ error: (e: IncompleteReadError) => (error = e) });
    transport.receive('abcdef');
    transport.receiveEof();
    expect([error?.expected, text(error!.partial)]).toEqual([4, 'ef']);
  });

  it('gives views, no copies, of what lies in one chunk', () => {
    const { reader, transport } = manualConnection();
    const frames: Uint8Array[] = [];
    reader.frames(fixedLength(300)).subscribe((frame) => frames.push(frame));
    const chunk = new Uint8Array(600);
    transport.receive(chunk);
    expect(new Set(frames.map(({ buffer }) => buffer)).size).toBe(1);
  });

  it('encodes messages of its length, and no others', () => {
    expect(text(fixedLength(3).encode(bytes('abc')) as Uint8Array)).toBe('abc');
    expect(() => fixedLength(3).encode(bytes('ab'))).toThrowError(RangeError, /3 bytes, not 2/);
    expect(() => fixedLength(3).encode(bytes('abcd'))).toThrowError(RangeError, /3 bytes, not 4/);
    expect(() => fixedLength(3).encode([1, 2, 3] as unknown as Uint8Array)).toThrowError(TypeError);
  });

  it('refuses a length that is not a positive integer, at the call', () => {
    for (const n of [0, -1, 1.5, NaN, Infinity])
      expect(() => fixedLength(n)).toThrowError(RangeError, /fixedLength/);
  });
});
