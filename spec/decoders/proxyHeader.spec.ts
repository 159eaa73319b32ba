import fc from 'fast-check';
import {
  ByteQueue,
  codec,
  DecodeError,
  encodeProxyHeader,
  proxyHeader,
  type Codec,
  type ProxyHeader,
  type StreamError,
} from '../../src/index.js';
import { beginsProxyHeader } from '../../src/decoders/proxyHeader.js';
import { checkDecoder, manualConnection } from '../../src/testing.js';
import { bytes, joined } from '../contracts/bytes.js';
import { byteByByte, decoderContract, readAll } from '../contracts/decoderContract.js';
import { frameMarbles } from './frameMarbles.js';
import { at, block, fromHex, IPV4 } from './proxyHeaders.js';

const LINE = 'PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n';
const ENDS = { source: at('192.0.2.7', 51234), destination: at('198.51.100.1', 443) };
const STREAM = { command: 'PROXY', transport: 'STREAM', ...ENDS } as const;

function codecOf(maxLength: number): Codec<ProxyHeader> {
  return codec(proxyHeader({ maxLength }), (header: ProxyHeader) => {
    const encoded = encodeProxyHeader(header);
    if (header.version === 2 && encoded.length > 16 + maxLength) throw new RangeError('too long');
    return encoded;
  });
}

const port = fc.nat(65535);
const plain = (addresses: fc.Arbitrary<string>): fc.Arbitrary<ProxyHeader> =>
  fc
    .tuple(fc.constantFrom<1 | 2>(1, 2), addresses, port, addresses, port)
    .map(([version, from, fromPort, to, toPort]): ProxyHeader => ({
      version,
      command: 'PROXY',
      transport: 'STREAM',
      source: at(from, fromPort),
      destination: at(to, toPort),
    }));
const ipv4 = fc.ipV4().map(String);
const ipv6 = fc.constantFrom('::1', '2001:db8::7', 'fe80::1', '2001:db8:1:2:3:4:5:6');
const authority = fc.string({ maxLength: 10 });
const messages: fc.Arbitrary<ProxyHeader> = fc.oneof(
  plain(ipv4),
  plain(ipv6),
  fc
    .tuple(plain(ipv4), authority)
    .map(([header, authority]) => ({ ...header, version: 2 as const, authority })),
  fc.constantFrom<ProxyHeader>(
    { version: 1, command: 'PROXY' },
    { version: 2, command: 'PROXY' },
    { version: 2, command: 'LOCAL' },
    { version: 2, command: 'LOCAL', crc32c: true },
    { version: 2, ...STREAM, crc32c: true, tlvs: [{ type: 224, value: fromHex('0102') }] },
  ),
);

