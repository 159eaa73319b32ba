import type { SocketAddress } from 'rxjs-net';
import { isIP } from 'node:net';
import { plainAddress } from './addresses.js';

/**
 * What tells a target who its peer really is: the line of the PROXY protocol, version 1, which goes before all else.
 * At most 107 bytes. Without addresses of IP on both sides it says that nothing is known.
 *
 * https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, section 2.1
 */
export function proxyLine(source: SocketAddress | undefined, destination: SocketAddress | undefined): string {
  const from = plainAddress(source?.address ?? '');
  const to = plainAddress(destination?.address ?? '');
  const family = Math.max(isIP(from), isIP(to));
  if (isIP(from) === 0 || isIP(to) === 0) return 'PROXY UNKNOWN\r\n';
  // The line has one family for both: where they differ, IPv4 is written inside IPv6.
  const [ofSource, ofDestination] = [from, to].map((address) =>
    isIP(address) === family ? address : `::ffff:${address}`,
  );
  return `PROXY TCP${family} ${ofSource} ${ofDestination} ${source!.port} ${destination!.port}\r\n`;
}
