import type { IncomingMessage } from 'node:http';
import { pathnameOf, upgradePath } from '../../src/server/upgradePath.js';

function request(url: string): IncomingMessage {
  return { url } as never;
}

describe('pathnameOf', () => {
  it('decodes, and leaves the query out', () => {
    expect(pathnameOf('/')).toBe('/');
    expect(pathnameOf('/?target=a:1')).toBe('/');
    expect(pathnameOf('/a/b?/c')).toBe('/a/b');
    expect(pathnameOf('/a/b/')).toBe('/a/b/');
    expect(pathnameOf('/gr%C3%BCn%20gr%c3%bcn')).toBe('/grün grün');
    expect(pathnameOf('/100%25')).toBe('/100%');
    expect(pathnameOf('/a...b/...')).toBe('/a...b/...');
  });

  const tricks = {
    'none at all': '',
    'an asterisk': '*',
    'an absolute form': 'http://example.com/',
    'an authority': 'example.com:80',
    'no slash': 'chat',
    'two slashes': '//',
    'a host after two slashes': '//evil.example/',
    'an empty segment': '/a//b',
    'a dot': '/./',
    'two dots': '/a/../',
    'encoded dots': '/%2e%2e/',
    'half encoded dots': '/.%2E',
    'an encoded slash': '/a%2fb',
    'an encoded backslash': '/a%5cb',
    'a backslash': '/a\\b',
    'a zero': '/a\0',
    'an encoded zero': '/%00',
    'an encoded newline': '/%0a',
    'a broken escape': '/%',
    'a broken escape of two digits': '/%zz',
    'an escape that is no UTF-8': '/%ff',
    'an overlong slash': '/%c0%af',
  };
  for (const [trick, target] of Object.entries(tricks)) {
    it(`takes no ${trick}`, () => expect(pathnameOf(target)).toBeUndefined());
  }
});

describe('upgradePath', () => {
  it('is the root by default, and nothing else', () => {
    const isOurs = upgradePath();
    expect(['/', '/?a', '', '/a', '//', '/%2e/'].map((url) => isOurs(request(url)))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(isOurs({} as never)).toBeFalse();
  });

  it('is compared as a whole, decoded on both sides', () => {
    const isOurs = upgradePath('/grün/%F0%9F%98%80');
    expect(isOurs(request('/gr%c3%bcn/%F0%9F%98%80'))).toBeTrue();
    for (const url of ['/gr%c3%bcn/%F0%9F%98%80/', '/gr%c3%bcn', '/GR%c3%bcn/%F0%9F%98%80'])
      expect(isOurs(request(url))).toBeFalse();
  });

  it('may be a function, which sees plain pathnames only, and the request', () => {
    const seen: unknown[] = [];
    const isOurs = upgradePath((pathname, { url }) => {
      seen.push([pathname, url]);
      return pathname.startsWith('/rooms/');
    });
    expect(isOurs(request('/rooms/7?as=me'))).toBeTrue();
    expect(isOurs(request('/'))).toBeFalse();
    expect(isOurs(request('/rooms/../secret'))).toBeFalse();
    expect(isOurs(request('//rooms/7'))).toBeFalse();
    expect(seen).toEqual([
      ['/rooms/7', '/rooms/7?as=me'],
      ['/', '/'],
    ]);
  });

  it('passes on what the function throws, and takes no other answer than true or false', async () => {
    const mine = new Error('mine');
    const throwing = upgradePath(() => {
      throw mine;
    });
    expect(() => throwing(request('/'))).toThrow(mine);
    const promising = upgradePath((async () => false) as never);
    expect(() => promising(request('/'))).toThrowError(
      TypeError,
      'path must return true or false, not a promise',
    );
    const rejecting = upgradePath((() => Promise.reject(mine)) as never);
    expect(() => rejecting(request('/'))).toThrowError(TypeError);
    const nothing = upgradePath((() => undefined) as never);
    expect(() => nothing(request('/'))).toThrowError(
      TypeError,
      'path must return true or false, not undefined',
    );
    // Nobody has to hear of the rejection.
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('is checked at the call', () => {
    for (const path of ['', 'chat', '/a?b', '/a#b', '//', '/../a', '/%', 7, null, ['/a'], {}]) {
      expect(() => upgradePath(path as never))
        .withContext(JSON.stringify(path))
        .toThrowError(TypeError, /^path must begin with a slash/);
    }
  });
});
