import { Arena } from '../../src/bytes/Arena.js';
import { bytes, text } from '../streams/record.js';

const SIZE = 4096;

describe('Arena', () => {
  it('grows the piece that was given last, and begins a new one for any other', () => {
    const arena = new Arena();
    const one = arena.append(bytes('ab'), undefined);
    const two = arena.append(bytes('cd'), one);
    expect(text(two)).toBe('abcd');
    expect(two.byteOffset).toBe(one.byteOffset);
    expect(text(arena.append(bytes('ef'), one))).toBe('ef');
    expect(text(arena.append(bytes('gh'), undefined))).toBe('gh');
  });

  it('fills its memory to the last byte', () => {
    const arena = new Arena();
    const one = arena.append(new Uint8Array(SIZE - 1), undefined);
    const two = arena.append(bytes('x'), one);
    expect(two.length).toBe(SIZE);
    expect(two.buffer).toBe(one.buffer);
  });

  it('begins a new piece in new memory for what the old one has no room for', () => {
    const arena = new Arena();
    arena.append(bytes('ab'), undefined);
    const one = arena.append(bytes('cd'), undefined);
    const two = arena.append(new Uint8Array(SIZE - 3).fill(120), one);
    expect(two.buffer).not.toBe(one.buffer);
    expect(text(two)).toBe('x'.repeat(SIZE - 3));
    expect(text(arena.append(bytes('y'), two))).toBe(`${'x'.repeat(SIZE - 3)}y`);
    expect(text(one)).toBe('cd');
  });
});
