import { throughHttpProxy, type HttpProxyOptions } from '../../src/index.js';
import { CUTS, raw, refusal, scriptOf, throughTo, type Dialogue } from './tunnels.js';

const target = { host: 'a.example', port: 443 };
const REQUEST = 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n';
const credentials = { username: 'me', password: 'secret' };

describe('throughHttpProxy', () => {
  const plain = 'HTTP/1.1 200 OK\r\n\r\n';
  const tunnels: Record<string, [HttpProxyOptions, Dialogue]> = {
    'to a name': [target, [[REQUEST, plain]]],
    'to an IPv4 address': [
      { host: '10.1.2.3', port: 80 },
      [['CONNECT 10.1.2.3:80 HTTP/1.1\r\nHost: 10.1.2.3:80\r\n\r\n', plain]],
    ],
    'to an IPv6 address': [
      { host: '2001:db8::1', port: 1 },
      [['CONNECT [2001:db8::1]:1 HTTP/1.1\r\nHost: [2001:db8::1]:1\r\n\r\n', plain]],
    ],
    'with credentials': [
      { ...target, credentials: { username: 'mé', password: 'a:b' } },
      [[REQUEST.replace(/\r\n$/, 'Proxy-Authorization: Basic bcOpOmE6Yg==\r\n\r\n'), plain]],
    ],
    'with headers': [
      { ...target, headers: { 'User-Agent': 'x/1', 'Proxy-Authorization': 'Bearer t' } },
      [[REQUEST.replace(/\r\n$/, 'User-Agent: x/1\r\nProxy-Authorization: Bearer t\r\n\r\n'), plain]],
    ],
    'whose answer has a length, which says nothing': [
      target,
      [
        [
          REQUEST,
          'HTTP/1.0 200 Connection established\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
        ],
      ],
    ],
    'of another status that is a success': [target, [[REQUEST, 'HTTP/1.1 204\r\n\r\n']]],
    'of a status without words': [target, [[REQUEST, 'HTTP/1.1 200 \r\n\r\n']]],
    'after interim answers': [
      target,
      [[REQUEST, `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${plain}`]],
    ],
    'in lines that end with a bare LF': [target, [[REQUEST, 'HTTP/1.1 200 OK\nVia: x\n y\n\n']]],
    'whose answer has just the size that it may': [
      target,
      [[REQUEST, `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(16384 - 24)}\r\n\r\n`]],
    ],
  };
  for (const [name, [options, dialogue]] of Object.entries(tunnels)) {
    for (const [way, cut] of Object.entries(CUTS)) {
      it(`builds a tunnel ${name}, answers ${way}, and leaves what comes after it`, () => {
        expect(throughTo(throughHttpProxy(options), dialogue, cut)).toEqual([
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

  const refusals: Record<string, [string | Uint8Array, number | undefined, string, RegExp]> = {
    'it does not want to': [
      'HTTP/1.1 403 Filtered\r\nContent-Length: 5\r\n\r\nhello',
      403,
      'refused',
      /answered 403 Filtered$/,
    ],
    'it can not': ['HTTP/1.0 502 Bad Gateway\r\n\r\n', 502, 'refused', /502 Bad Gateway/],
    'it says nothing more': ['HTTP/1.1 500\r\n\r\n', 500, 'refused', /answered 500$/],
    'it leads elsewhere': ['HTTP/1.1 302 Found\r\nLocation: x\r\n\r\n', 302, 'refused', /302/],
    'it switches to another protocol': ['HTTP/1.1 101 Switching\r\n\r\n', 101, 'refused', /101/],
    'it wants credentials': [
      'HTTP/1.1 407 Auth\r\nproxy-authenticate: Basic realm="a"\r\nProxy-Authenticate: NTLM\r\n\r\n',
      407,
      'authentication',
      /407 Auth; Basic realm="a"; NTLM$/,
    ],
    'it takes the credentials for wrong': ['HTTP/1.0 401 No\r\n\r\n', 401, 'authentication', /401 No$/],
    'its words cannot be seen': [
      raw('HTTP/1.1 403 a\x1b[31m\x07\r', 0x9b, 'b\r\n\r\n'),
      403,
      'refused',
      /403 a\\u001b\[31m\\u0007\\r\\u\{9b\}b$/,
    ],
    'its words are many': [`HTTP/1.1 403 ${'x'.repeat(9000)}\r\n\r\n`, 403, 'refused', /^.{0,80}x{200}…$/],
    'it is no HTTP': ['SSH-2.0-x\r\n', undefined, 'malformed', /no HTTP proxy: status line "SSH-2.0-x"/],
    'it is HTTP/2': ['HTTP/2 200\r\n', undefined, 'malformed', /status line/],
    'the status is no number': ['HTTP/1.1 2OO OK\r\n', undefined, 'malformed', /2OO/],
    'the status has four digits': ['HTTP/1.1 2000 OK\r\n', undefined, 'malformed', /2000/],
    'the status is out of range': ['HTTP/1.1 999 OK\r\n', undefined, 'malformed', /999/],
    'an empty line comes first': ['\r\n', undefined, 'malformed', /status line ""/],
    'a header is none': ['HTTP/1.1 200 OK\r\nno colon\r\n', undefined, 'malformed', /header "no colon"/],
    'the head is too long in one line': [
      `HTTP/1.1 200 ${'x'.repeat(16384)}`,
      undefined,
      'malformed',
      /too long/,
    ],
    'the head is too long in many lines': [
      `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(2730)}\r\n`,
      undefined,
      'malformed',
      /too long/,
    ],
    'the interim answers do not end': [
      'HTTP/1.1 100 Continue\r\n\r\n'.repeat(700),
      undefined,
      'malformed',
      /too long/,
    ],
  };
  for (const [name, [answer, status, reason, message]] of Object.entries(refusals)) {
    for (const [way, cut] of Object.entries(CUTS)) {
      it(`fails when ${name}, ${way}`, () => {
        const error = refusal(throughHttpProxy(target), scriptOf([[REQUEST, answer]], cut));
        expect(error.status).toBe(status);
        expect(error.reply).toBeUndefined();
        expect(error.reason as string).toBe(reason);
        expect(error.target).toBe('a.example:443');
        expect(error.message).toMatch(message);
        expect(error.message.length).toBeLessThan(400);
      });
    }
  }

  it('fails when the proxy ends, wherever in its answer', () => {
    const full = scriptOf([[REQUEST, 'HTTP/1.1 200 OK\r\nA: b\r\n\r\n']], CUTS['byte by byte']);
    for (let length = 1; length < full.length; length++) {
      const error = refusal(throughHttpProxy(target), [...full.slice(0, length), { eof: true }]);
      expect(error.reason).withContext(`after step ${length}`).toBe('closed');
      expect(error.message).toContain('closed the connection');
    }
  });

  const secret = 'secret';
  const wrong: Record<string, object> = {
    'a colon in the username': { credentials: { username: 'a:b', password: secret } },
    'an empty username': { credentials: { username: '', password: secret } },
    'a line break in the username': { credentials: { username: 'a\r\nX: y', password: secret } },
    'a line break in the password': { credentials: { username: 'a', password: `${secret}\n` } },
    'a password of 256 bytes': { credentials: { username: 'a', password: 'x'.repeat(256) } },
    'no password': { credentials: { username: 'a' } },
    'a line break in a header': { headers: { a: `${secret}\r\nb: c` } },
    'a NUL in a header': { headers: { a: '\0' } },
    'a header that is not ASCII': { headers: { a: 'é' } },
    'a header that is a number': { headers: { a: 1 } },
    'a colon in the name of a header': { headers: { 'a: b\r\nc': 'd' } },
    'a header without a name': { headers: { '': 'd' } },
    'another host': { headers: { HOST: 'b.example' } },
    'a body': { headers: { 'Content-Length': '1' } },
    'two authorizations': { credentials, headers: { 'proxy-authorization': 'x' } },
  };
  for (const [name, options] of Object.entries(wrong)) {
    it(`throws at the call: ${name}`, () => {
      expect(() => throughHttpProxy({ ...target, ...options })).toThrowError(
        /must be|must not|is no|not for/,
      );
      expect(() => throughHttpProxy({ ...target, ...options })).not.toThrowError(/secret/);
    });
  }
});
