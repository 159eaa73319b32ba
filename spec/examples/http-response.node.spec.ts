import fc from 'fast-check';
import { concat, concatMap, firstValueFrom, map, toArray, type Observable } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { readResponse, responseHead, type HttpResponse } from '../../examples/http/response.js';
import { checkDecoder, manualConnection, marbleConnection } from '../../src/testing.js';
import { bytes, difference, joined, seededBytes, seededChunks, text } from '../contracts/bytes.js';

interface Read {
  status?: number;
  body: string;
  trailers?: string;
  keepAlive?: boolean;
  error?: string;
}

/** What is read of a response, in these chunks, with the connection ended behind them; and the bytes it leaves. */
function read(chunks: readonly (string | Uint8Array)[], method?: string): Read & { rest: string } {
  const { reader, transport } = manualConnection();
  const result: Read & { rest: string } = { body: '', rest: '' };
  readResponse(reader, method)
    .pipe(
      concatMap((response) => {
        result.status = response.head.status;
        result.keepAlive = response.keepAlive;
        return response.body$.pipe(map((data) => ({ data, response })));
      }),
    )
    .subscribe({
      next: ({ data }) => (result.body += text(data)),
      error: ({ name }: Error) => (result.error = name),
    });
  transport.receive(...chunks);
  transport.receiveEof();
  reader.read().subscribe((rest) => (result.rest = text(rest)));
  return result;
}

function headOf(...lines: string[]): string {
  return `${['HTTP/1.1 200 OK', ...lines].join('\r\n')}\r\n\r\n`;
}

