import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { SocketAddress } from '../../streams/Transport.js';

/** The two ends of a socket. @internal */
export interface Addresses {
  readonly peername: SocketAddress | undefined;
  readonly sockname: SocketAddress | undefined;
}

/**
 * To be asked at the start: once the connection is gone Node does not know them any more.
 *
 * @param paths what a Unix socket, which cannot tell, is called by
 * @internal
 */
export function addressesOf(
  duplex: Duplex,
  paths: { peername?: string | undefined; sockname?: string | undefined },
): Addresses | undefined {
  if (!(duplex instanceof Socket)) return undefined;
  const { remoteAddress, remoteFamily, remotePort, localAddress, localFamily, localPort } = duplex;
  return {
    peername: address(remoteAddress, remoteFamily, remotePort) ?? unixAddress(paths.peername),
    sockname: address(localAddress, localFamily, localPort) ?? unixAddress(paths.sockname),
  };
}

/** @internal */
export function extraInfo(name: string, duplex: Duplex, addresses: Addresses | undefined): unknown {
  if (name === 'peername' || name === 'sockname') return addresses?.[name];
  if (!(duplex instanceof TLSSocket)) return undefined;
  if (name === 'cipher') return duplex.getCipher();
  if (name === 'peercert') return duplex.getPeerCertificate();
  if (name === 'tlsVersion') return duplex.getProtocol() ?? undefined;
  if (name === 'alpnProtocol') return duplex.alpnProtocol || undefined;
  if (name === 'servername') return (duplex as { servername?: string }).servername || undefined;
  return undefined;
}

function address(
  host: string | undefined,
  family: string | undefined,
  port: number | undefined,
): SocketAddress | undefined {
  if (host === undefined || family === undefined || port === undefined) return undefined;
  return { address: host, family, port };
}

function unixAddress(path: string | undefined): SocketAddress | undefined {
  return path === undefined ? undefined : { address: path, family: 'Unix', port: 0 };
}
