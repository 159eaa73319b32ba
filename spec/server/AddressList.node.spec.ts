import fc from 'fast-check';
import { BlockList, isIPv4 } from 'node:net';
import { AddressList } from '../../src/server/AddressList.js';

describe('AddressList', () => {
  it('knows addresses and networks', () => {
    const list = new AddressList([
      '127.0.0.1',
      '10.0.0.0/8',
      '192.0.2.128/25',
      '::1',
      'fd00::/7',
      '2001:db8::/33',
    ]);
    const inside = [
      '127.0.0.1',
      '::ffff:127.0.0.1',
      '10.255.0.1',
      '192.0.2.128',
      '192.0.2.255',
      '::1',
      'fc12::1',
    ];
    inside.push('fdff::1', '2001:db8:7fff::1', 'fd00::1%eth0', '::FFFF:10.1.2.3');
    for (const address of inside) expect(list.has(address)).withContext(address).toBeTrue();
    const outside = [
      '127.0.0.2',
      '11.0.0.1',
      '192.0.2.127',
      '::2',
      '::',
      '::127.0.0.1',
      'fe80::1',
      '2001:db8:8000::1',
    ];
    outside.push('', 'localhost', '10.0.0', '10.0.0.1.1', ' 10.0.0.1', '010.0.0.1');
    for (const address of outside) expect(list.has(address)).withContext(address).toBeFalse();
  });

  it('takes IPv4 inside IPv6 for IPv4, of entries as well', () => {
    const list = new AddressList(['::ffff:10.0.0.0/104', '::ffff:192.0.2.1', '0:0:0:0:0:ffff:c000:0202']);
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.1', '192.0.2.2'])
      expect(list.has(address)).withContext(address).toBeTrue();
    expect(list.has('11.0.0.0')).toBeFalse();
  });

  it('knows all of one family by /0', () => {
    expect(new AddressList(['0.0.0.0/0']).has('192.0.2.1')).toBeTrue();
    expect(new AddressList(['0.0.0.0/0']).has('::1')).toBeFalse();
    expect(new AddressList(['::/0']).has('::1')).toBeTrue();
    expect(new AddressList(['::/0']).has('192.0.2.1')).toBeFalse();
  });

  it("agrees with Node's own list", () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    const familyOf = (text: string): 'ipv4' | 'ipv6' => (isIPv4(text) ? 'ipv4' : 'ipv6');
    fc.assert(
      fc.property(address, address, fc.nat(128), (network, address, length) => {
        // For Node an address of IPv4 is in ::/0 as well.
        fc.pre(familyOf(network) === familyOf(address));
        const bits = isIPv4(network) ? Math.min(length, 32) : length;
        const list = new BlockList();
        list.addSubnet(network, bits, familyOf(network));
        const expected = list.check(address, familyOf(address));
        expect(new AddressList([`${network}/${bits}`]).has(address)).toBe(expected);
      }),
    );
  });

  it('refuses what is none', () => {
    const wrong = [
      '',
      'localhost',
      '10.0.0.0/33',
      '::/129',
      '10.0.0.0/',
      '10.0.0.0/08',
      '10.0.0.0/-1',
      '10.0.0.0/8/8',
    ];
    wrong.push('10.0.0/8', '*', 'unix', '10.0.0.1 ', 'fe80::1%eth0', '[::1]');
    for (const entry of [...wrong, 5 as unknown as string])
      expect(() => new AddressList([entry]))
        .withContext(entry)
        .toThrowError(TypeError, /is expected, not/);
  });
});
