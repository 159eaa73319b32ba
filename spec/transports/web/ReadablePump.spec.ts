import { reportsOf } from '../../contracts/reports.js';
import {
  ReadablePump,
  type ChunkReader,
  type ReadablePumpReceiver,
} from '../../../src/transports/web/ReadablePump.js';
import { turn } from './turn.js';

/** A stream that counts the pulls, and does with each of them what the spec says. */
class Source {
  pulls = 0;
  cancelledWith: unknown[] = [];
  readonly stream: ReadableStream<string>;
  controller!: ReadableStreamDefaultController<string>;

  constructor(onPull: (source: Source) => void = () => undefined) {
    this.stream = new ReadableStream<string>(
      {
        start: (controller) => void (this.controller = controller),
        pull: () => {
          this.pulls++;
          onPull(this);
        },
        cancel: (reason) => void this.cancelledWith.push(reason),
      },
      { highWaterMark: 0 },
    );
  }
}

class Recorder implements ReadablePumpReceiver<string> {
  readonly told: unknown[] = [];
  onChunk: (chunk: string) => void = () => undefined;

  chunk(chunk: string): void {
    this.told.push(chunk);
    this.onChunk(chunk);
  }

  ended(): void {
    this.told.push('ended');
  }

  failed(error: unknown): void {
    this.told.push(error);
  }
}

function pumpOf(source: Source): [ReadablePump<string>, Recorder] {
  const recorder = new Recorder();
  return [new ReadablePump(source.stream.getReader(), recorder), recorder];
}

