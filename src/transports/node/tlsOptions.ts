import type { CipherNameAndProtocol, ConnectionOptions, PeerCertificate, TlsOptions } from 'node:tls';
import { checkTimeout } from '../../streams/check.js';

declare module '../../streams/Transport.js' {
  interface StartTlsOptionsMap {
    /** Of sockets, and whatever else is a `Duplex` of Node's. */
    duplex: NodeStartTlsOptions;
  }
  interface ExtraInfo {
    /** TLS: the cipher suite, and the version it was first defined for. */
    cipher: CipherNameAndProtocol;
    /** TLS: the peer's certificate. */
    peercert: PeerCertificate;
    /** TLS: the version in use, such as `TLSv1.3`. */
    tlsVersion: string;
    /** TLS: the protocol that was agreed on by ALPN. */
    alpnProtocol: string;
    /** TLS: the name the client asked for (SNI). */
    servername: string;
  }
}

/** How long TLS may take to come and to go. See {@link fromConnection}. */
export interface TlsTimeouts {
  /** Milliseconds for the handshake, more than 0. Default: 60 s, as asyncio's `ssl_handshake_timeout`. */
  handshakeTimeout?: number;
  /** Milliseconds without progress for the end of TLS at `close()`, more than 0. Default: 30 s, as asyncio's `ssl_shutdown_timeout`. */
  shutdownTimeout?: number;
}

/**
 * TLS for a client: Node's own options of `tls.connect`, and the timeouts. The server's certificate is verified.
 * See {@link fromConnection}.
 */
export type ClientTlsOptions = TlsTimeouts &
  Omit<ConnectionOptions, 'host' | 'port' | 'path' | 'socket' | 'timeout' | 'lookup' | 'allowHalfOpen'>;

/**
 * TLS for a server: Node's own options of `tls.createServer`, and the timeouts.
 *
 * @example
 * ```ts no-run
 * import { serve } from 'rxjs-net';
 * import { serverConnections$, type ServerTlsOptions } from 'rxjs-net/node';
 * import { readFileSync } from 'node:fs';
 *
 * const tls: ServerTlsOptions = {
 *   key: readFileSync('key.pem'),
 *   cert: readFileSync('cert.pem'),
 *   minVersion: 'TLSv1.3',
 *   handshakeTimeout: 5000,
 * };
 * serverConnections$({ port: 8443, tls })
 *   .pipe(serve(({ reader, writer }) => reader.pipeTo(writer)))
 *   .subscribe();
 * ```
 */
export type ServerTlsOptions = TlsTimeouts &
  Omit<TlsOptions, 'handshakeTimeout' | 'allowHalfOpen' | 'pauseOnConnect'>;

/**
 * As a client by default; with `isServer: true` as a server.
 *
 * @example
 * ```ts no-run
 * import { useConnection } from 'rxjs-net';
 * import { fromConnection } from 'rxjs-net/node';
 * import { concat } from 'rxjs';
 *
 * // IMAP: the greeting, the command that asks for TLS, its answer, and then TLS.
 * fromConnection({ host: 'mail.example', port: 143 })
 *   .pipe(
 *     useConnection(({ reader, writer }) =>
 *       concat(
 *         reader.readLine('ascii'),
 *         writer.send('a STARTTLS\r\n'),
 *         reader.readLine('ascii'),
 *         writer.startTls({ servername: 'mail.example' }),
 *       ),
 *     ),
 *   )
 *   .subscribe(console.log);
 * ```
 */
export type NodeStartTlsOptions =
  ({ isServer?: false } & ClientTlsOptions) | ({ isServer: true } & ServerTlsOptions);

export const DEFAULT_HANDSHAKE_TIMEOUT = 60_000;
export const DEFAULT_SHUTDOWN_TIMEOUT = 30_000;

/** @internal */
export function checkTlsTimeouts({
  handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT,
  shutdownTimeout = DEFAULT_SHUTDOWN_TIMEOUT,
}: TlsTimeouts): Required<TlsTimeouts> {
  checkTimeout('handshakeTimeout', handshakeTimeout);
  checkTimeout('shutdownTimeout', shutdownTimeout);
  return { handshakeTimeout, shutdownTimeout };
}

/** What a client has to know besides: the host it is connected to. @internal */
export type ClientHandshakeOptions = ClientTlsOptions & { host?: string | undefined };

/**
 * Throws when there is nobody for the server to prove to be: Node would then have it prove to be `localhost`.
 *
 * @internal
 */
export function checkIdentity({
  host,
  servername,
  rejectUnauthorized,
  checkServerIdentity,
}: ClientHandshakeOptions): void {
  if (host !== undefined || servername !== undefined) return;
  if (rejectUnauthorized === false || checkServerIdentity !== undefined) return;
  throw new TypeError(
    'tls.servername is needed where there is no host: the name in the certificate to be expected',
  );
}