describe('proxyHeader', () => {
  decoderContract('proxyHeader', {
    make: codecOf,
    messages,
    long: (length): ProxyHeader => ({
      version: 2,
      command: 'PROXY',
      tlvs: [{ type: 224, value: new Uint8Array(length - 3) }],
    }),
    decoded: (header) => JSON.parse(JSON.stringify(sorted(header))) as unknown,
    overhead: 16,
  });

  frameMarbles(
    proxyHeader(),
    {
      a: LINE,
      b: 'PROXY TCP4 192.0.2.7',
      c: ' 198.51.100.1 51234 443\r',
      d: '\nhello',
      e: 'PROXZ',
      f: block(0x21, 0x11, IPV4),
    },
    { x: { version: 1, ...STREAM }, y: { version: 2, ...STREAM } },
    [
      ['emits a line when its end comes', '--a--|', '--x--|'],
      ['puts a line together from its parts', '--b-c-d-', '------(x#)', 'ERR_DECODE'],
      ['emits a block', '--f--|', '--y--|'],
      ['errors as soon as a byte is wrong', '--e--', '--#--', 'ERR_DECODE'],
      ['errors at the end of the stream within a line', '--b-|', '----#', 'ERR_INCOMPLETE_READ'],
      ['completes with an empty stream', '---|', '---|'],
    ],
  );

  it('reads lines', () => {
    const lines: Record<string, Partial<ProxyHeader>> = {
      [LINE]: STREAM,
      'PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n': {
        ...STREAM,
        source: at('255.255.255.255', 65535),
        destination: at('255.255.255.255', 65535),
      },
      'PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n': {
        ...STREAM,
        source: at('0.0.0.0', 0),
        destination: at('0.0.0.0', 0),
      },
      'PROXY TCP6 2001:DB8::7 ::ffff:127.0.0.1 51234 8080\r\n': {
        ...STREAM,
        source: at('2001:db8::7', 51234),
        destination: at('::ffff:127.0.0.1', 8080),
      },
      'PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 0:0:0:0:0:0:0:1 65535 1\r\n': {
        ...STREAM,
        source: at('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 65535),
        destination: at('::1', 1),
      },
      'PROXY UNKNOWN\r\n': { command: 'PROXY' },
      'PROXY UNKNOWN \r\n': { command: 'PROXY' },
      'PROXY UNKNOWN ffff:: whatever \x01\xff it is\r\n': { command: 'PROXY' },
      [`PROXY UNKNOWN ${'f'.repeat(91)}\r\n`]: { command: 'PROXY' },
    };
    for (const [line, header] of Object.entries(lines)) {
      const data = Uint8Array.from(line, (character) => character.charCodeAt(0));
      expect(checkDecoder(proxyHeader(), joined([data, bytes('rest')]).slice(0, -4)))
        .withContext(line)
        .toEqual([{ version: 1, ...header } as ProxyHeader]);
    }
  });

  it('refuses all other lines, and leaves them where they are', () => {
    const wrong = [
      'proxy TCP4 192.0.2.7 198.51.100.1 51234 443\r\n',
      'PROXY  TCP4 192.0.2.7 198.51.100.1 51234 443\r\n',
      'PROXY TCP4  192.0.2.7 198.51.100.1 51234 443\r\n',
      'PROXY tcp4 192.0.2.7 198.51.100.1 51234 443\r\n',
      'PROXY TCP5 192.0.2.7 198.51.100.1 51234 443\r\n',
      'PROXY UDP4 192.0.2.7 198.51.100.1 51234 443\r\n',
      'PROXY TCP4\t192.0.2.7 198.51.100.1 51234 443\r\n',
      'PROXY TCP4 192.0.2.7 198.51.100.1 51234 443 \r\n',
      'PROXY TCP4 192.0.2.7 198.51.100.1 51234 443 1\r\n',
      'PROXY TCP4 192.0.2.7 198.51.100.1 51234\r\n',
      'PROXY TCP4 192.0.2.7 198.51.100.1 051234 443\r\n',
      'PROXY TCP4 192.0.2.7 198.51.100.1 51234 0443\r\n',
      'PROXY TCP4 192.0.2.7 198.51.100.1 00 443\r\n',
      'PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n',
      'PROXY TCP4 192.0.2.7 198.51.100.1 99999 443\r\n',
      'PROXY TCP4 192.0.2.7 198.51.100.1 +1 443\r\n',
      'PROXY TCP4 192.0.2.7 198.51.100.1 -1 443\r\n',
      'PROXY TCP4 192.0.2.7 198.51.100.1 0x1 443\r\n',
      'PROXY TCP4 192.0.2.07 198.51.100.1 51234 443\r\n',
      'PROXY TCP4 192.0.2 198.51.100.1 51234 443\r\n',
      'PROXY TCP4 192.0.2.256 198.51.100.1 51234 443\r\n',
      'PROXY TCP4 2001:db8::7 2001:db8::8 51234 443\r\n',
      'PROXY TCP6 192.0.2.7 198.51.100.1 51234 443\r\n',
      'PROXY TCP6 2001:db8::7 198.51.100.1 51234 443\r\n',
      'PROXY TCP6 2001:db8::7::1 2001:db8::8 51234 443\r\n',
      'PROXY TCP6 fe80::1%eth0 2001:db8::8 51234 443\r\n',
      'PROXY TCP6 [::1] 2001:db8::8 51234 443\r\n',
      'PROXY TCP6 20001:db8::7 2001:db8::8 51234 443\r\n',
      'PROXY TCP4 localhost 198.51.100.1 51234 443\r\n',
      'PROXY UNKNOWNS\r\n',
      'PROXY UNKNOWN\n',
      'PROXY UNKNOWN\rx\r\n',
      'PROXY UNKNOWN a\nb\r\n',
      'PROXY \r\n',
      'PROXY\r\n',
      `PROXY UNKNOWN ${'f'.repeat(92)}\r\n`,
      'GET / HTTP/1.1\r\n',
      '\x16\x03\x01',
      '\r\n\r\n\r',
    ];
    for (const line of wrong) {
      const data = Uint8Array.from(line, (character) => character.charCodeAt(0));
      expect(failureOf(data)).withContext(line).toBe('ERR_DECODE');
      checkDecoder(proxyHeader(), data);
    }
  });

  it('reads blocks', () => {
    const path = (text: string): Uint8Array => joined([bytes(text), new Uint8Array(108 - text.length)]);
    const unix = (source: string, destination: string): Uint8Array =>
      joined([path(source), path(destination)]);
    const blocks: [data: Uint8Array, header: Partial<ProxyHeader>][] = [
      [block(0x21, 0x11, IPV4), STREAM],
      [block(0x21, 0x12, IPV4), { ...STREAM, transport: 'DGRAM' }],
      [
        block(0x21, 0x21, '20010db8000000000000000000000007 00000000000000000000ffff7f000001 c822 01bb'),
        { ...STREAM, source: at('2001:db8::7', 51234), destination: at('::ffff:127.0.0.1', 443) },
      ],
      [
        block(0x21, 0x31, unix('/run/a.sock', '\0abstract')),
        {
          ...STREAM,
          source: { address: '/run/a.sock', family: 'Unix', port: 0 },
          destination: { address: '\0abstract', family: 'Unix', port: 0 },
        },
      ],
      [
        block(0x21, 0x32, unix('', 'b'.repeat(108))),
        {
          command: 'PROXY',
          transport: 'DGRAM',
          source: { address: '', family: 'Unix', port: 0 },
          destination: { address: 'b'.repeat(108), family: 'Unix', port: 0 },
        },
      ],
      [block(0x21, 0x00), { command: 'PROXY' }],
      [block(0x21, 0x00, 'ff'), { command: 'PROXY' }],
      [block(0x21, 0x00, '02 0001 61'), { command: 'PROXY', authority: 'a' }],
      [block(0x20, 0x00), { command: 'LOCAL' }],
      [block(0x20, 0x11, IPV4), { command: 'LOCAL' }],
      [block(0x20, 0xff, '0102030405'), { command: 'LOCAL' }],
      [block(0x20, 0x21, '01'), { command: 'LOCAL' }],
    ];
    for (const [data, header] of blocks)
      expect(checkDecoder(proxyHeader(), data)).toEqual([{ version: 2, ...header } as ProxyHeader]);
  });

  it('reads the fields of blocks', () => {
    const fields: [tlvs: string, header: Partial<ProxyHeader>][] = [
      ['01 0002 6832', { alpn: 'h2' }],
      ['02 0004 c3a92e66', { authority: 'é.f' }],
      ['02 0000', { authority: '' }],
      ['04 0003 010203  04 0000', {}],
      ['05 0002 01ff', { uniqueId: fromHex('01ff') }],
      [`05 0080 ${'ab'.repeat(128)}`, { uniqueId: new Uint8Array(128).fill(0xab) }],
      ['30 0003 626c75', { netns: 'blu' }],
      [
        '20 0005 00 ffffffff',
        { ssl: { clientSsl: false, clientCertConn: false, clientCertSess: false, verify: 0xffffffff } },
      ],
      [
        '20 002c 07 00000000  21 0007 544c5376312e33  22 0002 6d65  23 0003 414553  24 0002 5348  25 0003 525341 26 0004 01020304',
        {
          ssl: {
            clientSsl: true,
            clientCertConn: true,
            clientCertSess: true,
            verify: 0,
            version: 'TLSv1.3',
            cn: 'me',
            cipher: 'AES',
            sigAlg: 'SH',
            keyAlg: 'RSA',
            tlvs: [{ type: 0x26, value: fromHex('01020304') }],
          },
        },
      ],
      [
        'e0 0001 61  01 0002 6832  e0 0001 62  ff 0000',
        {
          alpn: 'h2',
          tlvs: [
            { type: 224, value: fromHex('61') },
            { type: 224, value: fromHex('62') },
            { type: 255, value: fromHex('') },
          ],
        },
      ],
    ];
    for (const [tlvs, header] of fields)
      expect(checkDecoder(proxyHeader(), block(0x21, 0x11, `${IPV4} ${tlvs}`)))
        .withContext(tlvs)
        .toEqual([{ version: 2, ...STREAM, ...header }]);
  });

  it('refuses all other blocks, and leaves them where they are', () => {
    const wrong: Record<string, Uint8Array> = {
      'version 1': block(0x11, 0x11, IPV4),
      'version 3': block(0x31, 0x11, IPV4),
      'command 2': block(0x22, 0x11, IPV4),
      'command 2, without more': block(0x22, 0),
      'family 4': block(0x21, 0x41, IPV4),
      'transport 3': block(0x21, 0x13, IPV4),
      'a family without a transport': block(0x21, 0x10, IPV4),
      'a transport without a family': block(0x21, 0x01, IPV4),
      'no room for addresses of IPv4': block(0x21, 0x11, IPV4.slice(0, -2)),
      'no room for addresses of IPv6': block(0x21, 0x21, IPV4),
      'no room for paths': block(0x21, 0x31, new Uint8Array(215)),
      'a field that is cut off': block(0x21, 0x11, `${IPV4} 02 0002 61`),
      'a field without a length': block(0x21, 0x11, `${IPV4} 02 00`),
      'a field without all of a type': block(0x21, 0x11, `${IPV4} 02`),
      'two names': block(0x21, 0x11, `${IPV4} 02 0001 61 02 0001 61`),
      'two protocols': block(0x21, 0x11, `${IPV4} 01 0001 61 01 0000`),
      'two ids': block(0x21, 0x11, `${IPV4} 05 0000 05 0001 61`),
      'an id of 129 bytes': block(0x21, 0x11, `${IPV4} 05 0081 ${'00'.repeat(129)}`),
      'two of TLS': block(0x21, 0x11, `${IPV4} 20 0005 0000000000 20 0005 0000000000`),
      'TLS of 4 bytes': block(0x21, 0x11, `${IPV4} 20 0004 00000000`),
      'TLS with a field that is cut off': block(0x21, 0x11, `${IPV4} 20 0008 0000000000 21 0001`),
      'TLS with two versions': block(0x21, 0x11, `${IPV4} 20 000b 0000000000 21 0000 21 0000`),
      'a checksum of 3 bytes': block(0x21, 0x11, `${IPV4} 03 0003 000000`),
      'a checksum that is wrong': block(0x21, 0x11, `${IPV4} 03 0004 00000000`),
      'a checksum that is wrong, of LOCAL': block(0x20, 0x00, '03 0004 00000000'),
      'a checksum that is wrong, of no family': block(0x21, 0x00, '03 0004 00000000'),
      'too much': block(0x21, 0x11, new Uint8Array(2049)),
      'too much, of LOCAL': block(0x20, 0x11, new Uint8Array(2049)),
      'another signature': joined([fromHex('0d0a0d0a000d0a515549540b'), new Uint8Array(20)]),
    };
    for (const [name, data] of Object.entries(wrong)) {
      expect(failureOf(data)).withContext(name).toBe('ERR_DECODE');
      checkDecoder(proxyHeader(), data);
    }
  });

  it('says what is wrong with a header', () => {
    const ssl = (hex: string): Uint8Array => block(0x21, 0x11, `${IPV4} 20 ${hex}`);
    const wrong: [data: Uint8Array, message: string][] = [
      [
        block(0x31, 0x11, IPV4),
        'A header of the PROXY protocol, version 2, has a 13th byte of 32 or 33, not 49',
      ],
      [
        block(0x21, 0x11, new Uint8Array(2049)),
        'A PROXY header of 16 bytes and 2049 is over the maxLength of 2048',
      ],
      [block(0x21, 0x13, IPV4), 'A PROXY header has no family and protocol of number 19'],
      [block(0x21, 0x21, IPV4), 'A PROXY header of family 33 needs 36 bytes for addresses, not 12'],
      [
        block(0x21, 0x11, `${IPV4} 02 0002 61`),
        'The fields of a PROXY header do not come out even in 32 bytes',
      ],
      [block(0x21, 0x11, `${IPV4} 02 0001 61 02 0001 61`), 'A PROXY header has the field of type 2 twice'],
      [
        block(0x21, 0x11, `${IPV4} 05 0081 ${'00'.repeat(129)}`),
        'A unique id has at most 128 bytes, not 129',
      ],
      [
        block(0x21, 0x11, `${IPV4} 03 0003 000000`),
        'A PROXY header has one checksum of 4 bytes, not 1, of 3',
      ],
      [
        block(0x21, 0x11, `${IPV4} 03 0004 00000000 03 0004 00000000`),
        'A PROXY header has one checksum of 4 bytes, not 2, of 4',
      ],
      [ssl('0004 00000000'), 'The field of TLS in a PROXY header does not come out even in 4 bytes'],
      [ssl('0008 0000000000 210001'), 'The field of TLS in a PROXY header does not come out even in 8 bytes'],
      [bytes('GET / HTTP/1.1\r\n'), 'No header of the PROXY protocol: found byte 71 at 0'],
      [bytes('PROXX '), 'No header of the PROXY protocol: found byte 88 at 4'],
      [fromHex('0d0a0d0a000d0a515549540b'), 'No header of the PROXY protocol: found byte 11 at 11'],
      [bytes(`PROXY ${'x'.repeat(200)}`), 'A PROXY line has at most 107 bytes, its end included'],
      [
        bytes('PROXY a\n'),
        'A PROXY line ends with CR and LF, and has none of them before; found byte 10 at 7',
      ],
      [
        bytes('PROXY a\rb'),
        'A PROXY line ends with CR and LF, and has none of them before; found byte 98 at 8',
      ],
      [bytes('PROXY TCP4 x\r\n'), 'This is no line of the PROXY protocol, version 1: "PROXY TCP4 x"'],
    ];
    for (const [data, message] of wrong) {
      const queue = new ByteQueue();
      queue.push(data);
      expect(() => proxyHeader()().decode(queue)).toThrowError(DecodeError, message);
    }
    const queue = new ByteQueue();
    queue.push(block(0x21, 0x11, `${IPV4} 03 0004 00000001`));
    expect(() => proxyHeader()().decode(queue)).toThrowError(
      DecodeError,
      /^The checksum of a PROXY header is \d{2,}, but 1 in its field$/,
    );
  });

  it('reads fields of more than 255 bytes, and paths of any length in UTF-8', () => {
    const value = new Uint8Array(300).fill(7);
    const source = { address: 'é', family: 'Unix', port: 0 };
    const destination = { address: 'x', family: 'Unix', port: 0 };
    const queue = new ByteQueue();
    queue.push(encodeProxyHeader({ source, destination, tlvs: [{ type: 224, value }] }));
    expect(proxyHeader()().decode(queue)).toEqual({
      version: 2,
      command: 'PROXY',
      transport: 'STREAM',
      source,
      destination,
      tlvs: [{ type: 224, value }],
    });
  });

  it('refuses two checksums, also where the first one is right', () => {
    const header = encodeProxyHeader({
      ...ENDS,
      crc32c: true,
      tlvs: [{ type: 0xe3, value: new Uint8Array(4) }],
    });
    expect(failureOf(header)).toBeUndefined();
    const at = header.lastIndexOf(0xe3);
    header[at] = 3;
    expect(failureOf(header)).toBe('ERR_DECODE');
  });

  it('says as soon as 16 bytes are there that a block is too long, and takes what maxLength says', () => {
    expect(failureOf(block(0x21, 0x11, new Uint8Array(2049)).slice(0, 16))).toBe('ERR_DECODE');
    expect(failureOf(block(0x20, 0x00, new Uint8Array(2048)))).toBeUndefined();
    expect(readAll(proxyHeader({ maxLength: 3 }), [block(0x20, 0, '010203')]).log.length).toBe(2);
    expect(readAll(proxyHeader({ maxLength: 2 }), [block(0x20, 0, '010203')]).log).toEqual(['# ERR_DECODE']);
  });

  it('leaves what comes behind a header, however it is cut', () => {
    for (const header of [bytes(LINE), block(0x21, 0x11, IPV4), block(0x20, 0)]) {
      const data = joined([header, bytes('\r\nPROXY hello')]);
      for (const chunks of [[data], byteByByte(data), [header, data.slice(header.length)]]) {
        const { reader, transport } = manualConnection();
        const found: unknown[] = [];
        reader.readFrame(proxyHeader()).subscribe((frame) => found.push(frame));
        for (const chunk of chunks) transport.receive(chunk);
        expect(found.length).toBe(1);
        expect(reader.bufferedBytes).toBe(data.length - header.length);
      }
    }
  });

  it('keeps nothing of the chunks that a header came in', () => {
    const data = block(0x21, 0x11, `${IPV4} 05 0001 61 e0 0001 62 20 0009 0000000000 26 0001 63`);
    const [header] = checkDecoder(proxyHeader(), data) as [ProxyHeader];
    for (const value of [header.uniqueId!, header.tlvs![0]!.value, header.ssl!.tlvs![0]!.value])
      expect(value.buffer.byteLength).toBe(1);
  });

  it('refuses a bad maxLength, and options that are none, at the call', () => {
    for (const maxLength of [0, -1, 1.5, NaN, Infinity, '10', null])
      expect(() => proxyHeader({ maxLength: maxLength as number })).toThrowError(RangeError, /maxLength/);
    expect(() => proxyHeader(10 as never)).toThrowError(TypeError, /options/);
  });
});

/** The code of the error of a reader that gets all of this, and then no more; undefined where it is whole. */
function failureOf(data: Uint8Array): string | undefined {
  const { reader, transport } = manualConnection({ limit: 100_000 });
  let code: string | undefined;
  reader.readFrame(proxyHeader()).subscribe({ error: (error: StreamError) => (code = error.code) });
  transport.receive(data);
  if (code !== undefined) expect(reader.bufferedBytes).toBe(data.length);
  return code;
}

// As the decoder puts the fields together.
function sorted({ version, command, transport, source, destination, crc32c, ...rest }: ProxyHeader): unknown {
  return { version, command, transport, source, destination, crc32c, ...rest };
}

describe('beginsProxyHeader', () => {
  it('knows the beginning of either version, and nothing shorter or other', () => {
    const begins = (data: Uint8Array): boolean => {
      const queue = new ByteQueue();
      queue.push(data);
      return beginsProxyHeader(queue);
    };
    const signature = block(0x21, 0x00).subarray(0, 12);
    for (const start of [
      bytes('PROXY '),
      bytes('PROXY nonsense'),
      signature,
      joined([signature, bytes('x')]),
    ])
      expect(begins(start)).toBeTrue();
    for (const start of [
      bytes(''),
      bytes('PROXY'),
      bytes('PROXX '),
      bytes('proxy '),
      bytes('xPROXY '),
      signature.subarray(0, 11),
      signature.map((byte, i) => (i === 11 ? 0 : byte)),
      signature.map((byte, i) => (i === 0 ? 0 : byte)),
    ])
      expect(begins(start)).toBeFalse();
  });
});
