import { ByteQueue } from '../../src/bytes/ByteQueue.js';
import { compileSeparator } from '../../src/bytes/Separator.js';
import { bytes } from '../streams/record.js';

/** A queue, and the places at which its searches began to scan. */
function watched(...chunks: string[]): { queue: ByteQueue; from: number[]; push: (chunk: string) => void } {
  const queue = new ByteQueue();
  const from: number[] = [];
  spyOn(queue, 'scan').and.callFake((pattern, place, matched) => {
    from.push(place);
    return ByteQueue.prototype.scan.call(queue, pattern, place, matched);
  });
  const push = (chunk: string): void => queue.push(bytes(chunk));
  chunks.forEach(push);
  return { queue, from, push };
}

describe('SeparatorSearch', () => {
  it('goes on where it has come to, with what matched there', () => {
    const { queue, from, push } = watched('x'.repeat(10));
    expect(queue.indexOf('abc')).toBe(-1);
    push('ab');
    expect(queue.indexOf('abc')).toBe(-1);
    push('c');
    expect(queue.indexOf('abc')).toBe(10);
    expect(from).toEqual([0, 10, 12]);
  });

  it('remembers a match that lies more than 256 bytes ahead, and searches a nearer one again', () => {
    for (const [distance, again] of [
      [255, 0],
      [256, 257],
    ] as const) {
      const { queue, from } = watched(`${'x'.repeat(distance)}!`);
      expect(queue.indexOf('!')).toBe(distance);
      expect(queue.indexOf('!')).toBe(distance);
      expect(from).toEqual([0, again]);
    }
  });

  it('searches anew from a place before the one it began at, or within what matched', () => {
    const { queue, from } = watched('xaax');
    expect(queue.indexOf('aab', 1)).toBe(-1);
    expect(queue.indexOf('aab', 0)).toBe(-1);
    expect(from).toEqual([1, 0]);
    const partial = watched('xaa');
    expect(partial.queue.indexOf('aab')).toBe(-1);
    expect(partial.queue.indexOf('aab', 2)).toBe(-1);
    expect(partial.queue.indexOf('aab', 1)).toBe(-1);
    expect(partial.from).toEqual([0, 2, 3]);
  });

  it('remembers four places for a separator, and forgets the one not used for longest', () => {
    const { queue, from } = watched('abcdefgh');
    for (const place of [7, 6, 5, 4]) expect(queue.indexOf('!', place)).toBe(-1);
    from.length = 0;
    expect(queue.indexOf('!', 4)).toBe(-1);
    expect(from).toEqual([8]);
    expect(queue.indexOf('!', 3)).toBe(-1);
    expect(queue.indexOf('!', 2)).toBe(-1);
    expect(from).toEqual([8, 3, 2]);
    expect(queue.indexOf('!', 2)).toBe(-1);
    expect(from.at(-1)).toBe(8);
  });

  it('remembers nothing where nothing was there', () => {
    const { queue, from, push } = watched('abc');
    expect(queue.indexOf('!')).toBe(-1);
    queue.skip(3);
    expect(queue.indexOf('!')).toBe(-1);
    push('de!');
    expect(queue.indexOf('!')).toBe(2);
    expect(from).toEqual([0, 3, 3]);
  });

  it('takes the match that ends first, of those that end together the shortest', () => {
    const { queue } = watched('-xab-');
    expect([queue.indexOf(['xab', 'b']), queue.indexOf(['b', 'xab'])]).toEqual([3, 3]);
    expect([queue.indexOf(['ab', 'x']), queue.indexOf(['x', 'ab'])]).toEqual([1, 1]);
    expect(queue.indexOf(['?', 'ab'])).toBe(2);
  });

  it('lets go of separators that were looked for in bytes that are gone, but of no other', () => {
    const { queue, from } = watched('x'.repeat(100));
    for (let i = 0; i < 30; i++) expect(queue.indexOf(`${i}!`)).toBe(-1);
    from.length = 0;
    for (let i = 0; i < 30; i++) expect(queue.indexOf(`${i}!`)).toBe(-1);
    expect(from).toEqual(Array(30).fill(100));
    expect(compileSeparator('0!')[0]!.bytes.length).toBe(2);
  });
});
