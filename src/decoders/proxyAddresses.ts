import { described } from '../bytes/check.js';
import { plainIpAddress } from '../bytes/ipAddressText.js';
import { encodeText } from '../bytes/text.js';
import type { SocketAddress } from '../streams/Transport.js';
import { PATH_LENGTH, type ProxyHeader } from './proxyFormat.js';

/** Both addresses of a header, source first, of one family. @internal */
export interface ProxyAddresses {
  readonly family: 'IPv4' | 'IPv6' | 'Unix';
  readonly bytes: readonly Uint8Array[];
  readonly ports: readonly number[];
}

/** The addresses of a header that is to be written; undefined for none. Throws for those that are none. @internal */
export function proxyAddresses({ source, destination }: Partial<ProxyHeader>): ProxyAddresses | undefined {
  if (source === undefined && destination === undefined) return undefined;
  if (source === undefined || destination === undefined)
    throw new TypeError('A PROXY header has both source and destination, or neither');
  const ends = { source, destination };
  const bytes = Object.entries(ends).map(([name, end]) => bytesOf(name, end));
  const isUnix = [source, destination].map(({ family }) => family === 'Unix');
  if (isUnix[0] !== isUnix[1]) throw new TypeError('source and destination must be of one family');
  if (isUnix[0]) return { family: 'Unix', bytes, ports: [] };
  const ports = Object.entries(ends).map(([name, end]) => checkPort(name, end.port));
  if (bytes.every(({ length }) => length === 4)) return { family: 'IPv4', bytes, ports };
  return { family: 'IPv6', bytes: bytes.map(insideIpv6), ports };
}

function bytesOf(name: string, end: SocketAddress): Uint8Array {
  const { address, family } = (end as SocketAddress | null) ?? {};
  if (typeof address !== 'string')
    throw new TypeError(`${name} must be an address, { address, family, port }, not ${described(end)}`);
  if (family === 'Unix') return pathBytes(name, address);
  const bytes = plainIpAddress(address);
  if (bytes === undefined) throw new TypeError(`${name} must be an IP address, not ${described(address)}`);
  return bytes;
}

function pathBytes(name: string, path: string): Uint8Array {
  const bytes = encodeText(path);
  if (bytes.length > PATH_LENGTH)
    throw new RangeError(`The path of ${name} has at most ${PATH_LENGTH} bytes, not ${bytes.length}`);
  if (bytes.includes(0, 1) || path === '\0')
    throw new RangeError(`The path of ${name} has a zero byte at most at its start: ${described(path)}`);
  return bytes;
}

function insideIpv6(bytes: Uint8Array): Uint8Array {
  return bytes.length === 16 ? bytes : Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...bytes);
}

function checkPort(name: string, port: number): number {
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new RangeError(`The port of ${name} must be an integer from 0 to 65535, not ${described(port)}`);
}
