import fc from 'fast-check';
import { ByteQueue } from '../../src/bytes/ByteQueue.js';
import { LimitOverrunError } from '../../src/bytes/errors.js';
import { compileSeparator } from '../../src/bytes/Separator.js';
import { runs } from '../contracts/runs.js';
import { bytes, text } from '../streams/record.js';

function queueOf(...chunks: (string | number[])[]): ByteQueue {
  const queue = new ByteQueue();
  for (const chunk of chunks) queue.push(typeof chunk === 'string' ? bytes(chunk) : Uint8Array.from(chunk));
  return queue;
}
const taken = (data: Uint8Array | undefined): string | undefined => data && text(data);
const rest = (queue: ByteQueue): string => text(queue.takeExactly(queue.length)!);

describe('ByteQueue', () => {
  describe('takeExactly', () => {
    it('takes from one chunk, from several, and nothing while bytes are missing', () => {
      const queue = queueOf('abc', 'def');
      expect(taken(queue.takeExactly(2))).toBe('ab');
      expect(taken(queue.takeExactly(3))).toBe('cde');
      expect(queue.takeExactly(2)).toBeUndefined();
      expect(queue.length).toBe(1);
      queue.push(bytes('g'));
      expect(taken(queue.takeExactly(2))).toBe('fg');
      expect(queue.length).toBe(0);
    });

    it('hands out a view into the chunk where the bytes lie in one', () => {
      const chunk = bytes('abcdef');
      const queue = new ByteQueue();
      queue.push(chunk);
      expect(queue.takeExactly(3)!.buffer).toBe(chunk.buffer);
      expect(queue.takeExactly(3)!.buffer).toBe(chunk.buffer);
    });

    it('hands out the chunk itself where all of it is taken', () => {
      const chunk = bytes('abcdef');
      const queue = new ByteQueue();
      queue.push(chunk);
      expect(queue.takeExactly(6)).toBe(chunk);
    });

    it('gives no bytes for 0', () => {
      expect(new ByteQueue().takeExactly(0)!.length).toBe(0);
    });

    it('refuses a count that is negative, no integer or no number, whatever is in the queue', () => {
      for (const n of [-1, 1.5, NaN, Infinity, '3' as never, 3n as never, null as never]) {
        expect(() => new ByteQueue().takeExactly(n)).toThrowError(RangeError, new RegExp(`not ${n}`));
        expect(() => queueOf('abcdef').takeExactly(n)).toThrowError(RangeError, new RegExp(`not ${n}`));
      }
    });
  });

  describe('push', () => {
    it('refuses what is not bytes', () => {
      expect(() => new ByteQueue().push('abc' as never)).toThrowError(TypeError, /not abc/);
      for (const wrong of [
        new DataView(new ArrayBuffer(2)),
        new Uint16Array(2),
        new Int8Array(2),
        new Uint8ClampedArray(2),
        new ArrayBuffer(2),
        [1, 2],
        { length: 2 },
        null,
        undefined,
        5,
      ]) {
        const queue = new ByteQueue();
        expect(() => queue.push(wrong as never)).toThrowError(TypeError, /chunk must be a Uint8Array/);
        expect(queue.length).toBe(0);
      }
    });

    it('takes the bytes of another realm, and of subclasses', () => {
      class Foreign extends Uint8Array {}
      Object.setPrototypeOf(Foreign.prototype, Object.getPrototypeOf(Uint8Array.prototype) as object);
      const queue = new ByteQueue();
      queue.push(new Foreign([97, 98]));
      expect(rest(queue)).toBe('ab');
    });

    it('is not confused by a view of its own that is pushed again', () => {
      const queue = queueOf('a', 'b'.repeat(200), 'c'.repeat(200));
      const piece = queue.takeExactly(401)!.subarray(1);
      queue.push(bytes('x'));
      queue.push(piece);
      queue.push(bytes('d'));
      expect(rest(queue)).toBe(`x${'b'.repeat(200)}${'c'.repeat(200)}d`);
    });

    it('ignores an empty chunk', () => {
      const queue = queueOf('', 'a', '');
      expect(queue.length).toBe(1);
      expect(taken(queue.takeChunk())).toBe('a');
      queue.push(bytes(''));
      expect(queue.takeChunk()).toBeUndefined();
    });

    it('gives plain Uint8Arrays whatever came in', () => {
      class Special extends Uint8Array {}
      const queue = new ByteQueue();
      queue.push(new Special([1, 2, 3]));
      expect(queue.takeExactly(2)!.constructor).toBe(Uint8Array);
    });

    it('never writes again where a view is out, though small chunks are gathered', () => {
      const queue = queueOf('a', 'b', 'c');
      queue.skip(1);
      const view = queue.takeExactly(2)!;
      for (let i = 0; i < 10_000; i++) {
        queue.push(bytes('xyz'));
        if (i % 3 === 0) queue.takeExactly(2);
      }
      expect(text(view)).toBe('bc');
    });

    it('gathers small chunks: a trickle lies in few pieces', () => {
      const queue = new ByteQueue();
      for (let i = 0; i < 4000; i++) queue.push(bytes('x'));
      let pieces = 0;
      while (queue.takeChunk() !== undefined) pieces++;
      expect(pieces).toBeLessThanOrEqual(3);
    });
  });

  describe('takeUntil', () => {
    it('takes up to and with the separator', () => {
      const queue = queueOf('ab\r', '\ncd\r\n');
      expect(taken(queue.takeUntil('\r\n'))).toBe('ab\r\n');
      expect(taken(queue.takeUntil('\r\n'))).toBe('cd\r\n');
      expect(queue.takeUntil('\r\n')).toBeUndefined();
    });

    it('takes the shortest piece that any of several separators ends', () => {
      const queue = queueOf('ABCDEFG');
      expect(taken(queue.takeUntil(['DEF', 'BCDE']))).toBe('ABCDE');
      expect(rest(queue)).toBe('FG');
    });

    it('looks at each byte once, though it is asked again for every chunk', () => {
      const scan = spyOn(compileSeparator('needle')[0]!, 'scan').and.callThrough();
      const queue = new ByteQueue();
      for (let i = 0; i < 200; i++) {
        queue.push(bytes('x'.repeat(300)));
        expect(queue.takeUntil('needle')).toBeUndefined();
      }
      // The calls cover 200 chunks of 300 bytes between them: one each, from its first byte.
      expect(scan).toHaveBeenCalledTimes(200);
      expect(scan.calls.allArgs().every(([, from]) => from === 0)).toBeTrue();
    });

    it('does not find a match that began in bytes already taken', () => {
      const queue = queueOf('xxab');
      expect(queue.takeUntil('abc')).toBeUndefined();
      queue.skip(3);
      queue.push(bytes('c-abc'));
      expect(taken(queue.takeUntil('abc'))).toBe('bc-abc');
    });
  });

  describe('indexOf', () => {
    it('says where the separator begins, from an offset on, across chunks', () => {
      const queue = queueOf('a,b', ',c');
      expect(queue.indexOf(',')).toBe(1);
      expect(queue.indexOf(',', 2)).toBe(3);
      expect(queue.indexOf('c', 4)).toBe(4);
      expect(queue.indexOf('c', 5)).toBe(-1);
      expect(queue.indexOf('c', 99)).toBe(-1);
      expect(queue.length).toBe(5);
    });

    it('refuses a place that is no count', () => {
      for (const from of [-1, 1.5, NaN]) {
        expect(() => queueOf('a,b').indexOf(',', from)).toThrowError(RangeError, new RegExp(`not ${from}`));
      }
    });

    it('agrees with a plain search for any chunks, separators and order of calls', () => {
      const small = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 });
      const step = fc.oneof(
        fc.record({ push: small }),
        fc.record({ find: small, from: fc.nat(6) }),
        fc.record({ skip: fc.nat(4) }),
        fc.record({ holdAndTake: fc.nat(4) }),
      );
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
          const queue = new ByteQueue();
          let model = '';
          for (const action of steps) {
            if ('push' in action) {
              queue.push(bytes(action.push));
              model += action.push;
            } else if ('find' in action) {
              expect(queue.indexOf(action.find, action.from)).toBe(model.indexOf(action.find, action.from));
            } else if ('skip' in action) {
              if (queue.skip(action.skip)) model = model.slice(action.skip);
            } else {
              queue.hold();
              queue.takeExactly(action.holdAndTake);
              queue.indexOf('ab');
              queue.rollback();
            }
            expect(queue.length).toBe(model.length);
          }
          expect(rest(queue)).toBe(model);
        }),
        runs(2000),
      );
    });
  });

  describe('takeUpTo', () => {
    it('takes as much as lies in one piece, up to the count', () => {
      const queue = queueOf('abcdef', 'x'.repeat(300));
      expect(taken(queue.takeUpTo(2))).toBe('ab');
      expect(taken(queue.takeUpTo(3))).toBe('cde');
      expect(taken(queue.takeUpTo(9))).toBe('f');
      expect(taken(queue.takeUpTo(300))).toBe('x'.repeat(300));
      expect(queue.takeUpTo(1)).toBeUndefined();
    });

    it('refuses a count that is none, or 0, whatever is in the queue', () => {
      for (const queue of [queueOf('abc'), new ByteQueue()]) {
        for (const n of [-1, 1.5, NaN, '3' as never])
          expect(() => queue.takeUpTo(n)).toThrowError(RangeError, new RegExp(`not ${n}`));
        expect(() => queue.takeUpTo(0)).toThrowError(RangeError, 'takeUpTo(0) would take nothing, for ever');
      }
    });
  });

  describe('takeText', () => {
    it('reads UTF-8 across chunks, with a replacement for what is not', () => {
      const queue = queueOf([0xc3], [0xa9, 0xff]);
      expect(queue.takeText(3)).toBe('é\ufffd');
    });

    it('keeps a byte order mark', () => {
      expect(queueOf([0xef, 0xbb, 0xbf, 0x61]).takeText(4)).toBe('\ufeffa');
    });

    it('reads latin1 byte by byte, not as windows-1252', () => {
      expect(queueOf([0x61, 0x80, 0xff]).takeText(3, 'latin1')).toBe('a\u0080\u00ff');
      const long = new Uint8Array(100_000).fill(0xe9);
      const queue = new ByteQueue();
      queue.push(long);
      expect(queue.takeText(long.length, 'latin1') === 'é'.repeat(long.length)).toBeTrue();
    });

    it('refuses bytes that are not ASCII, and takes nothing', () => {
      const queue = queueOf([0x61, 0xe9]);
      expect(() => queue.takeText(2, 'ascii')).toThrowMatching(
        (error: { code?: string; message: string }) =>
          error.code === 'ERR_DECODE' && error.message.includes('233 at 1'),
      );
      expect(queue.length).toBe(2);
      expect(queue.takeText(1, 'ascii')).toBe('a');
    });

    it('refuses an encoding it does not know, whatever is there', () => {
      for (const encoding of ['utf8', 'UTF-8', 'binary', 'utf-16', '', null, 1]) {
        for (const queue of [queueOf('abc'), new ByteQueue()]) {
          expect(() => queue.takeText(2, encoding as never)).toThrowError(RangeError, /encoding must be/);
        }
      }
    });

    it('reads each encoding by itself, though the chunk was read as another', () => {
      const queue = queueOf(Array<number>(10).fill(0xe9));
      expect([queue.takeText(1), queue.takeText(1), queue.takeText(1)]).toEqual([
        '\ufffd',
        '\ufffd',
        '\ufffd',
      ]);
      for (let i = 0; i < 3; i++) expect(queue.takeText(1, 'latin1')).toBe('é');
    });

    it('copies no bytes of a text that lies in one chunk', () => {
      const queue = queueOf('abcdefghij'.repeat(100));
      const set = spyOn(Uint8Array.prototype, 'set').and.callThrough();
      expect(queue.takeText(300)).toBe('abcdefghij'.repeat(30));
      expect(queue.takeText(700)).toBe('abcdefghij'.repeat(70));
      expect(set).not.toHaveBeenCalled();
    });

    it('converts a small chunk once for its second text and all after it, a large one piece by piece', () => {
      const decode = spyOn(TextDecoder.prototype, 'decode').and.callThrough();
      for (const [length, converted] of [
        [4096, [300, 4096]],
        [4097, [300, 300, 300, 300]],
      ] as const) {
        decode.calls.reset();
        const queue = new ByteQueue();
        queue.push(new Uint8Array(length).fill(97));
        for (let i = 0; i < 4; i++) expect(queue.takeText(300)).toBe('a'.repeat(300));
        expect(decode.calls.allArgs().map(([data]) => data!.byteLength)).toEqual([...converted]);
      }
    });

    it('waits for missing bytes', () => {
      expect(queueOf('ab').takeText(3)).toBeUndefined();
      expect(queueOf('ab').takeText(0)).toBe('');
    });
  });

  describe('takeUnsignedInteger', () => {
    it('takes a number and its terminator, across chunks', () => {
      const queue = queueOf('1', '2:0:9007199254740991', ':');
      expect(queue.takeUnsignedInteger(':')).toBe(12);
      expect(queue.takeUnsignedInteger(':')).toBe(0);
      expect(queue.takeUnsignedInteger(':')).toBe(Number.MAX_SAFE_INTEGER);
    });

    it('refuses a sign as soon as it shows, and takes nothing', () => {
      for (const wrong of ['+', '-', '+3:abc', '-3:', '-0:', ':', 'a', '1-:']) {
        const queue = queueOf(wrong);
        expect(() => queue.takeUnsignedInteger(':'))
          .withContext(wrong)
          .toThrowMatching((error: { code?: string }) => error.code === 'ERR_DECODE');
        expect(queue.length).toBe(wrong.length);
      }
    });
  });

  describe('takeInteger', () => {
    it('takes number and terminator, with a sign, across chunks', () => {
      const queue = queueOf('12', '3\r', '\n-45\r\n+6\r\n-0\r\n');
      expect(queue.takeInteger('\r\n')).toBe(123);
      expect(queue.takeInteger('\r\n')).toBe(-45);
      expect(queue.takeInteger('\r\n')).toBe(6);
      expect(queue.takeInteger('\r\n')).toBe(0);
      expect(queue.length).toBe(0);
    });

    it('waits, and takes nothing, while number or terminator are not complete', () => {
      for (const start of ['', '-', '1', '12\r']) {
        const queue = queueOf(start);
        expect(queue.takeInteger('\r\n')).withContext(start).toBeUndefined();
        expect(queue.length).toBe(start.length);
      }
    });

    it('knows several terminators', () => {
      const queue = queueOf('1,2\n');
      expect(queue.takeInteger([',', '\n'])).toBe(1);
      expect(queue.takeInteger([',', '\n'])).toBe(2);
      for (const chunks of [['3\r\n4\n'], ['3\r', '\n4', '\n']]) {
        const both = queueOf(...chunks);
        expect(both.takeInteger(['\r\n', '\n'])).toBe(3);
        expect(both.takeInteger(['\r\n', '\n'])).toBe(4);
      }
      expect(queueOf('5ab').takeInteger(['ab', 'a'])).toBe(5);
    });

    it('refuses what is not an integer as soon as it shows, and takes nothing', () => {
      for (const wrong of [
        '\r\n',
        'a',
        '-\r\n',
        '1a',
        '1\ra',
        '1 \r\n',
        '--1',
        '1.5\r\n',
        '9007199254740992',
      ]) {
        const queue = queueOf(wrong);
        expect(() => queue.takeInteger('\r\n'))
          .withContext(JSON.stringify(wrong))
          .toThrowMatching((error: { code?: string }) => error.code === 'ERR_DECODE');
        expect(queue.length).toBe(wrong.length);
      }
    });

    it('shows what it found with invisible characters escaped', () => {
      for (const [found, shown] of [
        ['1\u0000', '"1\\u0000"'],
        ['1\u0007', '"1\\u0007"'],
        ['1\n', '"1\\n"'],
      ] as const) {
        expect(() => queueOf(found).takeInteger(';')).toThrowMatching((error: Error) =>
          error.message.endsWith(shown),
        );
      }
      expect(() => queueOf([0x31, 0x85]).takeInteger(';')).toThrowMatching((error: Error) =>
        error.message.endsWith('"1\\u{85}"'),
      );
    });

    it('takes the largest safe integer, and gives up on endless digits', () => {
      expect(queueOf('9007199254740991\n').takeInteger('\n')).toBe(Number.MAX_SAFE_INTEGER);
      expect(() => queueOf('0'.repeat(17)).takeInteger('\n')).toThrowError(/"0{17}"/);
    });
  });

  it('takes numbers in both byte orders, also across chunks', () => {
    const view = new DataView(new ArrayBuffer(100));
    view.setUint8(0, 200);
    view.setInt8(1, -3);
    view.setUint16(2, 40_000);
    view.setUint16(4, 40_000, true);
    view.setInt16(6, -2);
    view.setUint32(8, 4_000_000_000);
    view.setUint32(12, 4_000_000_000, true);
    view.setInt32(16, -5);
    view.setBigUint64(20, 2n ** 63n + 1n);
    view.setBigInt64(28, -7n, true);
    view.setFloat32(36, 1.5);
    view.setFloat64(40, Math.PI);
    const all = new Uint8Array(view.buffer, 0, 48);
    for (const size of [1, 3, 48]) {
      const queue = new ByteQueue();
      for (let at = 0; at < 48; at += size) queue.push(all.slice(at, at + size));
      expect([
        queue.takeUint8(),
        queue.takeInt8(),
        queue.takeUint16(),
        queue.takeUint16(true),
        queue.takeInt16(),
        queue.takeUint32(),
        queue.takeUint32(true),
        queue.takeInt32(),
        queue.takeBigUint64(),
        queue.takeBigInt64(true),
        queue.takeFloat32(),
        queue.takeFloat64(),
      ])
        .withContext(`chunks of ${size}`)
        .toEqual([200, -3, 40_000, 40_000, -2, 4e9, 4e9, -5, 2n ** 63n + 1n, -7n, 1.5, Math.PI]);
      expect([queue.takeUint8(), queue.takeUint16(), queue.takeFloat64()]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }
  });

  it('refuses a byte order that is neither true nor false', () => {
    for (const order of ['big', 'little', 1, null, {}]) {
      expect(() => queueOf('abcdefgh').takeUint16(order as never)).toThrowError(TypeError, /littleEndian/);
      expect(() => new ByteQueue().takeFloat64(order as never)).toThrowError(TypeError, /littleEndian/);
    }
  });

  it('peeks without taking', () => {
    const queue = queueOf('ab', 'c');
    queue.skip(1);
    expect([queue.peek(), queue.peek(1), queue.peek(2)]).toEqual([0x62, 0x63, undefined]);
    expect(queue.length).toBe(2);
    expect(() => queue.peek(-1)).toThrowError(RangeError, /not -1/);
  });

  it('peeks far ahead, in any order, with chunks taken, held and put back', () => {
    const queue = new ByteQueue();
    const n = 500;
    for (let i = 0; i < n; i++) queue.push(new Uint8Array(300).fill(i & 127));
    const check = (taken: number): void => {
      for (const at of [0, 299, 300, 301, 150_000 - taken - 1, 77_777 - taken, 1]) {
        expect(queue.peek(at)).toBe(Math.floor((taken + at) / 300) & 127);
      }
      expect(queue.peek(150_000 - taken)).toBeUndefined();
    };
    check(0);
    queue.skip(10_000);
    check(10_000);
    queue.hold();
    queue.skip(40_123);
    check(50_123);
    queue.rollback();
    check(10_000);
    queue.hold();
    queue.skip(40_000);
    queue.commit();
    queue.skip(1);
    queue.rollback();
    check(50_000);
  });

  it('skips all it is asked to, or nothing', () => {
    const queue = queueOf('ab', 'c');
    expect(queue.skip(4)).toBeFalse();
    expect(queue.skip(2)).toBeTrue();
    expect(queue.skip(0)).toBeTrue();
    expect(rest(queue)).toBe('c');
  });

  describe('hold, commit, rollback', () => {
    it('puts back what was taken since hold', () => {
      const queue = queueOf('ab', 'cd', 'ef');
      queue.skip(1);
      queue.hold();
      expect(taken(queue.takeExactly(4))).toBe('bcde');
      expect(queue.held).toBe(4);
      queue.push(bytes('gh'));
      queue.rollback();
      expect(queue.held).toBe(0);
      expect(rest(queue)).toBe('bcdefgh');
    });

    it('puts back what was taken to the last byte, with small chunks coming in between', () => {
      const queue = queueOf('ab');
      queue.hold();
      queue.skip(2);
      for (const chunk of ['c', 'd', 'e']) {
        queue.push(bytes(chunk));
        queue.skip(1);
      }
      queue.push(bytes('f'));
      queue.rollback();
      expect(rest(queue)).toBe('abcdef');
    });

    it('keeps what is taken after commit, and lets go of what was before', () => {
      const queue = queueOf('ab', 'cd', 'ef');
      queue.hold();
      queue.skip(3);
      queue.commit();
      expect(queue.held).toBe(0);
      queue.skip(2);
      expect(queue.held).toBe(2);
      queue.rollback();
      expect(rest(queue)).toBe('def');
    });

    it('commits nothing that nobody holds', () => {
      const queue = queueOf('abc');
      queue.skip(1);
      queue.commit();
      queue.skip(1);
      queue.rollback();
      expect(rest(queue)).toBe('c');
    });

    it('lets go with commit', () => {
      const queue = queueOf('ab', 'cd');
      queue.hold();
      queue.skip(3);
      queue.commit();
      queue.rollback();
      expect(rest(queue)).toBe('d');
    });
  });

  describe('in one chunk and across several', () => {
    const cut = (data: Uint8Array, at: number): ByteQueue => {
      const queue = new ByteQueue();
      // Above the size up to which chunks are copied together, so that the border stays; and not at their start.
      queue.push(new Uint8Array([...new Uint8Array(300), ...data.subarray(0, at)]));
      queue.push(new Uint8Array([...data.subarray(at), ...new Uint8Array(300)]));
      queue.skip(300);
      return queue;
    };

    it('takes the same integers', () => {
      fc.assert(
        fc.property(fc.maxSafeInteger(), fc.constantFrom('\r\n', ';', ' end'), (value, terminator) => {
          const data = bytes(`${value}${terminator}`);
          for (let at = 0; at <= data.length; at++) {
            const queue = cut(data, at);
            expect(queue.takeInteger(terminator)).withContext(`cut at ${at}`).toBe(value);
            expect(queue.length).withContext(`cut at ${at}`).toBe(300);
          }
        }),
        runs(50),
      );
    });

    it('takes the same texts, in every encoding', () => {
      const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 20, max: 200 }),
          fc.integer({ min: 0, max: 20 }),
          (data, at) => {
            const n = data.length;
            const border = Math.min(at, n);
            expect(cut(data, border).takeText(n)).toBe(utf8.decode(data));
            expect(cut(data, border).takeText(n, 'latin1')).toBe(String.fromCharCode(...data));
            const ascii = data.map((byte) => byte & 127);
            expect(cut(ascii, border).takeText(n, 'ascii')).toBe(String.fromCharCode(...ascii));
          },
        ),
      );
    });

    it('takes the same binary numbers', () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: 8, maxLength: 8 }),
          fc.integer({ min: 0, max: 8 }),
          (data, at) => {
            const view = new DataView(data.buffer, data.byteOffset);
            const queue = (): ByteQueue => cut(data, at);
            expect(queue().takeUint8()).toBe(view.getUint8(0));
            expect(queue().takeUint16(true)).toBe(view.getUint16(0, true));
            expect(queue().takeUint32()).toBe(view.getUint32(0));
            expect(queue().takeBigInt64()).toBe(view.getBigInt64(0));
            // NaN among them.
            expect(queue().takeFloat64(true)).toEqual(view.getFloat64(0, true));
          },
        ),
      );
    });
  });

  it('refuses a limit that is no count', () => {
    for (const limit of ['5', 5n, NaN, 1.5, null, {}, -Infinity]) {
      for (const queue of [queueOf('abc!'), new ByteQueue()]) {
        expect(() => queue.takeUntil('!', limit as never)).toThrowError(RangeError, /integer/);
      }
    }
    expect(taken(queueOf('!').takeUntil('!', 0))).toBe('!');
    // What is left of a budget.
    expect(() => queueOf('!').takeUntil('!', -1)).toThrowError(LimitOverrunError);
    expect(taken(queueOf('a!').takeUntil('!', undefined))).toBe('a!');
  });

  it('bounds takeUntil by a limit, and takes nothing then', () => {
    const queue = queueOf('abc', 'd!');
    expect(() => queue.takeUntil('!', 3)).toThrowMatching((error: LimitOverrunError) => error.consumed === 4);
    expect(queue.length).toBe(5);
    expect(taken(queue.takeUntil('!', 4))).toBe('abcd!');
    queue.push(bytes('wxyz'));
    expect(() => queue.takeUntil('!', 3)).toThrowMatching((error: LimitOverrunError) => error.consumed === 4);
    expect(queue.takeUntil('!', 4)).toBeUndefined();
    expect(() => queueOf('abcd!').takeUntil('!', 3)).toThrowError(
      LimitOverrunError,
      'Separator is found, but behind 4 bytes, over the limit of 3',
    );
    expect(() => queueOf('abcd').takeUntil('!', 3)).toThrowError(
      LimitOverrunError,
      'Separator is not found in 4 bytes, over the limit of 3',
    );
  });

  describe('cost', () => {
    // Not a time: the number of bytes that pass through the copying and scanning primitives.
    it('of a frame in a million one-byte chunks is a few copies of each byte', () => {
      const set = spyOn(Uint8Array.prototype, 'set').and.callThrough();
      const queue = new ByteQueue();
      const one = Uint8Array.of(120);
      const n = runs(2 ** 20).numRuns;
      for (let i = 0; i < n; i++) queue.push(one);
      const frame = queue.takeExactly(n)!;
      const copied = set.calls.allArgs().reduce((sum, [source]) => sum + source.length, 0);
      expect(frame.length).toBe(n);
      expect(copied).toBeLessThanOrEqual(2 * n);
    });

    it('of draining many chunks one by one does not move the others each time', () => {
      const queue = new ByteQueue();
      const chunk = new Uint8Array(300);
      for (let i = 0; i < 20_000; i++) queue.push(chunk);
      const splice = spyOn(Array.prototype, 'splice').and.callThrough();
      while (queue.takeChunk() !== undefined);
      expect(splice.calls.count()).toBeLessThan(20);
      expect(queue.length).toBe(0);
    });
  });
});
