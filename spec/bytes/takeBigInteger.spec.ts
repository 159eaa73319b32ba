import fc from 'fast-check';
import { ByteQueue, DecodeError, takeBigInteger } from '../../src/index.js';
import { bytes } from '../streams/record.js';

function queueOf(wire: string, size = wire.length): ByteQueue {
  const queue = new ByteQueue();
  const all = bytes(wire);
  for (let at = 0; at < all.length; at += size) queue.push(all.slice(at, at + size));
  return queue;
}

describe('takeBigInteger', () => {
  it('takes any integer of 64 bits, in whatever pieces it comes', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
        fc.integer({ min: 1, max: 9 }),
        (value, size) => {
          const queue = queueOf(`${value}\r\n${value}\r\n`, size);
          expect(takeBigInteger(queue, '\r\n')).toBe(value);
          expect(takeBigInteger(queue, ['\n', '\r\n'])).toBe(value);
          expect(queue.length).toBe(0);
        },
      ),
    );
    for (const [wire, value] of [
      ['+5;', 5n],
      ['-0;', 0n],
      ['007;', 7n],
      ['-9223372036854775808;', -(2n ** 63n)],
      ['18446744073709551615;', 2n ** 64n - 1n],
    ] as const)
      expect(takeBigInteger(queueOf(wire), ';')).toBe(value);
  });

  it('waits, and takes nothing, while number or terminator are not complete', () => {
    for (const wire of [
      '',
      '-',
      '+',
      '12',
      '-12',
      '12\r',
      '18446744073709551615',
      '18446744073709551615\r',
    ]) {
      const queue = queueOf(wire, 1);
      expect(takeBigInteger(queue, '\r\n')).toBeUndefined();
      expect(queue.length).toBe(wire.length);
    }
  });

  it('refuses anything else as soon as it shows, and takes nothing', () => {
    for (const [wire, found] of [
      ['x', 'x'],
      ['\r\n', String.raw`\r`],
      ['--1', '--'],
      ['1.5\r\n', '1.'],
      ['1\r1', String.raw`1\r`],
      ['18446744073709551616', '18446744073709551616'],
      ['-9223372036854775809', '-9223372036854775809'],
      ['9'.repeat(100_000), '9'.repeat(22)],
      ['\u202e', String.raw`â`],
    ] as const) {
      for (const size of [1, 7, wire.length]) {
        const queue = queueOf(wire, size);
        const { length } = queue;
        expect(() => takeBigInteger(queue, '\r\n')).toThrowError(
          DecodeError,
          `Expected a decimal integer from -2^63 to 2^64 - 1, found "${found}"`,
        );
        expect(queue.length).toBe(length);
      }
    }
  });

  it('refuses a terminator that is none, whatever is there', () => {
    expect(() => takeBigInteger(queueOf(''), '')).toThrowError(RangeError);
    expect(() => takeBigInteger(queueOf(''), 1 as never)).toThrowError(TypeError);
  });

  it('takes 20 digits besides the sign, zeros in front among them, and no more', () => {
    expect(takeBigInteger(queueOf(`-${'0'.repeat(19)}5;`), ';')).toBe(-5n);
    expect(takeBigInteger(queueOf(`${'0'.repeat(19)}5;`), ';')).toBe(5n);
    for (const sign of ['', '-'])
      expect(() => takeBigInteger(queueOf(`${sign}${'0'.repeat(20)}5;`), ';')).toThrowError(DecodeError);
  });

  it('takes the shortest of the terminators that are there, in any order', () => {
    for (const terminators of [
      ['ab', 'a'],
      ['a', 'ab'],
    ]) {
      const queue = queueOf('5ab');
      expect(takeBigInteger(queue, terminators)).toBe(5n);
      expect(queue.length).toBe(1);
    }
  });
});
