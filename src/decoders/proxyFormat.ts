import type { SocketAddress } from '../streams/Transport.js';

/**
 * What a proxy says of a connection before all else, in the PROXY protocol: `proxyHeader` reads it, `encodeProxyHeader`
 * writes it.
 *
 * Without `source` and `destination` it says nothing of addresses: those of the connection itself count.
 *
 * See {@link proxyHeader}.
 */
export interface ProxyHeader {
  /** 1 is a line of text, 2 is binary. */
  readonly version: 1 | 2;
  /** `PROXY`: on behalf of somebody else. `LOCAL`, version 2 only: of the proxy itself, such as a health check. */
  readonly command: 'PROXY' | 'LOCAL';
  /** What the client speaks, where addresses are known. Version 1 knows streams (TCP) only. */
  readonly transport?: 'STREAM' | 'DGRAM';
  /** The client, with the `family` `IPv4`, `IPv6` or `Unix`. */
  readonly source?: SocketAddress;
  /** Where the client has connected to, of the same family. */
  readonly destination?: SocketAddress;
  /** Version 2: the protocol that was agreed on by ALPN. */
  readonly alpn?: string;
  /** Version 2: the host name that the client asked for, with TLS by SNI. */
  readonly authority?: string;
  /** Version 2: what the proxy calls this connection, at most 128 bytes. */
  readonly uniqueId?: Uint8Array;
  /** Version 2: the client's TLS. */
  readonly ssl?: ProxySsl;
  /** Version 2: the name of the network namespace. */
  readonly netns?: string;
  /** Version 2: whether it has a checksum (CRC32c). One that is wrong is refused. */
  readonly crc32c?: boolean;
  /** Version 2: all other fields, as they came. None: absent. */
  readonly tlvs?: readonly ProxyTlv[];
}

/** What a proxy says of the TLS of its client, by the names of the specification. See {@link proxyHeader}. */
export interface ProxySsl {
  /** The client has connected over TLS. */
  readonly clientSsl: boolean;
  /** It has shown a certificate on this connection. */
  readonly clientCertConn: boolean;
  /** It has shown a certificate on this connection or before, in the same session of TLS. */
  readonly clientCertSess: boolean;
  /** The code of the verification: 0 when the client has shown a certificate and it was verified; otherwise 1 to 2^32 − 1. */
  readonly verify: number;
  /** The version of TLS, such as `TLSv1.3`. */
  readonly version?: string;
  /** The common name in the client's certificate. */
  readonly cn?: string;
  /** The cipher suite. */
  readonly cipher?: string;
  /** The algorithm that has signed the certificate of the proxy, such as `SHA256`. */
  readonly sigAlg?: string;
  /** The algorithm of the key of the certificate of the proxy, such as `RSA2048`. */
  readonly keyAlg?: string;
  /** All other fields, as they came. None: absent. */
  readonly tlvs?: readonly ProxyTlv[];
}

/** A field of a header of version 2 that has no name here. See {@link proxyHeader}. */
export interface ProxyTlv {
  /** The code of the field, 0 to 255; 224 to 239 are for applications. */
  readonly type: number;
  /** Its bytes, as they came. */
  readonly value: Uint8Array;
}

/** What every header of version 2 begins with. @internal */
export const SIGNATURE: readonly number[] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10];

/** Bytes of a header of version 2 before its addresses. @internal */
export const FIXED_LENGTH = 16;

/** Bytes of a path in a header. @internal */
export const PATH_LENGTH = 108;

/** Bytes of a unique id, at most. @internal */
export const MAX_UNIQUE_ID = 128;

/** The types of fields. @internal */
export const TYPE = { crc32c: 3, noop: 4, uniqueId: 5, ssl: 0x20 } as const;

/** Fields that are text, by their types. @internal */
export const TEXT_TYPES = new Map([
  [1, 'alpn'],
  [2, 'authority'],
  [0x30, 'netns'],
] as const);

/** The same within the field of TLS. @internal */
export const SSL_TEXT_TYPES = new Map([
  [0x21, 'version'],
  [0x22, 'cn'],
  [0x23, 'cipher'],
  [0x24, 'sigAlg'],
  [0x25, 'keyAlg'],
] as const);

/** The flags in the field of TLS. @internal */
export const SSL_FLAGS = { clientSsl: 1, clientCertConn: 2, clientCertSess: 4 } as const;
