import {
  asyncScheduler,
  buffer,
  bufferToggle,
  concat,
  concatMap,
  debounceTime,
  delay,
  endWith,
  exhaustMap,
  filter,
  finalize,
  firstValueFrom,
  groupBy,
  ignoreElements,
  interval,
  lastValueFrom,
  map,
  merge,
  mergeMap,
  NEVER,
  observeOn,
  of,
  repeat,
  ReplaySubject,
  share,
  startWith,
  Subject,
  switchMap,
  take,
  takeWhile,
  tap,
  throttleTime,
  timer,
  toArray,
  zip,
} from 'rxjs';
import {
  converse,
  DecodeError,
  framed,
  json,
  lines,
  messages,
  sendAll,
  writeTo,
  type Connection,
} from '../../src/index.js';
import {
  expectBounded,
  expectBoundedAsync,
  UnboundedError,
  PipelineCheckError,
  type BoundedPipeline,
  type ExpectBoundedOptions,
  type PipelineProblem,
} from '../../src/testing.js';

/** What the check throws, or rejects with. */
function thrownBy(pipeline: BoundedPipeline, options?: ExpectBoundedOptions): unknown {
  try {
    expectBounded(pipeline, options);
    return undefined;
  } catch (error) {
    return error;
  }
}

const BOUNDED: Record<string, BoundedPipeline> = {
  'consume and send': ({ reader, writer }) => reader.consume(lines(), (line) => writer.send(`${line}\n`)),
  'consume, and write when there is room': ({ reader, writer }) =>
    reader.consume(lines(), () => {
      writer.write('ok\n');
      return writer.paused ? writer.drain() : undefined;
    }),
  'consume with replies of one byte': ({ reader, writer }) => reader.consume(lines(), () => writer.send('.')),
  'consume with replies that are larger': ({ reader, writer }) =>
    reader.consume(lines(), () => writer.send('y'.repeat(20_000))),
  'consume with slow work': ({ reader }, { work }) => reader.consume(lines(), (line) => work(line)),
  'consume with slow work, some side by side': ({ reader, writer }, { work }) =>
    reader.consume(lines(), (line) => work(line).pipe(concatMap((text) => writer.send(text))), 100),
  'consume with a timer': ({ reader, writer }) =>
    reader.consume(lines(), (line) => timer(1000).pipe(concatMap(() => writer.send(line)))),
  'consume with nothing to wait for': ({ reader }) => reader.consume(lines(), () => undefined),
  pipeTo: ({ reader, writer }) => reader.pipeTo(writer),
  'a proxy': (client, { connect }) => {
    const server = connect();
    return merge(client.reader.pipeTo(server.writer), server.reader.pipeTo(client.writer));
  },
  'one read, the work on it, and the next': ({ reader, writer }) =>
    reader.readLine().pipe(
      concatMap((line) => writer.send(line)),
      repeat(),
    ),
  'blocks with a timer each': ({ reader }) =>
    reader.readExactly(1024).pipe(
      concatMap((bytes) => timer(1).pipe(map(() => bytes.length))),
      repeat(),
    ),
  'lines that are worked on at once': ({ reader }) => reader.lines().pipe(map((line) => line.length)),
  'lines, up to a certain one, then consume': ({ reader, writer }) =>
    concat(
      reader.lines().pipe(takeWhile((line) => !line.startsWith('line 3'))),
      reader.consume(lines(), (line) => writer.send(line)),
    ),
  exhaustMap: ({ reader, writer }) => reader.lines().pipe(exhaustMap((line) => writer.send(line))),
  'exhaustMap with work': ({ reader, writer }, { work }) =>
    reader.lines().pipe(exhaustMap((line) => work(line).pipe(concatMap((text) => writer.send(text))))),
  'switchMap with work': ({ reader, writer }, { work }) =>
    reader.lines().pipe(
      switchMap((line) => work(line)),
      writeTo(writer, { overflow: 'dropOldest', limit: 4096 }),
    ),
  'throttle and exhaustMap': ({ reader, writer }) =>
    reader.lines().pipe(
      throttleTime(10),
      exhaustMap((line) => writer.send(line)),
    ),
  'debounce and exhaustMap': ({ reader, writer }) =>
    reader.lines().pipe(
      debounceTime(10),
      exhaustMap((line) => writer.send(line)),
    ),
  'writeTo that drops the oldest': ({ reader, writer }) =>
    reader.lines().pipe(writeTo(writer, { overflow: 'dropOldest', limit: 16_384 })),
  'writeTo that drops the newest, with the limit that it has by default': ({ reader, writer }) =>
    reader.lines().pipe(writeTo(writer, { overflow: 'dropNewest' })),
  'writeTo that fails': ({ reader, writer }) => reader.chunks().pipe(writeTo(writer, { overflow: 'error' })),
  'a conversation': converse(function* (io) {
    while (!(yield* io.atEof())) yield* io.send(`${yield* io.line()}\n`);
  }),
  'consume of framed': (connection) => {
    const messages = framed(connection, lines());
    return messages.consume((line) => messages.send(line));
  },
  'a request, a reply, and the end': ({ reader, writer }) =>
    reader.read(100).pipe(concatMap((bytes) => writer.send(bytes).pipe(endWith('closed')))),
};

