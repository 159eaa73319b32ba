import fc from 'fast-check';
import { concat, defer, from, of, take, type Observable } from 'rxjs';
import {
  ByteQueue,
  connectionPair,
  decode,
  IncompleteReadError,
  StreamError,
  type Codec,
  type DecoderFactory,
} from '../../src/index.js';
import { copyBytes } from '../../src/bytes/text.js';
import { checkDecoder, manualConnection } from '../../src/testing.js';
import { bytes, joined } from './bytes.js';
import { runs } from './runs.js';
import { work } from './work.js';

export interface DecoderTraits<In, Out> {
  /** The codec with a `maxLength` of so many bytes, which may be the length of its messages. */
  make(maxLength: number): Codec<In, Out>;
  /** Messages for a `maxLength` of 100. */
  messages: fc.Arbitrary<Out>;
  /** A message of about so many bytes, at most. */
  long(length: number): Out;
  /** What the decoder makes of a message. Default: its bytes. */
  decoded?(message: Out): unknown;
  /** Bytes that a frame may have besides those that `maxLength` counts. */
  overhead: number;
  /** Whether the last frame needs no end of its own at the end of the stream. Default: false. */
  unterminated?: boolean;
}

/** What a decoder gave: its frames as `shown`, `|` or `# CODE`, and the bytes it left. */
export interface Decoded {
  readonly log: string[];
  readonly rest: string;
}

const MAX_LENGTH = 100;

