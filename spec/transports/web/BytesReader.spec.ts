import { BytesReader } from '../../../src/transports/web/BytesReader.js';
import { bytes, text } from '../../contracts/bytes.js';
import { reportsOf } from '../../contracts/reports.js';
import { turn } from './turn.js';

type Chunk = ArrayBufferView | ArrayBuffer;

function streamOf(...chunks: unknown[]): ReadableStream<Chunk> {
  return new ReadableStream<Chunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk as Chunk);
      controller.close();
    },
  });
}

function readerOf(readable: ReadableStream<Chunk>, onRenewed = fail): BytesReader {
  return new BytesReader({ readable }, readable, onRenewed);
}

/** A byte stream that gives chunks of so many bytes: the first one of ones, the second one of twos. */
function byteStream(sizes: number[], offered: number[] = []): ReadableStream<Uint8Array<ArrayBuffer>> {
  let pulls = 0;
  return new ReadableStream({
    type: 'bytes',
    pull(controller) {
      const { view } = controller.byobRequest!;
      offered.push(view!.byteLength);
      const size = sizes[pulls++] ?? 0;
      if (size === 0) controller.close();
      new Uint8Array(view!.buffer, view!.byteOffset, size).fill(pulls);
      controller.byobRequest!.respond(size);
    },
  });
}

