import { encodeProxyHeader, proxyHeader, type ProxyHeader } from '../../src/index.js';
import { checkDecoding } from '../decoding.js';
import { Choices, seeded } from '../Choices.js';
import { bytesOf } from '../naive.js';
import type { FuzzTarget } from '../FuzzTarget.js';

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const [SOURCE, DESTINATION] = ['192.0.2.7', '198.51.100.1'].map(
  (address) => ({ address, family: 'IPv4', port: 443 }) as const,
);
const [SOURCE_6, DESTINATION_6] = ['2001:db8::7', '::ffff:1.2.3.4'].map(
  (address) => ({ address, family: 'IPv6', port: 0 }) as const,
);
const UNIX = { address: '/run/x.sock', family: 'Unix', port: 0 } as const;
const SSL = { clientSsl: true, clientCertConn: false, clientCertSess: true, verify: 1 } as const;

export const proxyHeaderTarget: FuzzTarget = {
  name: 'proxyHeader',
  dictionary: [
    ...['PROXY ', 'TCP4 ', 'TCP6 ', 'UNKNOWN', '\r\n', ' ', '0', '65535', '65536', '01', '255.255.255.255'],
    ...['::', '::1', 'ffff:', '1.2.3.4', 'fe80::1%eth0', SIGNATURE, `${SIGNATURE}\x21\x11\0\x0c`],
    ...[`${SIGNATURE}\x20\0\0\0`, '\x03\0\x04', '\x20\0\x05', '\x21\0\x07TLSv1.3', '\x05\0\x01x', '\x04\0\0'],
    ...['\x01\0\x02h2', '\x02\0\x01a', '\x30\0\x01n', '\xe0\0\0'],
  ],
  seeds: seeded(
    [
      bytesOf('PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n'),
      bytesOf('PROXY TCP4 192.0.2.7 198.51.100.1 65535 65536\r\n'),
      bytesOf('PROXY TCP6 2001:db8::7 ::ffff:1.2.3.4 1 65535\r\nPROXY UNKNOWN ffff\r\n'),
      encodeProxyHeader({ source: SOURCE!, destination: DESTINATION!, crc32c: true, alpn: 'h2' }),
      encodeProxyHeader({ source: SOURCE_6!, destination: DESTINATION_6!, transport: 'DGRAM', ssl: SSL }),
      encodeProxyHeader({ source: UNIX, destination: { ...UNIX, address: '\0y' }, netns: 'n' }),
      encodeProxyHeader({ command: 'LOCAL', crc32c: true }),
      encodeProxyHeader({ uniqueId: Uint8Array.of(1), tlvs: [{ type: 224, value: Uint8Array.of(2) }] }),
      encodeProxyHeader({
        ssl: { ...SSL, version: 'TLSv1.3', cn: 'x', cipher: 'c', sigAlg: 's', keyAlg: 'k', tlvs: [] },
      }),
    ],
    [[2]],
  ),
  stepsPerByte: 2000,
  run(input) {
    const choices = new Choices(input);
    const decoder = proxyHeader({ maxLength: choices.pick([1, 60, 2048, 65535]) });
    for (const header of checkDecoding({ decoder, data: choices.payload }, choices))
      checkEncoding(header, choices);
  },
};

function checkEncoding(header: ProxyHeader, choices: Choices): void {
  let data: Uint8Array;
  try {
    data = encodeProxyHeader(header);
  } catch (error) {
    // A path that was not UTF-8 is a longer one now.
    if (error instanceof RangeError && header.source?.family === 'Unix') return;
    throw error;
  }
  checkDecoding(
    { decoder: proxyHeader({ maxLength: 65535 }), data, expected: { frames: [header], left: 0 } },
    choices,
  );
}