/** The rules every decoder of the library keeps, a spec for each. */
export function decoderContract<In, Out>(name: string, traits: DecoderTraits<In, Out>): void {
  const codec = traits.make(MAX_LENGTH);
  const { messages, decoded = (message: Out) => copyBytes(message as string) } = traits;
  const sent = (all: readonly Out[]): Uint8Array =>
    joined(all.map((message) => copyBytes(codec.encode(message))));
  const expected = (all: readonly Out[]): string[] => all.map((message) => shown(decoded(message)));

  describe(`${name} as a decoder`, () => {
    it('gives back what was encoded, however it is cut', () => {
      fc.assert(
        fc.property(fc.array(messages, { maxLength: 6 }), cutter, (all, cut) => {
          const log = [...expected(all), '|'];
          for (const chunks of [cut(sent(all)), byteByByte(sent(all)), [sent(all)]]) {
            expect(readAll(codec, chunks)).toEqual({ log, rest: '' });
          }
        }),
      );
    });

    it('passes checkDecoder', () => {
      fc.assert(
        fc.property(fc.array(messages, { maxLength: 3 }), (all) => {
          const frames = checkDecoder(codec, sent(all), {
            equals: (one, other) => shown(one) === shown(other),
          });
          expect(frames.map(shown)).toEqual(expected(all));
        }),
        runs(20),
      );
    });

    it('gives the same on a reader, as an operator, on a bare queue and read by read', () => {
      fc.assert(
        fc.property(stream(fc.array(messages, { maxLength: 3 }).map(sent)), cutter, (data, cut) => {
          const { log } = readAll(codec, [data]);
          for (const chunks of [cut(data), byteByByte(data), [data]]) {
            expect(readAll(codec, chunks).log).withContext('a reader').toEqual(log);
            expect(operateAll(codec, chunks)).withContext('the operator').toEqual(log);
            expect(queueAll(codec, chunks)).withContext('a bare queue').toEqual(log);
            expect(pairAll(codec, chunks)).withContext('a connection').toEqual(log);
            expect(consumeAll(codec, chunks)).withContext('consume').toEqual(log);
          }
          expect(readOneByOne(codec, data, log.length)).toEqual(log);
        }),
      );
    });

    it('errors with nothing but a StreamError, and never hangs, whatever comes', () => {
      fc.assert(
        fc.property(garbage, cutter, (data, cut) => {
          const whole = readAll(codec, [data]);
          expect(whole.log.at(-1)).toMatch(/^(\||# ERR_(DECODE|LIMIT_OVERRUN|INCOMPLETE_READ))$/);
          for (const chunks of [cut(data), byteByByte(data)]) expect(readAll(codec, chunks)).toEqual(whole);
        }),
        runs(1000),
      );
    });

    it('leaves a bad frame in the reader from its first byte on', () => {
      fc.assert(
        fc.property(stream(fc.array(messages, { maxLength: 3 }).map(sent)), (data) => {
          const { log, rest } = readAll(codec, [data]);
          const error = log.at(-1)!;
          if (!/DECODE|LIMIT/.test(error)) return;
          const left = copyHex(rest);
          const front = data.subarray(0, data.length - left.length);
          expect(hex(data.subarray(front.length))).toBe(rest);
          expect(readAll(codec, [front]).log).toEqual([...log.slice(0, -1), '|']);
          expect(readAll(codec, [left])).toEqual({ log: [error], rest });
        }),
        runs(500),
      );
      expect().nothing();
    });

    it('loses nothing to an unsubscription at any byte', () => {
      fc.assert(
        fc.property(
          fc.array(messages, { minLength: 1, maxLength: 4 }),
          fc.infiniteStream(fc.boolean()),
          (all, coins) => {
            const { reader, transport } = manualConnection({ limit: 10_000 });
            const log: string[] = [];
            const subscribe = () => reader.frames(codec).subscribe((frame) => log.push(shown(frame)));
            let subscription = subscribe();
            for (const chunk of byteByByte(sent(all))) {
              transport.receive(chunk);
              if (coins.next().value) continue;
              subscription.unsubscribe();
              subscription = subscribe();
            }
            expect(log).toEqual(expected(all));
            expect(reader.bufferedBytes).toBe(0);
          },
        ),
      );
    });

    it('takes no byte of what another decoder is to read, also from inside next', () => {
      fc.assert(
        fc.property(messages, messages, cutter, (first, second, cut) => {
          const data = joined([sent([first]), bytes('a line\n'), sent([second]), bytes('rest')]);
          for (const chunks of [cut(data), byteByByte(data), [data]]) {
            const { reader, transport } = manualConnection({ limit: 10_000 });
            const log: string[] = [];
            reader
              .frames(codec)
              .pipe(take(1))
              .subscribe((frame) => {
                log.push(shown(frame));
                concat(
                  reader.lines().pipe(take(1)),
                  defer(() => reader.readFrame(codec)),
                  defer(() => reader.readExactly(4)),
                ).subscribe((value) => log.push(shown(value)));
              });
            for (const chunk of chunks) transport.receive(chunk);
            const [one, other] = expected([first, second]);
            expect(log).toEqual([one!, shown('a line'), other!, shown(bytes('rest'))]);
          }
        }),
      );
    });

    it('tells of an end inside a frame', () => {
      fc.assert(
        fc.property(messages, fc.nat(), (message, at) => {
          const data = sent([message, message]);
          const half = data.length / 2;
          const front = data.subarray(0, half + (at % half));
          const { log } = readAll(codec, [front]);
          expect(log[0]).toBe(expected([message])[0]);
          if (front.length === half) expect(log.slice(1)).toEqual(['|']);
          else if (traits.unterminated) expect(log.at(-1)).toMatch(/^(\||# ERR_INCOMPLETE_READ)$/);
          else expect(log.slice(1)).toEqual(['# ERR_INCOMPLETE_READ']);
        }),
      );
    });

    it('makes decoders that know nothing of each other', () => {
      fc.assert(
        fc.property(messages, messages, (first, second) => {
          const ends = [first, second].map((message) => {
            const { reader, transport } = manualConnection();
            const log: string[] = [];
            reader.frames(codec).subscribe((frame) => log.push(shown(frame)));
            return { transport, log, chunks: byteByByte(sent([message, message])) };
          });
          for (let i = 0; ends.some(({ chunks }) => i < chunks.length); i++) {
            for (const { transport, chunks } of ends) if (i < chunks.length) transport.receive(chunks[i]!);
          }
          expect(ends.map(({ log }) => log)).toEqual([expected([first, first]), expected([second, second])]);
        }),
      );
    });

    it('holds no more than maxLength of an unfinished frame', () => {
      for (let byte = 0; byte < 256; byte++) {
        for (const size of [1, 7, 64]) {
          const { reader, transport } = manualConnection({ limit: 10_000 });
          const log = record(reader.frames(codec));
          const isOpen = (): boolean => log.at(-1)?.startsWith('#') !== true;
          let most = 0;
          for (let i = 0; i < 1000 && isOpen(); i += size) {
            transport.receive(new Uint8Array(size).fill(byte));
            if (isOpen()) most = Math.max(most, reader.bufferedBytes);
          }
          if (most > MAX_LENGTH + traits.overhead) fail(`${most} bytes ${byte} wait, in chunks of ${size}`);
        }
      }
      expect().nothing();
    });

    it('refuses to encode what it would not decode', () => {
      expect(() => codec.encode(traits.long(MAX_LENGTH + 1))).toThrowError(RangeError);
    });

    it('costs what the bytes cost, not their square', () => {
      const frameOf = (length: number): number => {
        const large = traits.make(length);
        const data = copyBytes(large.encode(traits.long(length)));
        return work(() => expect(readAll(large, byteByByte(data)).log.length).toBe(2));
      };
      const small = codec.encode(traits.long(MAX_LENGTH));
      const manyFrames = (count: number): number => {
        const data = joined(Array.from({ length: count }, () => copyBytes(small)));
        return work(() => expect(readAll(codec, [data]).log.length).toBe(count + 1));
      };
      // Four times the bytes: four times the work, or sixteen times.
      expect(frameOf(32_000) / frameOf(8000)).toBeLessThan(6);
      // Looking at a header again for every byte behind it is linear too.
      expect(frameOf(32_000) / 32_000).toBeLessThan(4.5);
      expect(manyFrames(200) / manyFrames(50)).toBeLessThan(6);
    });
  });
}

/** A frame as a spec compares it. */
export function shown(value: unknown): string {
  return value instanceof Uint8Array ? hex(value) : JSON.stringify(value);
}

/** Reads all frames of these chunks, and then what is left. */
export function readAll<T>(decoder: DecoderFactory<T>, chunks: readonly Uint8Array[]): Decoded {
  const { reader, transport } = manualConnection({ limit: 1_000_000 });
  const log = record(reader.frames(decoder));
  for (const chunk of chunks) transport.receive(chunk);
  transport.receiveEof();
  let rest = '';
  reader.read().subscribe((left) => (rest = hex(left)));
  return { log, rest };
}

function record(frames$: Observable<unknown>): string[] {
  const log: string[] = [];
  frames$.subscribe({
    next: (frame) => log.push(shown(frame)),
    error: (error: unknown) => log.push(failure(error)),
    complete: () => log.push('|'),
  });
  return log;
}

function failure(error: unknown): string {
  return `# ${error instanceof StreamError ? error.code : String(error)}`;
}

function operateAll<T>(decoder: DecoderFactory<T>, chunks: readonly Uint8Array[]): string[] {
  return record(from(chunks).pipe(decode(decoder)));
}

function pairAll<T>(decoder: DecoderFactory<T>, chunks: readonly Uint8Array[]): string[] {
  const [client, server] = connectionPair();
  for (const chunk of chunks) server.writer.write(chunk);
  server.writer.writeEof();
  return record(client.reader.frames(decoder));
}

function consumeAll<T>(decoder: DecoderFactory<T>, chunks: readonly Uint8Array[]): string[] {
  const { reader, transport } = manualConnection({ limit: 1_000_000 });
  const log = record(reader.consume(decoder, (frame) => of(frame)));
  for (const chunk of chunks) transport.receive(chunk);
  transport.receiveEof();
  return log;
}

// One frame for each read, and each with a decoder of its own.
function readOneByOne<T>(decoder: DecoderFactory<T>, data: Uint8Array, count: number): string[] {
  const { reader, transport } = manualConnection({ limit: 1_000_000 });
  transport.receive(data);
  transport.receiveEof();
  const log = Array.from({ length: count }, () => record(reader.readFrame(decoder))).flat();
  return [...log.slice(0, -1).filter((line) => line !== '|'), log.at(-1)!];
}

function queueAll<T>(factory: DecoderFactory<T>, chunks: readonly Uint8Array[]): string[] {
  const queue = new ByteQueue();
  const decoder = factory();
  const log: string[] = [];
  const takeAll = (next: () => T | undefined): void => {
    for (let frame = next(); frame !== undefined; frame = next()) log.push(shown(frame));
  };
  try {
    for (const chunk of chunks) {
      queue.push(chunk);
      takeAll(() => decoder.decode(queue));
    }
    takeAll(() => decoder.end?.(queue));
    if (queue.length > 0) throw new IncompleteReadError(new Uint8Array(0), null);
    log.push('|');
  } catch (error) {
    log.push(failure(error));
  }
  return log;
}

function hex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function copyHex(text: string): Uint8Array {
  return Uint8Array.from(text === '' ? [] : text.split(' '), (byte) => parseInt(byte, 16));
}

/** Every byte a chunk of its own. */
export function byteByByte(data: Uint8Array): Uint8Array[] {
  return Array.from(data, (byte) => Uint8Array.of(byte));
}

type Cut = (data: Uint8Array) => Uint8Array[];

// Fast-check shows a way to cut as the places, in thousandths of the length.
const cutter: fc.Arbitrary<Cut> = fc.array(fc.nat(999), { maxLength: 12 }).map((places) => (data) => {
  const cuts = [0, ...places.map((place) => Math.floor((place * data.length) / 1000)), data.length];
  cuts.sort((a, b) => a - b);
  return cuts
    .slice(1)
    .map((to, i) => data.slice(cuts[i], to))
    .filter(({ length }) => length > 0);
});

const fragments = [
  '\n',
  '\r\n',
  '\r',
  '1',
  '0',
  '3:',
  ':',
  ',',
  '{',
  '}',
  '"a"',
  '[',
  'é',
  ' ',
  '4:aaaa,',
  '[1]\n',
];
const garbage = fc
  .array(
    fc.oneof(
      fc.constantFrom(...fragments.map(bytes)),
      fc.uint8Array({ maxLength: 6 }),
      fc.constantFrom(...[0, 0, 0, 2, 128, 255].map((byte) => Uint8Array.of(byte))),
      fc.integer({ min: 90, max: 120 }).map((length) => new Uint8Array(length).fill(0x61)),
    ),
    { maxLength: 30 },
  )
  .map(joined);

// Frames, and then something else.
function stream(frames: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc.tuple(frames, garbage).map(joined);
}
