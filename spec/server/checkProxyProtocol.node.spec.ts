import { webSocketServerConnections$ } from '../../src/ws.js';
import { fromServer } from '../../src/server/fromServer.js';
import type { ServerOptions } from '../../src/server/ServerOptions.js';

describe('The option proxyProtocol of a server, at the call,', () => {
  const wrong: [option: unknown, error: new () => Error, message: RegExp, target?: object][] = [
    [true, TypeError, /^proxyProtocol must be an object with the proxies that are trusted, not true$/],
    [null, TypeError, /^proxyProtocol must be an object .* not null$/],
    [
      {},
      TypeError,
      /^proxyProtocol.trusted must be a list of addresses and networks, or 'any', not undefined$/,
    ],
    [{ trusted: '127.0.0.1' }, TypeError, /^proxyProtocol.trusted must be a list .* not "127.0.0.1"$/],
    [{ trusted: [] }, TypeError, /^proxyProtocol.trusted must be a list/],
    [{ trusted: ['localhost'] }, TypeError, /is expected, not "localhost"$/],
    [{ trusted: ['10.0.0.0/33'] }, TypeError, /is expected, not "10.0.0.0\/33"$/],
    [{ trusted: ['any'] }, TypeError, /is expected, not "any"$/],
    [{ trusted: 'any', timeout: 0 }, RangeError, /^proxyProtocol.timeout must be more than 0/],
    [{ trusted: 'any', timeout: '5' }, RangeError, /^proxyProtocol.timeout .* not "5"$/],
    [{ trusted: 'any', maxLength: 0 }, RangeError, /^maxLength must be a positive integer/],
    [{ trusted: ['127.0.0.1'] }, TypeError, /must have the entry 'unix'$/, { path: '/tmp/x' }],
  ];
  for (const [proxyProtocol, error, message, target = { port: 0 }] of wrong) {
    it(`is refused where it is ${JSON.stringify(proxyProtocol)}`, () => {
      const options = { ...target, proxyProtocol } as ServerOptions;
      expect(() => fromServer(options)).toThrowError(error, message);
    });
  }

  it('is taken where it is right', () => {
    const right: ServerOptions[] = [
      { port: 0, proxyProtocol: { trusted: 'any' } },
      {
        port: 0,
        proxyProtocol: { trusted: ['127.0.0.1', '::1', '10.0.0.0/8', 'unix'], timeout: 1, maxLength: 1 },
      },
      { path: '/tmp/x', proxyProtocol: { trusted: ['unix'] } },
      { path: '/tmp/x', proxyProtocol: { trusted: 'any' } },
    ];
    for (const options of right) expect(() => fromServer(options)).not.toThrow();
  });

  it('is not for WebSockets', () => {
    const options = { port: 0, proxyProtocol: { trusted: 'any' } } as never;
    expect(() => webSocketServerConnections$(options)).toThrowError(
      TypeError,
      /^proxyProtocol is not for WebSocket/,
    );
  });
});
