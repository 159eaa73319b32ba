import type { TLSSocket } from 'node:tls';
import type { SocketAddress } from '../../streams/Transport.js';

/** @internal */
export function tlsInfo(socket: TLSSocket, name: string): unknown {
  if (name === 'cipher') return socket.getCipher();
  if (name === 'peercert') return socket.getPeerCertificate();
  if (name === 'tlsVersion') return socket.getProtocol() ?? undefined;
  if (name === 'alpnProtocol') return socket.alpnProtocol || undefined;
  if (name === 'servername') return (socket as { servername?: string }).servername || undefined;
  return undefined;
}

/** @internal */
export function address(
  host: string | undefined,
  family: string | undefined,
  port: number | undefined,
): SocketAddress | undefined {
  if (host === undefined || family === undefined || port === undefined) return undefined;
  return { address: host, family, port };
}

/** @internal */
export function unixAddress(path: string | undefined): SocketAddress | undefined {
  return path === undefined ? undefined : { address: path, family: 'Unix', port: 0 };
}
