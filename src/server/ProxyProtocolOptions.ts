import type { ProxyHeader } from '../decoders/proxyFormat.js';

declare module '../streams/Transport.js' {
  interface ExtraInfo {
    /** Servers with `proxyProtocol`: the header that the connection came with. */
    proxy: ProxyHeader;
  }
}

/**
 * Of a server behind a proxy that sends headers of the PROXY protocol, version 1 or 2. `peername` is then the client, and
 * `sockname` where it has connected to, unless the header tells no addresses (`LOCAL`, `UNKNOWN`): those of the socket.
 *
 * A connection that is not trusted, or that does not begin with a header, is destroyed, and `handshakeErrors$` tells of it by a
 * `ProxyProtocolError`. Nobody else may reach the server: whether there is a header is never guessed.
 *
 * @example
 * ```ts no-run
 * import { serve } from 'rxjs-net';
 * import { serverConnections$ } from 'rxjs-net/node';
 *
 * serverConnections$({ port: 8888, proxyProtocol: { trusted: ['10.0.0.0/8'] } })
 *   .pipe(serve(({ writer }) => writer.send(`you are ${writer.getExtraInfo('peername')?.address}\n`)))
 *   .subscribe();
 * ```
 */
export interface ProxyProtocolOptions {
  /**
   * The proxies, whose headers are believed: addresses (`127.0.0.1`, `::1`) and networks (`10.0.0.0/8`, `fd00::/8`). IPv4
   * inside IPv6 counts as IPv4. `unix`: whoever may connect to the Unix socket. `'any'` in place of a list: everybody, where
   * something else keeps strangers out.
   */
  trusted: readonly string[] | 'any';
  /** Milliseconds for the header to come, more than 0. Default: 5 s. */
  timeout?: number;
  /** Bytes that a header of version 2 may have behind its first 16, a positive integer. Default: 2048. */
  maxLength?: number;
}