const UNBOUNDED: Record<string, BoundedPipeline> = {
  'lines and concatMap': ({ reader, writer }) =>
    reader.lines().pipe(concatMap((line) => writer.send(`${line}\n`))),
  'lines and concatMap with work': ({ reader }, { work }) =>
    reader.lines().pipe(concatMap((line) => work(line))),
  'lines and concatMap with a timer': ({ reader }) =>
    reader.lines().pipe(concatMap((line) => timer(1000).pipe(map(() => line)))),
  'lines and concatMap, with replies of one byte': ({ reader, writer }) =>
    reader.lines().pipe(concatMap(() => writer.send('.'))),
  'chunks and mergeMap, one at a time': ({ reader, writer }) =>
    reader.chunks().pipe(mergeMap((chunk) => writer.send(chunk), 1)),
  'mergeMap with work': ({ reader }, { work }) => reader.lines().pipe(mergeMap((line) => work(line))),
  'frames and delay': ({ reader }) => reader.frames(lines()).pipe(delay(10)),
  observeOn: ({ reader }) => reader.lines().pipe(observeOn(asyncScheduler)),
  'bufferToggle that never closes': ({ reader, writer }) =>
    reader.lines().pipe(
      bufferToggle(of(0), () => NEVER),
      concatMap((all) => writer.send(all.join(''))),
    ),
  'buffer that never flushes': ({ reader }) => reader.chunks().pipe(buffer(NEVER)),
  toArray: ({ reader, writer }) =>
    reader.lines().pipe(
      toArray(),
      concatMap((all) => writer.send(all.join(''))),
    ),
  zip: ({ reader }) => zip(reader.lines(), interval(1000)),
  'zip with what never comes': ({ reader }) => zip(reader.lines(), NEVER),
  'share and a ReplaySubject': ({ reader, writer }) =>
    reader.lines().pipe(
      share({ connector: () => new ReplaySubject<string>(Infinity) }),
      concatMap((line) => writer.send(line)),
    ),
  'write without a wait': ({ reader, writer }) => reader.lines().pipe(tap((line) => writer.write(line))),
  'consume, and write without a wait': ({ reader, writer }) =>
    reader.consume(lines(), (line) => writer.write(line)),
  'switchMap and send': ({ reader, writer }) => reader.lines().pipe(switchMap((line) => writer.send(line))),
  'a proxy, of which one way has no backpressure': (client, { connect }) => {
    const server = connect();
    return merge(
      client.reader.pipeTo(server.writer),
      server.reader.chunks().pipe(concatMap((chunk) => client.writer.send(chunk))),
    );
  },
  'a queue of the program, behind consume': ({ reader, writer }) => {
    const queue = new Subject<string>();
    return merge(
      queue.pipe(concatMap((line) => writer.send(line))),
      reader.consume(lines(), (line) => queue.next(line)),
    );
  },
  'reads that are repeated before the work': ({ reader, writer }) =>
    reader.readLine().pipe(
      repeat(),
      concatMap((line) => writer.send(line)),
    ),
  'throttle and concatMap': ({ reader, writer }) =>
    reader.lines().pipe(
      throttleTime(1000),
      concatMap((line) => writer.send(line)),
    ),
  'a filter and concatMap': ({ reader, writer }) =>
    reader.lines().pipe(
      filter((_, index) => index % 10 === 0),
      concatMap((line) => writer.send(line)),
    ),
  'groupBy and concatMap in each group': ({ reader, writer }) =>
    reader.lines().pipe(
      groupBy((line) => line.length % 2),
      mergeMap((group$) => group$.pipe(concatMap((line) => writer.send(line)))),
    ),
  'two lines for each that was let out': ({ reader, writer }) => {
    const [queue, sent$] = [new Subject<string>(), new Subject<void>()];
    const read$ = sent$.pipe(
      startWith(undefined),
      mergeMap(() => reader.readLine('utf-8').pipe(repeat(2))),
      tap((line) => queue.next(line)),
    );
    const write$ = queue.pipe(concatMap((line) => writer.send(line).pipe(finalize(() => sent$.next()))));
    return merge(write$, read$.pipe(ignoreElements()));
  },
  'messages of framed, answered': (connection) => {
    const messages = framed(connection, lines());
    return messages.pipe(tap((line) => messages.next(line)));
  },
};

