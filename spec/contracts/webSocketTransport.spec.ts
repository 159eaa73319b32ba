import { asyncScheduler, firstValueFrom } from 'rxjs';
import type { MessageLink } from '../../src/transports/web/MessageLink.js';
import { messageSettings } from '../../src/transports/web/MessageSettings.js';
import { MessageTransport } from '../../src/transports/web/MessageTransport.js';
import { openWebSocket, openWebSocketStream } from '../../src/transports/web/openWebSocket.js';
import type { WebSocketStreamLike } from '../../src/transports/web/WebSocketStreamLink.js';
import { pairUrl, relay } from '../transports/web/relay.js';
import { contractSpecs } from './contractSpecs.js';

const { WebSocketStream } = globalThis as {
  WebSocketStream?: new (url: string, options: { signal: AbortSignal }) => WebSocketStreamLike;
};

/** Two sockets that the relay joins. */
function pairs(open: (url: string) => Promise<MessageLink>, credits: boolean) {
  return async () => {
    const url = pairUrl();
    // What waits for a reader that is paused is bounded by the specs.
    const settings = messageSettings(credits ? {} : { receiveLimit: 2 ** 30 }, credits);
    const links = await Promise.all([open(url), open(url)]);
    return links.map((link) => new MessageTransport(link, settings)) as [MessageTransport, MessageTransport];
  };
}

function openPlain(url: string): Promise<MessageLink> {
  return firstValueFrom(openWebSocket(() => new relay.WebSocket(url), asyncScheduler));
}

// The relay answers a close itself, and hands on 4000 as it is.
contractSpecs('a WebSocket with credits', pairs(openPlain, true), { reportsThrows: true });

// A socket of `ws` stops its peer, a browser's does not.
const slowsPeer = 'pause' in relay.WebSocket.prototype;
contractSpecs('a WebSocket without credits', pairs(openPlain, false), {
  halfCloses: false,
  reportsThrows: true,
  slowsPeer,
});

if (WebSocketStream !== undefined) {
  const open = (url: string): Promise<MessageLink> =>
    firstValueFrom(openWebSocketStream((signal) => new WebSocketStream(url, { signal }), url));
  contractSpecs('a WebSocketStream', pairs(open, false), { halfCloses: false, reportsThrows: true });
}
