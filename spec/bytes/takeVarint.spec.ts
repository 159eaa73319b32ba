import { ByteQueue, DecodeError, takeBigVarint, takeVarint } from '../../src/index.js';

function queueOf(...bytes: number[]): ByteQueue {
  const queue = new ByteQueue();
  for (const byte of bytes) queue.push(Uint8Array.of(byte));
  return queue;
}

const FULL = Array<number>(9).fill(255);

describe('takeVarint', () => {
  it('takes what LEB128 says, as a number or a bigint, also with zeros behind it', () => {
    for (const [value, ...bytes] of [
      [0, 0],
      [1, 1],
      [127, 127],
      [128, 128, 1],
      [300, 0xac, 2],
      [0, 128, 0],
      [1, 129, 128, 128, 128, 128, 128, 128, 128, 128, 0],
      [2 ** 49, 128, 128, 128, 128, 128, 128, 128, 1],
      [Number.MAX_SAFE_INTEGER, 255, 255, 255, 255, 255, 255, 255, 15],
    ] as [number, ...number[]][]) {
      const queue = queueOf(...bytes, 42);
      expect(takeVarint(queue)).toBe(value);
      expect(queue.peek()).toBe(42);
      expect(takeBigVarint(queueOf(...bytes))).toBe(BigInt(value));
    }
    expect(takeBigVarint(queueOf(...FULL, 1))).toBe(2n ** 64n - 1n);
    expect(takeBigVarint(queueOf(128, 128, 128, 128, 128, 128, 128, 16))).toBe(2n ** 53n);
  });

  it('waits, and takes nothing, while bytes are missing', () => {
    for (let n = 0; n < 7; n++) {
      const queue = queueOf(...FULL.slice(0, n));
      expect(takeVarint(queue)).toBeUndefined();
      expect(takeBigVarint(queue)).toBeUndefined();
      expect(queue.length).toBe(n);
    }
  });

  it('refuses what does not fit as soon as it shows, and takes nothing', () => {
    const refused: [take: (queue: ByteQueue) => unknown, bytes: number[], message: string][] = [
      [
        takeVarint,
        [128, 128, 128, 128, 128, 128, 128, 16],
        '2^53 in at most 10 bytes, found the bytes 128 128 128 128 128 128 128 16',
      ],
      [
        takeVarint,
        [128, 128, 128, 128, 128, 128, 128, 144],
        '2^53 in at most 10 bytes, found the bytes 128 128 128 128 128 128 128 144',
      ],
      [takeVarint, [...FULL, 1], '2^53 in at most 10 bytes, found the bytes 255 255 255 255 255 255 255 255'],
      [
        takeVarint,
        Array<number>(10).fill(128),
        `2^53 in at most 10 bytes, found the bytes ${Array(10).fill(128).join(' ')}`,
      ],
      [takeBigVarint, [...FULL, 2], `2^64 in at most 10 bytes, found the bytes ${FULL.join(' ')} 2`],
      [
        takeBigVarint,
        Array<number>(1000).fill(128),
        `2^64 in at most 10 bytes, found the bytes ${Array(10).fill(128).join(' ')}`,
      ],
    ];
    for (const [take, bytes, message] of refused) {
      const queue = queueOf(...bytes);
      expect(() => take(queue)).toThrowError(DecodeError, `Expected a varint below ${message}`);
      expect(queue.length).toBe(bytes.length);
    }
  });
});
