import { DecodeError } from '../bytes/errors.js';
import { ipAddress } from '../bytes/ipAddress.js';
import { ipAddressText } from '../bytes/ipAddressText.js';
import type { SocketAddress } from '../streams/Transport.js';
import type { ProxyHeader } from './proxyFormat.js';

const LINE = /^PROXY TCP([46]) ([^ ]+) ([^ ]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/;
const UNKNOWN = /^PROXY UNKNOWN(?: .*)?$/s;

/** A header of version 1, without its end of line. @internal */
export function decodeProxyLine(line: string): ProxyHeader {
  if (UNKNOWN.test(line)) return { version: 1, command: 'PROXY' };
  const [, family, source, destination, sourcePort, destinationPort] = LINE.exec(line) ?? [];
  if (family === undefined) throw badLine(line);
  const addressOf = (text: string, port: string): SocketAddress => {
    const bytes = ipAddress(text);
    if (bytes?.length !== (family === '4' ? 4 : 16) || Number(port) > 65535) throw badLine(line);
    return { address: ipAddressText(bytes), family: `IPv${family}`, port: Number(port) };
  };
  return {
    version: 1,
    command: 'PROXY',
    transport: 'STREAM',
    source: addressOf(source!, sourcePort!),
    destination: addressOf(destination!, destinationPort!),
  };
}

function badLine(line: string): DecodeError {
  return new DecodeError(`This is no line of the PROXY protocol, version 1: "${line}"`);
}
