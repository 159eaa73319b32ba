import fc from 'fast-check';
import { take } from 'rxjs';
import { ByteQueue, lines, type LinesCodecOptions, type TextEncoding } from '../../src/index.js';
import { checkDecoder, manualConnection } from '../../src/testing.js';
import { byteByByte, decoderContract, readAll, shown } from '../contracts/decoderContract.js';
import { runs } from '../contracts/runs.js';
import { work } from '../contracts/work.js';
import { bytes, record, text } from '../streams/record.js';
import { frameMarbles } from './frameMarbles.js';

const line = fc
  .string({ unit: 'binary', maxLength: 20 })
  .map((content) => content.replaceAll(/[\r\n]/g, '-'));
const traits = (options: LinesCodecOptions) => ({
  make: (maxLength: number) => lines({ ...options, maxLength }),
  messages: line,
  long: (length: number) => 'a'.repeat(length),
  decoded: (content: string) => content,
  overhead: 0,
  unterminated: true,
});

/** How many bytes a search for the first that is not ASCII would pass over, in every view that is made during a call. */
function looksAt(run: () => void): number {
  let looks = 0;
  const prototype = Object.getPrototypeOf(Uint8Array.prototype) as { subarray: Uint8Array['subarray'] };
  const original = prototype.subarray;
  prototype.subarray = function (this: Uint8Array, from?: number, to?: number) {
    const view = original.call(this, from, to) as Uint8Array<ArrayBuffer>;
    const at = view.findIndex((byte) => byte > 127);
    looks += at === -1 ? view.length : at;
    return view;
  };
  try {
    run();
  } finally {
    prototype.subarray = original;
  }
  return looks;
}

