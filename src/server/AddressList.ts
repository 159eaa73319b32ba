import { ipAddress } from '../bytes/ipAddress.js';
import { isIpv4Inside, plainIpAddress } from '../bytes/ipAddressText.js';
import { shown } from '../streams/check.js';

interface Network {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/**
 * Addresses of IP, and networks (CIDR, `10.0.0.0/8`). IPv4 inside IPv6 counts as IPv4. Throws a `TypeError` for an entry that
 * is none.
 *
 * @internal
 */
export class AddressList {
  readonly #networks: readonly Network[];

  constructor(entries: readonly string[]) {
    this.#networks = entries.map(networkOf);
  }

  has(address: string): boolean {
    const bytes = plainIpAddress(address);
    return bytes !== undefined && this.#networks.some((network) => contains(network, bytes));
  }
}

function networkOf(entry: string): Network {
  const [, text = '', length] = /^([^/]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(entry) ?? [];
  const bytes = ipAddress(text);
  const most = (bytes?.length ?? 0) * 8;
  const bits = length === undefined ? most : Number(length);
  if (bytes === undefined || bits > most)
    throw new TypeError(
      `An address (192.0.2.1, ::1) or a network (10.0.0.0/8) is expected, not ${shown(entry)}`,
    );
  return isIpv4Inside(bytes) && bits >= 96 ? { bytes: bytes.subarray(12), bits: bits - 96 } : { bytes, bits };
}

function contains({ bytes, bits }: Network, address: Uint8Array): boolean {
  if (address.length !== bytes.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== bytes[i]) return false;
  return (bits & 7) === 0 || (address[whole]! ^ bytes[whole]!) >> (8 - (bits & 7)) === 0;
}
