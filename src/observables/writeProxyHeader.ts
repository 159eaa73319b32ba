import type { Socket } from 'node:net';
import { encodeProxyHeader } from '../decoders/encodeProxyHeader.js';
import type { ProxyHeader } from '../decoders/proxyFormat.js';
import { localAddressOf, peerOf } from '../transports/node/extraInfo.js';

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
  const [source, destination] = [localAddressOf(socket), peerOf(socket)];
  // Of a pipe, or of a socket that is gone already, nothing is known.
  return source === undefined || destination === undefined ? {} : { source, destination };
}
