import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { webSocketServerConnections$ } from '../../src/server/webSocketServerConnections.js';

const server = createServer();
const webSocketServer = new WebSocketServer({ noServer: true });

function call(options: unknown): () => unknown {
  return () => webSocketServerConnections$(options as never);
}

describe('The options of webSocketServerConnections$ are checked at the call:', () => {
  it('all that there are pass, on each target', () => {
    const common = {
      limit: 100,
      highWaterMark: 10,
      closeTimeout: 10,
      idleTimeout: 10,
      mode: 'messages',
      receiveLimit: 1000,
      origins: ['https://example.com'],
      pingInterval: 0,
      signal: new AbortController().signal,
      onListening: () => undefined,
    };
    const handshake = {
      path: '/a',
      protocols: ['a', 'b'],
      credits: false,
      maxPayload: 2 ** 31 - 1,
      perMessageDeflate: true,
    };
    const socket = { host: 'x', backlog: 1, ipv6Only: true, keepAlive: true, keepAliveInitialDelay: 1 };
    expect(call({ port: 0, ...socket, ...handshake, ...common })).not.toThrow();
    expect(call({ server, ...handshake, ...common })).not.toThrow();
    expect(call({ webSocketServer, ...common })).not.toThrow();
    expect(call({ port: 65535, tls: undefined, path: undefined, server: undefined })).not.toThrow();
  });

  it('one target, and what it is', () => {
    expect(call({})).toThrowError(TypeError, /^One of port, server and webSocketServer .*here none does$/);
    expect(call({ port: 1, server })).toThrowError(TypeError, /here port and server does$/);
    expect(call({ server, webSocketServer })).toThrowError(
      TypeError,
      /here server and webSocketServer does$/,
    );
    for (const port of [-1, 70_000, 0.5, '80', NaN])
      expect(call({ port })).toThrowError(RangeError, /^port must be an integer from 0 to 65535/);
    for (const other of [{}, 'x', 7, webSocketServer])
      expect(call({ server: other })).toThrowError(TypeError, /^server must be a server of node:http/);
    for (const other of [{}, 'x', 7, server])
      expect(call({ webSocketServer: other })).toThrowError(TypeError, /^webSocketServer must be a Web/);
    for (const nothing of [undefined, null, 7, 'x', []])
      expect(call(nothing)).toThrowError(TypeError, /^options must be an object/);
  });

  const wrong: Record<string, [bad: unknown, error: typeof TypeError | typeof RangeError, message: RegExp]> =
    {
      host: [7, TypeError, /^host must be a string/],
      backlog: [0, RangeError, /^backlog must be a positive integer/],
      ipv6Only: ['yes', TypeError, /^ipv6Only must be a boolean/],
      reusePort: ['yes', TypeError, /^reusePort must be a boolean/],
      keepAlive: [1, TypeError, /^keepAlive must be a boolean/],
      keepAliveInitialDelay: [-1, RangeError, /^keepAliveInitialDelay must be/],
      path: ['chat', TypeError, /^path must begin with a slash/],
      origins: ['*', TypeError, /^origins must be a list/],
      protocols: [['a b'], TypeError, /^protocols must be names of subprotocols/],
      credits: ['yes', TypeError, /^credits must be true or false/],
      maxPayload: [0, RangeError, /^maxPayload must be a positive integer/],
      perMessageDeflate: ['yes', TypeError, /^perMessageDeflate must be/],
      mode: ['message', RangeError, /^mode must be/],
      receiveLimit: [0, RangeError, /^receiveLimit must be/],
      pingInterval: [-1, RangeError, /^pingInterval must be 0 to/],
      signal: [{}, TypeError, /^signal must be an AbortSignal/],
      onListening: [7, TypeError, /^onListening must be a function/],
      limit: [0, RangeError, /^limit must be/],
      scheduler: [7, TypeError, /^scheduler must have/],
      tls: [{}, TypeError, /^tls is not for WebSocket servers: give an HTTPS server/],
      heartbeat: [{ interval: 1 }, TypeError, /^heartbeat is not for WebSocket servers: give pingInterval/],
    };
  for (const [name, [bad, error, message]] of Object.entries(wrong)) {
    it(name, () => expect(call({ port: 0, [name]: bad })).toThrowError(error, message));
  }

  it('maxPayload, which would be none for ws', () => {
    expect(call({ port: 0, maxPayload: 2 ** 31 })).toThrowError(
      RangeError,
      /less than 2\^31, not 2147483648$/,
    );
    expect(call({ port: 0, maxPayload: Infinity })).toThrowError(RangeError, /^maxPayload must be/);
  });

  it('what is the business of the WebSocketServer', () => {
    for (const option of [
      { path: '/' },
      { protocols: 'a' },
      { credits: true },
      { maxPayload: 1 },
      { perMessageDeflate: false },
    ]) {
      expect(call({ webSocketServer, ...option })).toThrowError(
        TypeError,
        `${Object.keys(option)[0]} is for the WebSocketServer, which does the handshake`,
      );
    }
  });
});