describe('lines', () => {
  decoderContract('lines', traits({}));
  decoderContract('lines(discard)', traits({ overlong: 'discard' }));
  decoderContract('lines(latin1)', {
    ...traits({ encoding: 'latin1' }),
    messages: line.map((content) => content.replaceAll(/[^\0-\xff]/gu, 'ÿ')),
  });

  const chunks = {
    a: 'ab',
    b: 'c\nd\r\n',
    c: 'c',
    d: '\r',
    n: '\n',
    e: bytes('é').slice(0, 1),
    f: bytes('é').slice(1),
  };
  const frames = { w: 'ab', x: 'abc', y: 'd', z: 'c', e: 'é', s: '' };
  frameMarbles(lines(), chunks, frames, [
    ['emits each line when its newline comes', '--a---b----|', '------(xy)-|'],
    ['emits the unterminated rest at the end of the stream', '--b-c---|', '--(zy)--(z|)'],
    ['keeps a carriage return to itself until it knows what follows', '--a-d-n--|', '------w--|'],
    ['emits blank lines', '--n-n-|', '--s-s-|'],
    ['puts characters together that were cut', '--e-f-n-|', '------e-|'],
    ['completes with an empty stream', '---|', '---|'],
  ]);
  frameMarbles(lines({ maxLength: 3 }), chunks, frames, [
    ['takes a line of maxLength bytes', '--a-c-n--|', '------x--|'],
    ['errors as soon as there is one more', '--b-a-a--|', '--(zy)#', 'ERR_LIMIT_OVERRUN'],
    ['counts the carriage return', '--a-c-d--|', '------#', 'ERR_LIMIT_OVERRUN'],
  ]);
  frameMarbles(lines({ maxLength: 3, overlong: 'discard' }), chunks, frames, [
    ['drops an overlong line, however long, and goes on', '--a-a-a-a-b--|', '----------y--|'],
    ['drops an overlong line at the end of the stream', '--b-a-a-a--|', '--(zy)-----|'],
    ['takes a line of maxLength bytes behind it', '--a-a-n-a-c-n-a-|', '------------x---(w|)'],
  ]);

  describe("with overlong: 'discard'", () => {
    const short = lines({ maxLength: 4, overlong: 'discard' });

    it('gives the lines that are not overlong, however they are cut', () => {
      expect(checkDecoder(short, 'abc\n12345\nd\r\n123456789\n\n1234\n1234\r\n12\r')).toEqual([
        'abc',
        'd',
        '',
        '1234',
        '12\r',
      ]);
      const content = fc.array(fc.constantFrom('a', 'é', '\n', '\r\n', 'bbbb', '\r'), { maxLength: 40 });
      fc.assert(
        fc.property(content, (parts) => {
          const data = parts.join('');
          const kept = data
            .split('\n')
            .filter((part, i, all) => bytes(part).length <= 4 && (i < all.length - 1 || part !== ''))
            .map((part, i, all) =>
              data.endsWith('\n') || i < all.length - 1 ? part.replace(/\r$/, '') : part,
            );
          const log = [...kept.map(shown), '|'];
          // Whether the last line that is kept is the rest, which keeps its \r, is seen on the data only.
          const rest = data.slice(data.lastIndexOf('\n') + 1);
          if (bytes(rest).length > 4 && kept.length > 0)
            log[kept.length - 1] = shown(kept.at(-1)!.replace(/\r$/, ''));
          for (const cut of [[bytes(data)], byteByByte(bytes(data))]) {
            expect(readAll(short, cut)).withContext(JSON.stringify(data)).toEqual({ log, rest: '' });
          }
        }),
        runs(500),
      );
    });

    it('holds no more than maxLength of an overlong line', () => {
      const { reader, transport } = manualConnection({ limit: 10_000 });
      const { log } = record(reader.frames(short));
      let most = 0;
      for (let i = 0; i < 5000; i++) {
        transport.receive('x');
        most = Math.max(most, reader.bufferedBytes);
      }
      expect(most).toBe(4);
      transport.receive('\nab\n');
      expect(log).toEqual(['ab']);
    });

    it('leaves to the next read what comes after an unsubscription in the middle of it', () => {
      const { reader, transport } = manualConnection();
      const first = reader.frames(short).subscribe();
      transport.receive('ab\n123456');
      first.unsubscribe();
      expect(reader.bufferedBytes).toBe(0);
      const { log } = record(reader.lines());
      transport.receive('78\ncd\n');
      expect(log).toEqual(['78', 'cd']);
    });

    it('puts nothing back that was emitted behind it', () => {
      for (const chunks of [
        ['12345\n', 'ab\ncd\nef\n'],
        ['12345', '\n', 'ab\ncd\n', 'ef\n'],
        ['12345\nab\ncd\nef\n'],
      ]) {
        const { reader, transport } = manualConnection();
        const seen: string[] = [];
        const first = reader.frames(short).subscribe((content) => {
          seen.push(content);
          if (content === 'cd') first.unsubscribe();
        });
        for (const chunk of chunks) transport.receive(chunk);
        const unfinished = reader.readExactly(100).subscribe();
        unfinished.unsubscribe();
        const { log } = record(reader.lines());
        expect([...seen, ...log])
          .withContext(JSON.stringify(chunks))
          .toEqual(['ab', 'cd', 'ef']);
      }
    });

    it('keeps a line that is not in the encoding in the reader, behind one that it dropped', () => {
      const ascii = lines({ maxLength: 4, overlong: 'discard', encoding: 'ascii' });
      for (const data of ['12345\né\nab\n', 'a\n12345\né\nab\n']) {
        const { rest, log } = readAll(ascii, [bytes(data)]);
        expect([log.at(-1), rest]).toEqual(['# ERR_DECODE', shown(bytes('é\nab\n'))]);
        expect(readAll(ascii, byteByByte(bytes(data))).log).toEqual(log);
      }
    });

    it('leaves nothing held in a bare queue', () => {
      const queue = new ByteQueue();
      const decoder = short();
      queue.push(bytes('123456\nab\n'));
      expect(decoder.decode(queue)).toBe('ab');
      expect(queue.held).toBe(0);
    });

    it('gives one line, read by read', () => {
      const { reader, transport } = manualConnection();
      transport.receive('123456\nab\n123456\ncd\n');
      expect(record(reader.readFrame(short)).log).toEqual(['ab', '|']);
      expect(record(reader.readFrame(short)).log).toEqual(['cd', '|']);
    });

    it('costs what the bytes cost', () => {
      const overlong = (length: number): number =>
        work(() =>
          expect(readAll(short, byteByByte(bytes(`${'x'.repeat(length)}\na`))).log).toEqual(['"a"', '|']),
        );
      expect(overlong(40_000) / overlong(10_000)).toBeLessThan(6);
      const many = (count: number): number =>
        work(() => expect(readAll(short, [bytes('123456\na\n'.repeat(count))]).log.length).toBe(count + 1));
      expect(many(400) / many(100)).toBeLessThan(6);
    });
  });

  it('calls its bound limit, and takes maxLength for it', () => {
    expect(readAll(lines({ limit: 3 }), [bytes('abc\nabcd\n')]).log).toEqual([
      '"abc"',
      '# ERR_LIMIT_OVERRUN',
    ]);
    expect(readAll(lines({ limit: 3, maxLength: 3 }), [bytes('abcd\n')]).log).toEqual([
      '# ERR_LIMIT_OVERRUN',
    ]);
    expect(() => lines({ limit: 3 }).encode('abcd')).toThrowError(RangeError, /4 bytes .* limit of 3/);
    expect(() => lines({ limit: 3, maxLength: 4 })).toThrowError(TypeError, /limit and maxLength.* 3 or 4/);
    for (const limit of [0, -1, 1.5, NaN, Infinity, '10', 10n, null]) {
      expect(() => lines({ limit: limit as never })).toThrowError(
        RangeError,
        /^limit must be a positive integer/,
      );
    }
  });

  it('refuses options that are none, with lines() and with reader.lines()', () => {
    const { reader } = manualConnection();
    for (const wrong of ['latin1', 10, true, () => undefined]) {
      expect(() => lines(wrong as never)).toThrowError(TypeError, /options must be an object/);
      expect(() => reader.lines(wrong as never)).toThrowError(TypeError, /options must be an object/);
    }
    for (const encoding of ['utf8', 'binary', null, 1]) {
      expect(() => lines({ encoding: encoding as never })).toThrowError(RangeError, /encoding/);
      expect(() => reader.lines({ encoding: encoding as never })).toThrowError(RangeError, /encoding/);
    }
  });

  describe('cost', () => {
    // The reader's own lines and the codec, read in one go or a line at a time.
    const reads: Record<string, (encoding: TextEncoding, data: Uint8Array) => number> = {
      'reader.lines': (encoding, data) => {
        const { reader, transport } = manualConnection({ limit: 1e6 });
        transport.receive(data);
        let count = 0;
        reader.lines({ encoding }).subscribe({ next: () => count++, error: () => undefined });
        return count;
      },
      lines: (encoding, data) => {
        const { reader, transport } = manualConnection({ limit: 1e6 });
        transport.receive(data);
        let count = 0;
        reader.frames(lines({ encoding })).subscribe({ next: () => count++, error: () => undefined });
        return count;
      },
      'lines, overlong ones dropped': (encoding, data) => {
        const { reader, transport } = manualConnection({ limit: 1e6 });
        transport.receive(data);
        let count = 0;
        reader
          .frames(lines({ encoding, limit: 4, overlong: 'discard' }))
          .subscribe({ next: () => count++, error: () => undefined });
        return count;
      },
      consume: (encoding, data) => {
        const { reader, transport } = manualConnection({ limit: 1e6 });
        transport.receive(data);
        let count = 0;
        reader
          .consume(lines({ encoding }), () => {
            count++;
          })
          .subscribe({ error: () => undefined });
        return count;
      },
    };
    const shapes: Record<string, (n: number) => Uint8Array> = {
      'blank lines and a last byte 0xff': (n) => new Uint8Array(n).fill(10).fill(255, n - 1),
      'short lines and a last line that is not ASCII': (n) => bytes(`${'ab\n'.repeat(n / 3)}\u00e9\n`),
      'lines that are too long, and not ASCII': (n) => bytes('a\n\u00e9\u00e9\u00e9\n'.repeat(n / 9)),
      'the same, and a long rest': (n) => bytes('a\n\u00e9\u00e9\u00e9\n'.repeat(n / 18) + 'x'.repeat(n / 2)),
    };
    for (const [name, read] of Object.entries(reads)) {
      for (const [shape, make] of Object.entries(shapes)) {
        it(`of ${name} is linear for ${shape}`, () => {
          for (const encoding of ['ascii', 'latin1', 'utf-8'] as const) {
            const cost = (n: number): number => {
              const data = make(n);
              let total = 0;
              return looksAt(() => (total = work(() => void read(encoding, data)))) + total;
            };
            const ratio = cost(36_000) / cost(9000);
            expect(ratio).withContext(encoding).toBeLessThan(6);
          }
        });
      }
    }

    it('of lines read one at a time is linear', () => {
      const cost = (n: number): number =>
        work(() => {
          const { reader, transport } = manualConnection({ limit: 1e7 });
          transport.receive('a\n'.repeat(n));
          let count = 0;
          for (let i = 0; i < n; i++)
            reader
              .lines()
              .pipe(take(1))
              .subscribe(() => count++);
          expect(count).toBe(n);
        });
      expect(cost(40_000) / cost(10_000)).toBeLessThan(6);
    });
  });

  it('turns many lines into text at once', () => {
    const data = bytes('a line\n'.repeat(1000));
    const decodings = spyOn(TextDecoder.prototype, 'decode').and.callThrough();
    for (const overlong of ['error', 'discard'] as const) {
      decodings.calls.reset();
      expect(readAll(lines({ overlong }), [data]).log.length).toBe(1001);
      // The first line may come by itself.
      expect(decodings.calls.count()).toBeLessThanOrEqual(2);
    }
  });

  it('reads and writes the encodings', () => {
    expect(readAll(lines({ encoding: 'latin1' }), [Uint8Array.of(0xe9, 0x0a)]).log).toEqual(['"é"', '|']);
    expect(lines({ encoding: 'latin1' }).encode('é')).toEqual(Uint8Array.of(0xe9, 0x0a));
    expect(readAll(lines({ encoding: 'ascii' }), [bytes('a\né\n')]).log).toEqual(['"a"', '# ERR_DECODE']);
    expect(lines({ encoding: 'ascii' }).encode('a')).toEqual(bytes('a\n'));
    expect(() => lines({ encoding: 'ascii' }).encode('aé')).toThrowError(RangeError, /"é" at 1 is not ascii/);
    expect(lines({ encoding: 'latin1' }).encode('\xff')).toEqual(Uint8Array.of(0xff, 0x0a));
    expect(() => lines({ encoding: 'latin1' }).encode('\u0100')).toThrowError(RangeError);
    expect(() => lines({ encoding: 'ascii' }).encode('\x80')).toThrowError(RangeError);
    expect(() => lines({ encoding: 'latin1' }).encode('€')).toThrowError(
      RangeError,
      /"€" at 0 is not latin1/,
    );
    expect(readAll(lines(), [Uint8Array.of(0xff, 0x0a)]).log).toEqual(['"\ufffd"', '|']);
  });

  it('encodes text that is one line, and no other', () => {
    expect(text(lines().encode('é\ra') as Uint8Array)).toBe('é\ra\n');
    for (const bad of ['a\nb', '\n', 'a\r', 'a\r\n'])
      expect(() => lines().encode(bad)).toThrowError(RangeError, /contain/);
    expect(() => lines({ maxLength: 3 }).encode('éé')).toThrowError(RangeError, /4 bytes .* maxLength of 3/);
    expect(text(lines({ maxLength: 3 }).encode('abc') as Uint8Array)).toBe('abc\n');
    expect(() => lines().encode(1 as unknown as string)).toThrowError(TypeError);
  });

  it('says what is no line, and which limit it is over', () => {
    expect(() => lines().encode(1 as unknown as string)).toThrowError(
      TypeError,
      'A line must be a string, not 1',
    );
    expect(() => lines().encode('x'.repeat(65_537))).toThrowError(
      RangeError,
      'A message of 65537 bytes is over the limit of 65536',
    );
  });

  it('refuses bad options at the call', () => {
    for (const maxLength of [0, -1, 1.5, NaN, Infinity]) {
      expect(() => lines({ maxLength })).toThrowError(RangeError, /maxLength/);
    }
    expect(() => lines({ encoding: 'utf-16' as 'utf-8' })).toThrowError(RangeError, /encoding/);
    expect(() => lines({ overlong: 'skip' as 'error' })).toThrowError(RangeError, /overlong/);
  });
});
