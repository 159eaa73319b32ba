import fc from 'fast-check';
import { catchError, concat, defer, map, of, take, type Observable } from 'rxjs';
import {
  decode,
  readExactly,
  readLine,
  readUntil,
  type Decoder,
  type IncompleteReadError,
  type StreamError,
  type StreamReader,
} from '../../src/index.js';
import { manualConnection } from '../../src/testing.js';
import { runs } from '../contracts/runs.js';
import { bytes, record, text } from './record.js';

// What is read must not depend on how the peer, or the network, cuts the bytes.

const netstring = (): Decoder<string> => {
  let length: number | undefined;
  return {
    decode(queue) {
      length ??= queue.takeUnsignedInteger(':');
      if (length === undefined) return undefined;
      const frame = queue.takeText(length);
      if (frame !== undefined) length = undefined;
      return frame;
    },
  };
};

const failure = (error: StreamError): string =>
  `${error.code} ${'partial' in error ? text((error as IncompleteReadError).partial) : ''}`;
const shown = (source$: Observable<Uint8Array | string>): Observable<string> =>
  source$.pipe(
    map((value) => (typeof value === 'string' ? `"${value}"` : text(value))),
    catchError((error: StreamError) => of(failure(error))),
  );

type Read = readonly [name: string, run: (reader: StreamReader) => Observable<Uint8Array | string>];

const separator = fc.oneof(
  fc.constantFrom('\n', '\r\n', ':', '1:'),
  fc.constantFrom(['\r', '\n'], ['\r\n', '\n'], ['1\n', ':', '\n1']),
);
const anyRead: fc.Arbitrary<Read> = fc.oneof(
  fc.nat(6).map((n): Read => [`readExactly(${n})`, (reader) => reader.readExactly(n)]),
  separator.map((s): Read => [`readUntil(${JSON.stringify(s)})`, (reader) => reader.readUntil(s)]),
  fc.constant<Read>(['readLine()', (reader) => reader.readLine()]),
  fc.constant<Read>(['readFrame(netstring)', (reader) => reader.readFrame(netstring)]),
  fc.nat(3).map((n): Read => [`lines, ${n} of them`, (reader) => reader.lines().pipe(take(n))]),
  fc.nat(3).map((n): Read => [`frames, ${n} of them`, (reader) => reader.frames(netstring).pipe(take(n))]),
  fc.constant<Read>(['read()', (reader) => reader.read()]),
);

const stream = fc
  .array(fc.constantFrom('a', '1', '2', ':', '\n', '\r', '\r\n', '\u00e9', '1:x', '2:ab', 'line\n'), {
    maxLength: 40,
  })
  .map((parts) => bytes(parts.join('')));

/** A stream with places to cut it at. */
const cutStream = stream.chain((data) =>
  fc.record({
    data: fc.constant(data),
    cuts: fc
      .array(fc.nat(data.length), { maxLength: 12 })
      .map((cuts) => [0, ...cuts.sort((a, b) => a - b), data.length]),
  }),
);

function pieces(data: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  return cuts.slice(1).map((to, i) => data.slice(cuts[i], to));
}

function byteByByte(data: Uint8Array): Uint8Array[] {
  return Array.from(data, (byte) => Uint8Array.of(byte));
}

function readAll(
  reads: readonly Read[],
  chunks: readonly Uint8Array[],
  limit: number,
  order: 'read first' | 'feed first',
): string[] {
  const { reader, transport } = manualConnection({ limit });
  const feed = (): void => {
    for (const chunk of chunks) transport.receive(chunk);
    transport.receiveEof();
  };
  if (order === 'feed first') feed();
  const { log } = record(concat(...reads.map(([, run]) => defer(() => shown(run(reader))))));
  if (order === 'read first') feed();
  return [...log, ...record(reader.read()).log];
}

describe('chunk borders never matter', () => {
  it('for any sequence of reads', () => {
    fc.assert(
      fc.property(fc.array(anyRead, { maxLength: 8 }), cutStream, (reads, { data, cuts }) => {
        const whole = readAll(reads, [data], 1000, 'feed first');
        const context = `${reads.map(([name]) => name).join(', ')} of ${JSON.stringify(text(data))}`;
        for (const order of ['read first', 'feed first'] as const) {
          for (const chunks of [pieces(data, cuts), byteByByte(data), [data]]) {
            expect(readAll(reads, chunks, 1000, order))
              .withContext(`${context}, cut into ${JSON.stringify(chunks.map(text))}, ${order}`)
              .toEqual(whole);
          }
        }
      }),
      runs(500),
    );
  });

  it('for whether a limit is overrun', () => {
    const bounded = fc.oneof(
      separator.map((s): Read => [`readUntil(${JSON.stringify(s)})`, (reader) => reader.readUntil(s)]),
      fc.constant<Read>(['lines', (reader) => reader.lines()]),
      fc.constant<Read>(['readExactly(1)', (reader) => reader.readExactly(1)]),
    );
    fc.assert(
      fc.property(
        fc.array(bounded, { maxLength: 6 }),
        cutStream,
        fc.integer({ min: 1, max: 8 }),
        (reads, { data, cuts }, limit) => {
          const whole = readAll(reads, [data], limit, 'feed first');
          for (const chunks of [pieces(data, cuts), byteByByte(data)]) {
            expect(readAll(reads, chunks, limit, 'read first'))
              .withContext(
                `${reads.map(([name]) => name).join(', ')} of ${JSON.stringify(text(data))}, limit ${limit}`,
              )
              .toEqual(whole);
          }
        },
      ),
      runs(500),
    );
  });

  it('for the operators, which agree with the reader', () => {
    const operators = [
      ['readUntil', readUntil(), (reader: StreamReader) => reader.readUntil()],
      ['readExactly', readExactly(3), (reader: StreamReader) => reader.readExactly(3)],
      ['readLine', readLine(), (reader: StreamReader) => reader.readLine()],
      ['decode', decode(netstring), (reader: StreamReader) => reader.readFrame(netstring)],
    ] as const;
    fc.assert(
      fc.property(cutStream, fc.constantFrom(...operators), ({ data, cuts }, [name, operator, read]) => {
        const operate = (chunks: Uint8Array[]): readonly string[] =>
          record(shown(of(...chunks).pipe<Uint8Array | string>(operator))).log;
        const whole = operate([data]);
        const context = `${name} of ${JSON.stringify(text(data))}`;
        expect(operate(pieces(data, cuts)))
          .withContext(context)
          .toEqual(whole);
        expect(operate(byteByByte(data)))
          .withContext(context)
          .toEqual(whole);
        // One read after the other gives the same values, up to how each of them tells of the end.
        const values = whole.filter((line) => line !== '|' && !line.startsWith('ERR_'));
        const reads = values.map((): Read => [name, read]);
        expect(readAll(reads, pieces(data, cuts), 1000, 'read first').slice(0, values.length))
          .withContext(context)
          .toEqual(values);
      }),
      runs(500),
    );
  });
});
