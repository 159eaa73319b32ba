import { of } from 'rxjs';
import {
  connectionPair,
  decode,
  decoder,
  delimited,
  fixedLength,
  framed,
  json,
  lengthPrefixed,
  lines,
  netstring,
  type Decoder,
  type DecoderFactory,
} from '../../src/index.js';
import { manualConnection } from '../../src/testing.js';
import { bytes, record } from '../streams/record.js';

describe('a decoder factory', () => {
  const uses: Record<string, (factory: DecoderFactory<unknown>) => { readonly log: string[] }> = {
    frames: (factory) => record(manualConnection().reader.frames(factory)),
    readFrame: (factory) => record(manualConnection().reader.readFrame(factory)),
    consume: (factory) => record(manualConnection().reader.consume(factory, () => undefined)),
    decode: (factory) => record(of(bytes('a')).pipe(decode(factory))),
  };
  for (const [name, use] of Object.entries(uses)) {
    describe(`for ${name}`, () => {
      it('that makes factories: the call that is missing is named', () => {
        const makers = { lines, json, netstring, lengthPrefixed };
        for (const [maker, make] of Object.entries(makers)) {
          const { log } = use(make as never);
          expect(log.length).toBe(1);
          expect(log[0]).toContain(`${maker}()`);
        }
      });

      it('that takes arguments is refused at the call', () => {
        const generator = function* generator(): Generator<undefined, number> {
          yield;
          return 1;
        };
        const wrong = { delimited, fixedLength, decoder };
        for (const [maker, make] of Object.entries(wrong)) {
          expect(() => use(make as never)).toThrowError(TypeError, new RegExp(`${maker}\\(\\)`));
        }
        // By the name that it has now: a bundler may have given it another.
        expect(use(generator as never).log[0]).toContain(`${generator.name}()`);
      });

      it('that is a decoder, or anything else, is refused at the call', () => {
        const one: Decoder<number> = { decode: (queue) => queue.takeUint8() };
        for (const wrong of [one, undefined, null, 'lines', {}]) {
          expect(() => use(wrong as never)).toThrowError(
            TypeError,
            /decoder factory, as lines\(\), is expected/,
          );
        }
      });

      it('that makes no decoder errors', () => {
        for (const result of [undefined, null, 5, {}, { decode: 1 }]) {
          expect(use((() => result) as never).log[0]).toContain('decoder factory');
        }
      });
    });
  }

  it('for framed: the call that is missing is named', () => {
    const [connection] = connectionPair();
    for (const wrong of [lines, undefined, {}]) {
      expect(() => framed(connection, wrong as never)).toThrowError(TypeError, /lines\(\)/);
    }
  });
});

describe('a decoder that skips bytes', () => {
  it('is asked again while it takes some, and so does not stall the frames behind', () => {
    // 0 is a heartbeat, which it takes and gives nothing for.
    let calls = 0;
    const messages = (): Decoder<string> => ({
      decode(queue) {
        calls++;
        if (queue.peek() === 0) {
          queue.skip(1);
          return undefined;
        }
        const length = queue.peek();
        if (length === undefined || queue.length <= length) return undefined;
        queue.skip(1);
        return queue.takeText(length);
      },
    });
    const data = Uint8Array.of(0, 1, 97, 0, 0, 2, 98, 99, 9);
    for (const use of [
      record(of(data).pipe(decode(messages))),
      (() => {
        const { reader, transport } = manualConnection();
        const recorded = record(reader.frames(messages));
        transport.receive(data);
        transport.receiveEof();
        return recorded;
      })(),
    ]) {
      expect(use.log).toEqual(['a', 'bc', '# ERR_INCOMPLETE_READ']);
    }
    calls = 0;
    record(of(new Uint8Array(1000)).pipe(decode(messages)));
    expect(calls).toBeLessThan(1010);
  });

  it('is not asked again while it takes nothing', () => {
    let calls = 0;
    const four = (): Decoder<Uint8Array> => ({
      decode(queue) {
        calls++;
        return queue.takeExactly(4);
      },
    });
    const { reader, transport } = manualConnection();
    reader.frames(four).subscribe();
    calls = 0;
    transport.receive('abc');
    expect(calls).toBe(1);
  });

  it('lets go of what it skips with commit', () => {
    const messages = (): Decoder<number> => ({
      decode(queue) {
        const byte = queue.takeUint8();
        if (byte !== 0) return byte;
        queue.commit();
        return undefined;
      },
    });
    const { reader, transport } = manualConnection();
    const { log } = record(reader.frames(messages));
    transport.receive(new Uint8Array(5000));
    expect(reader.bufferedBytes).toBe(0);
    transport.receive(Uint8Array.of(7, 0));
    transport.receiveEof();
    expect(log).toEqual(['7', '|']);
  });
});
