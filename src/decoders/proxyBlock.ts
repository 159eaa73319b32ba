import type { ByteQueue } from '../bytes/ByteQueue.js';
import { DecodeError } from '../bytes/errors.js';
import { ipAddressText } from '../bytes/ipAddressText.js';
import { decodeText } from '../bytes/text.js';
import type { SocketAddress } from '../streams/Transport.js';
import { checkProxyCrc, decodeProxyTlvs, splitTlvs } from './proxyTlvs.js';
import { FIXED_LENGTH, PATH_LENGTH, type ProxyHeader } from './proxyFormat.js';

/** What the 14th byte can be, and how many bytes of addresses follow. */
const ADDRESS_LENGTHS: Readonly<Record<number, number>> = {
  0x00: 0,
  0x11: 12,
  0x12: 12,
  0x21: 36,
  0x22: 36,
  0x31: 2 * PATH_LENGTH,
  0x32: 2 * PATH_LENGTH,
};

/** How long the header of version 2 is whose first 16 bytes are there, if they are right. @internal */
export function headerLength(bytes: ByteQueue, maxLength: number): number {
  const [version, family, high, low] = [12, 13, 14, 15].map((at) => bytes.peek(at)!) as [
    ...[number, number, number, number],
  ];
  if (version >> 4 !== 2 || (version & 15) > 1)
    throw new DecodeError(
      `A header of the PROXY protocol, version 2, has a 13th byte of 32 or 33, not ${version}`,
    );
  const length = high * 256 + low;
  if (length > maxLength)
    throw new DecodeError(`A PROXY header of 16 bytes and ${length} is over the maxLength of ${maxLength}`);
  // Of a LOCAL header the rest is to be ignored.
  if (version !== PROXY) return FIXED_LENGTH + length;
  const addresses = ADDRESS_LENGTHS[family];
  if (addresses === undefined)
    throw new DecodeError(`A PROXY header has no family and protocol of number ${family}`);
  if (length < addresses)
    throw new DecodeError(
      `A PROXY header of family ${family} needs ${addresses} bytes for addresses, not ${length}`,
    );
  return FIXED_LENGTH + length;
}

const PROXY = 0x21;

/** A whole header of version 2, whose first 16 bytes are right. @internal */
export function decodeProxyBlock(block: Uint8Array): ProxyHeader {
  const family = block[13]!;
  const tlvsAt = FIXED_LENGTH + (ADDRESS_LENGTHS[family] ?? 0);
  const tlvs = splitTlvs(block, tlvsAt);
  const crc = checkProxyCrc(block, tlvs ?? []);
  if (block[12] !== PROXY) return { version: 2, command: 'LOCAL', ...crc };
  // Of an unknown family nobody knows where its addresses end.
  if (tlvs === undefined && family !== 0)
    throw new DecodeError(`The fields of a PROXY header do not come out even in ${block.length} bytes`);
  return {
    version: 2,
    command: 'PROXY',
    ...(family === 0 ? {} : addressesOf(block, family)),
    ...crc,
    ...decodeProxyTlvs(tlvs ?? []),
  };
}

function addressesOf(
  block: Uint8Array,
  family: number,
): Pick<ProxyHeader, 'transport' | 'source' | 'destination'> {
  const transport = (family & 15) === 1 ? 'STREAM' : 'DGRAM';
  const length = family >> 4 === 3 ? PATH_LENGTH : family >> 4 === 2 ? 16 : 4;
  const addressAt = (i: number): SocketAddress => {
    const at = FIXED_LENGTH + i * length;
    const bytes = block.subarray(at, at + length);
    if (length === PATH_LENGTH) return { address: pathOf(bytes), family: 'Unix', port: 0 };
    const portAt = FIXED_LENGTH + 2 * length + 2 * i;
    const port = block[portAt]! * 256 + block[portAt + 1]!;
    return { address: ipAddressText(bytes), family: length === 4 ? 'IPv4' : 'IPv6', port };
  };
  return { transport, source: addressAt(0), destination: addressAt(1) };
}

// It ends with a zero byte, if it does not fill its place. On Linux one that begins with such a byte names no file.
function pathOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0, 1);
  const path = end === -1 ? bytes : bytes.subarray(0, end);
  return path.length === 1 && path[0] === 0 ? '' : decodeText(path, 'utf-8');
}
