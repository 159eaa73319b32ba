import {
  ByteQueue,
  encodeProxyHeader,
  proxyHeader,
  type ProxyHeader,
  type StreamError,
} from '../../src/index.js';
import { manualConnection } from '../../src/testing.js';
import { bytes } from '../contracts/bytes.js';
import { byteByByte } from '../contracts/decoderContract.js';
import { at } from './proxyHeaders.js';

const ENDS = { source: at('192.0.2.7', 51234), destination: at('198.51.100.1', 443) };
const ENDS6 = { source: at('2001:db8::7', 51234), destination: at('::1', 443) };
const UNIX = {
  source: { address: '/run/a.sock', family: 'Unix', port: 0 },
  destination: { address: '/run/b.sock', family: 'Unix', port: 0 },
};
const FIELDS: Partial<ProxyHeader> = {
  alpn: 'h2',
  authority: 'a.example',
  uniqueId: bytes('id-1'),
  ssl: {
    clientSsl: true,
    clientCertConn: true,
    clientCertSess: false,
    verify: 0,
    version: 'TLSv1.3',
    cn: 'me',
  },
  tlvs: [{ type: 224, value: bytes('x') }],
};
const PLAIN: Partial<ProxyHeader>[] = [
  { ...ENDS },
  { ...ENDS, ...FIELDS },
  { ...ENDS6 },
  { ...ENDS6, ...FIELDS },
  { ...ENDS6, ...FIELDS, uniqueId: new Uint8Array(128).fill(1), netns: 'x'.repeat(100) },
  { ...UNIX, ...FIELDS },
  { command: 'LOCAL', ...FIELDS },
];
const CHECKED = PLAIN.map((header) => ({ ...header, crc32c: true }));
const UNCHECKED: Partial<ProxyHeader>[] = [
  { version: 1, ...ENDS },
  { version: 1, ...ENDS6 },
  { version: 1 },
  ...PLAIN,
];

/** What becomes of these bytes: a header, the code of an error, or nothing yet. */
function outcome(chunks: readonly Uint8Array[]): ProxyHeader | string | undefined {
  const queue = new ByteQueue();
  const decoder = proxyHeader()();
  try {
    for (const chunk of chunks) {
      queue.push(chunk);
      const header = decoder.decode(queue);
      if (header !== undefined) return header;
    }
  } catch (error) {
    return (error as StreamError).code;
  }
  return undefined;
}

function endsOf({ source, destination }: Partial<ProxyHeader>): unknown {
  return { source, destination };
}

function* flips(data: Uint8Array): Generator<[flipped: Uint8Array, where: string]> {
  for (let bit = 0; bit < data.length * 8; bit++) {
    const flipped = data.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    yield [flipped, `bit ${bit & 7} of byte ${bit >> 3} of ${data.length}`];
  }
}

describe('A header of the PROXY protocol that is damaged', () => {
  it('is waited for where it is cut off, at every byte', () => {
    for (const header of [...CHECKED, ...UNCHECKED]) {
      const data = encodeProxyHeader(header);
      for (let length = 0; length < data.length; length++) {
        const cut = data.subarray(0, length);
        expect(outcome([cut])).toBeUndefined();
        expect(outcome(byteByByte(cut))).toBeUndefined();
      }
      expect(outcome(byteByByte(data))).toEqual(
        jasmine.objectContaining({ command: header.command ?? 'PROXY' }),
      );
    }
  });

  it('is an IncompleteReadError where the stream ends within it', () => {
    for (const header of [...CHECKED, ...UNCHECKED]) {
      const data = encodeProxyHeader(header);
      for (let length = 1; length < data.length; length++) {
        const { reader, transport } = manualConnection();
        let code: string | undefined;
        reader.readFrame(proxyHeader()).subscribe({ error: (error: StreamError) => (code = error.code) });
        transport.receive(data.subarray(0, length));
        transport.receiveEof();
        expect(code).toBe('ERR_INCOMPLETE_READ');
      }
    }
  });

  it('has the same outcome however it is cut, with any bit flipped', () => {
    for (const header of [...CHECKED, ...UNCHECKED]) {
      for (const [flipped, where] of flips(encodeProxyHeader(header))) {
        expect(outcome(byteByByte(flipped)))
          .withContext(where)
          .toEqual(outcome([flipped]));
      }
    }
  });

  it('never tells a wrong address with any bit flipped, where it has a checksum', () => {
    for (const header of CHECKED) {
      for (const [flipped, where] of flips(encodeProxyHeader(header))) {
        // With all that may follow it: a length that has grown finds its bytes.
        const padded = new Uint8Array(flipped.length + 2100);
        padded.set(flipped);
        const found = outcome([padded]);
        if (typeof found !== 'object' || found.source === undefined) continue;
        // The checksum was turned into another field.
        expect(endsOf(found)).withContext(where).toEqual(endsOf(header));
      }
    }
  });

  it('tells no other address where a bit outside of its addresses is flipped, and it has none', () => {
    const begin = 16;
    for (const [header, end] of [
      [{ ...ENDS }, begin + 12],
      [{ ...ENDS6 }, begin + 36],
    ] as const) {
      const data = encodeProxyHeader(header);
      for (const [flipped, where] of flips(data)) {
        const isInside = flipped.some((byte, i) => byte !== data[i] && i >= begin && i < end);
        const found = outcome([flipped]);
        if (isInside)
          expect(found)
            .withContext(where)
            .toEqual(jasmine.objectContaining({ command: 'PROXY' }));
        else if (typeof found === 'object') expect(found.source).withContext(where).toBeUndefined();
      }
    }
  });
});
