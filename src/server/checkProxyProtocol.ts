import { proxyHeader } from '../decoders/proxyHeader.js';
import { checkTimeout, shown } from '../streams/check.js';
import { AddressList } from './AddressList.js';
import type { ProxyProtocolOptions } from './ProxyProtocolOptions.js';

/** Who is trusted by its Unix socket, which has no address. @internal */
export const UNIX = 'unix';

/** Throws what is wrong with the option. @internal */
export function checkProxyProtocol(options: ProxyProtocolOptions, isUnix: boolean): void {
  if (typeof options !== 'object' || (options as unknown) === null)
    throw new TypeError(
      `proxyProtocol must be an object with the proxies that are trusted, not ${shown(options)}`,
    );
  const { trusted, timeout, maxLength } = options;
  if (trusted !== 'any') checkTrusted(trusted, isUnix);
  if (timeout !== undefined) checkTimeout('proxyProtocol.timeout', timeout);
  if (maxLength !== undefined) proxyHeader({ maxLength });
}

function checkTrusted(trusted: readonly string[], isUnix: boolean): void {
  if (!Array.isArray(trusted) || trusted.length === 0)
    throw new TypeError(
      `proxyProtocol.trusted must be a list of addresses and networks, or 'any', not ${shown(trusted)}`,
    );
  new AddressList(trusted.filter((entry) => entry !== UNIX));
  if (isUnix && !trusted.includes(UNIX))
    throw new TypeError(
      `On a Unix socket no peer has an address: proxyProtocol.trusted must have the entry '${UNIX}'`,
    );
}
