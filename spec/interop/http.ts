import { decoder } from '../../src/decoders/decoder.js';
import { DecodeError } from '../../src/bytes/errors.js';
import { text } from '../contracts/bytes.js';

export interface HttpResponse {
  status: number;
  headers: Map<string, string>;
  body: Uint8Array;
}

/** A response of HTTP/1.1 with a `Content-Length`, as servers give it for files. */
export const httpResponse = decoder(function* (bytes): Generator<undefined, HttpResponse> {
  const statusLine = text(yield* bytes.until('\r\n'));
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1];
  if (status === undefined) throw new DecodeError(`Not a status line: ${statusLine}`);
  const headers = new Map<string, string>();
  for (;;) {
    const line = text(yield* bytes.until('\r\n')).trimEnd();
    if (line === '') break;
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const body = yield* bytes.exactly(Number(headers.get('content-length')));
  return { status: Number(status), headers, body };
});
