import type { SocketAddress } from 'rxjs-net';
import type { IncomingHttpHeaders } from 'node:http';
import { isIPv6 } from 'node:net';
import { normalAddress, plainAddress } from './addresses.js';

/** What is looked at of a request: an `http.IncomingMessage`. */
export interface UpgradeRequest {
  readonly headers: IncomingHttpHeaders;
  readonly socket: {
    readonly remoteAddress?: string | undefined;
    readonly remotePort?: number | undefined;
  };
}

/**
 * Who sent a request: the peer of its socket. If that is one of the proxies, whom it names as its own peer, at the end of
 * `X-Forwarded-For`; what stands ahead of that may have been written by anybody. The port is not known then, and 0.
 */
export function clientOf(
  { headers, socket }: UpgradeRequest,
  proxies: ReadonlySet<string> = new Set(),
): SocketAddress {
  const { remoteAddress = '', remotePort = 0 } = socket;
  const peer = plainAddress(remoteAddress);
  if (proxies.has(peer)) {
    const lastHop = String(headers['x-forwarded-for'] ?? '')
      .split(',')
      .at(-1)!
      .trim();
    const address = normalAddress(lastHop);
    if (address !== undefined) return addressOf(plainAddress(address), 0);
  }
  return addressOf(peer, remotePort);
}

function addressOf(address: string, port: number): SocketAddress {
  return { address, family: isIPv6(address) ? 'IPv6' : 'IPv4', port };
}

/** As it is printed. */
export function shownClient({ address, port }: SocketAddress): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`;
}
