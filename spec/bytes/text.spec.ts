import { DecodeError } from '../../src/bytes/errors.js';
import {
  checkEncoding,
  copyBytes,
  decodePart,
  decodeText,
  encodeText,
  fillText,
  findNonAscii,
} from '../../src/bytes/text.js';

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, i) => i);
const EVERY_CHARACTER = Array.from(EVERY_BYTE, (byte) => String.fromCharCode(byte)).join('');

describe('texts', () => {
  it('are decoded from a part of a chunk alone, of any length, in every encoding', () => {
    // Around each length at which another way is taken.
    for (const length of [0, 1, 3, 4, 5, 7, 8, 9, 12, 255, 256, 257, 600]) {
      const text = Array.from({ length }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
      const chunk = encodeText(`<${text}>`);
      for (const encoding of ['utf-8', 'latin1', 'ascii'] as const)
        expect(decodePart(chunk, 1, 1 + length, encoding)).toBe(text);
      for (let at = 0; at < Math.min(length, 9); at++) {
        const odd = chunk.slice();
        odd[1 + at] = 0x80;
        expect(decodePart(odd, 1, 1 + length, 'utf-8')).toBe(
          `${text.slice(0, at)}\ufffd${text.slice(at + 1)}`,
        );
        expect(decodePart(odd, 1, 1 + length, 'latin1')).toBe(
          `${text.slice(0, at)}\u0080${text.slice(at + 1)}`,
        );
        expect(() => decodePart(odd, 1, 1 + length, 'ascii')).toThrowError(
          DecodeError,
          `Byte 128 at ${at} of ${length} is not ASCII`,
        );
      }
    }
  });

  it('need no view of a short part, nor of one that Node converts itself', () => {
    const chunk = new Uint8Array(1000).fill(97);
    const odd = new Uint8Array(1000).fill(0xc3);
    const subarray = spyOn(Uint8Array.prototype, 'subarray').and.callThrough();
    for (const encoding of ['utf-8', 'latin1', 'ascii'] as const) {
      decodePart(chunk, 1, 9, encoding);
      expect(subarray).not.toHaveBeenCalled();
      decodePart(chunk, 1, 258, encoding);
      expect(subarray).toHaveBeenCalledOnceWith(1, 258);
      subarray.calls.reset();
    }
    if (!('Buffer' in globalThis)) return;
    for (const encoding of ['utf-8', 'latin1'] as const) {
      decodePart(odd, 1, 5, encoding);
      decodePart(chunk, 1, 257, encoding);
      expect(subarray).not.toHaveBeenCalled();
    }
  });

  it('of latin1 have a character for each byte, however many', () => {
    expect(decodeText(EVERY_BYTE, 'latin1')).toBe(EVERY_CHARACTER);
    for (const length of [4095, 4096, 4097, 8193]) {
      const bytes = Uint8Array.from({ length }, (_, i) => 128 + (i % 128));
      const text = decodeText(bytes, 'latin1');
      expect(text.length).toBe(length);
      expect(Array.from(text, (character) => character.charCodeAt(0))).toEqual([...bytes]);
    }
  });

  it('keep a byte order mark', () => {
    expect(decodeText(Uint8Array.of(0xef, 0xbb, 0xbf, 97), 'utf-8')).toBe('\ufeffa');
  });

  it('show where the first byte is that is not ASCII', () => {
    expect(findNonAscii(EVERY_BYTE)).toBe(128);
    expect(findNonAscii(EVERY_BYTE.subarray(0, 128))).toBe(-1);
    expect(findNonAscii(Uint8Array.of(200))).toBe(0);
    expect(findNonAscii(new Uint8Array(0))).toBe(-1);
  });

  it('are written with a byte for each character that the encoding has', () => {
    const bytes = new Uint8Array(258).fill(7);
    fillText(bytes, 1, EVERY_CHARACTER, 'latin1');
    expect(bytes).toEqual(Uint8Array.of(7, ...EVERY_BYTE, 7));
    const ascii = new Uint8Array(130).fill(7);
    fillText(ascii, 1, EVERY_CHARACTER.slice(0, 128), 'ascii');
    expect(ascii).toEqual(Uint8Array.of(7, ...EVERY_BYTE.subarray(0, 128), 7));
    expect(() => fillText(bytes, 0, 'ab€', 'latin1')).toThrowError(RangeError, '"€" at 2 is not latin1');
    expect(() => fillText(bytes, 0, '\u0080', 'ascii')).toThrowError(
      RangeError,
      String.raw`"\u{80}" at 0 is not ascii`,
    );
  });

  it('and bytes are copied into bytes of our own', () => {
    const data = Uint8Array.of(1, 2);
    const copy = copyBytes(data);
    data[0] = 9;
    expect(copy).toEqual(Uint8Array.of(1, 2));
    expect(copyBytes('é')).toEqual(Uint8Array.of(0xc3, 0xa9));
  });

  it('have one of three encodings', () => {
    for (const encoding of ['utf-8', 'latin1', 'ascii']) expect(() => checkEncoding(encoding)).not.toThrow();
    expect(() => checkEncoding('utf8')).toThrowError(
      RangeError,
      "encoding must be 'utf-8', 'latin1' or 'ascii', not utf8 (string)",
    );
  });
});
