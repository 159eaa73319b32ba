import { WritablePump, type WritablePumpReceiver } from '../../../src/transports/web/WritablePump.js';
import { reportsOf } from '../../contracts/reports.js';
import { turn } from './turn.js';

/** A stream whose sink takes a chunk when the spec says so. */
class Sink {
  readonly written: string[] = [];
  readonly ends: unknown[] = [];
  readonly stream: WritableStream<string>;
  controller!: WritableStreamDefaultController;
  #takes: (() => void)[] = [];
  #fails: ((error: unknown) => void)[] = [];

  constructor(strategy?: QueuingStrategy<string>) {
    this.stream = new WritableStream<string>(
      {
        start: (controller) => void (this.controller = controller),
        write: (chunk) => {
          this.written.push(chunk);
          return new Promise<void>((resolve, reject) => {
            this.#takes.push(resolve);
            this.#fails.push(reject);
          });
        },
        close: () => void this.ends.push('closed'),
        abort: (reason) => void this.ends.push(reason),
      },
      strategy,
    );
  }

  async take(): Promise<void> {
    this.#fails.shift();
    this.#takes.shift()!();
    await turn();
  }

  async fail(error: unknown): Promise<void> {
    this.#fails.shift()!(error);
    await turn();
  }
}

class Recorder implements WritablePumpReceiver {
  readonly told: unknown[] = [];
  readonly pending: boolean[] = [];
  pump!: WritablePump<string>;
  onFlushed: () => void = () => undefined;

  flushed(): void {
    this.told.push(this.pump.queuedBytes);
    this.onFlushed();
  }

  closed(): void {
    this.told.push('closed');
  }

  failed(error: unknown, pending: boolean): void {
    this.told.push(error);
    this.pending.push(pending);
  }
}

function pumpOf(sink: Sink): [WritablePump<string>, Recorder] {
  const recorder = new Recorder();
  const pump = new WritablePump(sink.stream.getWriter(), recorder);
  recorder.pump = pump;
  return [pump, recorder];
}

