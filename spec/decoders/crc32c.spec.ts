import { crc32c } from '../../src/decoders/crc32c.js';
import { bytes } from '../contracts/bytes.js';

describe('crc32c', () => {
  it('gives the values of RFC 3720, B.4, and the check value of the algorithm', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(bytes('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(0))).toBe(0);
  });

  it('counts four bytes as 0', () => {
    expect(crc32c(bytes('ab1234cd'), 2)).toBe(crc32c(bytes('ab\0\0\0\0cd')));
  });
});
