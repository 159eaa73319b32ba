import fc from 'fast-check';
import { netstring, type IncompleteReadError, type StreamError } from '../../src/index.js';
import { checkDecoder, manualConnection } from '../../src/testing.js';
import { decoderContract, readAll, shown } from '../contracts/decoderContract.js';
import { bytes, text } from '../streams/record.js';
import { frameMarbles } from './frameMarbles.js';

describe('netstring', () => {
  decoderContract('netstring', {
    make: (maxLength) => netstring({ maxLength }),
    messages: fc.uint8Array({ maxLength: 100 }),
    long: (length) => 'a'.repeat(length),
    overhead: 5,
  });

  frameMarbles(
    netstring({ maxLength: 12 }),
    { a: '2:a', b: 'b,1:c,', c: '0:,', d: '1', e: '2', f: '1:ab', g: 'b;' },
    { x: 'ab', y: 'c', e: '' },
    [
      ['emits each string when its comma comes', '--a---b----|', '------(xy)-|'],
      ['emits empty strings', '--c--c|', '--e--e|'],
      ['waits for more digits, and errors for the first one too many', '--d-e-d-|', '------#', 'ERR_DECODE'],
      ['errors at the end of the stream inside a string', '--c-a-|', '--e---#', 'ERR_INCOMPLETE_READ'],
      ['errors at the end of the stream inside a length', '--d-|', '----#', 'ERR_INCOMPLETE_READ'],
      ['errors when there is no comma', '--f-|', '--#', 'ERR_DECODE'],
      ['errors when the comma is something else', '--a-g-|', '----#', 'ERR_DECODE'],
      ['completes with an empty stream', '---|', '---|'],
    ],
  );

  it('cuts as its definition says', () => {
    const data = '12:hello world!,0:,3:,,,,1:5,';
    expect(checkDecoder(netstring(), data).map(text)).toEqual(['hello world!', '', ',,,', '5']);
  });

  it('refuses everything else, with what it found', () => {
    const messages: Record<string, RegExp> = {
      ':a,': /found byte 58 at 0/,
      ',': /found byte 44 at 0/,
      '+1:a,': /found byte 43 at 0/,
      '-0:,': /found byte 45 at 0/,
      ' 1:a,': /found byte 32 at 0/,
      '01:a,': /leading zeros.* found byte 49 at 1/,
      '00:,': /found byte 48 at 1/,
      '1a:a,': /found byte 97 at 1/,
      '1;a,': /found byte 59 at 1/,
      '1,': /found byte 44 at 1/,
      '3:abcd': /3 bytes must end with a comma, found byte 100/,
      '65537': /65537 bytes or more is over the maxLength of 65536/,
      '99999999999999999999': / 99999 bytes or more/,
    };
    for (const [data, message] of Object.entries(messages)) {
      const { reader, transport } = manualConnection();
      let error: StreamError | undefined;
      reader.frames(netstring()).subscribe({ error: (e: StreamError) => (error = e) });
      transport.receive(`1:a,${data}`);
      expect(error?.code).withContext(data).toBe('ERR_DECODE');
      expect(error?.message).withContext(data).toMatch(message);
      expect(reader.bufferedBytes).toBe(data.length);
      checkDecoder(netstring(), `1:a,${data}`);
    }
  });

  it('takes maxLength bytes, and no more', () => {
    expect(readAll(netstring({ maxLength: 3 }), [bytes('3:abc,')]).log).toEqual([shown(bytes('abc')), '|']);
    expect(readAll(netstring({ maxLength: 3 }), [bytes('4:')]).log).toEqual(['# ERR_DECODE']);
    expect(readAll(netstring({ maxLength: 65536 }), [bytes('65536:')]).log).toEqual([
      '# ERR_INCOMPLETE_READ',
    ]);
  });

  it('tells how many bytes it expected', () => {
    const { reader, transport } = manualConnection();
    let error: IncompleteReadError | undefined;
    reader.frames(netstring()).subscribe({ error: (e: IncompleteReadError) => (error = e) });
    transport.receive('0:,12:ab');
    transport.receiveEof();
    expect([error?.expected, text(error!.partial)]).toEqual([16, '12:ab']);
  });

  it('encodes bytes, and text as UTF-8', () => {
    expect(text(netstring().encode('hello') as Uint8Array)).toBe('5:hello,');
    expect(text(netstring().encode('') as Uint8Array)).toBe('0:,');
    expect(text(netstring().encode('é') as Uint8Array)).toBe('2:é,');
    expect(text(netstring().encode(bytes('12345678901')) as Uint8Array)).toBe('11:12345678901,');
    expect(() => netstring({ maxLength: 3 }).encode('éé')).toThrowError(
      RangeError,
      /4 bytes .* maxLength of 3/,
    );
    expect(() => netstring().encode(5 as unknown as string)).toThrowError(TypeError);
  });

  it('refuses a bad maxLength at the call', () => {
    for (const maxLength of [0, -1, 1.5, NaN, Infinity]) {
      expect(() => netstring({ maxLength })).toThrowError(RangeError, /maxLength/);
    }
  });

  it('refuses options that are none, and messages that are no bytes', () => {
    for (const wrong of ['x', 10, true]) {
      expect(() => netstring(wrong as never)).toThrowError(TypeError, /options must be an object/);
    }
    for (const maxLength of ['10', 10n, null, {}]) {
      expect(() => netstring({ maxLength: maxLength as never })).toThrowError(RangeError, /maxLength/);
    }
    for (const message of [
      new Uint16Array(2),
      new Int8Array(2),
      new DataView(new ArrayBuffer(2)),
      [1, 2],
      5,
      null,
    ]) {
      expect(() => netstring().encode(message as never)).toThrowError(
        TypeError,
        /must be a string or a Uint8Array/,
      );
    }
  });
});
