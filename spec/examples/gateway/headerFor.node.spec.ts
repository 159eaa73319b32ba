import fc from 'fast-check';
import { isIP } from 'node:net';
import { headerFor } from '../../../examples/gateway/headerFor.js';
import { text } from '../../contracts/bytes.js';

const at = (address: string, port = 1, family = address.includes(':') ? 'IPv6' : 'IPv4') => ({
  address,
  family,
  port,
});

const lineFor = (...ends: Parameters<typeof headerFor>): string => text(headerFor(...ends));

describe('examples: the line of the PROXY protocol', () => {
  it('tells both addresses of IPv4', () => {
    expect(lineFor(at('192.0.2.7', 51234), at('198.51.100.1', 443))).toBe(
      'PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n',
    );
  });

  it('tells both addresses of IPv6, without a zone', () => {
    expect(lineFor(at('2001:db8::7', 51234), at('fe80::1%eth0', 443))).toBe(
      'PROXY TCP6 2001:db8::7 fe80::1 51234 443\r\n',
    );
  });

  it('tells IPv4 as that, also where it came in over IPv6', () => {
    expect(lineFor(at('::ffff:192.0.2.7', 51234), at('::ffff:198.51.100.1', 443))).toBe(
      'PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n',
    );
  });

  it('writes IPv4 inside IPv6 where the two differ', () => {
    expect(lineFor(at('2001:db8::7', 51234), at('127.0.0.1', 8080))).toBe(
      'PROXY TCP6 2001:db8::7 ::ffff:127.0.0.1 51234 8080\r\n',
    );
    expect(lineFor(at('192.0.2.7', 0), at('::1', 8080))).toBe('PROXY TCP6 ::ffff:192.0.2.7 ::1 0 8080\r\n');
  });

  it('says that nothing is known where one side is no address of IP', () => {
    const unknown = 'PROXY UNKNOWN\r\n';
    expect(lineFor(at('', 0, 'Unix'), at('/run/gateway.sock', 0, 'Unix'))).toBe(unknown);
    expect(lineFor(undefined, at('127.0.0.1'))).toBe(unknown);
    expect(lineFor(at('127.0.0.1'), undefined)).toBe(unknown);
    expect(lineFor(at('evil\r\nQUIT', 1), at('127.0.0.1'))).toBe(unknown);
  });

  it('is one line of at most 107 bytes, of the one family, whatever the addresses are', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    const port = fc.integer({ min: 0, max: 65535 });
    fc.assert(
      fc.property(address, port, address, port, (from, fromPort, to, toPort) => {
        const line = lineFor(at(from, fromPort), at(to, toPort));
        const [, family, ...rest] = /^PROXY TCP([46]) (\S+) (\S+) (\d+) (\d+)\r\n$/.exec(line)!;
        expect(line.length).toBeLessThanOrEqual(107);
        expect([isIP(rest[0]!), isIP(rest[1]!)]).toEqual([Number(family), Number(family)]);
        expect(rest.slice(2)).toEqual([String(fromPort), String(toPort)]);
      }),
    );
  });
});
