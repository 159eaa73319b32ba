import { isIP, Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { encodeProxyHeader } from '../decoders/encodeProxyHeader.js';
import { checkMilliseconds, checkSignal, checkTimeout, shown } from '../streams/check.js';
import { ConnectionSettings } from '../streams/ConnectionSettings.js';
import { checkKeys } from '../transports/node/readableTlsError.js';
import { checkIdentity, checkTlsTimeouts } from '../transports/node/tlsOptions.js';
import { checkUnixPath } from '../transports/node/unixPath.js';
import type { ClientOptions, ConnectOptions, TcpTarget } from './ConnectOptions.js';

/** Throws what is wrong with the options. @internal */
export function checkConnectOptions(options: ConnectOptions): void {
  ConnectionSettings.of(options);
  checkNoStrayTls(options);
  checkTarget(options);
  checkSocketOptions(options);
  const { connectTimeout, tls, port, proxyProtocol } = options;
  if (connectTimeout !== undefined) checkTimeout('connectTimeout', connectTimeout);
  // For what it throws.
  if (proxyProtocol !== undefined) encodeProxyHeader(proxyProtocol);
  if (tls === undefined || tls === false) return;
  if (tls !== true) checkTlsObject(tls);
  const given = tls === true ? {} : tls;
  checkTlsTimeouts(given);
  // A socket that is connected already knows its host, unless somebody else has made it.
  if (port === undefined) checkIdentity(given);
  // For what it throws: a certificate that is none, a version that there is not.
  if (given.secureContext === undefined) checkKeys(() => createSecureContext(withoutUndefined(given)));
}

function checkTarget(options: ConnectOptions): void {
  const { port, path, socket, fd } = options;
  const targets = Object.entries({ port, path, socket, fd }).filter(([, value]) => value !== undefined);
  if (targets.length !== 1) {
    const found = targets.length === 0 ? 'none' : targets.map(([name]) => name).join(' and ');
    throw new TypeError(
      `One of port (and host), path, socket and fd says where to connect to, here ${found} does`,
    );
  }
  if (path !== undefined) checkUnixPath(path);
  if (fd !== undefined) checkFileDescriptor(fd);
  if (socket !== undefined && !(socket instanceof Socket)) {
    throw new TypeError(`socket must be a net.Socket, not ${shown(socket)}`);
  }
  if (port !== undefined) checkTcpTarget(options);
}

function checkTcpTarget(target: TcpTarget): void {
  const { port, localPort, localAddress, family, autoSelectFamilyAttemptTimeout: delay } = target;
  checkPort('port', port, 1);
  if (localPort !== undefined) checkPort('localPort', localPort, 0);
  checkTypes(target, { host: 'string', lookup: 'function', autoSelectFamily: 'boolean' });
  if (localAddress !== undefined && (typeof localAddress !== 'string' || isIP(localAddress) === 0)) {
    throw new TypeError(`localAddress must be an IP address, not ${shown(localAddress)}`);
  }
  if (family !== undefined && ![0, 4, 6].includes(family)) {
    throw new RangeError(`family must be 0, 4 or 6, not ${shown(family)}`);
  }
  if (delay !== undefined && !(Number.isInteger(delay) && delay >= 1 && delay < 2 ** 31)) {
    throw new RangeError(
      `autoSelectFamilyAttemptTimeout must be a positive integer (milliseconds), not ${shown(delay)}`,
    );
  }
}

/** What clients and servers have in common. @internal */
export function checkSocketOptions(
  options: Pick<ClientOptions, 'noDelay' | 'keepAlive' | 'keepAliveInitialDelay' | 'signal'>,
): void {
  const { keepAliveInitialDelay, signal } = options;
  checkTypes(options, { noDelay: 'boolean', keepAlive: 'boolean' });
  if (keepAliveInitialDelay !== undefined) checkMilliseconds('keepAliveInitialDelay', keepAliveInitialDelay);
  checkSignal(signal);
}

/** @internal */
export function checkPort(name: string, port: number, least: 0 | 1): void {
  if (!(Number.isInteger(port) && port >= least && port <= 65535)) {
    throw new RangeError(`${name} must be an integer from ${least} to 65535, not ${shown(port)}`);
  }
}

/** @internal */
export function checkFileDescriptor(fd: number): void {
  if (!(Number.isInteger(fd) && fd >= 0)) {
    throw new RangeError(`fd must be a non-negative integer, not ${shown(fd)}`);
  }
}

/** Throws for options that are there, and not of their type. @internal */
export function checkTypes(options: object, types: Record<string, 'string' | 'boolean' | 'function'>): void {
  for (const [name, type] of Object.entries(types)) {
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined && typeof value !== type) {
      throw new TypeError(`${name} must be a ${type}, not ${shown(value)}`);
    }
  }
}

/** @internal */
export function checkTlsObject(tls: unknown): void {
  if (typeof tls !== 'object' || tls === null) {
    throw new TypeError(`tls must be an object with options of TLS, not ${shown(tls)}`);
  }
}

const TLS_ONLY = [
  ...['servername', 'ca', 'cert', 'key', 'pfx', 'passphrase', 'ALPNProtocols', 'rejectUnauthorized'],
  ...[
    'checkServerIdentity',
    'secureContext',
    'SNICallback',
    'requestCert',
    'handshakeTimeout',
    'shutdownTimeout',
  ],
];

/** Node has these beside the others; here they would be ignored, and a connection be less safe than it looks. @internal */
export function checkNoStrayTls(options: object): void {
  const stray = TLS_ONLY.find((name) => (options as Record<string, unknown>)[name] !== undefined);
  if (stray !== undefined) throw new TypeError(`${stray} is an option of TLS: tls: { ${stray}: … }`);
}

/** Node takes an option that is there but undefined for one that is given. @internal */
export function withoutUndefined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
