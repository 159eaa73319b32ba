import { DecodeError, type Decoder, type DecoderFactory } from '../../src/index.js';
import { checkDecoder, type CheckDecoderOptions } from '../../src/testing/checkDecoder.js';
import type { Data } from '../../src/index.js';
import { text } from '../streams/record.js';

const netstring = (): Decoder<string> => {
  let length: number | undefined;
  return {
    decode(bytes) {
      length ??= bytes.takeInteger(':');
      if (length === undefined || bytes.length <= length) return undefined;
      const frame = bytes.takeText(length);
      if (!bytes.takeUntil(',')) throw new DecodeError('no comma');
      length = undefined;
      return frame;
    },
  };
};

const prefixed = (): Decoder<Uint8Array> => {
  let length: number | undefined;
  return {
    decode(bytes) {
      length ??= bytes.takeUint16();
      const frame = length === undefined ? undefined : bytes.takeExactly(length);
      if (frame !== undefined) length = undefined;
      return frame;
    },
  };
};

const lines = (): Decoder<Uint8Array> => ({
  decode: (bytes) => bytes.takeUntil('\n'),
  end: (bytes) => (bytes.length > 0 ? bytes.takeExactly(bytes.length) : undefined),
});

/** The message of the error that the check throws. */
function complaint<T>(decoder: DecoderFactory<T>, bytes: Data, options?: CheckDecoderOptions<T>): string {
  try {
    checkDecoder(decoder, bytes, options);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}

describe('checkDecoder', () => {
  it('returns the frames of a decoder that keeps state', () => {
    expect(checkDecoder(netstring, '5:hello,0:,11:hello world,')).toEqual(['hello', '', 'hello world']);
  });

  it('takes bytes and gives bytes', () => {
    const bytes = Uint8Array.of(0, 2, 1, 2, 0, 0, 0, 1, 255);
    const frames = [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(255)];
    expect(checkDecoder(prefixed, bytes, { frames })).toEqual(frames);
  });

  it('passes frames that only the end of the stream brings', () => {
    expect(checkDecoder(lines, 'one\ntwo\nrest').map(text)).toEqual(['one\n', 'two\n', 'rest']);
  });

  it('passes errors that do not depend on the cut', () => {
    expect(checkDecoder(netstring, '1:a,1:bx')).toEqual(['a']);
    expect(checkDecoder(netstring, '1:a,x')).toEqual(['a']);
    expect(checkDecoder(netstring, '1:a,10:unfinished')).toEqual(['a']);
  });

  it('passes nothing, and a single byte', () => {
    expect(checkDecoder(lines, '')).toEqual([]);
    expect(checkDecoder(lines, '\n').map(text)).toEqual(['\n']);
  });

  it('passes a decoder that is another one after its first frame', () => {
    const greeted = (): Decoder<string> => {
      let greeting: Uint8Array | undefined;
      return {
        decode(bytes) {
          if (greeting === undefined) {
            greeting = bytes.takeUntil('\n');
            return greeting && text(greeting);
          }
          return bytes.takeText(2);
        },
      };
    };
    expect(checkDecoder(greeted, 'hello\nabcd')).toEqual(['hello\n', 'ab', 'cd']);
  });

  it('tries a selection of sizes and places on long input', () => {
    const frames = checkDecoder(netstring, '10:0123456789,'.repeat(5000));
    expect(frames.length).toBe(5000);
  });

  it('compares frames of any shape by value', () => {
    const shaped = (): Decoder<unknown> => ({
      decode(bytes) {
        const line = bytes.takeUntil('\n');
        return line && { line, size: BigInt(line.length), parts: new Map([['at', [new Date(0)]]]) };
      },
    });
    expect(checkDecoder(shaped, 'one\ntwo\n').length).toBe(2);
    expect(complaint(shaped, 'one\n', { frames: [{ line: 1, size: 4n }] })).toContain(
      '{"line":"one\\n","size":"4n"',
    );
  });

  it('compares with an equality of its own', () => {
    const numbered = (): Decoder<object> => ({
      decode: (bytes) => bytes.takeUntil('\n') && { random: Math.random() },
    });
    expect(complaint(numbered, 'a\nb\n')).toContain('frame 0 differs');
    expect(complaint(numbered, 'a\nb\n', { equals: () => true })).toBe('nothing');
  });

  it('tells of frames that were not expected', () => {
    expect(complaint(netstring, '1:a,1:b,', { frames: ['a', 'c'] })).toBe(
      [
        'The frames are wrong: frame 1 differs',
        '  what was expected: "c"',
        '  in one piece: "b"',
        '  all frames, what was expected: ["a", "c"]',
        '  all frames, in one piece: ["a", "b"]',
      ].join('\n'),
    );
    expect(complaint(netstring, '1:a,1:b,', { frames: ['a'] })).toContain('what was expected: none');
    expect(complaint(netstring, '1:a,', { frames: ['a', 'b'] })).toContain('in one piece: none');
  });

  it('catches a decoder that gives a frame in parts', () => {
    const eager = (): Decoder<string> => ({
      decode: (bytes) => (bytes.length === 0 ? undefined : bytes.takeText(Math.min(4, bytes.length))),
    });
    expect(complaint(eager, 'abcdefgh')).toBe(
      [
        'The frames depend on how the bytes are cut: frame 0 differs',
        '  in one piece: "abcd"',
        '  in chunks of 1 bytes ("a" "b" "c" "d" "e" "f" "g" "h"): "a"',
        '  all frames, in one piece: ["abcd", "efgh"]',
        '  all frames, in chunks of 1 bytes ("a" "b" "c" "d" "e" "f" "g" "h"): ["a", "b", "c", "d", "e", "f", "g", "h"]',
      ].join('\n'),
    );
  });

  it('catches a decoder that forgets between two calls what it took', () => {
    const forgetful = (): Decoder<Uint8Array> => ({
      decode(bytes) {
        const length = bytes.takeUint8();
        return length === undefined ? undefined : bytes.takeExactly(length);
      },
    });
    const message = complaint(forgetful, Uint8Array.of(2, 1, 1, 2, 7, 8));
    expect(message).toContain('The frames depend on how the bytes are cut: frame 0 differs');
    expect(message).toContain('in one piece: <01 01>');
    expect(message).toContain('in chunks of 1 bytes');
  });

  it('catches a decoder that keeps trailing bytes for itself', () => {
    const hoarder = (): Decoder<string> => {
      let hoard = '';
      return {
        decode(bytes) {
          hoard += bytes.takeText(bytes.length)!;
          const end = hoard.indexOf('\n');
          if (end === -1) return undefined;
          const line = hoard.slice(0, end);
          hoard = hoard.slice(end + 1);
          return line;
        },
      };
    };
    const message = complaint(hoarder, 'one\n', { trailing: 'TLS' });
    expect(message).toBe(
      'The decoder takes more than its frames: behind frame 0, "one", 3 bytes should be left: TLS\n' +
        '  in one piece with 3 trailing bytes 0 are left: ',
    );
    expect(complaint(hoarder, 'one\ntwo\n')).toContain('takes more than its frames: behind frame 0, "one"');
  });

  it('catches a decoder whose frames depend on what is behind them', () => {
    const glancing = (): Decoder<string> => ({
      decode(bytes) {
        const line = bytes.takeUntil('\n');
        return line && text(line) + String(bytes.peek() === 0x21);
      },
    });
    expect(complaint(glancing, 'one\n', { trailing: '!' })).toContain(
      'The frames depend on the bytes behind them: frame 0 differs',
    );
  });

  it('catches a decoder that takes chunks for frames', () => {
    const chunks = (): Decoder<Uint8Array> => ({ decode: (bytes) => bytes.takeChunk() });
    expect(complaint(chunks, 'hello')).toContain(
      'frame 0 differs\n  in one piece: hello\n  in chunks of 1 bytes',
    );
  });

  it('catches a bug that only one cut shows', () => {
    // It takes the first half of a separator for a frame's end when nothing has come behind it yet.
    const hasty = (): Decoder<string> => {
      let line = '';
      return {
        decode(bytes) {
          for (let byte = bytes.takeUint8(); byte !== undefined; byte = bytes.takeUint8()) {
            line += String.fromCharCode(byte);
            if (
              line.endsWith('\r\n') ||
              (line.endsWith('xyz\r') && bytes.length === 0 && line.length === 4)
            ) {
              const frame = line;
              line = '';
              return frame;
            }
          }
          return undefined;
        },
      };
    };
    expect(complaint(hasty, 'ab\r\nxyz\r\n')).toContain('frame 1 differs');
  });

  it('catches state that two subscriptions share', () => {
    const shared = netstring();
    expect(complaint(() => shared, '5:hello,3:abc,')).toContain(
      'A read that was unsubscribed in mid-frame leaves something behind',
    );
  });

  it('catches an error that depends on the cut', () => {
    const strict = (): Decoder<string> => ({
      decode(bytes) {
        if (bytes.length > 0 && bytes.length < 3) throw new DecodeError('too short');
        return bytes.takeText(3);
      },
    });
    const message = complaint(strict, 'abcdef');
    expect(message).toContain('frame 0 differs');
    const raises = (): Decoder<string> => ({
      decode(bytes) {
        if (bytes.length >= 2) throw new Error(`${bytes.length} bytes`);
        return undefined;
      },
    });
    expect(complaint(raises, 'abcd')).toContain(
      'in one piece: ends with the error 4 bytes\n  in chunks of 1 bytes ("a" "b" "c" "d"): ends with the error 2 bytes',
    );
  });

  it('catches an end of the stream that depends on the cut', () => {
    const counting = (): Decoder<string> => {
      let calls = 0;
      return {
        decode(bytes) {
          calls++;
          return bytes.takeText(4);
        },
        end: (bytes) => (calls > 3 && bytes.length > 0 ? bytes.takeText(bytes.length) : undefined),
      };
    };
    expect(complaint(counting, 'abcd')).toContain(
      'The end of the stream behind byte 2 depends on how the bytes are cut',
    );
  });

  it('catches a decoder that waits for more than its frame', () => {
    const late = (): Decoder<string> => ({
      decode: (bytes) => (bytes.length > 4 ? bytes.takeText(4) : undefined),
      end: (bytes) => bytes.takeText(4),
    });
    expect(complaint(late, 'abcdefgh', { trailing: '!' })).toBe('nothing');
    expect(complaint(late, 'abcdefgh', { frames: ['abcd'] })).toContain('frame 1 differs');
  });

  it('ends also when the decoder gives frames for ever', () => {
    expect(complaint(() => ({ decode: () => 'again' }), 'ab')).toContain(
      'gives frames for ever and takes no bytes: 1016 from 2 bytes, in one piece, the last is "again"',
    );
  });

  it('compares errors that are frames by their messages', () => {
    const replies = (): Decoder<Error> => ({
      decode(bytes) {
        const byte = bytes.takeUint8();
        return byte === undefined ? undefined : new Error(`error ${byte}`);
      },
    });
    expect(complaint(replies, 'a', { frames: [new Error('error 97')] })).toBe('nothing');
    expect(complaint(replies, 'a', { frames: [new Error('error 98')] })).toContain('frame 0 differs');
  });
});