describe('ReadablePump', () => {
  it('tells the chunks one by one, then the end, and leaves the stream unlocked', async () => {
    const source = new Source(({ controller, pulls }) =>
      pulls > 3 ? controller.close() : controller.enqueue(`${pulls}`),
    );
    const [pump, recorder] = pumpOf(source);
    pump.resume();
    await turn();
    expect(recorder.told).toEqual(['1', '2', '3', 'ended']);
    expect(pump.isOver).toBe(true);
    expect(source.stream.locked).toBe(false);
  });

  it('begins paused, and pulls nothing before it is resumed', async () => {
    const source = new Source(({ controller }) => controller.enqueue('early'));
    const [, recorder] = pumpOf(source);
    await turn();
    expect(source.pulls).toBe(0);
    expect(recorder.told).toEqual([]);
  });

  it('pulls nothing while it is paused, and keeps what was under way', async () => {
    const source = new Source();
    const [pump, recorder] = pumpOf(source);
    pump.resume();
    await turn();
    expect(source.pulls).toBe(1);
    pump.pause();
    source.controller.enqueue('under way');
    await turn();
    expect(recorder.told).toEqual([]);
    expect(source.pulls).toBe(1);
    pump.resume();
    expect(recorder.told).withContext('delivered within the call').toEqual(['under way']);
    await turn();
    expect(source.pulls).toBe(2);
  });

  it('goes on with the read that is under way when a pause is over before anything came', async () => {
    const source = new Source();
    const [pump, recorder] = pumpOf(source);
    pump.resume();
    pump.pause();
    pump.resume();
    await turn();
    source.controller.enqueue('one');
    await turn();
    expect(recorder.told).toEqual(['one']);
    expect(source.pulls).toBe(2);
  });

  it('keeps the end as it keeps a chunk', async () => {
    const source = new Source();
    const [pump, recorder] = pumpOf(source);
    pump.resume();
    pump.pause();
    source.controller.close();
    await turn();
    expect(recorder.told).toEqual([]);
    pump.resume();
    expect(recorder.told).toEqual(['ended']);
  });

  it('may be paused from inside, and pulls nothing then', async () => {
    const source = new Source(({ controller, pulls }) => controller.enqueue(`${pulls}`));
    const [pump, recorder] = pumpOf(source);
    recorder.onChunk = () => pump.pause();
    pump.resume();
    await turn();
    expect(recorder.told).toEqual(['1']);
    expect(source.pulls).toBe(1);
    pump.resume();
    await turn();
    expect(recorder.told).toEqual(['1', '2']);
    expect(source.pulls).toBe(2);
  });

  it('may be paused and resumed from inside: it reads once', async () => {
    const source = new Source(({ controller, pulls }) => {
      if (pulls <= 3) controller.enqueue(`${pulls}`);
    });
    const [pump, recorder] = pumpOf(source);
    recorder.onChunk = () => {
      pump.pause();
      pump.resume();
      pump.resume();
    };
    pump.resume();
    await turn();
    expect(recorder.told).toEqual(['1', '2', '3']);
    expect(source.pulls).toBe(4);
  });

  it('may be cancelled from inside: nothing is told any more', async () => {
    const source = new Source(({ controller, pulls }) => controller.enqueue(`${pulls}`));
    const [pump, recorder] = pumpOf(source);
    recorder.onChunk = () => pump.cancel('enough');
    pump.resume();
    await turn();
    expect(recorder.told).toEqual(['1']);
    expect(source.cancelledWith).toEqual(['enough']);
    expect(source.stream.locked).toBe(false);
  });

  it('is cancelled in every state, and the stream is unlocked at once', async () => {
    const states: Record<string, (pump: ReadablePump<string>, source: Source) => unknown> = {
      paused: () => undefined,
      reading: (pump) => pump.resume(),
      holding: (pump) => {
        pump.resume();
        pump.pause();
      },
      held: async (pump, source) => {
        pump.resume();
        pump.pause();
        source.controller.enqueue('kept');
        await turn();
      },
    };
    for (const [state, reach] of Object.entries(states)) {
      const source = new Source();
      const [pump, recorder] = pumpOf(source);
      await reach(pump, source);
      pump.cancel('enough');
      expect(source.stream.locked).withContext(state).toBe(false);
      expect(source.cancelledWith).withContext(state).toEqual(['enough']);
      pump.cancel('again');
      pump.resume();
      pump.pause();
      await turn();
      expect(recorder.told).withContext(state).toEqual([]);
      expect(source.cancelledWith).withContext(state).toEqual(['enough']);
    }
  });

  it('tells an error, also while it is paused with a read under way, and leaves the stream unlocked', async () => {
    const error = new Error('of the source');
    for (const paused of [false, true]) {
      const source = new Source();
      const [pump, recorder] = pumpOf(source);
      pump.resume();
      if (paused) pump.pause();
      source.controller.error(error);
      await turn();
      expect(recorder.told).toEqual([error]);
      expect(pump.isOver).toBe(true);
      expect(source.stream.locked).toBe(false);
    }
  });

  it('reports what its receiver throws, and goes on', async () => {
    const bad = new Error('of the receiver');
    const source = new Source(({ controller, pulls }) =>
      pulls > 2 ? controller.close() : controller.enqueue(`${pulls}`),
    );
    const [pump, recorder] = pumpOf(source);
    recorder.onChunk = () => {
      throw bad;
    };
    const reports = await reportsOf(async () => {
      pump.resume();
      await turn();
    });
    expect(reports).toEqual([bad, bad]);
    expect(recorder.told).toEqual(['1', '2', 'ended']);
  });

  it('bears a reader that throws at every call', () => {
    const bad = new Error('of the reader');
    const fail = (): never => {
      throw bad;
    };
    const reader: ChunkReader<string> = { read: fail, cancel: fail, releaseLock: fail };
    const recorder = new Recorder();
    new ReadablePump(reader, recorder).resume();
    expect(recorder.told).toEqual([bad]);
    new ReadablePump(reader, recorder).cancel();
    expect(recorder.told).toEqual([bad]);
  });

  it('does not care for a cancel that fails', async () => {
    const stream = new ReadableStream<string>({ cancel: () => Promise.reject(new Error('of the source')) });
    const pump = new ReadablePump(stream.getReader(), new Recorder());
    pump.cancel();
    await turn();
    expect(stream.locked).toBe(false);
  });
});
