import { ByteQueue } from '../../src/bytes/ByteQueue.js';
import { bytes, text } from '../streams/record.js';

function queueOf(...chunks: Uint8Array[]): ByteQueue {
  const queue = new ByteQueue();
  for (const chunk of chunks) queue.push(chunk);
  return queue;
}
/** Large enough not to be copied together with others. */
const large = (character: string): Uint8Array => bytes(character.repeat(300));

describe('ChunkQueue', () => {
  it('copies chunks of up to 256 bytes together while they wait, and no others', () => {
    for (const [length, isCopied] of [
      [256, true],
      [257, false],
    ] as const) {
      const chunk = new Uint8Array(length);
      const queue = queueOf(large('a'), chunk);
      queue.skip(300);
      expect(queue.takeChunk()!.buffer !== chunk.buffer).toBe(isCopied);
    }
    const first = bytes('a');
    expect(queueOf(first).takeChunk()).toBe(first);
  });

  it('says what it holds, where it stands and what lies in front', () => {
    const queue = queueOf(large('a'), large('b'));
    expect([queue.length, queue.position, queue.offset, queue.held]).toEqual([600, 0, 0, 0]);
    queue.hold();
    queue.skip(310);
    expect([queue.length, queue.position, queue.offset, queue.held]).toEqual([290, 310, 10, 310]);
    expect(text(queue.front)).toBe('b'.repeat(300));
    queue.skip(290);
    expect([queue.length, queue.position, queue.offset, queue.held]).toEqual([0, 600, 0, 600]);
    expect(queue.front.length).toBe(0);
    queue.push(large('c'));
    expect([text(queue.front), queue.offset]).toEqual(['c'.repeat(300), 0]);
    queue.rollback();
    expect([queue.length, queue.position, queue.offset, queue.held]).toEqual([900, 0, 0, 0]);
    expect(text(queue.front)).toBe('a'.repeat(300));
  });

  it('keeps the first place of a hold, and none after it was rolled back', () => {
    const queue = queueOf(large('a'));
    queue.skip(1);
    queue.hold();
    queue.skip(1);
    queue.hold();
    expect(queue.held).toBe(1);
    queue.rollback();
    queue.skip(5);
    expect(queue.held).toBe(0);
    queue.rollback();
    expect(queue.position).toBe(6);
  });

  it('reads bytes ahead within the front chunk, in those after it, and none behind the end', () => {
    const queue = queueOf(large('a'), large('b'), large('c'));
    queue.skip(10);
    const seen = [0, 289, 290, 589, 590, 889, 890, 5000].map((offset) => queue.byteAt(offset));
    expect(seen).toEqual([97, 97, 98, 98, 99, 99, undefined, undefined]);
  });

  it('gathers a copy, also of bytes that lie in one chunk', () => {
    const queue = queueOf(large('a'), large('b'));
    queue.skip(298);
    const copy = queue.gather(4);
    expect(text(copy)).toBe('aabb');
    copy.fill(0);
    expect(text(queue.view(4))).toBe('aabb');
    const one = queue.view(2);
    expect(one.buffer).not.toBe(queue.gather(2).buffer);
    expect(queue.gather(0).length).toBe(0);
  });

  it('gives back what is held over many chunks, and goes on from there', () => {
    const queue = new ByteQueue();
    for (let i = 0; i < 100; i++) queue.push(large(String.fromCharCode(97 + (i % 26))));
    queue.skip(300 * 40 + 7);
    queue.hold();
    queue.skip(300 * 50);
    queue.rollback();
    for (let i = 40; i < 100; i++) {
      const n = i === 40 ? 293 : 300;
      expect(text(queue.takeExactly(n)!)).toBe(String.fromCharCode(97 + (i % 26)).repeat(n));
    }
    expect(queue.length).toBe(0);
  });
});
