import { checkBoolean, described } from '../bytes/check.js';
import { checkSignal, checkTimeout, shown } from '../streams/check.js';
import { CREDIT_PROTOCOL, withCredits } from '../transports/web/creditProtocol.js';
import { checkMessageOptions, type MessageOptions } from '../transports/web/MessageSettings.js';
import type { WebSocketLike } from '../transports/web/WebSocketLink.js';

/** A URL, or what makes a socket: it is given the subprotocols to be offered. See {@link fromWebSocket}. */
export type WebSocketTarget = string | URL | ((protocols: string[]) => WebSocketLike);

/** Options of {@link fromWebSocket}. */
export interface WebSocketOptions extends MessageOptions {
  /** The subprotocols to be offered, the best first. Default: none. */
  protocols?: string | readonly string[];
  /** Milliseconds for connecting and the opening handshake, more than 0. Default: as long as the platform tries. */
  connectTimeout?: number;
  /** Cancels the attempt, and later aborts the connection. */
  signal?: AbortSignal;
  /**
   * Offer to exchange credits, for a server of `rxjs-net/ws`: backpressure and half-close in every browser, and a heartbeat
   * that needs no `ping`. A browser refuses a server that accepts none of the subprotocols. Default: false.
   */
  credits?: boolean;
}

/** RFC 6455, 4.1, by way of RFC 2616: a token. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Throws at the call what is wrong. @internal */
export function checkWebSocket(target: WebSocketTarget, options: WebSocketOptions): void {
  const { credits = false, connectTimeout, signal, protocols = [] } = options;
  checkBoolean('credits', credits);
  checkMessageOptions(options, credits);
  if (connectTimeout !== undefined) checkTimeout('connectTimeout', connectTimeout);
  checkSignal(signal);
  checkProtocols(protocols);
  if (typeof target === 'function') return;
  if (typeof target !== 'string' && !(target instanceof URL)) {
    throw new TypeError(`target must be a URL, or a function that makes a WebSocket, not ${shown(target)}`);
  }
  webSocketUrl(target);
}

/** Names of subprotocols, each once. @internal */
export function checkProtocols(protocols: string | readonly string[]): void {
  const names = typeof protocols === 'string' ? [protocols] : protocols;
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string' && TOKEN.test(name))) {
    throw new TypeError(`protocols must be names of subprotocols, not ${described(protocols)}`);
  }
  if (new Set(names).size < names.length) throw new TypeError('protocols must not have a name twice');
}

/** What a browser takes: `http:` and relative URLs too, where there is a page. @internal */
export function webSocketUrl(target: string | URL): string {
  const { location } = globalThis as { location?: { href: string } };
  let url: URL | undefined;
  try {
    url = new URL(target, location?.href);
  } catch {
    // Told below, with what is expected.
  }
  if (url?.protocol === 'http:' || url?.protocol === 'https:')
    url.protocol = url.protocol.replace('http', 'ws');
  if (url === undefined || !['ws:', 'wss:'].includes(url.protocol) || url.hash !== '') {
    throw new TypeError(
      `target must be a URL of ws: or wss:, without a fragment, not ${shown(String(target))}`,
    );
  }
  return url.href;
}

/** What is offered: with credits each name twice, as a server takes one of them only. @internal */
export function offeredProtocols({ protocols = [], credits = false }: WebSocketOptions): string[] {
  const names = typeof protocols === 'string' ? [protocols] : [...protocols];
  if (!credits) return names;
  if (names.length === 0) return [CREDIT_PROTOCOL];
  return names.flatMap((name) => [withCredits(name), name]);
}
