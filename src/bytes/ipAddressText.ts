import { ipAddress } from './ipAddress.js';

/**
 * An address of 4 or 16 bytes in its usual spelling, that of RFC 5952, with IPv4 inside IPv6 as `::ffff:192.0.2.1`: as the
 * system writes it.
 *
 * @internal
 */
export function ipAddressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (isIpv4Inside(bytes)) return `::ffff:${bytes.subarray(12).join('.')}`;
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  const [start, length] = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/**
 * The bytes of an address as a network stack shows it: without its zone, which has a meaning on one machine only, and IPv4
 * inside IPv6 as IPv4. Undefined for anything else.
 *
 * @internal
 */
export function plainIpAddress(text: string): Uint8Array | undefined {
  const bytes = ipAddress(text.replace(/%.*/s, ''));
  return bytes !== undefined && isIpv4Inside(bytes) ? bytes.subarray(12) : bytes;
}

/** Whether 16 bytes are an address of IPv4 inside IPv6, `::ffff:0:0/96`. @internal */
export function isIpv4Inside(bytes: Uint8Array): boolean {
  return bytes.length === 16 && bytes.every((byte, i) => i >= 12 || byte === (i < 10 ? 0 : 0xff));
}

// The first of the longest rows of groups that are 0.
function longestZeros(groups: readonly number[]): [start: number, length: number] {
  let longest: [number, number] = [0, 0];
  let start = 0;
  for (const [i, group] of groups.entries()) {
    if (group !== 0) start = i + 1;
    else if (i + 1 - start > longest[1]) longest = [start, i + 1 - start];
  }
  return longest;
}
