import { decoder } from '../../src/decoders/decoder.js';
import { text } from '../contracts/bytes.js';

export interface Reply {
  /** The last line: `STORED`, `END`, `6` … */
  line: string;
  /** What `get` has found. */
  values: Map<string, Uint8Array>;
}

/** A reply of memcached's text protocol: a line, behind values if there are any. */
export const memcachedReply = decoder(function* (bytes): Generator<undefined, Reply> {
  const values = new Map<string, Uint8Array>();
  for (;;) {
    const line = text(yield* bytes.until('\r\n')).trimEnd();
    const [kind, key, , length] = line.split(' ');
    if (kind !== 'VALUE') return { line, values };
    values.set(key!, yield* bytes.exactly(Number(length)));
    yield* bytes.skip(2);
  }
});
