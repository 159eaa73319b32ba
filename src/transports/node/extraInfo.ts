import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { SocketAddress } from '../../streams/Transport.js';

/** What a Unix socket, which cannot tell, is called by. @internal */
export interface Paths {
  readonly peername?: string | undefined;
  readonly sockname?: string | undefined;
}

/** What a proxy has told of its client: its addresses come before those of the socket. @internal */
export interface ProxiedAddresses {
  readonly source?: SocketAddress;
  readonly destination?: SocketAddress;
}

/**
 * To be asked at the start: once the connection is gone Node does not know it any more. The address of the peer it keeps,
 * but only if it was asked for it before.
 *
 * @internal
 */
export function localAddressOf(duplex: Duplex): SocketAddress | undefined {
  if (!(duplex instanceof Socket)) return undefined;
  Reflect.get(duplex, 'remoteAddress');
  // Node's own object, which it has anyway.
  const local = duplex.address();
  return 'address' in local ? local : undefined;
}

/** @internal */
export function extraInfo(
  name: string,
  duplex: Duplex,
  first: Duplex,
  local: SocketAddress | undefined,
  paths: Paths & { readonly proxy?: ProxiedAddresses | undefined },
): unknown {
  const { proxy } = paths;
  if (name === 'proxy') return proxy;
  const told = name === 'peername' ? proxy?.source : name === 'sockname' ? proxy?.destination : undefined;
  if (told !== undefined) return { ...told };
  if (name === 'sockname') return local === undefined ? unixAddress(paths.sockname) : { ...local };
  if (name === 'peername') return peerOf(first) ?? unixAddress(paths.peername);
  if (!(duplex instanceof TLSSocket)) return undefined;
  if (name === 'cipher') return duplex.getCipher();
  if (name === 'peercert') return duplex.getPeerCertificate();
  if (name === 'tlsVersion') return duplex.getProtocol() ?? undefined;
  if (name === 'alpnProtocol') return duplex.alpnProtocol || undefined;
  if (name === 'servername') return (duplex as { servername?: string }).servername || undefined;
  return undefined;
}

/** The address of the peer, which Node keeps once it was asked for. @internal */
export function peerOf(duplex: Duplex): SocketAddress | undefined {
  if (!(duplex instanceof Socket)) return undefined;
  const { remoteAddress: address, remoteFamily: family, remotePort: port } = duplex;
  if (address === undefined || family === undefined || port === undefined) return undefined;
  return { address, family, port };
}

function unixAddress(path: string | undefined): SocketAddress | undefined {
  return path === undefined ? undefined : { address: path, family: 'Unix', port: 0 };
}
