import { jsonMessages, messages } from '../../src/index.js';
import { manualConnection, receivedMessage } from '../../src/testing.js';
import { bytes } from '../contracts/bytes.js';

describe('jsonMessages', () => {
  it('reads a value from each message, text or binary', () => {
    const { reader, transport } = manualConnection();
    const seen: unknown[] = [];
    reader.frames(jsonMessages()).subscribe((value) => seen.push(value));
    for (const message of ['{"a":[1]}', bytes('"é"'), 'null', ' 7\n']) {
      transport.receive(receivedMessage(message));
    }
    expect(seen).toEqual([{ a: [1] }, 'é', null, 7]);
  });

  it('writes text, without a line end', () => {
    expect(jsonMessages().encode({ a: 'b\n' })).toBe('{"a":"b\\n"}');
    expect(() => jsonMessages().encode(undefined)).toThrowError(TypeError, /no JSON/);
    expect(() => jsonMessages({ maxLength: 5 }).encode('12345')).toThrowError(RangeError);
  });

  it('leaves in the reader what is not JSON, to be taken as it is', () => {
    const { reader, transport } = manualConnection();
    let error: (Error & { code?: string }) | undefined;
    reader.frames(jsonMessages()).subscribe({ error: (e: Error) => (error = e) });
    transport.receive(receivedMessage('{oops'));
    transport.receive(receivedMessage('2'));
    expect(error?.code).toBe('ERR_DECODE');
    expect(error?.message).toMatch(/^A message of 5 characters is not JSON: /);
    expect(error?.cause).toBeInstanceOf(SyntaxError);
    const rest: unknown[] = [];
    reader.readFrame(messages()).subscribe((bad) => rest.push(bad));
    reader.readFrame(jsonMessages()).subscribe((value) => rest.push(value));
    expect(rest).toEqual(['{oops', 2]);
  });

  it('revives, skips what becomes undefined, and replaces', () => {
    const codec = jsonMessages({
      reviver: (key, value) => (key === '' && value === 'ping' ? undefined : value),
      replacer: ['a'],
    });
    const { reader, transport } = manualConnection();
    const seen: unknown[] = [];
    reader.frames(codec).subscribe((value) => seen.push(value));
    for (const text of ['"ping"', '{"a":1}']) transport.receive(receivedMessage(text));
    expect(seen).toEqual([{ a: 1 }]);
    expect(codec.encode({ a: 1, b: 2 })).toBe('{"a":1}');
  });

  it('checks its arguments', () => {
    expect(() => jsonMessages({ reviver: 1 as never })).toThrowError(TypeError);
    expect(() => jsonMessages({ maxLength: -1 })).toThrowError(RangeError);
  });
});
