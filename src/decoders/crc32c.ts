/** CRC-32C, reflected: RFC 4960, appendix B. */
const POLYNOMIAL = 0x82f63b78;

// Made when it is first needed: a page that has no use for it is not to carry it.
let table: Uint32Array | undefined;

/** The CRC32c of bytes; those from `zerosFrom` on, four, count as 0. @internal */
export function crc32c(bytes: Uint8Array, zerosFrom = bytes.length): number {
  table ??= makeTable();
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    const byte = i >= zerosFrom && i < zerosFrom + 4 ? 0 : bytes[i]!;
    crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function makeTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ POLYNOMIAL : byte >>> 1;
    return byte;
  });
}
