const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

/**
 * The bytes of an address that is written out, 4 of IPv4 or 16 of IPv6; undefined for anything else, such as a name.
 *
 * @internal
 */
export function ipAddress(text: string): Uint8Array | undefined {
  if (IPV4.test(text)) return Uint8Array.from(text.split('.'), Number);
  const groups = ipv6Groups(text);
  return groups && Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
}

/**
 * The eight groups of an IPv6 address that is written out; undefined for anything else.
 *
 * @internal
 */
export function ipv6Groups(text: string): number[] | undefined {
  // What else a URL's host may hold, or leave out, is not for this.
  if (!text.includes(':') || !/^[\da-f:.]+$/i.test(text)) return undefined;
  let host: string;
  try {
    host = new URL(`http://[${text}]`).hostname;
  } catch {
    return undefined;
  }
  // Its normal form: groups of hex digits, the longest row of zeros as `::`.
  const [front, back = []] = host
    .slice(1, -1)
    .split('::')
    .map((groups) => (groups === '' ? [] : groups.split(':')));
  const zeros = Array<string>(8 - front!.length - back.length).fill('0');
  return [...front!, ...zeros, ...back].map((group) => parseInt(group, 16));
}
