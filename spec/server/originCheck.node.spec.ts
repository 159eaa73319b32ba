import type { IncomingMessage } from 'node:http';
import { originCheck } from '../../src/server/originCheck.js';

function request(origin: string | undefined, host?: string, encrypted = false): IncomingMessage {
  return { headers: { origin, host }, socket: { encrypted } } as never;
}

describe('originCheck', () => {
  describe('by default', () => {
    const mayConnect = originCheck();
    type Row = [origin: string | undefined, host: string | undefined, encrypted?: boolean];

    const allowed: Row[] = [
      [undefined, undefined],
      [undefined, 'example.com'],
      ['http://example.com', 'example.com'],
      ['https://example.com', 'example.com'],
      ['https://example.com', 'example.com', true],
      ['https://example.com', 'example.com:443'],
      ['http://example.com:80', 'example.com'],
      ['http://example.com', 'example.com:80'],
      ['https://EXAMPLE.com', 'Example.com'],
      ['http://localhost:4200', 'localhost:4200'],
      ['http://127.0.0.1:8080', '127.0.0.1:8080'],
      ['http://[::1]:8080', '[::1]:8080'],
      ['http://[0:0::1]:8080', '[::1]:8080'],
      ['http://xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ];
    for (const [origin, host, encrypted = false] of allowed) {
      it(`lets ${origin} connect to ${host}${encrypted ? ', encrypted' : ''}`, () =>
        expect(mayConnect(request(origin, host, encrypted))).toBeTrue());
    }

    const refused: Row[] = [
      ['null', 'example.com'],
      ['', 'example.com'],
      ['http://evil.example', 'example.com'],
      ['http://example.com.evil.example', 'example.com'],
      ['http://evilexample.com', 'example.com'],
      ['http://sub.example.com', 'example.com'],
      ['http://example.com', 'sub.example.com'],
      ['http://example.com:8080', 'example.com'],
      ['http://example.com', 'example.com:8080'],
      ['http://example.com', 'example.com:443'],
      ['https://example.com', 'example.com:80'],
      // Whoever is on the way could have made the page.
      ['http://example.com', 'example.com', true],
      ['ws://example.com', 'example.com'],
      ['ftp://example.com', 'example.com'],
      ['chrome-extension://example.com', 'example.com'],
      ['file://', 'example.com'],
      ['file:///example.com', 'example.com'],
      ['http://example.com/path', 'example.com'],
      ['http://example.com?', 'example.com'],
      ['http://example.com#', 'example.com'],
      ['http://user@example.com', 'example.com'],
      ['http://example.com@evil.example', 'example.com'],
      ['http://evil.example\\@example.com', 'example.com'],
      ['http:example.com', 'example.com'],
      ['http:///example.com', 'example.com'],
      ['http://example.com, http://evil.example', 'example.com'],
      ['http://example.com http://evil.example', 'example.com'],
      ['http://exa\tmple.com', 'example.com'],
      ['http://', ''],
      ['http://example.com', ''],
      ['http://example.com', undefined],
      ['http://example.com', '/example.com'],
      ['http://example.com', 'user@example.com'],
      ['http://example.com', 'example.com/'],
      ['http://example.com', 'example.com?'],
      ['http://example.com', 'example.com:port'],
      ['http://example.com', 'example.com:99999'],
      ['http://example.com', 'example.com example.com'],
      ['http://[::1]', '[::2]'],
      ['http://[::1', '[::1'],
    ];
    for (const [origin, host, encrypted = false] of refused) {
      it(`does not let ${JSON.stringify(origin)} connect to ${JSON.stringify(host)}${encrypted ? ', encrypted' : ''}`, () =>
        expect(mayConnect(request(origin, host, encrypted))).toBeFalse());
    }
  });

  describe('with a list', () => {
    const mayConnect = originCheck([
      'https://Example.com:443/',
      'http://localhost:4200',
      'capacitor://localhost',
      'chrome-extension://abcdef',
    ]);

    it('lets these connect, wherever to, and what is no browser', () => {
      for (const origin of [
        undefined,
        'https://example.com',
        'https://example.com:443',
        'http://localhost:4200',
        'capacitor://localhost',
        'chrome-extension://abcdef',
      ])
        expect(mayConnect(request(origin, 'api.example.com')))
          .withContext(String(origin))
          .toBeTrue();
    });

    it('lets no other connect, not even from where it is', () => {
      for (const origin of [
        'null',
        '',
        'http://example.com',
        'https://example.com:8443',
        'https://api.example.com',
        'http://localhost',
        'http://localhost:4200.evil.example',
        'capacitor://evil',
        'chrome-extension://abcdefg',
      ])
        expect(mayConnect(request(origin, 'api.example.com')))
          .withContext(origin)
          .toBeFalse();
    });

    it('that is empty lets no page connect', () => {
      const closed = originCheck([]);
      expect(closed(request('http://example.com', 'example.com'))).toBeFalse();
      expect(closed(request(undefined, 'example.com'))).toBeTrue();
    });

    it('is checked at the call', () => {
      for (const bad of [
        'null',
        '*',
        'example.com',
        'https://*.example.com',
        'wss://example.com',
        'https://example.com/path',
        'https://example.com?',
        'https://user@example.com',
        'https://',
        '',
        7,
        null,
        undefined,
        new URL('https://example.com'),
      ]) {
        expect(() => originCheck(['https://good.example', bad as never]))
          .withContext(String(bad))
          .toThrowError(TypeError, /^origins must be origins of pages/);
      }
      for (const bad of ['*', 'https://example.com', null, 7, {}, new Set()]) {
        expect(() => originCheck(bad as never))
          .withContext(JSON.stringify(bad))
          .toThrowError(TypeError, /^origins must be a list/);
      }
    });
  });

  it("with 'any' lets everything connect", () => {
    const mayConnect = originCheck('any');
    for (const origin of [undefined, 'null', 'http://evil.example', ''])
      expect(mayConnect(request(origin, 'example.com'))).toBeTrue();
  });

  it('with a function asks it for every request, as it was', () => {
    const seen: unknown[] = [];
    const mayConnect = originCheck((origin, { headers }) => {
      seen.push([origin, headers.host]);
      return origin !== undefined;
    });
    expect(mayConnect(request('null', 'a'))).toBeTrue();
    expect(mayConnect(request(undefined, 'b'))).toBeFalse();
    expect(seen).toEqual([
      ['null', 'a'],
      [undefined, 'b'],
    ]);
  });

  it('with a function that gives no answer throws', () => {
    const mine = new Error('mine');
    expect(() =>
      originCheck(() => {
        throw mine;
      })(request(undefined)),
    ).toThrow(mine);
    expect(() => originCheck((async () => true) as never)(request(undefined))).toThrowError(
      TypeError,
      'origins must return true or false, not a promise',
    );
    expect(() => originCheck((() => 1) as never)(request(undefined))).toThrowError(
      TypeError,
      'origins must return true or false, not 1',
    );
  });
});
