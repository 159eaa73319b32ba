import balena from '@balena/proxy-protocol-parser';
import fc from 'fast-check';
import { Buffer } from 'node:buffer';
import published from 'proxy-protocol-js';
import {
  ByteQueue,
  encodeProxyHeader,
  proxyHeader,
  type ProxyHeader,
  type SocketAddress,
} from '../../src/index.js';
import { ipAddress } from '../../src/bytes/ipAddress.js';
import { joined, text } from '../contracts/bytes.js';
import { at } from './proxyHeaders.js';

/** An address and a port as every parser has them: its bytes. */
type End = readonly [address: string, port: number];
interface Found {
  readonly source: End;
  readonly destination: End;
}

function end(bytes: ArrayLike<number> | undefined, port: number): End {
  return [Array.from(bytes ?? []).join(' '), port];
}

function ours(data: Uint8Array): Found | undefined {
  const queue = new ByteQueue();
  queue.push(data);
  const decoder = proxyHeader()();
  let header: ProxyHeader | undefined;
  try {
    header = decoder.decode(queue);
  } catch {
    return undefined;
  }
  if (header?.source === undefined || header.source.family === 'Unix') return undefined;
  const ofAddress = ({ address, port }: SocketAddress): End => end(ipAddress(address), port);
  return { source: ofAddress(header.source), destination: ofAddress(header.destination!) };
}

/** What proxy-protocol-js finds; it throws for what it does not take. */
function theirs(data: Uint8Array): Found {
  if (data[0] === 80) {
    const { source, destination } = published.V1ProxyProtocol.parse(text(data));
    const of = ({ ipAddress: address, port }: published.Peer): End => end(ipAddress(address), port);
    return { source: of(source), destination: of(destination) };
  }
  const { proxyAddress } = published.V2ProxyProtocol.parse(data);
  const found = proxyAddress as published.IPv4ProxyAddress | published.IPv6ProxyAddress;
  return {
    source: end(found.sourceAddress.address, found.sourcePort),
    destination: end(found.destinationAddress.address, found.destinationPort),
  };
}

/** What @balena/proxy-protocol-parser finds; it throws for what it does not take. */
function balenas(data: Uint8Array): Found {
  const found = balena.decode(Buffer.from(data), true)!;
  return {
    source: end(ipAddress(found.remoteAddress), found.remotePort),
    destination: end(ipAddress(found.localAddress), found.localPort),
  };
}

const PARSERS = { 'proxy-protocol-js': theirs, '@balena/proxy-protocol-parser': balenas };

const port = fc.nat(65535);
const byte = fc.nat(255);
const ipv4 = fc.tuple(byte, byte, byte, byte);
// Not inside IPv6, which becomes IPv4.
const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => [0x20, ...bytes.slice(1)]);
const ends = fc.oneof(fc.tuple(ipv4, port, ipv4, port), fc.tuple(ipv6, port, ipv6, port));

function textOf(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => bytes[2 * i]! * 256 + bytes[2 * i + 1]!);
  return groups.map((group) => group.toString(16)).join(':');
}

function headersOf(
  from: readonly number[],
  fromPort: number,
  to: readonly number[],
  toPort: number,
): ProxyHeader[] {
  const both = { source: at(textOf(from), fromPort), destination: at(textOf(to), toPort) };
  const header = { command: 'PROXY', transport: 'STREAM', ...both } as const;
  return [
    { version: 1, ...header },
    { version: 2, ...header },
  ];
}

describe('The PROXY protocol beside published parsers:', () => {
  for (const [name, parse] of Object.entries(PARSERS)) {
    it(`${name} reads what we write`, () => {
      fc.assert(
        fc.property(ends, ([from, fromPort, to, toPort]) => {
          const expected = { source: end(from, fromPort), destination: end(to, toPort) };
          for (const header of headersOf(from, fromPort, to, toPort)) {
            const data = encodeProxyHeader(header);
            expect(parse(data)).toEqual(expected);
            expect(ours(data)).toEqual(expected);
          }
        }),
      );
    });

    it(`${name} agrees about every bit that is flipped`, () => {
      let taken = 0;
      for (const [from, to] of [
        [
          [192, 0, 2, 7],
          [198, 51, 100, 1],
        ],
        [
          [0x20, 1, 13, 0xb8, ...Array<number>(11).fill(0), 7],
          [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8],
        ],
      ] as const) {
        for (const header of headersOf(from, 51234, to, 443)) {
          const data = encodeProxyHeader(header);
          for (let bit = 0; bit < data.length * 8; bit++) {
            const flipped = data.slice();
            flipped[bit >> 3]! ^= 1 << (bit & 7);
            const found = ours(flipped);
            if (found === undefined) continue;
            taken++;
            expect(parse(flipped))
              .withContext(`bit ${bit} of ${text(data)}`)
              .toEqual(found);
          }
        }
      }
      // An address with one bit changed is an address: all of version 2, some of version 1.
      expect(taken).toBeGreaterThan((12 + 36) * 8);
    });
  }

  it('we read what proxy-protocol-js writes, and leave what is behind it', () => {
    const { V1ProxyProtocol, V2ProxyProtocol, INETProtocol, Peer, Command, TransportProtocol } = published;
    const { IPv4ProxyAddress, IPv4Address, IPv6ProxyAddress, IPv6Address } = published;
    fc.assert(
      fc.property(ends, fc.uint8Array({ maxLength: 30 }), ([from, fromPort, to, toPort], more) => {
        const expected = { source: end(from, fromPort), destination: end(to, toPort) };
        const isIPv4 = from.length === 4;
        const address = isIPv4
          ? new IPv4ProxyAddress(IPv4Address.createFrom(from), fromPort, IPv4Address.createFrom(to), toPort)
          : new IPv6ProxyAddress(IPv6Address.createFrom(from), fromPort, IPv6Address.createFrom(to), toPort);
        const line = new V1ProxyProtocol(
          isIPv4 ? INETProtocol.TCP4 : INETProtocol.TCP6,
          new Peer(textOf(from), fromPort),
          new Peer(textOf(to), toPort),
        ).build();
        const block = new V2ProxyProtocol(Command.PROXY, TransportProtocol.STREAM, address).build();
        for (const data of [new TextEncoder().encode(line), block]) {
          const queue = new ByteQueue();
          queue.push(joined([data, more]));
          expect(proxyHeader()().decode(queue)?.command).toBe('PROXY');
          expect(queue.length).toBe(more.length);
          expect(ours(data)).toEqual(expected);
        }
      }),
    );
  });

  it('we read what @balena/proxy-protocol-parser writes, but for its command and length', () => {
    fc.assert(
      fc.property(ends, ([from, fromPort, to, toPort]) => {
        const details = {
          remoteFamily: from.length === 4 ? 'IPv4' : 'IPv6',
          remoteAddress: textOf(from),
          remotePort: fromPort,
          localAddress: textOf(to),
          localPort: toPort,
        };
        const data = Uint8Array.from(balena.v2_encode(details)!);
        // It writes LOCAL, and the length in the wrong one of its two bytes; its own parser looks at neither.
        expect(Array.from(data.subarray(12, 16))).toEqual([0x20, data[13]!, data.length - 16, 0]);
        expect(ours(data)).toBeUndefined();
        data.set([0x21, data[13]!, 0, data.length - 16], 12);
        expect(ours(data)).toEqual({ source: end(from, fromPort), destination: end(to, toPort) });
      }),
    );
  });
});
