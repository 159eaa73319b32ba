import { Server as NetServer } from 'node:net';
import { checkBoolean, checkLimit, checkOptions } from '../bytes/check.js';
import { checkSocketOptions, checkTypes, withoutUndefined } from '../observables/checkConnectOptions.js';
import { checkProtocols } from '../observables/WebSocketOptions.js';
import { checkMethod, checkMilliseconds, shown } from '../streams/check.js';
import { checkMessageOptions } from '../transports/web/MessageSettings.js';
import { checkBacklog, checkPortOptions } from './checkServerOptions.js';
import type { WebSocketServerConnectionsOptions, WebSocketsOnPort } from './WebSocketServerOptions.js';

/** What would be ignored, although the program counts on it: by the name of what is there in its place. */
const ELSEWHERE: Record<string, string> = {
  tls: 'an HTTPS server of node:https, as the option server',
  heartbeat: 'pingInterval',
  proxyProtocol: 'the header X-Forwarded-For of the request, where the proxy speaks HTTP',
};
const HANDSHAKE = ['path', 'protocols', 'credits', 'maxPayload', 'perMessageDeflate'];

/** Throws what is wrong with the options, but for `path` and `origins`, which are checked where they are used. @internal */
export function checkWebSocketServerOptions(options: WebSocketServerConnectionsOptions): void {
  checkOptions(options);
  for (const [name, instead] of Object.entries(ELSEWHERE)) {
    if ((options as unknown as Record<string, unknown>)[name] !== undefined)
      throw new TypeError(`${name} is not for WebSocket servers: give ${instead}`);
  }
  checkMessageOptions(options, true);
  checkListenTarget(options);
  checkSocketOptions(options);
  checkTypes(options, { onListening: 'function' });
  if (options.pingInterval !== undefined) checkMilliseconds('pingInterval', options.pingInterval);
  if (options.webSocketServer !== undefined) return;
  const { protocols, credits, maxPayload, perMessageDeflate } = options;
  if (protocols !== undefined) checkProtocols(protocols);
  if (credits !== undefined) checkBoolean('credits', credits);
  if (!['boolean', 'object', 'undefined'].includes(typeof perMessageDeflate)) {
    throw new TypeError(
      `perMessageDeflate must be true or false, or options of ws, not ${shown(perMessageDeflate)}`,
    );
  }
  if (maxPayload === undefined) return;
  checkLimit(maxPayload, 'maxPayload');
  // For ws more would be no limit at all.
  if (maxPayload >= 2 ** 31) throw new RangeError(`maxPayload must be less than 2^31, not ${maxPayload}`);
}

function checkListenTarget(options: WebSocketServerConnectionsOptions): void {
  const { port, server, webSocketServer } = options;
  const targets = Object.entries({ port, server, webSocketServer }).filter(
    ([, value]) => value !== undefined,
  );
  if (targets.length !== 1) {
    const found = targets.length === 0 ? 'none' : targets.map(([name]) => name).join(' and ');
    throw new TypeError(`One of port, server and webSocketServer says where to listen, here ${found} does`);
  }
  const { host, ipv6Only, reusePort, backlog } = options as WebSocketsOnPort;
  checkPortOptions(withoutUndefined({ port, host, ipv6Only, reusePort }));
  checkBacklog(backlog);
  if (server !== undefined && !(server instanceof NetServer)) {
    throw new TypeError(`server must be a server of node:http or node:https, not ${shown(server)}`);
  }
  if (webSocketServer !== undefined) {
    checkMethod('webSocketServer must be a WebSocketServer of ws', webSocketServer, 'handleUpgrade');
    const stray = HANDSHAKE.find(
      (name) => (options as unknown as Record<string, unknown>)[name] !== undefined,
    );
    if (stray !== undefined)
      throw new TypeError(`${stray} is for the WebSocketServer, which does the handshake`);
  }
}
