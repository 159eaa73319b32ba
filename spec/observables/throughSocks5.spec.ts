import { throughSocks5, type Socks5Options } from '../../src/index.js';
import { CUTS, raw, refusal, scriptOf, throughTo, type Dialogue } from './tunnels.js';

const target = { host: 'a.example', port: 443 };
const named = raw(5, 1, 0, 3, 9, 'a.example', 1, 187);
const HELLO = [raw(5, 1, 0), raw(5, 0)] as const;
const HELLO_WITH_PASSWORD = [raw(5, 2, 0, 2), raw(5, 2)] as const;
const LOGIN = [raw(1, 2, 'me', 6, 'secret'), raw(1, 0)] as const;
const BOUND = raw(5, 0, 0, 1, 10, 0, 0, 1, 4, 0);
const login = { username: 'me', password: 'secret' };

describe('throughSocks5', () => {
  const tunnels: Record<string, [Socks5Options, Dialogue]> = {
    'to a name': [target, [HELLO, [named, BOUND]]],
    'to an IPv4 address': [
      { host: '10.1.2.3', port: 80 },
      [HELLO, [raw(5, 1, 0, 1, 10, 1, 2, 3, 0, 80), BOUND]],
    ],
    'to an IPv6 address': [
      { host: '2001:db8::1', port: 65535 },
      [HELLO, [raw(5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), 1, 255, 255), BOUND]],
    ],
    'bound to an IPv6 address': [
      target,
      [HELLO, [named, raw(5, 0, 0, 4, ...Array<number>(16).fill(10), 4, 0)]],
    ],
    'bound to a name': [target, [HELLO, [named, raw(5, 0, 0, 3, 3, 'a\nb', 4, 0)]]],
    'bound to a name without letters': [target, [HELLO, [named, raw(5, 0, 0, 3, 0, 4, 0)]]],
    'with a username and a password': [{ ...target, ...login }, [HELLO_WITH_PASSWORD, LOGIN, [named, BOUND]]],
    'with a username that nobody asks for': [
      { ...target, ...login },
      [
        [raw(5, 2, 0, 2), raw(5, 0)],
        [named, BOUND],
      ],
    ],
    'with a username alone': [
      { ...target, username: 'é' },
      [HELLO_WITH_PASSWORD, [raw(1, 2, 'é', 0), raw(1, 0)], [named, BOUND]],
    ],
  };
  for (const [name, [options, dialogue]] of Object.entries(tunnels)) {
    for (const [way, cut] of Object.entries(CUTS)) {
      it(`builds a tunnel ${name}, answers ${way}, and leaves what comes after it`, () => {
        expect(throughTo(throughSocks5(options), dialogue, cut)).toEqual([
          'the same',
          '|',
          'hello\n',
          '|',
          'rest\n',
          '|',
        ]);
      });
    }
  }

  const replies: [number, RegExp][] = [
    [1, /general failure/],
    [2, /not allowed/],
    [3, /network unreachable/],
    [4, /host unreachable/],
    [5, /connection refused/],
    [6, /TTL/],
    [7, /command/],
    [8, /address type/],
    [9, /of its own/],
    [255, /of its own/],
  ];
  for (const [reply, words] of replies) {
    it(`tells of reply ${reply}, whatever comes with it`, () => {
      for (const rest of [[], [0, 1, 0, 0, 0, 0, 0, 0]]) {
        const error = refusal(throughSocks5(target), scriptOf([HELLO, [named, raw(5, reply, ...rest)]]));
        expect(error.reason).toBe('refused');
        expect(error.reply).toBe(reply);
        expect(error.status).toBeUndefined();
        expect(error.message).toMatch(new RegExp(`^No tunnel to a\\.example:443: .* replied ${reply}, `));
        expect(error.message).toMatch(words);
      }
    });
  }

  const others: Record<string, [Socks5Options, Dialogue, string, RegExp]> = {
    'no method is acceptable': [
      target,
      [[raw(5, 1, 0), raw(5, 255)]],
      'authentication',
      /\(no authentication\)$/,
    ],
    'not even a password is': [
      { ...target, ...login },
      [[raw(5, 2, 0, 2), raw(5, 255)]],
      'authentication',
      /a username and password/,
    ],
    'the password is wrong': [
      { ...target, ...login },
      [HELLO_WITH_PASSWORD, [LOGIN[0], raw(1, 1)]],
      'authentication',
      /status 1$/,
    ],
    'it chooses GSSAPI, which was not offered': [
      target,
      [[raw(5, 1, 0), raw(5, 1)]],
      'malformed',
      /method 1/,
    ],
    'it chooses a password, which was not offered': [
      target,
      [[raw(5, 1, 0), raw(5, 2)]],
      'malformed',
      /method 2/,
    ],
    'it is SOCKS4': [target, [[raw(5, 1, 0), raw(0, 91)]], 'malformed', /version 0 with its method, not 5/],
    'it is HTTP': [target, [[raw(5, 1, 0), 'HTTP/1.1 400 Bad']], 'malformed', /version 72/],
    'the login has another version': [
      { ...target, ...login },
      [HELLO_WITH_PASSWORD, [LOGIN[0], raw(5, 0)]],
      'malformed',
      /version 5 with its status, not 1/,
    ],
    'the reply has another version': [target, [HELLO, [named, raw(4, 0)]], 'malformed', /version 4/],
    'the address is of no known type': [
      target,
      [HELLO, [named, raw(5, 0, 0, 2, 0, 0)]],
      'malformed',
      /address type 2/,
    ],
  };
  for (const [name, [options, dialogue, reason, message]] of Object.entries(others)) {
    for (const [way, cut] of Object.entries(CUTS)) {
      it(`fails when ${name}, ${way}`, () => {
        const error = refusal(throughSocks5(options), scriptOf(dialogue, cut));
        expect(error.reason as string).toBe(reason);
        expect(error.message).toMatch(message);
        expect(error.message).not.toContain('secret');
      });
    }
  }

  it('fails when the proxy ends, wherever in its answers', () => {
    const full = scriptOf([HELLO_WITH_PASSWORD, LOGIN, [named, BOUND]], CUTS['byte by byte']);
    for (let length = 1; length < full.length; length++) {
      if ('reply' in full[length]!) {
        const script = full.slice(0, length);
        const error = refusal(throughSocks5({ ...target, ...login }), [...script, { eof: true }]);
        expect(error.reason).withContext(`after step ${length}`).toBe('closed');
        const loss = refusal(throughSocks5({ ...target, ...login }), [...script, { reset: true }]);
        expect(loss.reason).withContext(`lost after step ${length}`).toBe('closed');
        expect(loss.message).toContain('ECONNRESET');
      }
    }
  });

  const wrong: Record<string, object> = {
    'no username for its password': { password: 'x' },
    'an empty username': { username: '' },
    'a username of 256 bytes': { username: 'é'.repeat(128) },
    'a password of 256 bytes': { username: 'me', password: 'x'.repeat(256) },
    'a line break in the username': { username: 'me\n' },
    'a line break in the password': { username: 'me', password: 'secret\r' },
    'a password that is a number': { username: 'me', password: 1 },
  };
  for (const [name, options] of Object.entries(wrong)) {
    it(`throws at the call: ${name}`, () => {
      expect(() => throughSocks5({ ...target, ...options })).toThrowError(/must be|must not|needs/);
      expect(() => throughSocks5({ ...target, ...options })).not.toThrowError(/secret/);
    });
  }
});
