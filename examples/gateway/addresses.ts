/** Addresses of IP as text: the one spelling of each. Names are not looked up here. */
import { isIPv4, isIPv6 } from 'node:net';

/**
 * An address in its one spelling: IPv4 in four plain decimal numbers, IPv6 as of RFC 5952 but with hex digits only.
 * Undefined for all that is none, for IPv4 written in any other way, and for an address with a zone, which means
 * another host on each machine.
 */
export function normalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/** An address as the network stack shows it, made plain: without a zone, IPv4 also where it came in over IPv6. */
export function plainAddress(address: string): string {
  const normal = normalAddress(address.replace(/%.*$/s, ''));
  if (normal === undefined) return address;
  const groups = groupsOf(normal);
  const isMapped = groups.length === 8 && groups.slice(0, 6).join() === '0,0,0,0,0,65535';
  if (!isMapped) return normal;
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 255])
    .join('.');
}

/** What one subscriber has, most often: an address of IPv4, the first 64 bits of one of IPv6. */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const prefix = groupsOf(plain).slice(0, 4);
  return `${prefix.map((group) => group.toString(16)).join(':')}::/64`;
}

/** The eight groups of a normal IPv6 address; none of any other. */
function groupsOf(address: string): number[] {
  if (!address.includes(':')) return [];
  const [front, back] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(8 - front!.length - (back?.length ?? 0)).fill('0');
  return [...front!, ...zeros, ...(back ?? [])].map((group) => parseInt(group, 16));
}