describe('WritablePump', () => {
  it('gives the sink one chunk after the other, and counts a chunk until it is taken', async () => {
    const sink = new Sink();
    const [pump, recorder] = pumpOf(sink);
    pump.write('one', 3);
    pump.write('three', 5);
    expect(pump.queuedBytes).toBe(8);
    await turn();
    expect(sink.written).toEqual(['one']);
    expect(pump.queuedBytes).toBe(8);
    await sink.take();
    expect(sink.written).toEqual(['one', 'three']);
    expect(recorder.told).toEqual([5]);
    await sink.take();
    expect(recorder.told).toEqual([5, 0]);
    expect(pump.queuedBytes).toBe(0);
  });

  it('gives the stream as much as its high water mark asks for, and no more', async () => {
    const given = { one: 0 };
    const sink = new Sink({ highWaterMark: 3, size: () => (given.one++, 1) });
    const [pump] = pumpOf(sink);
    for (let i = 0; i < 10; i++) pump.write(`${i}`, 1);
    await turn();
    expect(given.one).toBe(3);
    await sink.take();
    expect(given.one).toBe(4);
    expect(pump.queuedBytes).toBe(9);
  });

  it('writes also to a stream that never asks for anything', async () => {
    const sink = new Sink({ highWaterMark: 0 });
    const [pump, recorder] = pumpOf(sink);
    pump.write('a', 1);
    pump.write('b', 1);
    await turn();
    expect(sink.written).toEqual(['a']);
    await sink.take();
    await sink.take();
    expect(sink.written).toEqual(['a', 'b']);
    expect(recorder.told).toEqual([1, 0]);
  });

  it('gives the sink also what counts for nothing, and tells nothing of it', async () => {
    const sink = new Sink();
    const [pump, recorder] = pumpOf(sink);
    pump.write('', 0);
    await turn();
    await sink.take();
    expect(sink.written).toEqual(['']);
    expect(recorder.told).toEqual([]);
  });

  it('closes after what was written, leaves the stream unlocked, and tells that last', async () => {
    const sink = new Sink();
    const [pump, recorder] = pumpOf(sink);
    pump.write('one', 3);
    pump.write('two', 3);
    pump.close();
    pump.close();
    pump.write('late', 4);
    await turn();
    await sink.take();
    expect(sink.ends).toEqual([]);
    await sink.take();
    expect(sink.written).toEqual(['one', 'two']);
    expect(sink.ends).toEqual(['closed']);
    expect(recorder.told).toEqual([3, 0, 'closed']);
    expect(pump.isOver).toBe(true);
    expect(sink.stream.locked).toBe(false);
  });

  it('takes a stream that somebody else has closed for a broken one', async () => {
    const done = Promise.resolve();
    const writer = {
      closed: done,
      desiredSize: 1,
      write: () => done,
      close: () => done,
      abort: () => done,
      releaseLock: () => undefined,
    };
    const recorder = new Recorder();
    recorder.pump = new WritablePump(writer, recorder);
    await turn();
    expect(recorder.told).toEqual([jasmine.any(Error)]);
    expect(recorder.pending).toEqual([false]);
  });

  it('aborts in every state: drops what waits, with the reason for the sink, and the stream is unlocked at once', async () => {
    const states: Record<string, (pump: WritablePump<string>) => unknown> = {
      open: () => undefined,
      waiting: (pump) => pump.write('one', 3),
      'under way': (pump) => {
        pump.write('one', 3);
        pump.write('two', 3);
        return turn();
      },
      ending: (pump) => {
        pump.write('one', 3);
        pump.close();
        return turn();
      },
    };
    for (const [state, reach] of Object.entries(states)) {
      const sink = new Sink();
      const [pump, recorder] = pumpOf(sink);
      await reach(pump);
      const { length } = sink.written;
      pump.abort('enough');
      expect(pump.queuedBytes).withContext(state).toBe(0);
      expect(sink.stream.locked).withContext(state).toBe(false);
      pump.abort('again');
      pump.write('late', 4);
      pump.close();
      await turn();
      if (length > 0) await sink.take();
      expect(sink.ends).withContext(state).toEqual(['enough']);
      expect(sink.written.length).withContext(state).toBe(length);
      expect(recorder.told).withContext(state).toEqual([]);
    }
  });

  it('tells an error of the sink once, with what was not taken still counted', async () => {
    const error = new Error('of the sink');
    const sink = new Sink({ highWaterMark: 2 });
    const [pump, recorder] = pumpOf(sink);
    for (const chunk of ['one', 'two', 'six']) pump.write(chunk, 3);
    await turn();
    await sink.take();
    await sink.fail(error);
    expect(recorder.told).toEqual([6, error]);
    expect(recorder.pending).toEqual([true]);
    expect(pump.queuedBytes).toBe(6);
    expect(pump.isOver).toBe(true);
    expect(sink.stream.locked).toBe(false);
    pump.write('late', 4);
    await turn();
    expect(sink.written).toEqual(['one', 'two']);
  });

  it('tells an error that comes while nothing is written', async () => {
    const error = new Error('of the sink');
    const sink = new Sink();
    const [, recorder] = pumpOf(sink);
    sink.controller.error(error);
    await turn();
    expect(recorder.told).toEqual([error]);
    expect(recorder.pending).toEqual([false]);
  });

  it('says that something was left undone when the stream breaks before it is closed', async () => {
    const error = new Error('of the sink');
    const stream = new WritableStream<string>({ close: () => Promise.reject(error) });
    const recorder = new Recorder();
    recorder.pump = new WritablePump(stream.getWriter(), recorder);
    recorder.pump.close();
    await turn();
    expect(recorder.told).toEqual([error]);
    expect(recorder.pending).toEqual([true]);
  });

  it('may be written to, closed and aborted from inside', async () => {
    const sink = new Sink();
    const [pump, recorder] = pumpOf(sink);
    pump.write('a', 1);
    await turn();
    recorder.onFlushed = () => {
      if (sink.written.length < 3) pump.write('b', 1);
      else pump.abort('enough');
    };
    await sink.take();
    await sink.take();
    pump.write('never', 5);
    await sink.take();
    expect(sink.written).toEqual(['a', 'b', 'b', 'never']);
    expect(sink.ends).toEqual([]);
    await sink.take();
    expect(sink.ends).toEqual(['enough']);
    expect(recorder.told).toEqual([0, 0, 5]);
  });

  it('lets something else decide what goes out as one chunk', async () => {
    const sink = new Sink();
    const recorder = new Recorder();
    const waits: number[] = [];
    const pump = new WritablePump<string>(sink.stream.getWriter(), recorder, (queue, waiting) => {
      waits.push(waiting);
      let chunk = '';
      while (queue.length > 0) chunk += queue.shift()!.chunk;
      return { chunk, size: chunk.length };
    });
    recorder.pump = pump;
    pump.write('one ', 4);
    pump.write('turn', 4);
    await turn();
    pump.write('the ', 4);
    await turn();
    pump.write('next', 4);
    await sink.take();
    expect(sink.written).toEqual(['one turn', 'the next']);
    expect(waits).toEqual([8, 8]);
    expect(recorder.told).toEqual([8]);
  });

  it('fails, and aborts the stream, with what is thrown by whatever decides', async () => {
    const error = new Error('of the chunk');
    const sink = new Sink();
    const recorder = new Recorder();
    recorder.pump = new WritablePump<string>(sink.stream.getWriter(), recorder, () => {
      throw error;
    });
    recorder.pump.write('one', 3);
    await turn();
    expect(recorder.told).toEqual([error]);
    expect(recorder.pump.queuedBytes).toBe(3);
    expect(sink.ends).toEqual([error]);
  });

  it('reports what its receiver throws, and goes on', async () => {
    const bad = new Error('of the receiver');
    const sink = new Sink();
    const [pump, recorder] = pumpOf(sink);
    recorder.onFlushed = () => {
      throw bad;
    };
    pump.write('one', 3);
    pump.write('two', 3);
    await turn();
    const reports = await reportsOf(async () => {
      await sink.take();
      await sink.take();
    });
    expect(reports).toEqual([bad, bad]);
    expect(sink.written).toEqual(['one', 'two']);
  });

  it('bears a writer that throws at every call', async () => {
    const bad = new Error('of the writer');
    const fail = (): never => {
      throw bad;
    };
    const never = new Promise<never>(() => undefined);
    const writer = {
      closed: never,
      write: fail,
      close: fail,
      abort: fail,
      releaseLock: fail,
      desiredSize: 1,
    };
    const recorder = new Recorder();
    for (const call of ['write', 'close', 'abort'] as const) {
      const pump = new WritablePump(writer, recorder);
      pump[call]('one', 3);
    }
    await turn();
    expect(recorder.told).toEqual([bad, bad]);
  });
});
