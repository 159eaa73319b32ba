import type { IncomingMessage } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { reportError } from '../streams/reportError.js';
import { chooseProtocol } from './chooseProtocol.js';
import { originCheck } from './originCheck.js';
import { refuseUpgrade } from './refuseUpgrade.js';
import type { UpgradeRoute } from './UpgradeRoutes.js';
import { upgradePath } from './upgradePath.js';
import type { WebSocketAcceptOptions, WebSocketHandshakeOptions } from './WebSocketServerOptions.js';

export const DEFAULT_MAX_PAYLOAD = 2 ** 20;
/**
 * A fragment holds on to the 64 KiB that it came with, whatever else was in them, and a piece of a frame needs some 300 bytes
 * besides its own: so there must not be many, and fewer than any sender makes of a message that is allowed.
 */
const LEAST_FRAGMENT = 2048;
const LEAST_PIECE = 256;

/** Who is told of those who come. @internal */
export interface WebSocketArrivals {
  opened(ws: WebSocket, request: IncomingMessage): void;
  /** One that was not let in. */
  refused(reason: string): void;
}

/**
 * Opens the WebSockets that are asked for, and answers the others: 403 where the page must not, 400 where the request is not
 * clear or no good, 426 where it is for something else.
 *
 * @internal
 */
export function webSocketHandshake(
  options: WebSocketHandshakeOptions & Pick<WebSocketAcceptOptions, 'origins'>,
  arrivals: WebSocketArrivals,
): UpgradeRoute {
  const { protocols = [], credits = true, perMessageDeflate = false } = options;
  const { maxPayload = DEFAULT_MAX_PAYLOAD } = options;
  const names = typeof protocols === 'string' ? [protocols] : [...protocols];
  const mayConnect = originCheck(options.origins);
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload,
    maxFragments: Math.max(64, Math.ceil(maxPayload / LEAST_FRAGMENT)),
    maxBufferedChunks: Math.max(1024, Math.ceil(maxPayload / LEAST_PIECE)),
    perMessageDeflate,
    handleProtocols: (offered) => chooseProtocol(offered, names, credits),
  });
  return {
    matches: upgradePath(options.path),
    take(request, socket, head) {
      try {
        const refused = refusal(request, mayConnect);
        if (refused === undefined) {
          const opened: WebSocket[] = [];
          // Called within, or never: then it has refused it.
          server.handleUpgrade(request, socket, head, (ws) => opened.push(ws));
          for (const ws of opened) arrivals.opened(ws, request);
          if (opened.length === 0) arrivals.refused('the request is no good');
        } else {
          refuseUpgrade(socket, ...refused);
          arrivals.refused(`HTTP status ${refused[0]}`);
        }
      } catch (error) {
        // Of `ws`, when another listener has taken the socket before.
        reportError(error);
      }
    },
  };
}

function refusal(
  request: IncomingMessage,
  mayConnect: (request: IncomingMessage) => boolean,
): [status: number, headers?: string[]] | undefined {
  const { headers, headersDistinct } = request;
  const { host = [], origin = [] } = headersDistinct;
  // Of two it is not clear which one somebody on the way has looked at.
  if (host.length !== 1 || origin.length > 1) return [400];
  if (headers.upgrade?.toLowerCase() !== 'websocket') return [426, ['Upgrade: websocket']];
  try {
    return mayConnect(request) ? undefined : [403];
  } catch (error) {
    reportError(error);
    return [500];
  }
}
