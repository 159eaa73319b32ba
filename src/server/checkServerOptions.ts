import { createServer as createTlsServer } from 'node:tls';
import {
  checkFileDescriptor,
  checkNoStrayTls,
  checkPort,
  checkSocketOptions,
  checkTlsObject,
  checkTypes,
  withoutUndefined,
} from '../observables/checkConnectOptions.js';
import { shown } from '../streams/check.js';
import { ConnectionSettings } from '../streams/ConnectionSettings.js';
import { checkTlsTimeouts, type ServerTlsOptions } from '../transports/node/tlsOptions.js';
import { checkUnixPath } from '../transports/node/unixPath.js';
import { checkKeys } from '../transports/node/readableTlsError.js';
import { checkProxyProtocol } from './checkProxyProtocol.js';
import type { ListenOnPort, ServerOptions } from './ServerOptions.js';

/** Throws what is wrong with the options. @internal */
export function checkServerOptions(options: ServerOptions): void {
  ConnectionSettings.of(options);
  checkNoStrayTls(options);
  checkListenTarget(options);
  checkSocketOptions(options);
  const { backlog, tls, proxyProtocol, path } = options;
  checkBacklog(backlog);
  if (proxyProtocol !== undefined) checkProxyProtocol(proxyProtocol, path !== undefined);
  if (tls !== undefined && tls !== false) checkServerTls(tls);
}

/** @internal */
export function checkBacklog(backlog: number | undefined): void {
  if (backlog !== undefined && !(Number.isInteger(backlog) && backlog > 0)) {
    throw new RangeError(`backlog must be a positive integer, not ${shown(backlog)}`);
  }
}

function checkListenTarget(options: ServerOptions): void {
  const { port, path, fd } = options;
  if ([port, path, fd].filter((target) => target !== undefined).length !== 1) {
    throw new TypeError('One of port (and host), path and fd says where to listen');
  }
  if (path !== undefined) checkUnixPath(path);
  if (fd !== undefined) checkFileDescriptor(fd);
  checkTypes(options, { replaceStale: 'boolean', readableAll: 'boolean', writableAll: 'boolean' });
  checkPortOptions(options);
}

/** @internal */
export function checkPortOptions(options: Partial<Omit<ListenOnPort, 'path' | 'fd'>>): void {
  const { port, reusePort } = options;
  if (port !== undefined) checkPort('port', port, 0);
  checkTypes(options, { host: 'string', ipv6Only: 'boolean', reusePort: 'boolean' });
  if (reusePort && !hasReusePort(process.versions.node)) {
    // An older Node would ignore it, and the second process would fail.
    throw new TypeError(`reusePort needs Node.js 22.12 or later, this is ${process.version}`);
  }
}

function hasReusePort(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

function checkServerTls(tls: ServerTlsOptions): void {
  checkTlsObject(tls);
  const { secureContext } = tls;
  checkTlsTimeouts(tls);
  if (secureContext !== undefined)
    throw new TypeError("tls.secureContext is not for Node's servers: key and cert are");
  checkCertificate(tls);
  checkTypes(tls, { enableTrace: 'boolean' });
  // For what it throws: a key that does not fit, a certificate that is none. It never listens.
  checkKeys(() => createTlsServer(withoutUndefined(tls)));
}

/** Without one every handshake would fail, and the server look as if it served. */
function checkCertificate(tls: ServerTlsOptions): void {
  const { cert, key, pfx, privateKeyIdentifier, SNICallback, pskCallback } = tls;
  // Either finds what is needed for each client.
  if (SNICallback !== undefined || pskCallback !== undefined || isGiven(pfx)) return;
  const hasKey = isGiven(key) || isGiven(privateKeyIdentifier);
  if (isGiven(cert) && hasKey) return;
  const missing = isGiven(cert) ? 'tls.key is' : hasKey ? 'tls.cert is' : 'tls.key and tls.cert are';
  throw new TypeError(`A server needs a certificate: ${missing} missing (or give pfx, or SNICallback)`);
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== '';
}
