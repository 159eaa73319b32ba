import fc from 'fast-check';
import { catchError, defer, ignoreElements, concat, type Observable } from 'rxjs';
import { slip, type StreamError, type StreamReader } from '../../src/index.js';
import { checkDecoder, manualConnection } from '../../src/testing.js';
import { byteByByte, decoderContract, readAll, shown } from '../contracts/decoderContract.js';
import { bytes, text } from '../streams/record.js';
import { frameMarbles } from './frameMarbles.js';

const END = Uint8Array.of(0xc0);
const special = fc.constantFrom(0xc0, 0xdb, 0xdc, 0xdd, 0x61);

function frames(...parts: (number | string)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...bytes(part)])));
}

describe('slip', () => {
  decoderContract('slip', {
    make: (maxLength) => slip({ maxLength }),
    messages: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 100 }),
      fc.array(special, { minLength: 1, maxLength: 100 }).map((message) => Uint8Array.from(message)),
    ),
    long: (length) => 'a'.repeat(length),
    overhead: 2,
  });

  frameMarbles(
    slip({ maxLength: 3 }),
    {
      a: 'ab',
      c: frames('c', 0xc0),
      e: END,
      s: Uint8Array.of(0xdb),
      t: Uint8Array.of(0xdd),
      m: frames(0xc0, 0xc0, 'x', 0xc0, 0xc0, 'y', 0xc0),
    },
    { w: text(frames('ab', 0xdb)), x: 'abc', y: 'x', z: 'y' },
    [
      ['emits each message when its END comes', '--a-c-|', '----x-|'],
      ['skips empty frames', '-e-e-m-----|', '-----(yz)--|'],
      ['errors for a bad escape as soon as it is seen', '-a-s-a-|', '-----#', 'ERR_DECODE'],
      ['errors for an escape of END', '-s-e-|', '---#', 'ERR_DECODE'],
      ['errors at the first byte too many', '-a-a-|', '---#', 'ERR_LIMIT_OVERRUN'],
      ['counts an escape as one byte', '-a-s-t-e-|', '-------w-|'],
      ['errors at the end of the stream inside a message', '-a-|', '---#', 'ERR_INCOMPLETE_READ'],
      ['errors at the end of the stream inside an escape', '-s-|', '---#', 'ERR_INCOMPLETE_READ'],
      ['completes after END', '-e-|', '---|'],
    ],
  );

  it('cuts and unescapes as RFC 1055 says', () => {
    const data = frames(0xc0, 'a', 0xdb, 0xdc, 'b', 0xdb, 0xdd, 0xc0, 0xc0, 0xdb, 0xdd, 0xdc, 0xc0);
    const messages = [frames('a', 0xc0, 'b', 0xdb), frames(0xdb, 0xdc)].map(shown);
    expect(checkDecoder(slip(), data).map(shown)).toEqual(messages);
    expect(readAll(slip(), byteByByte(data)).log).toEqual([...messages, '|']);
  });

  it('encodes bytes, and text as UTF-8', () => {
    const hard = frames('a', 0xc0, 0xdb, 0xdc);
    expect(slip().encode(hard)).toEqual(frames('a', 0xdb, 0xdc, 0xdb, 0xdd, 0xdc, 0xc0));
    expect(slip({ leadingEnd: true }).encode(hard)).toEqual(
      frames(0xc0, 'a', 0xdb, 0xdc, 0xdb, 0xdd, 0xdc, 0xc0),
    );
    expect(slip().encode('é')).toEqual(frames('é', 0xc0));
    expect(() => slip({ maxLength: 3 }).encode('éé')).toThrowError(RangeError, /4 bytes .* maxLength of 3/);
    expect(() => slip().encode('')).toThrowError(RangeError, /no empty messages/);
    expect(() => slip().encode(5 as never)).toThrowError(TypeError);
  });

  it('gives a view of a message without escapes, and a copy of one with', () => {
    const chunk = frames('x'.repeat(300), 0xc0, 'y'.repeat(300), 0xc0, 'z'.repeat(300), 0xdb, 0xdc, 0xc0);
    const { reader, transport } = manualConnection();
    const buffers: ArrayBufferLike[] = [];
    reader.frames(slip()).subscribe(({ buffer }) => buffers.push(buffer));
    transport.receive(chunk);
    expect(buffers.map((buffer) => buffer === buffers[0])).toEqual([true, true, false]);
  });

  it('with a leading END noise costs no message', () => {
    const careful = slip({ leadingEnd: true });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (message) => {
        const data = frames('noise', ...(careful.encode(message) as Uint8Array));
        expect(readAll(careful, [data]).log).toEqual([shown(bytes('noise')), shown(message), '|']);
      }),
    );
  });

  it('says what is wrong, and where', () => {
    const cases: [Uint8Array, RegExp][] = [
      [frames('ab', 0xdb, 'c'), /found byte 99 at 3/],
      [frames(0xdb, 0xdb, 0xdc), /found byte 219 at 1/],
      [frames(0xdb, 0xc0), /found byte 192 at 1/],
      [frames('abcde'), /message of 5 bytes or more is over the maxLength of 4/],
    ];
    for (const [data, message] of cases) {
      const { reader, transport } = manualConnection();
      let error: StreamError | undefined;
      reader.frames(slip({ maxLength: 4 })).subscribe({ error: (e: StreamError) => (error = e) });
      transport.receive(frames('good'), END, END, data);
      expect(error?.message).toMatch(message);
      expect(reader.bufferedBytes).toBe(data.length);
    }
  });

  it('goes on with the next frame once the bad one is dropped', () => {
    const packets = slip({ maxLength: 8 });
    const resynchronised = (reader: StreamReader): Observable<Uint8Array> =>
      reader.frames(packets).pipe(
        catchError(() =>
          concat(
            reader.readUntil(END).pipe(ignoreElements()),
            defer(() => resynchronised(reader)),
          ),
        ),
      );
    const data = frames('a', 0xc0, 'b', 0xdb, 'x', 0xc0, 'much too long', 0xc0, 0xdb, 0xc0, 'c', 0xc0);
    for (const chunks of [[data], byteByByte(data)]) {
      const { reader, transport } = manualConnection();
      const log: string[] = [];
      resynchronised(reader).subscribe((frame) => log.push(text(frame)));
      transport.receive(...chunks);
      expect(log).toEqual(['a', 'c']);
    }
  });

  it('refuses bad options at the call', () => {
    for (const maxLength of [0, -1, 1.5, NaN, Infinity, '10', null]) {
      expect(() => slip({ maxLength: maxLength as never })).toThrowError(RangeError, /maxLength/);
    }
    expect(() => slip({ leadingEnd: 1 as never })).toThrowError(TypeError, /leadingEnd/);
    expect(() => slip('x' as never)).toThrowError(TypeError, /options must be an object/);
  });
});