const BOUNDED_ASYNC: Record<string, BoundedPipeline> = {
  'consume and send': ({ reader, writer }) => reader.consume(lines(), (line) => writer.send(`${line}\n`)),
  'for await, with drain': async ({ reader, writer }) => {
    for await (const line of reader) {
      writer.write(line);
      await firstValueFrom(writer.drain());
    }
  },
  'consume with an async function': ({ reader, writer }) =>
    reader.consume(lines(), async (line) => {
      await Promise.resolve();
      writer.write(line);
      await firstValueFrom(writer.drain());
    }),
  'consume with timers of the platform': ({ reader, writer }) =>
    reader.consume(lines(), async (line) => {
      await firstValueFrom(timer(2));
      await lastValueFrom(writer.send(line), { defaultValue: undefined });
    }),
  'sendAll of an async generator': ({ reader, writer }) =>
    sendAll(
      writer,
      (async function* () {
        for await (const line of reader) yield line;
      })(),
    ),
};

const UNBOUNDED_ASYNC: Record<string, BoundedPipeline> = {
  'for await, without drain': async ({ reader, writer }) => {
    for await (const line of reader) writer.write(line);
  },
  'consume with an async function that does not wait for room': ({ reader, writer }) =>
    reader.consume(lines(), async (line) => {
      await Promise.resolve();
      writer.write(line);
    }),
  'lines and concatMap with a promise': ({ reader }) =>
    reader.lines().pipe(concatMap((line) => firstValueFrom(timer(5).pipe(map(() => line))))),
  'lines and mergeMap with promises': ({ reader, writer }) =>
    reader.lines().pipe(
      mergeMap(async (line) => {
        writer.write(line);
        await firstValueFrom(writer.drain());
      }),
    ),
};

