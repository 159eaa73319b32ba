import { ipv6Groups } from './ipAddress.js';

/**
 * What one subscriber of a network has, as text: an address of IPv4, also one that is written inside IPv6, or the first
 * 64 bits of one of IPv6. Any other text, such as a name or an address with its zone, stands for itself.
 *
 * @internal
 */
export function addressBlock(address: string): string {
  const groups = ipv6Groups(address);
  if (groups === undefined) return address;
  const [network, host] = [groups.slice(0, 4), groups.slice(6)];
  // ::ffff:0:0/96
  const isMapped = groups.slice(0, 6).join() === '0,0,0,0,0,65535';
  if (isMapped) return host.flatMap((group) => [group >> 8, group & 255]).join('.');
  return `${network.map((group) => group.toString(16)).join(':')}::/64`;
}
