import { encodeProxyHeader, type SocketAddress } from 'rxjs-net';
import { isIP } from 'node:net';

/**
 * What tells a target who its peer really is: the header of the PROXY protocol, version 1, which goes before all else.
 * Without addresses of IP on both sides it says that nothing is known.
 */
export function headerFor(
  source: SocketAddress | undefined,
  destination: SocketAddress | undefined,
): Uint8Array {
  const isKnown = isIP(source?.address ?? '') > 0 && isIP(destination?.address ?? '') > 0;
  return encodeProxyHeader(
    isKnown ? { version: 1, source: source!, destination: destination! } : { version: 1 },
  );
}
