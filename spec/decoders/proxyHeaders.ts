import type { ProxyHeader } from '../../src/index.js';
import { joined } from '../contracts/bytes.js';

/** An address of IPv4 or IPv6, as a header has it. */
export function at(address: string, port: number): NonNullable<ProxyHeader['source']> {
  return { address, family: address.includes(':') ? 'IPv6' : 'IPv4', port };
}

/** The bytes of hex digits, whatever is between them. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/[\da-f]{2}/gi) ?? [], (digits) => parseInt(digits, 16));
}

const SIGNATURE = '0d0a0d0a000d0a515549540a';

/** A header of version 2, put together by hand: its 13th and 14th byte, and what comes behind the length. */
export function block(thirteenth: number, family: number, rest: string | Uint8Array = ''): Uint8Array {
  const body = typeof rest === 'string' ? fromHex(rest) : rest;
  const fixed = Uint8Array.of(thirteenth, family, body.length >> 8, body.length & 255);
  return joined([fromHex(SIGNATURE), fixed, body]);
}

/** 192.0.2.7:51234 to 198.51.100.1:443. */
export const IPV4 = 'c0000207 c6336401 c822 01bb';
