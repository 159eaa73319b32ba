import { checkBytes, checkOptions, described } from '../bytes/check.js';
import { ipAddressText } from '../bytes/ipAddressText.js';
import { encodeText } from '../bytes/text.js';
import { ByteWriter } from './ByteWriter.js';
import { crc32c } from './crc32c.js';
import { proxyAddresses, type ProxyAddresses } from './proxyAddresses.js';
import {
  MAX_UNIQUE_ID,
  PATH_LENGTH,
  SIGNATURE,
  SSL_FLAGS,
  SSL_TEXT_TYPES,
  TEXT_TYPES,
  TYPE,
  type ProxyHeader,
  type ProxySsl,
  type ProxyTlv,
} from './proxyFormat.js';

/**
 * The bytes of a header of the PROXY protocol, to be written before all else, and at once.
 *
 * Default: version 2, `PROXY`, `STREAM`. Without `source` and `destination` it says that nothing is known of them. Where one
 * is of IPv4 and the other of IPv6, IPv4 is written inside IPv6; IPv4 that is inside IPv6 on both sides, as a server on
 * `::` sees it, becomes IPv4. A zone (`%eth0`) is left out. Version 1 says `UNKNOWN` of all but TCP.
 *
 * Throws a `TypeError` or a `RangeError` for what has no place in a header: addresses that are none, fields or `LOCAL` in
 * version 1, more than 65535 bytes. With `crc32c: true` version 2 has a checksum.
 *
 * @example
 * ```ts
 * import { encodeProxyHeader } from 'rxjs-net';
 *
 * const header = encodeProxyHeader({
 *   version: 1,
 *   source: { address: '192.0.2.7', family: 'IPv4', port: 51234 },
 *   destination: { address: '198.51.100.1', family: 'IPv4', port: 443 },
 * });
 * console.log(new TextDecoder().decode(header).trim()); // PROXY TCP4 192.0.2.7 198.51.100.1 51234 443
 * ```
 */
export function encodeProxyHeader(header: Partial<ProxyHeader> = {}): Uint8Array {
  checkOptions(header);
  const { version = 2, command = 'PROXY', transport = 'STREAM' } = header;
  checkOneOf('version', version, [1, 2]);
  checkOneOf('command', command, ['PROXY', 'LOCAL']);
  checkOneOf('transport', transport, ['STREAM', 'DGRAM']);
  const addresses = proxyAddresses(header);
  if (command === 'LOCAL' && addresses !== undefined)
    throw new TypeError('A LOCAL header has no addresses: those of the connection count');
  if (version === 2) return encodeBlock(header, addresses);
  const second = SECOND_ONLY.find((name) => header[name] !== undefined && header[name] !== false);
  if (second !== undefined) throw new TypeError(`A header of version 1 has no ${second}`);
  if (command === 'LOCAL') throw new TypeError('A header of version 1 is never LOCAL');
  return encodeText(lineOf(transport === 'STREAM' ? addresses : undefined));
}

const SECOND_ONLY = [...TEXT_TYPES.values(), 'uniqueId', 'ssl', 'tlvs', 'crc32c'] as const;

function lineOf(addresses: ProxyAddresses | undefined): string {
  if (addresses === undefined || addresses.family === 'Unix') return 'PROXY UNKNOWN\r\n';
  const { family, bytes, ports } = addresses;
  const [source, destination] = bytes.map(ipAddressText);
  return `PROXY TCP${family === 'IPv4' ? 4 : 6} ${source!} ${destination!} ${ports.join(' ')}\r\n`;
}

const FAMILIES = { IPv4: 0x10, IPv6: 0x20, Unix: 0x30 } as const;

function encodeBlock(header: Partial<ProxyHeader>, addresses: ProxyAddresses | undefined): Uint8Array {
  const writer = new ByteWriter();
  let crcAt = 0;
  writer.bytes(Uint8Array.from(SIGNATURE)).uint8(header.command === 'LOCAL' ? 0x20 : 0x21);
  const transport = header.transport === 'DGRAM' ? 2 : 1;
  writer.uint8(addresses === undefined ? 0 : FAMILIES[addresses.family] | transport);
  writer.lengthPrefixed(2, () => {
    if (addresses !== undefined) writeAddresses(writer, addresses);
    if (header.crc32c === true) {
      // First: a header whose length is wrong does not lose it.
      writer.uint8(TYPE.crc32c).uint16(4).uint32(0);
      crcAt = 16 + (addresses === undefined ? 0 : addressLength(addresses)) + 3;
    }
    writeFields(writer, header);
  });
  const block = writer.finish();
  if (crcAt > 0) new DataView(block.buffer, block.byteOffset).setUint32(crcAt, crc32c(block));
  return block;
}

function addressLength({ family, bytes }: ProxyAddresses): number {
  return family === 'Unix' ? 2 * PATH_LENGTH : 2 * bytes[0]!.length + 4;
}

function writeAddresses(writer: ByteWriter, { family, bytes, ports }: ProxyAddresses): void {
  for (const address of bytes) {
    writer.bytes(address);
    if (family === 'Unix') writer.bytes(new Uint8Array(PATH_LENGTH - address.length));
  }
  // A path has none.
  for (const port of ports) writer.uint16(port);
}

function writeFields(writer: ByteWriter, header: Partial<ProxyHeader>): void {
  writeTexts(writer, TEXT_TYPES, header);
  const { uniqueId, ssl, tlvs = [] } = header;
  if (uniqueId !== undefined) {
    if (checkBytes('uniqueId must be', uniqueId).length > MAX_UNIQUE_ID)
      throw new RangeError(`uniqueId has at most ${MAX_UNIQUE_ID} bytes, not ${uniqueId.length}`);
    writer.uint8(TYPE.uniqueId).lengthPrefixed(2, uniqueId);
  }
  if (ssl !== undefined) writer.uint8(TYPE.ssl).lengthPrefixed(2, () => writeSsl(writer, ssl));
  writeTlvs(writer, tlvs, [...Object.values(TYPE), ...TEXT_TYPES.keys()]);
}

function writeSsl(writer: ByteWriter, ssl: ProxySsl): void {
  const names = Object.keys(SSL_FLAGS) as (keyof typeof SSL_FLAGS)[];
  writer
    .uint8(names.reduce((flags, name) => flags | (ssl[name] ? SSL_FLAGS[name] : 0), 0))
    .uint32(ssl.verify);
  writeTexts(writer, SSL_TEXT_TYPES, ssl);
  writeTlvs(writer, ssl.tlvs ?? [], [...SSL_TEXT_TYPES.keys()]);
}

function writeTexts<Name extends string>(
  writer: ByteWriter,
  types: ReadonlyMap<number, Name>,
  from: Partial<Record<Name, string>>,
): void {
  for (const [type, name] of types) {
    const text = from[name];
    if (text === undefined) continue;
    if (typeof text !== 'string') throw new TypeError(`${name} must be a string, not ${described(text)}`);
    writer.uint8(type).lengthPrefixed(2, text);
  }
}

function writeTlvs(writer: ByteWriter, tlvs: readonly ProxyTlv[], named: readonly number[]): void {
  for (const { type, value } of tlvs) {
    if (named.includes(type)) throw new RangeError(`The field of type ${type} has a name of its own`);
    writer.uint8(type).lengthPrefixed(2, checkBytes('The value of a field must be', value));
  }
}

function checkOneOf<T>(name: string, value: T, values: readonly T[]): void {
  if (!values.includes(value))
    throw new RangeError(`${name} must be ${values.join(' or ')}, not ${described(value)}`);
}
