import { ByteQueue } from '../../src/bytes/ByteQueue.js';
import { DecodeError } from '../../src/bytes/errors.js';
import { bytes } from '../streams/record.js';

function queueOf(...chunks: string[]): ByteQueue {
  const queue = new ByteQueue();
  for (const chunk of chunks) queue.push(bytes(chunk));
  return queue;
}

describe('takeInteger', () => {
  it('says what it expected, and what it found up to the first byte that cannot be', () => {
    for (const [wire, found] of [
      ['x1;', 'x'],
      ['-;', '-;'],
      ['12x;', '12x'],
      ['9007199254740992;', '9007199254740992;'],
      ['9007199254740992', '9007199254740992'],
      ['00000000000000000', '00000000000000000'],
      ['000000000000000001;', '000000000000000001'],
    ] as const) {
      expect(() => queueOf(wire).takeInteger(';')).toThrowError(
        DecodeError,
        `Expected a decimal integer of at most ±(2^53 - 1), found "${found}"`,
      );
    }
    expect(() => queueOf('-1;').takeUnsignedInteger(';')).toThrowError(
      DecodeError,
      'Expected a decimal integer without a sign, of at most (2^53 - 1), found "-"',
    );
  });

  it('takes 16 digits, with a sign, and no byte more than the terminator', () => {
    for (const chunks of [['0000000000000012;3'], ['00000000', '00000012', ';3']]) {
      const queue = queueOf(...chunks);
      expect(queue.takeInteger(';')).toBe(12);
      expect(queue.length).toBe(1);
    }
    expect(queueOf('-0000000000000012;').takeInteger(';')).toBe(-12);
    expect(queueOf('+9007199254740991;').takeInteger(';')).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('knows the digits from their neighbours', () => {
    expect(queueOf('0;').takeInteger(';')).toBe(0);
    expect(queueOf('9;').takeInteger(';')).toBe(9);
    for (const wire of ['/;', ':;', '1/;', '1:;'])
      expect(() => queueOf(wire).takeInteger(';')).toThrowError(DecodeError);
  });

  it('is the number 0 for -0', () => {
    expect(Object.is(queueOf('-0;').takeInteger(';'), 0)).toBeTrue();
  });

  it('ends with the first terminator that is there, and waits while a shorter one may yet be another', () => {
    expect(queueOf('1ab').takeInteger(['abc', 'ab'])).toBe(1);
    const queue = queueOf('1a');
    expect(queue.takeInteger(['abc', 'ab'])).toBeUndefined();
    queue.push(bytes('x'));
    expect(() => queue.takeInteger(['abc', 'ab'])).toThrowError(DecodeError, /found "1a"$/);
  });

  it('looks into a copy only where the number goes on behind the front chunk', () => {
    const queue = queueOf('x'.repeat(257), '12', `;${'x'.repeat(500)}`);
    queue.skip(257);
    const gather = spyOn(queue, 'gather').and.callThrough();
    expect(queue.takeInteger(';')).toBe(12);
    expect(gather).toHaveBeenCalledOnceWith(19);
    queue.skip(1);
    expect(queueOf('7;8;').takeInteger(';')).toBe(7);
    expect(gather).toHaveBeenCalledTimes(1);
  });

  it('copies nothing while no more bytes are there', () => {
    const queue = queueOf('12');
    const gather = spyOn(queue, 'gather').and.callThrough();
    expect(queue.takeInteger(';')).toBeUndefined();
    expect(gather).not.toHaveBeenCalled();
  });

  it('takes the shortest of the terminators that are there, in any order', () => {
    for (const terminators of [
      ['ab', 'a'],
      ['a', 'ab'],
    ]) {
      const queue = queueOf('5ab');
      expect(queue.takeInteger(terminators)).toBe(5);
      expect(queue.length).toBe(1);
    }
  });

  it('copies nothing either where it stands within the last chunk', () => {
    const queue = queueOf('x12');
    queue.skip(1);
    const gather = spyOn(queue, 'gather').and.callThrough();
    expect(queue.takeInteger(';')).toBeUndefined();
    expect(gather).not.toHaveBeenCalled();
  });
});
