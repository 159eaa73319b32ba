import { ByteQueue, codec, decoder, encoder } from '../../src/index.js';

describe('encoder', () => {
  interface Topic {
    readonly id: number;
    readonly name: string;
    readonly within?: Topic;
  }
  const encode = encoder((writer, { id, name, within }: Topic) => {
    writer.uint16(id).lengthPrefixed('varint', name);
    writer.lengthPrefixed(1, within === undefined ? '' : encode(within));
  });

  it('makes the encode of a codec, which reads back what it wrote', () => {
    const topics = codec(
      decoder(function* (source) {
        const id = yield* source.uint16();
        const name = yield* source.text(yield* source.varint());
        yield* source.skip(yield* source.uint8());
        return { id, name };
      }),
      encode,
    );
    const queue = new ByteQueue();
    queue.push(topics.encode({ id: 7, name: 'seven' }) as Uint8Array);
    expect(topics().decode(queue)).toEqual({ id: 7, name: 'seven' });
  });

  it('may be used within itself', () => {
    const wire = encode({ id: 1, name: 'a', within: { id: 2, name: 'b', within: { id: 3, name: '' } } });
    expect([...wire]).toEqual([0, 1, 1, 97, 9, 0, 2, 1, 98, 4, 0, 3, 0, 0]);
  });

  it('passes on what fails, and begins the next message anew', () => {
    expect(() => encode({ id: 70000, name: '' })).toThrowError(RangeError, /^uint16 must be/);
    expect(() => encode({ id: 1, name: 'a', within: { id: -1, name: '' } })).toThrowError(RangeError);
    expect([...encode({ id: 1, name: '' })]).toEqual([0, 1, 0, 0]);
  });

  it('refuses what is no plain function', () => {
    expect(() => encoder('no' as never)).toThrowError(TypeError, /^encoder\(\) takes a function/);
    expect(() => encoder(async () => Promise.resolve())(1)).toThrowError(TypeError, /not an async one/);
    expect(() => encoder(function* () {})(1)).toThrowError(TypeError, /or a generator/);
  });
});
