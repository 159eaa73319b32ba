/**
 * Responses of HTTP/1.1, read from a connection: RFC 9112, https://www.rfc-editor.org/rfc/rfc9112
 *
 * A body is not gathered: it is read piece by piece, as it comes and as it is wanted.
 */
import {
  DecodeError,
  decoder,
  IncompleteReadError,
  type DecoderBytes,
  type DecoderFactory,
  type FrameConsumer,
  type StreamReader,
} from 'rxjs-net';
import { first, map, of, repeat, takeWhile, throwIfEmpty, type Observable } from 'rxjs';

/** Bytes in a head, or in the trailers. */
const MAX_HEAD = 65536;
const MAX_CHUNK_LINE = 4096;
const CRLF = 0x0d0a;

export interface ResponseHead {
  /** `1.1` or `1.0` */
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  readonly headers: Headers;
}

/** Reads the response to a request with this method. Interim ones (`100 Continue`, `103 Early Hints`) are skipped. */
export function readResponse(reader: StreamReader, method = 'GET'): Observable<HttpResponse> {
  return reader.readFrame(responseHead).pipe(
    throwIfEmpty(nothingMore),
    repeat(),
    first(({ status }) => status >= 200),
    map((head) => new HttpResponse(reader, head, bodyOf(head, method))),
  );
}

export class HttpResponse {
  /** The fields behind a chunked body, when that has ended. */
  trailers = new Headers();
  constructor(
    readonly reader: StreamReader,
    readonly head: ResponseHead,
    readonly body: DecoderFactory<BodyPart>,
  ) {}

  /** The body, as it comes. */
  get body$(): Observable<Uint8Array> {
    return this.consume((data) => of(data));
  }

  /** Whether another request may follow on the connection, when the body has ended: section 9.3. */
  get keepAlive(): boolean {
    const { version, headers } = this.head;
    const options = (headers.get('connection') ?? '').toLowerCase().split(/[\s,]+/);
    if (this.body === untilClose || options.includes('close')) return false;
    return version === '1.1' || options.includes('keep-alive');
  }

  /** The body at the pace of the work that is done with it, as `reader.consume`: a slow one slows the server down. */
  consume<R>(work: FrameConsumer<Uint8Array, R>): Observable<R> {
    return this.reader
      .consume<BodyPart, R | BodyEnd>(this.body, (part) => {
        if (!(part instanceof BodyEnd)) return work(part);
        this.trailers = part.trailers;
        return of(part);
      })
      .pipe(takeWhile((value): value is R => !(value instanceof BodyEnd)));
  }
}

/** Sections 4 and 5: the status line, and the fields. */
export const responseHead: DecoderFactory<ResponseHead> = decoder(function* (bytes) {
  const [statusLine = '', ...fields] = yield* lines(bytes);
  const match = /^HTTP\/(1\.\d) (\d{3})(?: (.*))?$/.exec(statusLine);
  if (match === null) throw new DecodeError(`Not a status line: ${JSON.stringify(statusLine)}`);
  const [, version, status, reason = ''] = match;
  return { version: version!, status: Number(status), reason, headers: headersOf(fields) };
});

/** All lines up to an empty one. A line that begins with a space goes on with the one before it: section 5.2. */
function* lines(bytes: DecoderBytes): Generator<undefined, string[]> {
  const all: string[] = [];
  let room = MAX_HEAD;
  for (;;) {
    const bytesOfLine = yield* bytes.until('\n', room);
    room -= bytesOfLine.length;
    const line = String.fromCharCode(...bytesOfLine).replace(/\r?\n$/, '');
    if (line === '') return all;
    if (/^[ \t]/.test(line) && all.length > 0) all.push(`${all.pop()!} ${line.trim()}`);
    else all.push(line);
  }
}

function headersOf(lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const [name] = /^[\w!#$%&'*+.^`|~-]+(?=:)/.exec(line) ?? [];
    if (name === undefined || /[\0\r]/.test(line)) {
      throw new DecodeError(`Not a field: ${JSON.stringify(line)}`);
    }
    headers.append(name, line.slice(name.length + 1).trim());
  }
  return headers;
}

/** A piece of a body, or its end. */
type BodyPart = Uint8Array | BodyEnd;

class BodyEnd {
  constructor(readonly trailers = new Headers()) {}
}

/** Section 6.3: where a body ends. */
function bodyOf({ status, headers }: ResponseHead, method: string): DecoderFactory<BodyPart> {
  if (method === 'HEAD' || status === 204 || status === 304) return ofLength(0);
  const codings = headers.get('transfer-encoding');
  if (codings !== null) return /(^|,)\s*chunked$/i.test(codings) ? chunked : untilClose;
  const lengths = headers.get('content-length');
  if (lengths === null) return untilClose;
  const [length, ...others] = new Set(lengths.split(/\s*,\s*/));
  if (others.length > 0 || !/^\d{1,15}$/.test(length!)) {
    throw new DecodeError(`Not a length: ${JSON.stringify(lengths)}`);
  }
  return ofLength(Number(length));
}

function ofLength(length: number): DecoderFactory<BodyPart> {
  return () => {
    let left = length;
    return {
      decode(bytes) {
        if (left === 0) return new BodyEnd();
        if (bytes.length === 0) return undefined;
        const data = bytes.takeExactly(Math.min(left, bytes.length))!;
        left -= data.length;
        return data;
      },
      end: cutShort,
    };
  };
}

/** Section 7.1: chunks, each behind a line with its size; the last one is empty, and trailers follow. */
const chunked: DecoderFactory<BodyPart> = () => {
  // A decoder is a value: another one can make use of it.
  const size = chunkSize();
  const end = trailers();
  let left: number | undefined;
  return {
    decode(bytes) {
      left ??= size.decode(bytes);
      if (left === 0) return end.decode(bytes);
      if (left === undefined || bytes.length === 0) return undefined;
      const data = bytes.takeExactly(Math.min(left, bytes.length))!;
      left = left - data.length || undefined;
      return data;
    },
    end: cutShort,
  };
};

/** The line in front of a chunk, its extensions ignored, and the end of the chunk before it. */
const chunkSize: DecoderFactory<number> = () => {
  let isFirst = true;
  return decoder(function* (bytes) {
    if (!isFirst && (yield* bytes.uint16()) !== CRLF)
      throw new DecodeError('A chunk goes on behind its size');
    isFirst = false;
    const line = String.fromCharCode(...(yield* bytes.until('\r\n', MAX_CHUNK_LINE)));
    const [digits] = /^[0-9a-f]{1,13}(?=[ \t]*(;|\r\n$))/i.exec(line) ?? [];
    if (digits === undefined) throw new DecodeError(`Not the size of a chunk: ${JSON.stringify(line)}`);
    return parseInt(digits, 16);
  })();
};

const trailers: DecoderFactory<BodyEnd> = decoder(function* (bytes) {
  return new BodyEnd(headersOf(yield* lines(bytes)));
});

/** The body is what comes. */
const untilClose: DecoderFactory<BodyPart> = () => ({ decode: (bytes) => bytes.takeChunk() });

/** Section 8: a body that has not ended as it should is not taken for one that has. */
function cutShort(): never {
  throw nothingMore();
}

function nothingMore(): IncompleteReadError {
  return new IncompleteReadError(new Uint8Array(0), null);
}
