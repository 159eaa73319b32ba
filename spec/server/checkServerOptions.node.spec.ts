import { createSecureContext } from 'node:tls';
import { fromServer } from '../../src/server/fromServer.js';
import { serverConnections$ } from '../../src/server/serverConnections.js';
import { unixServerConnections$ } from '../../src/server/unixServerConnections.js';
import { server as certificate } from '../transports/node/certificates.js';

type Wrong = [option: object, error: typeof RangeError | typeof TypeError, message: RegExp];

const port = 0;
const { cert, key } = certificate;

describe('The options of a server, at the call,', () => {
  const wrong: Wrong[] = [
    [{ port: '80' }, RangeError, /^port must be an integer from 0 to 65535, not "80"$/],
    [{ port: 80n }, RangeError, /^port .* not 80n$/],
    [{ port: null }, RangeError, /^port .* not null$/],
    [{ port, host: 127 }, TypeError, /^host must be a string, not 127$/],
    [{ port, ipv6Only: 'yes' }, TypeError, /^ipv6Only must be a boolean, not "yes"$/],
    [{ port, reusePort: 1 }, TypeError, /^reusePort must be a boolean, not 1$/],
    [{ port, backlog: '5' }, RangeError, /^backlog must be a positive integer, not "5"$/],
    [{ port, backlog: 5n }, RangeError, /^backlog .* not 5n$/],
    [{ port, noDelay: 0 }, TypeError, /^noDelay must be a boolean, not 0$/],
    [{ port, keepAlive: 'no' }, TypeError, /^keepAlive must be a boolean, not "no"$/],
    [{ port, keepAliveInitialDelay: 5n }, RangeError, /^keepAliveInitialDelay .* not 5n$/],
    [{ port, signal: {} }, TypeError, /^signal must be an AbortSignal, not an object$/],
    [{ port, closeTimeout: '5' }, RangeError, /^closeTimeout .* not "5"$/],
    [{ port, idleTimeout: 5n }, RangeError, /^idleTimeout .* not 5n$/],
    [{ fd: '3' }, RangeError, /^fd must be a non-negative integer, not "3"$/],
    [{ path: '/x', replaceStale: 1 }, TypeError, /^replaceStale must be a boolean, not 1$/],
    [{ path: '/x', readableAll: 'a' }, TypeError, /^readableAll must be a boolean, not "a"$/],
    [{ path: '/a\0b' }, TypeError, /^A path has a zero byte at most at its start/],
    [{ port, tls: true }, TypeError, /^tls must be an object with options of TLS, not true$/],
    [{ port, tls: null }, TypeError, /^tls must be an object .* not null$/],
    [{ port, tls: 'yes' }, TypeError, /^tls must be an object .* not "yes"$/],
    [{ port, tls: {} }, TypeError, /^A server needs a certificate: tls.key and tls.cert are missing/],
    [{ port, tls: { cert } }, TypeError, /^A server needs a certificate: tls.key is missing/],
    [{ port, tls: { key } }, TypeError, /^A server needs a certificate: tls.cert is missing/],
    [{ port, tls: { cert: '', key: '' } }, TypeError, /^A server needs a certificate: tls.key and tls.cert/],
    [{ port, tls: { cert: [], key } }, TypeError, /^A server needs a certificate: tls.cert is missing/],
    [{ port, tls: { ca: cert } }, TypeError, /^A server needs a certificate/],
    [
      { port, tls: { handshakeTimeout: 5, ALPNProtocols: ['a'] } },
      TypeError,
      /^A server needs a certificate/,
    ],
    [
      { port, tls: { secureContext: createSecureContext(certificate) } },
      TypeError,
      /^tls.secureContext is not/,
    ],
    [{ port, tls: { ...certificate, handshakeTimeout: '5' } }, RangeError, /^handshakeTimeout .* not "5"$/],
    [{ port, tls: { ...certificate, shutdownTimeout: 5n } }, RangeError, /^shutdownTimeout .* not 5n$/],
    [{ port, tls: { ...certificate, enableTrace: 1 } }, TypeError, /^enableTrace must be a boolean, not 1$/],
    [{ port, tls: { ...certificate, SNICallback: 5 } }, TypeError, /SNICallback/],
    [
      { port, tls: { ...certificate, ALPNProtocols: ['a'], ALPNCallback: () => 'a' } },
      TypeError,
      /ALPNCallback/,
    ],
  ];

  wrong.forEach(([options, error, message], index) => {
    it(`${index}: throw ${error.name} ${message}`, () => {
      expect(() => fromServer(options as never)).toThrowError(error, message);
      expect(() => serverConnections$(options as never)).toThrowError(error, message);
    });
  });

  it('onListening has to be a function', () => {
    for (const onListening of [5, 'log', null, {}]) {
      const message = /^onListening must be a function, not/;
      expect(() => serverConnections$({ port, onListening } as never)).toThrowError(TypeError, message);
      expect(() => unixServerConnections$('/x', { onListening } as never)).toThrowError(TypeError, message);
    }
  });

  it('may be all that the types allow, and undefined', () => {
    const right = [
      { port, host: undefined, backlog: undefined, signal: undefined, tls: undefined },
      { port, tls: false },
      { port, tls: certificate },
      { port, tls: { ...certificate, ca: undefined, SNICallback: undefined } },
      { port, tls: { SNICallback: () => undefined } },
      { port, tls: { pskCallback: () => null, ciphers: 'PSK' } },
      { path: '/x', replaceStale: true, readableAll: false, writableAll: true },
      { path: '\0abstract' },
    ];
    for (const options of right) expect(() => fromServer(options as never)).not.toThrow();
  });
});
