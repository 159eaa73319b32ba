import { clientOf, shownClient } from '../../../examples/gateway/clientOf.js';

const PROXIES = new Set(['127.0.0.1', '2001:db8::9']);

describe('examples: the client of the gateway', () => {
  function client(remoteAddress: string, forwardedFor?: string): string {
    const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
    return shownClient(clientOf({ headers, socket: { remoteAddress, remotePort: 51234 } }, PROXIES));
  }

  it('is the peer of the socket', () => {
    expect(client('192.0.2.7')).toBe('192.0.2.7:51234');
    expect(client('2001:db8::7')).toBe('[2001:db8::7]:51234');
    expect(client('::ffff:192.0.2.7')).toBe('192.0.2.7:51234');
  });

  it('is that also where it says that it comes from somebody else, as long as it is no proxy of ours', () => {
    expect(client('192.0.2.7', '198.51.100.1')).toBe('192.0.2.7:51234');
    expect(client('127.0.0.2', '198.51.100.1')).toBe('127.0.0.2:51234');
  });

  it('is the last that one of our proxies names, whatever the client has put ahead of that', () => {
    expect(client('127.0.0.1', '198.51.100.1')).toBe('198.51.100.1:0');
    expect(client('::ffff:127.0.0.1', '10.0.0.1, 127.0.0.1,198.51.100.1 ')).toBe('198.51.100.1:0');
    expect(client('2001:db8::9', '2001:DB8:0::5')).toBe('[2001:db8::5]:0');
    expect(client('127.0.0.1', '::ffff:198.51.100.1')).toBe('198.51.100.1:0');
  });

  it('is the proxy itself where that names nobody, or nobody of this form', () => {
    for (const header of [
      undefined,
      '',
      'unknown',
      '198.51.100.1,',
      '198.51.100.1:80',
      '[::1]',
      '198.51.100.01',
      'fe80::1%eth0',
    ])
      expect(client('127.0.0.1', header)).withContext(String(header)).toBe('127.0.0.1:51234');
  });
});