describe('examples: the head of an HTTP response', () => {
  it('is the status and the fields, however it is cut', () => {
    const [head] = checkDecoder(
      responseHead,
      'HTTP/1.1 404 Not here\r\nServer: a\r\nX-List:  one \r\nx-list:two\r\nX-Empty:\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n',
      { equals: (one, other) => show(one) === show(other) },
    );
    expect(head).toEqual(jasmine.objectContaining({ version: '1.1', status: 404, reason: 'Not here' }));
    expect([...head!.headers]).toEqual([
      ['server', 'a'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x-empty', ''],
      ['x-list', 'one, two'],
    ]);
  });

  it('may have lines that end with \\n alone, no reason, latin1, and a field on several lines', () => {
    const { reader, transport } = manualConnection();
    const heads: string[] = [];
    reader.frames(responseHead).subscribe((head) => heads.push(show(head)));
    transport.receive('HTTP/1.0 200\n\nHTTP/1.1 200 \nA: 1\n\t2\n  3\nB: ', Uint8Array.of(0xfc), '\n\n');
    expect(heads).toEqual(['1.0 200  ', '1.1 200  a=1 2 3;b=\u00fc']);
  });

  for (const [what, wire] of Object.entries({
    'another protocol': 'HTTP/2 200 OK\r\n\r\n',
    'no status': 'HTTP/1.1 OK\r\n\r\n',
    'nothing at all': '\r\n',
    'a line without a name': 'HTTP/1.1 200 OK\r\n: a\r\n\r\n',
    'a space behind the name': 'HTTP/1.1 200 OK\r\nA : a\r\n\r\n',
    'a line without a colon': 'HTTP/1.1 200 OK\r\nA\r\n\r\n',
    'a lone carriage return': 'HTTP/1.1 200 OK\r\nA: a\rb\r\n\r\n',
    'a length that is none': headOf('Content-Length: 1e3'),
    'a negative length': headOf('Content-Length: -1'),
    'two lengths': headOf('Content-Length: 1', 'Content-Length: 2'),
  })) {
    it(`is refused with ${what}`, () => {
      expect(read([wire])).toEqual(jasmine.objectContaining({ error: 'DecodeError', body: '' }));
    });
  }

  it('is bounded', () => {
    const line = `A: ${'a'.repeat(65_536 - headOf('A: ').length)}`;
    expect(read([headOf(line)]).error).toBeUndefined();
    expect(read([headOf(line, 'B: b')]).error).toBe('LimitOverrunError');
    expect(read(['x'.repeat(65_537)]).error).toBe('LimitOverrunError');
    expect(read([headOf(...Array.from({ length: 20_000 }, () => 'A: b'))]).error).toBe('LimitOverrunError');
  });

  it('comes behind the interim ones', () => {
    expect(
      read([
        'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\n',
        headOf('Content-Length: 1'),
        'abc',
      ]),
    ).toEqual({ status: 200, keepAlive: true, body: 'a', rest: 'bc' });
  });

  it('is missing: the connection has ended, before it or inside it', () => {
    for (const front of ['', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 200 OK\r\nSer']) {
      expect(read([front]).error).toBe('IncompleteReadError');
    }
  });
});

describe('examples: the body of an HTTP response', () => {
  it('has the length that it says, and leaves what is behind it', () => {
    expect(read([headOf('Content-Length: 5'), 'hel', 'lo, world'])).toEqual({
      status: 200,
      keepAlive: true,
      body: 'hello',
      rest: ', world',
    });
    expect(read([headOf('Content-Length: 0'), 'x']).rest).toBe('x');
    expect(read([headOf('Content-Length: 2', 'Content-Length: 2'), 'abc']).rest).toBe('c');
  });

  it('comes in chunks, whose extensions are ignored, and leaves what is behind it', () => {
    const chunked = headOf('Transfer-Encoding: gzip, Chunked', 'Content-Length: 3');
    expect(read([chunked, '5;a="b"\r\nhello\r\nA \r\n, world!!!\r\n0\r\n\r\nHTTP'])).toEqual({
      status: 200,
      keepAlive: true,
      body: 'hello, world!!!',
      rest: 'HTTP',
    });
  });

  it('is what comes, to the end of the connection, where nothing else is said', () => {
    for (const head of [headOf(), headOf('Transfer-Encoding: gzip')]) {
      expect(read([head, 'hel', 'lo'])).toEqual({ status: 200, keepAlive: false, body: 'hello', rest: '' });
    }
  });

  it('is not there for HEAD, 204 and 304', () => {
    const fields = 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(read([`HTTP/1.1 200 OK\r\n${fields}`, 'next'], 'HEAD')).toEqual(
      jasmine.objectContaining({ body: '', rest: 'next' }),
    );
    for (const status of [204, 304]) {
      expect(read([`HTTP/1.1 ${status} \r\n${fields}`, 'next'])).toEqual(
        jasmine.objectContaining({ body: '', rest: 'next' }),
      );
    }
  });

  it('is not taken for whole when the connection ends too early', () => {
    const chunked = headOf('Transfer-Encoding: chunked');
    for (const [head, wire, body] of [
      [headOf('Content-Length: 5'), '', ''],
      [headOf('Content-Length: 5'), 'hell', 'hell'],
      [chunked, '', ''],
      [chunked, '5\r\nhel', 'hel'],
      [chunked, '5\r\nhello', 'hello'],
      [chunked, '5\r\nhello\r\n', 'hello'],
      [chunked, '5\r\nhello\r\n0', 'hello'],
      [chunked, '5\r\nhello\r\n0\r\n', 'hello'],
      [chunked, '5\r\nhello\r\n0\r\nA: b\r\n', 'hello'],
    ] as const) {
      expect(read([head, wire]))
        .withContext(wire)
        .toEqual(jasmine.objectContaining({ body, error: 'IncompleteReadError' }));
    }
  });

  it('is refused with a bad chunk', () => {
    const chunked = headOf('Transfer-Encoding: chunked');
    for (const wire of [
      'x\r\n',
      '-1\r\n',
      '\r\n',
      '0x5\r\n',
      '10000000000000000\r\n',
      '1\r\nab\r\n',
      '0\r\nA\r\n\r\n',
    ]) {
      expect(read([chunked, wire]).error)
        .withContext(wire)
        .toBe('DecodeError');
    }
    expect(read([chunked, `1;${'a'.repeat(5000)}`]).error).toBe('LimitOverrunError');
  });

  it('leaves its trailers', async () => {
    const { reader, transport } = manualConnection();
    transport.receive(headOf('Transfer-Encoding: chunked'), '1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n');
    const response = await firstValueFrom(readResponse(reader));
    expect([...response.trailers]).toEqual([]);
    await firstValueFrom(response.body$.pipe(toArray()));
    expect([...response.trailers]).toEqual([['x-sum', '1']]);
  });

  it('is the same however it is cut', () => {
    const body = seededBytes(1, 3000);
    const chunks = seededChunks(2, body, 400);
    const framings: Record<string, Uint8Array> = {
      length: joined([bytes(headOf('Content-Length: 3000')), body]),
      close: joined([bytes(headOf()), body]),
      chunked: joined([
        bytes(headOf('Transfer-Encoding: chunked')),
        ...chunks.flatMap((chunk) => [bytes(`${chunk.length.toString(16)};x=y\r\n`), chunk, bytes('\r\n')]),
        bytes('0\r\nA: b\r\n\r\n'),
      ]),
    };
    const cut = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(framings)), cut, (wire, sizes) => {
        const { reader, transport } = manualConnection();
        const received: Uint8Array[] = [];
        readResponse(reader)
          .pipe(concatMap(({ body$ }) => body$))
          .subscribe((data) => received.push(data));
        for (let at = 0, i = 0; at < wire.length; at += sizes[i++ % sizes.length]!) {
          transport.receive(wire.subarray(at, at + sizes[i % sizes.length]!));
        }
        transport.receiveEof();
        expect(difference(joined(received), body)).toBe('none');
      }),
      { numRuns: 50 },
    );
  });

  it('is read at the pace of the work with it: the server is slowed down', () => {
    const connection = manualConnection({ limit: 10 });
    const { reader, transport } = connection;
    const log: string[] = [];
    readResponse(reader)
      .pipe(concatMap((response) => response.consume((data) => work(text(data)))))
      .subscribe({ complete: () => log.push('|') });
    function work(data: string): Promise<never> {
      log.push(data);
      return new Promise<never>(() => undefined);
    }
    transport.receive(
      headOf('Content-Length: 60'),
      'a'.repeat(15),
      'b'.repeat(15),
      'c'.repeat(15),
      'd'.repeat(15),
    );
    expect(log).toEqual(['a'.repeat(15)]);
    expect(transport.calls).toEqual(['pause']);
    expect([reader.bufferedBytes, transport.waiting]).toEqual([30, 15]);
  });

  it(
    'follows the one before it on the same connection, nothing is lost in between',
    marbles((m) => {
      const { reader } = marbleConnection(m, {
        incoming: 'a-b----c|',
        values: {
          a: `${headOf('Content-Length: 2')}x`,
          b: `y${headOf('Transfer-Encoding: chunked')}1\r\nz\r\n0\r\n`,
          c: `\r\nHTTP/1.1 204 \r\n\r\n${headOf()}w`,
        },
      });
      const bodyOf = (response: HttpResponse): Observable<string> => response.body$.pipe(map(text));
      const next = (): Observable<string> => readResponse(reader).pipe(concatMap(bodyOf));
      m.expect(concat(next(), next(), next(), next())).toBeObservable('x-(yz)-w|');
    }),
  );

  it('leaves a connection to be kept, or not', () => {
    const kept = (wire: string): boolean | undefined => read([wire]).keepAlive;
    const length = 'Content-Length: 0\r\n';
    expect(kept(`HTTP/1.1 200 OK\r\n${length}\r\n`)).toBeTrue();
    expect(kept(`HTTP/1.1 200 OK\r\n${length}Connection: Upgrade, Close\r\n\r\n`)).toBeFalse();
    expect(kept(`HTTP/1.0 200 OK\r\n${length}\r\n`)).toBeFalse();
    expect(kept(`HTTP/1.0 200 OK\r\n${length}Connection: Keep-Alive\r\n\r\n`)).toBeTrue();
    expect(kept('HTTP/1.1 200 OK\r\n\r\n')).toBeFalse();
  });
});

function show({
  version,
  status,
  reason,
  headers,
}: {
  version: string;
  status: number;
  reason: string;
  headers: Headers;
}): string {
  return `${version} ${status} ${reason} ${[...headers].map((field) => field.join('=')).join(';')}`;
}