describe('BytesReader', () => {
  it('reads any BufferSource, and of a view no more than it shows', async () => {
    const reader = readerOf(
      streamOf(
        bytes('bytes'),
        bytes('a buffer').buffer,
        new DataView(bytes('(a view)').buffer, 1, 6),
        new Uint16Array(bytes('words!').buffer),
        new Uint8ClampedArray(bytes('clamped')),
      ),
    );
    const read: string[] = [];
    for (let result = await reader.read(); !result.done; result = await reader.read()) {
      expect(result.value[Symbol.toStringTag]).toBe('Uint8Array');
      read.push(text(result.value));
    }
    expect(read).toEqual(['bytes', 'a buffer', 'a view', 'words!', 'clamped']);
  });

  it('rejects for what is no bytes, and says what came', async () => {
    const cases: [unknown, RegExp][] = [
      ['a text', /BufferSource, not a text \(string\)/],
      [42, /not 42/],
      [undefined, /not undefined/],
      [{ data: 1 }, /not \[object Object\]/],
    ];
    for (const [chunk, message] of cases) {
      await expectAsync(readerOf(streamOf(chunk)).read()).toBeRejectedWithError(TypeError, message);
    }
  });

  it('brings a byte stream its own memory, and gives away what is well filled', async () => {
    const offered: number[] = [];
    const reader = readerOf(byteStream([65536, 40_000, 3, 5], offered));
    const chunks: Uint8Array[] = [];
    for (let result = await reader.read(); !result.done; result = await reader.read())
      chunks.push(result.value);
    expect(offered).toEqual([65536, 65536, 65536, 65536, 65536]);
    expect(chunks.map(({ length }) => length)).toEqual([65536, 40_000, 3, 5]);
    expect(chunks.map((chunk) => chunk.every((byte) => byte === chunk[0]))).toEqual([true, true, true, true]);
    expect(chunks.map((chunk) => chunk[0])).toEqual([1, 2, 3, 4]);
    expect(chunks.map(({ buffer }) => buffer.byteLength)).toEqual([65536, 65536, 3, 5]);
  });

  it('uses the memory of small chunks again', async () => {
    let made = 0;
    const real = globalThis.ArrayBuffer;
    const reader = readerOf(byteStream(Array.from({ length: 20 }, () => 100)));
    globalThis.ArrayBuffer = class extends real {
      constructor(size: number) {
        super(size);
        if (size === 65536) made++;
      }
    } as ArrayBufferConstructor;
    try {
      while (!(await reader.read()).done);
    } finally {
      globalThis.ArrayBuffer = real;
    }
    expect(made).toBe(1);
  });

  it('ends with a byte stream that is cancelled while a read waits', async () => {
    const reader = readerOf(new ReadableStream({ type: 'bytes' }));
    const read = reader.read();
    await reader.cancel();
    await expectAsync(read).toBeResolvedTo({ done: true, value: undefined });
    reader.releaseLock();
  });

  describe('when a readable breaks', () => {
    const broken = new Error('a break');
    const failing = (): ReadableStream<Chunk> =>
      new ReadableStream<Chunk>({ pull: (controller) => controller.error(broken) }, { highWaterMark: 0 });

    it('goes on with the one that the source has then, and tells of the error', async () => {
      const readables = [failing(), byteStream([2]), streamOf(bytes('last'))];
      const source = { readable: readables[0]! };
      const told: unknown[] = [];
      const reader = new BytesReader(source, readables[0]!, (error) => told.push(error));
      source.readable = readables[2]!;
      const { value } = await reader.read();
      expect(text(value!)).toBe('last');
      expect(told).toEqual([broken]);
      expect(readables[0]!.locked).toBe(false);
      expect(readables[2]!.locked).toBe(true);
      reader.releaseLock();
      expect(readables[2]!.locked).toBe(false);
    });

    it('goes on with a byte stream, too', async () => {
      const source = { readable: failing() };
      const reader = new BytesReader(source, source.readable, () => undefined);
      source.readable = byteStream([2]);
      await expectAsync(reader.read()).toBeResolvedTo({ done: false, value: Uint8Array.of(1, 1) });
    });

    it('fails with the error where there is no other one that is free', async () => {
      const first = failing();
      const taken = streamOf(bytes('somebody else’s'));
      taken.getReader();
      for (const next of [first, taken, null, undefined]) {
        const source = { readable: first as ReadableStream<Chunk> | null | undefined };
        const reader = new BytesReader(source, first, fail);
        source.readable = next;
        await expectAsync(reader.read()).toBeRejectedWith(broken);
        reader.releaseLock();
      }
    });

    it('fails with what the source throws in place of the next one', async () => {
      const worse = new Error('of the source');
      const first = failing();
      const source = {
        get readable(): never {
          throw worse;
        },
      };
      await expectAsync(new BytesReader(source, first, fail).read()).toBeRejectedWith(worse);
    });

    it('reads nothing more when it is cancelled from inside', async () => {
      const next = { pulls: 0, cancelledWith: undefined as unknown };
      const source = { readable: failing() };
      const reader = new BytesReader(source, source.readable, () => void reader.cancel('enough'));
      source.readable = new ReadableStream<Chunk>(
        {
          pull: () => {
            next.pulls++;
          },
          cancel: (reason) => void (next.cancelledWith = reason),
        },
        { highWaterMark: 0 },
      );
      await expectAsync(reader.read()).toBeResolvedTo({ done: true, value: undefined });
      expect(next).toEqual({ pulls: 0, cancelledWith: 'enough' });
    });

    it('leaves the next one alone when it was cancelled before', async () => {
      let controller!: ReadableStreamDefaultController<Chunk>;
      const source = { readable: new ReadableStream<Chunk>({ start: (made) => void (controller = made) }) };
      const reader = new BytesReader(source, source.readable, fail);
      const read = reader.read();
      controller.error(broken);
      reader.cancel().catch(() => undefined);
      source.readable = streamOf(bytes('unread'));
      await expectAsync(read).toBeRejectedWith(broken);
      expect(source.readable.locked).toBe(false);
    });

    it('goes on when whoever is told throws', async () => {
      const bad = new Error('of the program');
      const source = { readable: failing() };
      const reader = new BytesReader(source, source.readable, () => {
        throw bad;
      });
      source.readable = streamOf(bytes('next'));
      const reports = await reportsOf(async () => {
        expect(text((await reader.read()).value!)).toBe('next');
        await turn();
      });
      expect(reports).toEqual([bad]);
    });
  });
});
