import { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { fromConnection } from '../../src/observables/fromConnection.js';
import { fromUnixConnection } from '../../src/observables/fromUnixConnection.js';
import { openConnection } from '../../src/observables/openConnection.js';
import { server as certificate } from '../transports/node/certificates.js';

type Wrong = [option: object, error: typeof RangeError | typeof TypeError, message: RegExp];

const port = 1;

describe('The options of a client, at the call,', () => {
  const wrong: Wrong[] = [
    [{ port: '80' }, RangeError, /^port must be an integer from 1 to 65535, not "80"$/],
    [{ port: 80n }, RangeError, /^port .* not 80n$/],
    [{ port: null }, RangeError, /^port .* not null$/],
    [{ port: {} }, RangeError, /^port .* not an object$/],
    [{ port, host: 5 }, TypeError, /^host must be a string, not 5$/],
    [{ port, host: null }, TypeError, /^host must be a string, not null$/],
    [{ port, host: ['localhost'] }, TypeError, /^host must be a string, not an object$/],
    [{ port, localPort: '80' }, RangeError, /^localPort must be an integer from 0 to 65535, not "80"$/],
    [{ port, localPort: 65536 }, RangeError, /^localPort .* not 65536$/],
    [{ port, localPort: 80n }, RangeError, /^localPort .* not 80n$/],
    [{ port, localAddress: 5 }, TypeError, /^localAddress must be an IP address, not 5$/],
    [{ port, localAddress: 'eth0' }, TypeError, /^localAddress .* not "eth0"$/],
    [{ port, family: '4' }, RangeError, /^family must be 0, 4 or 6, not "4"$/],
    [{ port, family: 'IPv4' }, RangeError, /^family .* not "IPv4"$/],
    [{ port, family: 5 }, RangeError, /^family .* not 5$/],
    [{ port, lookup: 'dns' }, TypeError, /^lookup must be a function, not "dns"$/],
    [{ port, autoSelectFamily: 1 }, TypeError, /^autoSelectFamily must be a boolean, not 1$/],
    [
      { port, autoSelectFamilyAttemptTimeout: '250' },
      RangeError,
      /^autoSelectFamilyAttemptTimeout .* "250"$/,
    ],
    [{ port, autoSelectFamilyAttemptTimeout: 0 }, RangeError, /^autoSelectFamilyAttemptTimeout .* not 0$/],
    [{ port, noDelay: 'false' }, TypeError, /^noDelay must be a boolean, not "false"$/],
    [{ port, keepAlive: 1 }, TypeError, /^keepAlive must be a boolean, not 1$/],
    [{ port, keepAliveInitialDelay: '5' }, RangeError, /^keepAliveInitialDelay .* not "5"$/],
    [{ port, connectTimeout: '5' }, RangeError, /^connectTimeout .* not "5"$/],
    [{ port, connectTimeout: 5n }, RangeError, /^connectTimeout .* not 5n$/],
    [{ port, closeTimeout: '5' }, RangeError, /^closeTimeout .* not "5"$/],
    [{ port, idleTimeout: 5n }, RangeError, /^idleTimeout .* not 5n$/],
    [{ port, signal: true }, TypeError, /^signal must be an AbortSignal, not true$/],
    [{ port, signal: null }, TypeError, /^signal must be an AbortSignal, not null$/],
    [{ port, signal: new AbortController() }, TypeError, /^signal must be an AbortSignal, not an object$/],
    [{ port, tls: 'yes' }, TypeError, /^tls must be an object with options of TLS, not "yes"$/],
    [{ port, tls: null }, TypeError, /^tls must be an object .* not null$/],
    [{ port, tls: { handshakeTimeout: '5' } }, RangeError, /^handshakeTimeout .* not "5"$/],
    [{ port, tls: { handshakeTimeout: 5n } }, RangeError, /^handshakeTimeout .* not 5n$/],
    [{ port, tls: { shutdownTimeout: true } }, RangeError, /^shutdownTimeout .* not true$/],
    [{ socket: {} }, TypeError, /^socket must be a net.Socket, not an object$/],
    [{ socket: 5 }, TypeError, /^socket must be a net.Socket, not 5$/],
    [{ fd: '3' }, RangeError, /^fd must be a non-negative integer, not "3"$/],
    [{ path: 5n }, TypeError, /^path must be the path of a Unix socket, not 5n$/],
    [{ path: 'a\0b' }, TypeError, /^A path has a zero byte at most at its start.*: "a\\u0000b"$/],
  ];

  wrong.forEach(([options, error, message], index) => {
    it(`${index}: throw ${error.name} ${message}`, () => {
      expect(() => fromConnection(options as never)).toThrowError(error, message);
      expect(() => openConnection(options as never)).toThrowError(error, message);
    });
  });

  it('throw what is wrong with a certificate, also on a Unix socket', () => {
    for (const tls of [{ cert: 'none' }, { key: 'none' }, { minVersion: 'TLSv9' as never }]) {
      expect(() => fromConnection({ port, tls })).toThrow();
      expect(() => fromUnixConnection('/x', { tls: { servername: 'localhost', ...tls } })).toThrow();
    }
  });

  it('may be all that the types allow, and undefined', () => {
    const { signal } = new AbortController();
    const right = [
      {
        port,
        host: 'x.test',
        localPort: 0,
        localAddress: '::1',
        family: 0,
        autoSelectFamilyAttemptTimeout: 1,
      },
      { port, host: undefined, localPort: undefined, localAddress: undefined, family: undefined },
      { port, lookup: undefined, signal: undefined, noDelay: undefined, tls: undefined },
      { port, signal, noDelay: false, keepAlive: true, keepAliveInitialDelay: 0, tls: false },
      { port, tls: true },
      { port, tls: { ca: undefined, secureContext: createSecureContext() } },
      { port, tls: certificate },
      { socket: new Socket() },
      { path: '\0abstract\0too' },
    ];
    for (const options of right) expect(() => fromConnection(options as never)).not.toThrow();
  });
});
