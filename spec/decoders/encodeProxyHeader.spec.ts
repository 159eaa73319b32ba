import fc from 'fast-check';
import { encodeProxyHeader, proxyHeader, type ProxyHeader } from '../../src/index.js';
import { readAll } from '../contracts/decoderContract.js';
import { text } from '../contracts/bytes.js';
import { at, block, fromHex, IPV4 } from './proxyHeaders.js';

const ENDS = { source: at('192.0.2.7', 51234), destination: at('198.51.100.1', 443) };

describe('encodeProxyHeader', () => {
  it('writes lines', () => {
    const line = (header: Partial<ProxyHeader>): string => text(encodeProxyHeader({ version: 1, ...header }));
    expect(line(ENDS)).toBe('PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n');
    expect(line({ source: at('2001:DB8::7', 1), destination: at('fe80::1%eth0', 0) })).toBe(
      'PROXY TCP6 2001:db8::7 fe80::1 1 0\r\n',
    );
    expect(line({ source: at('::ffff:192.0.2.7', 1), destination: at('::ffff:127.0.0.1', 2) })).toBe(
      'PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n',
    );
    expect(line({ source: at('2001:db8::7', 1), destination: at('127.0.0.1', 2) })).toBe(
      'PROXY TCP6 2001:db8::7 ::ffff:127.0.0.1 1 2\r\n',
    );
    expect(line({})).toBe('PROXY UNKNOWN\r\n');
    expect(line({ ...ENDS, transport: 'DGRAM' })).toBe('PROXY UNKNOWN\r\n');
    const unix = { address: '/run/a.sock', family: 'Unix', port: 0 };
    expect(line({ source: unix, destination: unix })).toBe('PROXY UNKNOWN\r\n');
  });

  it('writes blocks, byte for byte as they are specified', () => {
    const blocks: [header: Partial<ProxyHeader>, bytes: Uint8Array][] = [
      [{}, block(0x21, 0x00)],
      [{ command: 'LOCAL' }, block(0x20, 0x00)],
      [ENDS, block(0x21, 0x11, IPV4)],
      [{ ...ENDS, transport: 'DGRAM' }, block(0x21, 0x12, IPV4)],
      [
        { source: at('2001:db8::7', 51234), destination: at('127.0.0.1', 443) },
        block(0x21, 0x21, '20010db8000000000000000000000007 00000000000000000000ffff7f000001 c822 01bb'),
      ],
      [
        {
          source: { address: '', family: 'Unix', port: 0 },
          destination: { address: '/a', family: 'Unix', port: 0 },
        },
        block(0x21, 0x31, `${'00'.repeat(108)} 2f61 ${'00'.repeat(106)}`),
      ],
      [
        {
          ...ENDS,
          alpn: 'h2',
          authority: 'é',
          netns: 'n',
          uniqueId: fromHex('01ff'),
          ssl: {
            clientSsl: true,
            clientCertConn: false,
            clientCertSess: true,
            verify: 0x01020304,
            version: 'v',
            cn: 'c',
            cipher: 'x',
            sigAlg: 's',
            keyAlg: 'k',
            tlvs: [{ type: 0x26, value: fromHex('00') }],
          },
          tlvs: [{ type: 224, value: fromHex('ee') }],
        },
        block(
          0x21,
          0x11,
          `${IPV4} 01 0002 6832 02 0002 c3a9 30 0001 6e 05 0002 01ff
           20 001d 05 01020304 21 0001 76 22 0001 63 23 0001 78 24 0001 73 25 0001 6b 26 0001 00  e0 0001 ee`,
        ),
      ],
    ];
    for (const [header, expected] of blocks) expect(encodeProxyHeader(header)).toEqual(expected);
  });

  it('writes a checksum behind the addresses', () => {
    expect(encodeProxyHeader({ ...ENDS, crc32c: true }).slice(28, 31)).toEqual(fromHex('03 0004'));
    for (const header of [{}, ENDS, { command: 'LOCAL' as const }, { ...ENDS, alpn: 'h2' }]) {
      const { log } = readAll(proxyHeader(), [encodeProxyHeader({ ...header, crc32c: true })]);
      expect(log).toEqual([jasmine.stringContaining('"crc32c":true'), '|']);
    }
    expect(encodeProxyHeader({ ...ENDS, crc32c: false })).toEqual(block(0x21, 0x11, IPV4));
  });

  it('writes the checksum where the addresses of each family end', () => {
    const unixEnd = { address: '/a', family: 'Unix', port: 0 };
    for (const [header, end] of [
      [{}, 16],
      [ENDS, 28],
      [{ source: at('::1', 1), destination: at('::2', 2) }, 52],
      [{ source: unixEnd, destination: unixEnd }, 232],
    ] as const) {
      const encoded = encodeProxyHeader({ ...header, crc32c: true });
      expect([...encoded.subarray(end, end + 3)]).toEqual([3, 0, 4]);
      expect(readAll(proxyHeader(), [encoded]).log.length).toBe(2);
      expect(encoded.subarray(end + 3, end + 7)).not.toEqual(new Uint8Array(4));
    }
  });

  it('takes a checksum that is not wanted in version 1 too', () => {
    expect(text(encodeProxyHeader({ version: 1, crc32c: false }))).toBe('PROXY UNKNOWN\r\n');
  });

  it('writes what proxyHeader reads as the same', () => {
    const texts = fc.record(
      { alpn: fc.string(), authority: fc.string({ unit: 'grapheme' }), netns: fc.string() },
      { requiredKeys: [] },
    );
    const type = fc.integer({ min: 0xe0, max: 0xff });
    const tlvs = fc.array(fc.record({ type, value: fc.uint8Array({ maxLength: 20 }) }), {
      minLength: 1,
      maxLength: 3,
    });
    const ssl = fc.record(
      {
        clientSsl: fc.boolean(),
        clientCertConn: fc.boolean(),
        clientCertSess: fc.boolean(),
        verify: fc.nat(0xffffffff),
        version: fc.string(),
        cn: fc.string(),
        cipher: fc.string(),
        sigAlg: fc.string(),
        keyAlg: fc.string(),
        tlvs,
      },
      { requiredKeys: ['clientSsl', 'clientCertConn', 'clientCertSess', 'verify'] },
    );
    const uniqueId = fc.uint8Array({ maxLength: 128 });
    const more = fc.record({ uniqueId, ssl, tlvs, crc32c: fc.constant(true as const) }, { requiredKeys: [] });
    const transport = fc.constantFrom<'STREAM' | 'DGRAM'>('STREAM', 'DGRAM');
    fc.assert(
      fc.property(texts, more, transport, (some, others, transport) => {
        const header = { version: 2, command: 'PROXY', transport, ...ENDS, ...some, ...others };
        const found: unknown[] = [];
        const queue = encodeProxyHeader(header as ProxyHeader);
        const { log } = readAll(() => {
          const decoder = proxyHeader()();
          return {
            decode: (bytes) => {
              const frame = decoder.decode(bytes);
              if (frame !== undefined) found.push(frame);
              return frame;
            },
          };
        }, [queue]);
        expect(log.length).toBe(2);
        expect(found).toEqual([header]);
      }),
    );
  });

  it('takes the last port and the longest path', () => {
    const longest = unix('/'.repeat(108));
    expect(encodeProxyHeader(longest).length).toBe(16 + 2 * 108);
    expect(text(encodeProxyHeader({ version: 1, ...ENDS, source: at('192.0.2.7', 65535) }))).toContain(
      ' 65535 ',
    );
  });

  it('takes an id of 128 bytes, and no field of TLS that has a name', () => {
    expect(encodeProxyHeader({ uniqueId: new Uint8Array(128) }).length).toBe(16 + 3 + 128);
    const ssl = { clientSsl: true, clientCertConn: false, clientCertSess: false, verify: 0 };
    expect(() =>
      encodeProxyHeader({ ssl: { ...ssl, tlvs: [{ type: 0x21, value: new Uint8Array(1) }] } }),
    ).toThrowError(RangeError, 'The field of type 33 has a name of its own');
  });

  it('refuses what has no place in a header', () => {
    const wrong: [header: unknown, error: new () => Error, message: RegExp][] = [
      [null, TypeError, /options must be an object/],
      [{ version: 3 }, RangeError, /version must be 1 or 2, not 3/],
      [{ version: '1' }, RangeError, /version/],
      [{ command: 'local' }, RangeError, /command must be PROXY or LOCAL/],
      [{ transport: 'TCP' }, RangeError, /transport must be STREAM or DGRAM/],
      [{ source: ENDS.source }, TypeError, /both source and destination, or neither/],
      [{ destination: ENDS.source }, TypeError, /both source and destination, or neither/],
      [{ ...ENDS, source: null }, TypeError, /source must be an address/],
      [{ ...ENDS, source: '192.0.2.7' }, TypeError, /source must be an address/],
      [{ ...ENDS, source: { address: 'localhost', family: 'IPv4', port: 1 } }, TypeError, /IP address/],
      [{ ...ENDS, source: { address: '1.2.3.4\r\nQUIT', family: 'IPv4', port: 1 } }, TypeError, /IP address/],
      [{ ...ENDS, destination: { address: '1.2.3.4', family: 'IPv4' } }, RangeError, /port of destination/],
      [{ ...ENDS, source: at('192.0.2.7', 65536) }, RangeError, /port of source must be .* not 65536/],
      [{ ...ENDS, source: at('192.0.2.7', -1) }, RangeError, /port of source/],
      [{ ...ENDS, source: { address: '/a', family: 'Unix', port: 0 } }, TypeError, /of one family/],
      [unix('/'.repeat(109)), RangeError, /at most 108 bytes, not 109/],
      [unix('a\0b'), RangeError, /zero byte/],
      [unix('\0'), RangeError, /zero byte/],
      [{ ...ENDS, command: 'LOCAL' }, TypeError, /LOCAL header has no addresses/],
      [{ version: 1, command: 'LOCAL' }, TypeError, /version 1 is never LOCAL/],
      [{ version: 1, ...ENDS, authority: 'a' }, TypeError, /version 1 has no authority/],
      [{ version: 1, ...ENDS, crc32c: true }, TypeError, /version 1 has no crc32c/],
      [{ authority: 5 }, TypeError, /authority must be a string/],
      [{ uniqueId: new Uint8Array(129) }, RangeError, /at most 128 bytes, not 129/],
      [{ uniqueId: 'id' }, TypeError, /uniqueId must be a Uint8Array/],
      [{ tlvs: [{ type: 2, value: new Uint8Array(1) }] }, RangeError, /type 2 has a name of its own/],
      [{ tlvs: [{ type: 256, value: new Uint8Array(1) }] }, RangeError, /uint8/],
      [{ tlvs: [{ type: 224, value: 'a' }] }, TypeError, /value of a field/],
      [{ ssl: { verify: -1 } }, RangeError, /uint32/],
      [{ tlvs: [{ type: 224, value: new Uint8Array(65536) }] }, RangeError, /65536/],
      [{ tlvs: Array(2).fill({ type: 224, value: new Uint8Array(40_000) }) }, RangeError, /80006/],
    ];
    for (const [header, error, message] of wrong)
      expect(() => encodeProxyHeader(header as ProxyHeader)).toThrowError(error, message);
  });
});

function unix(address: string): Partial<ProxyHeader> {
  return {
    source: { address, family: 'Unix', port: 0 },
    destination: { address: '', family: 'Unix', port: 0 },
  };
}
