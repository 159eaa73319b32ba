import fc from 'fast-check';
import { DecodeError, json, type JsonOptions } from '../../src/index.js';
import { checkDecoder, manualConnection } from '../../src/testing.js';
import { byteByByte, decoderContract, readAll } from '../contracts/decoderContract.js';
import { bytes, record, text } from '../streams/record.js';
import { frameMarbles } from './frameMarbles.js';

/** The error of this line, as text. */
function errorOf(line: string, options: JsonOptions = {}): DecodeError {
  const { reader, transport } = manualConnection();
  let error: unknown;
  reader.frames(json(options)).subscribe({ error: (e: unknown) => (error = e) });
  transport.receive(`${line}\n`);
  expect(error).toBeInstanceOf(DecodeError);
  return error as DecodeError;
}

describe('json', () => {
  decoderContract('json', {
    make: (maxLength) => json({ maxLength }),
    messages: fc.jsonValue({ maxDepth: 2 }).filter((value) => bytes(JSON.stringify(value)).length <= 100),
    long: (length) => 'a'.repeat(length - 2),
    decoded: (value) => value,
    overhead: 0,
    unterminated: true,
  });

  frameMarbles(
    json({ maxLength: 8 }),
    { a: '{"a"', b: ':1}\n2\n', n: '\n', w: ' \t\r\n', c: '12', x: '}\n' },
    { o: { a: 1 }, t: 2, r: 12, s: 122 },
    [
      ['emits each value when its newline comes', '--a---b----|', '------(ot)-|'],
      ['skips blank lines', '--n-w-a-b-n--|', '--------(ot)-|'],
      ['emits the unterminated rest at the end of the stream', '--n-c--|', '-------(r|)'],
      ['does not take a number for whole that is not', '--c-b--|', '----#', 'ERR_DECODE'],
      ['errors when the stream ends inside a value', '--n-a--|', '-------#', 'ERR_INCOMPLETE_READ'],
      ['errors for a line that is not JSON when its newline comes', '--n-a-x-a--|', '------#', 'ERR_DECODE'],
      ['errors as soon as a line is overlong', '--a-a-c--|', '------#', 'ERR_LIMIT_OVERRUN'],
      ['completes behind a blank rest', '--c-n-w-|', '----r---|'],
      ['completes with an empty stream', '---|', '---|'],
    ],
  );

  it('cuts wherever the lines end', () => {
    const data = '{"a":[1,"é\\n"]}\r\n\n  null \n"x"\n\r\n-0.5e1\nfalse';
    expect(checkDecoder(json(), data)).toEqual([{ a: [1, 'é\n'] }, null, 'x', -5, false]);
    expect(checkDecoder(json(), '1\n \t ')).toEqual([1]);
    expect(readAll(json(), [bytes('1\n \t ')])).toEqual({ log: ['1', '|'], rest: '' });
  });

  it('takes for blank what JSON takes for blank', () => {
    expect(readAll(json(), [bytes(' \t\r\n1\n')]).log).toEqual(['1', '|']);
    for (const space of ['\u00a0', '\ufeff', '\v']) errorOf(space);
  });

  it('says what is wrong with a line, and where', () => {
    const error = errorOf('{"a":1,}');
    expect(error.message).toMatch(/8 characters is not JSON: .*: "\{\\"a\\":1,\}"$/);
    expect(error.cause).toBeInstanceOf(SyntaxError);
    // V8 gives the position, or else an excerpt of its own.
    const ones = '1,'.repeat(500);
    expect(errorOf(`[${ones}"here"1${ones}1]`).message).toMatch(/around character 100\d: .*here/);
    expect(errorOf(`[${ones}"here",,${ones}1]`).message).toMatch(/here.*; it begins with "\[1,1,/);
    expect(errorOf('x'.repeat(1000)).message.length).toBeLessThan(200);
  });

  it('leaves a bad line in the reader, to be taken with readLine', () => {
    const { reader, transport } = manualConnection();
    const { log } = record(reader.frames(json()));
    transport.receive('1\n\n\noops\n2\n');
    expect(log).toEqual(['1', '# ERR_DECODE']);
    expect(record(reader.readLine()).log).toEqual(['oops\n', '|']);
    expect(record(reader.readFrame(json())).log).toEqual(['2', '|']);
  });

  it('leaves a bad line in the reader, however it is cut', () => {
    for (const data of ['\n\noops\n', '1\n\noops\n', '\n1\n \noops\n']) {
      const { log, rest } = readAll(json(), [bytes(data)]);
      expect(log.at(-1)).toBe('# ERR_DECODE');
      expect(rest.split(' ').length).toBe(5);
      expect(readAll(json(), byteByByte(bytes(data)))).toEqual({ log, rest });
    }
  });

  it('keeps no blank lines', () => {
    const { reader, transport } = manualConnection({ limit: 10_000 });
    const { log } = record(reader.frames(json()));
    for (let i = 0; i < 1000; i++) transport.receive(' \n\r\n');
    expect(reader.bufferedBytes).toBe(0);
    transport.receive('1\n');
    expect(log).toEqual(['1']);
  });

  it('revives and replaces', () => {
    const dates = json<{ at: Date }>({
      reviver: (key, value) => (key === 'at' ? new Date(value as string) : value),
    });
    const [frame] = checkDecoder(dates, dates.encode({ at: new Date(0) }));
    expect(frame).toEqual({ at: new Date(0) });
    expect(text(json({ replacer: ['a'] }).encode({ a: 1, b: 2 }) as Uint8Array)).toBe('{"a":1}\n');
    const hideB = json({ replacer: (key, value) => (key === 'b' ? undefined : value) });
    expect(text(hideB.encode({ a: 1, b: 2 }) as Uint8Array)).toBe('{"a":1}\n');
  });

  it('skips a line that the reviver makes nothing of', () => {
    const odd = json<number>({ reviver: (_, value) => ((value as number) % 2 === 1 ? value : undefined) });
    expect(checkDecoder(odd, '1\n2\n3\n4\n5\n6')).toEqual([1, 3, 5]);
  });

  it('makes an error of the reviver one of the line', () => {
    const cause = new TypeError('not today');
    const error = errorOf('1', {
      reviver: () => {
        throw cause;
      },
    });
    expect(error.cause).toBe(cause);
    expect(error.message).toContain('not today');
  });

  it('takes values as they are, also those that are dangerous to copy', () => {
    const { reader, transport } = manualConnection();
    let value: unknown;
    reader.readFrame(json()).subscribe((frame) => (value = frame));
    transport.receive('{"__proto__":{"admin":true}}\n');
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect((value as { admin?: boolean }).admin).toBeUndefined();
  });

  it('reads a last line without its end as UTF-8', () => {
    expect(readAll(json(), [bytes('1\n"é"')]).log).toEqual(['1', '"é"', '|']);
  });

  it('encodes what has JSON, on one line', () => {
    expect(text(json().encode({ a: 'x\ny', b: undefined }) as Uint8Array)).toBe('{"a":"x\\ny"}\n');
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const bad of [undefined, () => 1, Symbol('a'), 1n, cycle]) {
      expect(() => json().encode(bad)).toThrowError(TypeError);
    }
    expect(() => json({ maxLength: 4 }).encode('éé')).toThrowError(RangeError, /6 bytes .* maxLength of 4/);
    expect(text(json({ maxLength: 6 }).encode('éé') as Uint8Array)).toBe('"éé"\n');
  });

  it('refuses a bad maxLength at the call', () => {
    for (const maxLength of [0, -1, 1.5, NaN, Infinity]) {
      expect(() => json({ maxLength })).toThrowError(RangeError, /maxLength/);
    }
  });

  it('refuses options that are none, and messages that are no bytes', () => {
    for (const wrong of ['x', 10, true]) {
      expect(() => json(wrong as never)).toThrowError(TypeError, /options must be an object/);
    }
    for (const maxLength of ['10', 10n, null, {}]) {
      expect(() => json({ maxLength: maxLength as never })).toThrowError(RangeError, /maxLength/);
    }
    expect(() => json({ reviver: 5 as never })).toThrowError(TypeError, /reviver/);
    expect(() => json({ replacer: 'x' as never })).toThrowError(TypeError, /replacer/);
  });
});