describe('expectBounded', () => {
  for (const [name, pipeline] of Object.entries(BOUNDED)) {
    it(`passes: ${name}`, () => {
      expect(thrownBy(pipeline)).toBeUndefined();
    });
  }

  for (const [name, pipeline] of Object.entries(UNBOUNDED)) {
    it(`finds: ${name}`, () => {
      const error = thrownBy(pipeline);
      expect(error).toBeInstanceOf(UnboundedError);
      expect((error as UnboundedError).code).toBe('ERR_UNBOUNDED');
    });
  }

  it('says how much was taken, where it waits, by which read, and what to take', () => {
    const { message, bytes } = thrownBy(
      ({ reader, writer }) => reader.lines().pipe(concatMap((line) => writer.send(`${line}\n`))),
      { limit: 2048, highWaterMark: 512, allowed: 0 },
    ) as UnboundedError;
    // 2 × limit, the high water mark, and one line more in each; then 512 lines to be sure.
    expect(bytes.bound).toBe(2 * 2048 + 512 + 2 * 1024);
    expect(bytes).toEqual({
      taken: 531_456,
      bound: 6656,
      reader: 0,
      writer: 1024,
      left: 0,
      between: 530_432,
    });
    expect(message).toContain(
      'taken                            531456 bytes, where a bounded one takes 6656 at most',
    );
    expect(message).toContain('in an operator, or the program   530432');
    expect(message).toContain('reader.lines() cannot be told to wait');
    expect(message).toContain('reader.consume(decoder, work)');
    expect(message).toContain('above 0 bytes, give that as `allowed`');
  });

  it('tells a queue in the writer from one in an operator', () => {
    const { message, bytes } = thrownBy(({ reader, writer }) =>
      reader.consume(lines(), (line) => writer.write(`${line}\n`)),
    ) as UnboundedError;
    expect(bytes.writer).toBe(bytes.taken);
    expect(bytes.between).toBe(0);
    expect(message).toContain('It writes without waiting for room');
  });

  it('names the reads that are repeated, the consume, the framed that it queues behind', () => {
    const messageOf = (name: string): string => (thrownBy(UNBOUNDED[name]!) as Error).message;
    expect(messageOf('reads that are repeated before the work')).toContain(
      'reader.readLine(), before the work',
    );
    expect(messageOf('a queue of the program, behind consume')).toContain(
      'The work of reader.consume() ends',
    );
    const { message } = thrownBy((connection) => {
      const messages = framed(connection, lines());
      return messages.pipe(concatMap((line) => messages.send(line)));
    }) as Error;
    expect(message).toContain('A subscriber of framed()');
  });

  it('allows a buffer that has a bound, as large as it is told', () => {
    const buffered: BoundedPipeline = ({ reader, writer }) =>
      reader.lines().pipe(writeTo(writer, { overflow: 'dropOldest', limit: 2 ** 21 }));
    expect(thrownBy(buffered)).toBeInstanceOf(UnboundedError);
    expect(thrownBy(buffered, { allowed: 2 ** 21 })).toBeUndefined();
    const sideBySide: BoundedPipeline = ({ reader }, { work }) =>
      reader.consume(lines(), (line) => work(line), 20);
    expect(thrownBy(sideBySide, { allowed: 20 * 1024 })).toBeUndefined();
  });

  it('is strict where nothing is allowed', () => {
    expect(thrownBy(BOUNDED['consume and send']!, { allowed: 0 })).toBeUndefined();
    expect(thrownBy(BOUNDED['a proxy']!, { allowed: 0 })).toBeUndefined();
    expect(thrownBy(UNBOUNDED['lines and concatMap']!, { allowed: 0 })).toBeInstanceOf(UnboundedError);
  });

  it('takes input of the protocol, of frames that are small', () => {
    const input = (index: number): string => `${index}\n`;
    expect(thrownBy(BOUNDED['consume and send']!, { input })).toBeUndefined();
    expect(thrownBy(BOUNDED.pipeTo!, { input })).toBeUndefined();
    expect(thrownBy(UNBOUNDED['lines and concatMap']!, { input })).toBeInstanceOf(UnboundedError);
    expect(thrownBy(UNBOUNDED['write without a wait']!, { input })).toBeInstanceOf(UnboundedError);
  });

  it('checks connections in message mode', () => {
    const answered: BoundedPipeline = ({ reader, writer }) =>
      reader.consume(messages(), (message) => writer.send(message));
    const queued: BoundedPipeline = ({ reader, writer }) =>
      reader.frames(messages()).pipe(concatMap((message) => writer.send(message)));
    for (const input of [undefined, (index: number) => Uint8Array.of(index, 0)]) {
      const options = { mode: 'messages' as const, ...(input && { input }) };
      expect(thrownBy(answered, options)).toBeUndefined();
      expect(thrownBy(queued, options)).toBeInstanceOf(UnboundedError);
    }
  });

  it('gives what getExtraInfo is to know', () => {
    const names: unknown[] = [];
    expectBounded(
      ({ reader, writer }) => {
        names.push(writer.getExtraInfo('peername')?.address);
        return reader.pipeTo(writer);
      },
      { extraInfo: { peername: { address: '192.0.2.1', family: 'IPv4', port: 1 } } },
    );
    expect(new Set(names)).toEqual(new Set(['192.0.2.1']));
  });

  it('leaves a pipeline that ends under pressure', () => {
    expect(thrownBy(({ reader }) => reader.lines().pipe(take(3)))).toBeUndefined();
  });

  const problems: Record<string, [PipelineProblem, BoundedPipeline]> = {
    'reads nothing': ['reads-nothing', () => NEVER],
    'waits for a promise': [
      'stands-still',
      ({ reader, writer }) =>
        reader.consume(lines(), (line) => Promise.resolve(line).then((it) => writer.write(it))),
    ],
    'fails with the input': ['failed', ({ reader }) => reader.frames(json())],
    'cannot be called': [
      'failed',
      () => {
        throw new Error('no');
      },
    ],
    'leaves a read behind': [
      'left-subscribed',
      ({ reader }) => {
        const lines$ = reader.lines().pipe(share({ resetOnRefCountZero: false }));
        return lines$;
      },
    ],
    'goes on writing': [
      'left-subscribed',
      ({ reader, writer }) => {
        writer.drain$.subscribe(() => writer.write('more'));
        return reader.pipeTo(writer);
      },
    ],
    'leaves a timer behind': [
      'left-subscribed',
      ({ reader, writer }) => {
        interval(1000).subscribe();
        return reader.pipeTo(writer);
      },
    ],
  };
  for (const [name, [problem, pipeline]] of Object.entries(problems)) {
    it(`refuses one that ${name}`, () => {
      const error = thrownBy(pipeline) as PipelineCheckError;
      expect(error).toBeInstanceOf(PipelineCheckError);
      expect(error.code).toBe('ERR_PIPELINE_CHECK');
      expect(error.problem).toBe(problem);
    });
  }

  it('has the error of the pipeline as the cause, and expectBoundedAsync in the advice', () => {
    const { cause } = thrownBy(({ reader }) => reader.frames(json())) as PipelineCheckError;
    expect(cause).toBeInstanceOf(DecodeError);
    const { message } = thrownBy(problems['waits for a promise']![1]) as PipelineCheckError;
    expect(message).toContain('for promises there is expectBoundedAsync');
  });

  it('throws what a subscriber of the pipeline throws and nobody catches', () => {
    const error = new Error('mine');
    const thrown = thrownBy(({ reader, writer }) => {
      timer(10).subscribe(() => {
        throw error;
      });
      return reader.consume(lines(), (line) => timer(100).pipe(concatMap(() => writer.send(line))));
    });
    expect(thrown).toBe(error);
  });

  it('leaves time as it was, and no connection open', () => {
    const connections: Connection[] = [];
    thrownBy((connection, { connect }) => {
      connections.push(connection, connect());
      return connection.reader.lines().pipe(delay(10));
    });
    expect(Math.abs(asyncScheduler.now() - Date.now())).toBeLessThan(1000);
    expect(connections.length).toBeGreaterThan(2);
    expect(connections.every(({ writer }) => writer.isClosing())).toBeTrue();
  });

  it('refuses options that are none', () => {
    const pipeline = BOUNDED.pipeTo!;
    expect(thrownBy('no' as never)).toBeInstanceOf(TypeError);
    expect(thrownBy(pipeline, 7 as never)).toBeInstanceOf(TypeError);
    expect(thrownBy(pipeline, { allowed: -1 })).toBeInstanceOf(RangeError);
    expect(thrownBy(pipeline, { limit: 0 })).toBeInstanceOf(RangeError);
    expect(thrownBy(pipeline, { mode: 'frames' as never })).toBeInstanceOf(RangeError);
    expect(thrownBy(pipeline, { input: () => '' })).toBeInstanceOf(RangeError);
    expect(thrownBy(pipeline, { input: () => 7 as never })).toBeInstanceOf(TypeError);
    expect(() => expectBoundedAsync(pipeline, { patience: 0 })).toThrowError(RangeError);
    expect(() => expectBoundedAsync('no' as never)).toThrowError(TypeError);
  });
});

describe('expectBoundedAsync', () => {
  for (const [name, pipeline] of Object.entries(BOUNDED_ASYNC)) {
    it(`passes with promises: ${name}`, async () => {
      await expectAsync(expectBoundedAsync(pipeline, { patience: 30 })).toBeResolved();
    });
  }

  for (const [name, pipeline] of Object.entries(UNBOUNDED_ASYNC)) {
    it(`finds with promises: ${name}`, async () => {
      await expectAsync(expectBoundedAsync(pipeline, { patience: 30 })).toBeRejectedWithError(UnboundedError);
    });
  }

  it('advises more patience where the work is slower', async () => {
    const slow: BoundedPipeline = ({ reader }) =>
      reader.consume(lines(), () => new Promise<never>(() => undefined));
    await expectAsync(expectBoundedAsync(slow, { patience: 5 })).toBeRejectedWithError(
      PipelineCheckError,
      /stands still.*patience/,
    );
  });
});
