import fc from 'fast-check';
import { ipAddress } from '../../src/bytes/ipAddress.js';
import { ipAddressText, isIpv4Inside, plainIpAddress } from '../../src/bytes/ipAddressText.js';

describe('ipAddressText', () => {
  it('writes addresses as RFC 5952 has them', () => {
    const spellings: Record<string, string> = {
      '192.0.2.1': '192.0.2.1',
      '0.0.0.0': '0.0.0.0',
      '::': '::',
      '::1': '::1',
      '1::': '1::',
      '0:0:0:0:0:0:0:0': '::',
      '2001:DB8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
      '2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1',
      '2001:0db8:0000:0000:0001:0000:0000:0000': '2001:db8:0:0:1::',
      '1:2:3:4:5:6:0:0': '1:2:3:4:5:6::',
      '::2:3:4:5:6:7:8': '0:2:3:4:5:6:7:8',
      '::ffff:c000:201': '::ffff:192.0.2.1',
      '::c000:201': '::c000:201',
    };
    for (const [given, expected] of Object.entries(spellings)) {
      expect(ipAddressText(ipAddress(given)!)).toBe(expected);
    }
  });

  it('writes what is read as the same address again, in one spelling', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const bytes = ipAddress(address)!;
        const text = ipAddressText(bytes);
        expect(ipAddress(text)).toEqual(bytes);
        expect(ipAddressText(ipAddress(text)!)).toBe(text);
      }),
    );
  });

  it('knows IPv4 inside IPv6', () => {
    expect(isIpv4Inside(ipAddress('::ffff:1.2.3.4')!)).toBe(true);
    for (const other of [
      '::1.2.3.4',
      '1::ffff:1.2.3.4',
      '::fffe:1.2.3.4',
      '1.2.3.4',
      '0.0.0.0',
      '::ffff:0:1.2.3.4',
    ])
      expect(isIpv4Inside(ipAddress(other)!))
        .withContext(other)
        .toBe(false);
  });

  it('reads an address without its zone, and IPv4 inside IPv6 as IPv4', () => {
    const shown = (address: string): string | undefined => {
      const bytes = plainIpAddress(address);
      return bytes && ipAddressText(bytes);
    };
    expect(shown('fe80::1%eth0')).toBe('fe80::1');
    expect(shown('fe80::1%a\n%b')).toBe('fe80::1');
    expect(shown('::ffff:192.0.2.1')).toBe('192.0.2.1');
    expect(shown('192.0.2.1')).toBe('192.0.2.1');
    expect(shown('2001:db8::1')).toBe('2001:db8::1');
    expect(shown('localhost')).toBeUndefined();
  });
});
