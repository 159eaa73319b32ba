import { ipAddress } from '../../src/bytes/ipAddress.js';

const hex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

describe('ipAddress', () => {
  const cases: Record<string, string | undefined> = {
    '127.0.0.1': '7f000001',
    '255.255.255.255': 'ffffffff',
    '0.0.0.0': '00000000',
    '::': '0'.repeat(32),
    '::1': `${'0'.repeat(31)}1`,
    '1::': `0001${'0'.repeat(28)}`,
    '2001:db8::1:0:0:1': '20010db8000000000001000000000001',
    '2001:DB8:1:2:3:4:5:6': '20010db8000100020003000400050006',
    'fe80::a.b': undefined,
    '::ffff:10.1.2.3': `${'0'.repeat(20)}ffff0a010203`,
    '1:2:3:4:5:6:7': undefined,
    '1:2:3:4:5:6:7:8:9': undefined,
    '::1::': undefined,
    '[::1]': undefined,
    '::1]@[::2': undefined,
    'fe80::1%eth0': undefined,
    '::1\n': undefined,
    '1.2.3': undefined,
    '127.1': undefined,
    '1.2.3.256': undefined,
    '01.2.3.4': undefined,
    '1.2.3.4.': undefined,
    '0x7f.0.0.1': undefined,
    '1.2.3.4\n': undefined,
    localhost: undefined,
    'cafe.babe': undefined,
    '': undefined,
  };
  for (const [text, expected] of Object.entries(cases)) {
    it(`makes of ${JSON.stringify(text)} ${expected ?? 'nothing'}`, () => {
      expect(hex(ipAddress(text))).toBe(expected);
    });
  }
});
