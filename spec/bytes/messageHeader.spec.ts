import { messageChunks } from '../../src/bytes/messageHeader.js';

describe('messageChunks', () => {
  it('puts the kind and the length in UTF-8 before a message', () => {
    expect(messageChunks('aé').map((chunk) => [...chunk])).toEqual([[0xfe, 0, 0, 0, 3, 97, 0xc3, 0xa9]]);
    expect(messageChunks(Uint8Array.of(7)).map((chunk) => [...chunk])).toEqual([[0xff, 0, 0, 0, 1, 7]]);
    expect(messageChunks('').map((chunk) => [...chunk])).toEqual([[0xfe, 0, 0, 0, 0]]);
  });

  it('copies no long message', () => {
    const long = new Uint8Array(70_000);
    const [header, body] = messageChunks(long);
    expect([...header!]).toEqual([0xff, 0, 1, 0x11, 0x70]);
    expect(body).toBe(long);
    expect(messageChunks('é'.repeat(5000)).map(({ length }) => length)).toEqual([5, 10_000]);
  });

  it('makes one chunk of up to 4096 bytes or characters, two of more', () => {
    for (const [length, chunks] of [
      [4096, [4101]],
      [4097, [5, 4097]],
    ] as const) {
      for (const message of ['x'.repeat(length), new Uint8Array(length)])
        expect(messageChunks(message).map((chunk) => chunk.length)).toEqual([...chunks]);
    }
  });
});
