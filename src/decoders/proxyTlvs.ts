import { DecodeError } from '../bytes/errors.js';
import { decodeText } from '../bytes/text.js';
import { crc32c } from './crc32c.js';
import {
  MAX_UNIQUE_ID,
  SSL_FLAGS,
  SSL_TEXT_TYPES,
  TEXT_TYPES,
  TYPE,
  type ProxyHeader,
  type ProxySsl,
  type ProxyTlv,
} from './proxyFormat.js';

type Fields = Pick<ProxyHeader, 'alpn' | 'authority' | 'netns' | 'uniqueId' | 'ssl' | 'tlvs'>;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The fields from `at` on, as views, or undefined where they do not come out even. @internal */
export function splitTlvs(bytes: Uint8Array, at: number): ProxyTlv[] | undefined {
  const tlvs: ProxyTlv[] = [];
  while (at < bytes.length) {
    const valueAt = at + 3;
    if (valueAt > bytes.length) return undefined;
    const end = valueAt + bytes[at + 1]! * 256 + bytes[at + 2]!;
    if (end > bytes.length) return undefined;
    tlvs.push({ type: bytes[at]!, value: bytes.subarray(valueAt, end) });
    at = end;
  }
  return tlvs;
}

/** Whether a header has a checksum; throws for one that is wrong. @internal */
export function checkProxyCrc(block: Uint8Array, tlvs: readonly ProxyTlv[]): { crc32c?: true } {
  const sums = tlvs.filter(({ type }) => type === TYPE.crc32c);
  if (sums.length === 0) return {};
  const { value } = sums[0]!;
  if (sums.length > 1 || value.length !== 4)
    throw new DecodeError(
      `A PROXY header has one checksum of 4 bytes, not ${sums.length}, of ${value.length}`,
    );
  const sent = new DataView(value.buffer, value.byteOffset).getUint32(0);
  const found = crc32c(block, value.byteOffset - block.byteOffset);
  if (sent !== found)
    throw new DecodeError(`The checksum of a PROXY header is ${found}, but ${sent} in its field`);
  return { crc32c: true };
}

/** What the fields of a header say. @internal */
export function decodeProxyTlvs(tlvs: readonly ProxyTlv[]): Fields {
  const fields: Writable<Fields> = {};
  const rest = takeTexts(tlvs, TEXT_TYPES, fields).filter(({ type, value }) => {
    if (type === TYPE.crc32c || type === TYPE.noop) return false;
    if (type === TYPE.uniqueId) {
      checkOnce(fields.uniqueId, type);
      fields.uniqueId = checkUniqueId(value).slice();
      return false;
    }
    if (type !== TYPE.ssl) return true;
    checkOnce(fields.ssl, type);
    fields.ssl = decodeSsl(value);
    return false;
  });
  if (rest.length > 0) fields.tlvs = rest.map(copied);
  return fields;
}

function decodeSsl(value: Uint8Array): ProxySsl {
  const tlvs = splitTlvs(value, 5);
  if (value.length < 5 || tlvs === undefined)
    throw new DecodeError(
      `The field of TLS in a PROXY header does not come out even in ${value.length} bytes`,
    );
  const flags = value[0]!;
  const ssl: Writable<ProxySsl> = {
    clientSsl: (flags & SSL_FLAGS.clientSsl) !== 0,
    clientCertConn: (flags & SSL_FLAGS.clientCertConn) !== 0,
    clientCertSess: (flags & SSL_FLAGS.clientCertSess) !== 0,
    verify: new DataView(value.buffer, value.byteOffset).getUint32(1),
  };
  const rest = takeTexts(tlvs, SSL_TEXT_TYPES, ssl);
  if (rest.length > 0) ssl.tlvs = rest.map(copied);
  return ssl;
}

// Puts those that are text where they belong, and returns the others.
function takeTexts<Name extends string>(
  tlvs: readonly ProxyTlv[],
  types: ReadonlyMap<number, Name>,
  into: Partial<Record<Name, string>>,
): ProxyTlv[] {
  return tlvs.filter(({ type, value }) => {
    const name = types.get(type);
    if (name === undefined) return true;
    checkOnce(into[name], type);
    into[name] = decodeText(value, 'utf-8');
    return false;
  });
}

// Of two nobody knows which one the next program would take.
function checkOnce(found: unknown, type: number): void {
  if (found !== undefined) throw new DecodeError(`A PROXY header has the field of type ${type} twice`);
}

function checkUniqueId(value: Uint8Array): Uint8Array {
  if (value.length > MAX_UNIQUE_ID)
    throw new DecodeError(`A unique id has at most ${MAX_UNIQUE_ID} bytes, not ${value.length}`);
  return value;
}

// A view would keep all that came with it for as long as the connection lasts.
function copied({ type, value }: ProxyTlv): ProxyTlv {
  return { type, value: value.slice() };
}
