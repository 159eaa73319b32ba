import type { Socket } from 'node:net';
import { encodeProxyHeader } from '../decoders/encodeProxyHeader.js';
import type { ProxyHeader } from '../decoders/proxyFormat.js';

/** Writes a header on a socket that is connected, on a Unix socket to this path. @internal */
export function writeProxyHeader(
  socket: Socket,
  header: Partial<ProxyHeader>,
  path: string | undefined,
): void {
  const { command, source, destination } = header;
  const isWhole = command === 'LOCAL' || source !== undefined || destination !== undefined;
  socket.write(encodeProxyHeader(isWhole ? header : { ...header, ...addressesOf(socket, path) }));
}

function addressesOf(socket: Socket, path: string | undefined): Pick<ProxyHeader, 'source' | 'destination'> {
  if (path !== undefined) {
    const unix = { family: 'Unix', port: 0 };
    return { source: { ...unix, address: '' }, destination: { ...unix, address: path } };
  }
  const { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily } = socket;
  // Of a pipe, or of a socket that is gone already, nothing is known.
  if (localAddress === undefined || remoteAddress === undefined) return {};
  return {
    source: { address: localAddress, port: localPort!, family: localFamily! },
    destination: { address: remoteAddress, port: remotePort!, family: remoteFamily! },
  };
}
