import { addressBlock } from '../../src/bytes/addressBlock.js';

describe('addressBlock', () => {
  const cases: [string, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    // One digit away from those inside IPv6.
    ['::fffe:192.0.2.1', '0:0:0:0::/64'],
    ['::ffff:0:192.0.2.1', '0:0:0:0::/64'],
    ['1::ffff:192.0.2.1', '1:0:0:0::/64'],
    ['1900::2:5525:5', '1900:0:0:0::/64'],
    // On one link everybody has the same 64 bits.
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['somebody', 'somebody'],
    ['192.0.2.1.example', '192.0.2.1.example'],
    ['', ''],
  ];
  for (const [address, block] of cases) {
    it(`of ${JSON.stringify(address)} is ${JSON.stringify(block)}`, () => {
      expect(addressBlock(address)).toBe(block);
    });
  }
});
