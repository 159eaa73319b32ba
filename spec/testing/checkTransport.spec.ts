import type { Data, Transport, TransportReceiver } from '../../src/index.js';
import { TransportWrapper } from '../../src/streams/TransportWrapper.js';
import { checkTransport, transportChecks, type TransportTraits } from '../../src/testing/checkTransport.js';
import { MemoryTransport } from '../../src/transports/memory/MemoryTransport.js';

/** A good transport, for others to be broken on top of it. */
class Wrapper extends TransportWrapper {
  protected receiver: TransportReceiver | undefined;

  override start(receiver: TransportReceiver): void {
    this.receiver = receiver;
    super.start(this.wrap(receiver));
  }
  protected wrap(receiver: TransportReceiver): TransportReceiver {
    return {
      data: (chunk) => receiver.data(chunk),
      eof: () => receiver.eof(),
      flushed: () => receiver.flushed(),
      closed: (error) => receiver.closed(error),
    };
  }
}

/** Breaks one call of those a transport makes. */
function telling(change: (receiver: TransportReceiver) => Partial<TransportReceiver>): typeof Wrapper {
  return class extends Wrapper {
    protected override wrap(receiver: TransportReceiver): TransportReceiver {
      return { ...super.wrap(receiver), ...change(receiver) };
    }
  };
}

class DeafBeforeStart extends Wrapper {
  constructor(inner: Transport) {
    super(inner);
    inner.start({
      data: (chunk) => this.receiver?.data(chunk),
      eof: () => this.receiver?.eof(),
      flushed: () => this.receiver?.flushed(),
      closed: (error) => this.receiver?.closed(error),
    });
  }
  override start(receiver: TransportReceiver): void {
    this.receiver = receiver;
  }
}

class IgnoresPause extends Wrapper {
  override pause(): void {}
}

class NeverResumes extends Wrapper {
  override resume(): void {}
}

class CountsNothing extends Wrapper {
  override get writeQueueSize(): number {
    return 0;
  }
}

class CountsCharacters extends Wrapper {
  #surplus = 0;
  override get writeQueueSize(): number {
    return super.writeQueueSize === 0 ? 0 : super.writeQueueSize - this.#surplus;
  }
  override write(data: Data): void {
    if (typeof data === 'string') this.#surplus += new TextEncoder().encode(data).length - data.length;
    super.write(data);
  }
}

class CountsLetters extends Wrapper {
  #letters = 0;
  override get bytesWritten(): number {
    return this.#letters;
  }
  override write(data: Data): void {
    this.#letters += data.length;
    super.write(data);
  }
}

class CloseDropsTheQueue extends Wrapper {
  override close(): void {
    this.inner.abort();
  }
}

class AbortLooksLikeAnEnd extends Wrapper {
  override abort(reason?: unknown): void {
    if (reason === undefined) this.inner.close();
    else this.inner.abort(reason);
  }
}

class ForgetsTheReason extends Wrapper {
  override abort(): void {
    this.inner.abort();
  }
}

class SendsAfterClose extends Wrapper {
  #closes = false;
  #late = 0;
  override get writeQueueSize(): number {
    return super.writeQueueSize + this.#late;
  }
  override write(data: Data): void {
    if (this.#closes) this.#late += data.length;
    super.write(data);
  }
  override close(): void {
    this.#closes = true;
    super.close();
  }
}

class IgnoresAnAbortAfterClose extends Wrapper {
  #closes = false;
  override close(): void {
    this.#closes = true;
    super.close();
  }
  override abort(reason?: unknown): void {
    if (this.#closes) this.receiver?.closed(reason);
    else super.abort(reason);
  }
}

class SeesOnlyTheEndOfAWrite extends Wrapper {
  protected override wrap(receiver: TransportReceiver): TransportReceiver {
    return {
      ...super.wrap(receiver),
      flushed: () => {
        if (this.inner.writeQueueSize === 0) receiver.flushed();
      },
    };
  }
}

/** A good one of which something stays until its peer has ended too, or until an abort. */
class Lingering extends Wrapper {
  protected readonly waiting: (() => void)[] = [];
  #closed = false;
  #ended = false;
  #released = false;

  override readonly onReleased = (released: () => void): void => {
    if (this.#released) released();
    else this.waiting.push(released);
  };
  override abort(reason?: unknown): void {
    this.#ended = true;
    super.abort(reason);
    if (this.#closed) this.release();
  }
  protected override wrap(receiver: TransportReceiver): TransportReceiver {
    return {
      ...super.wrap(receiver),
      closed: (error) => {
        this.#closed = true;
        this.closed(receiver, error);
        if (this.#ended) this.release();
        else setTimeout(() => this.linger(), 5);
      },
    };
  }
  protected closed(receiver: TransportReceiver, error: unknown): void {
    receiver.closed(error);
  }
  protected linger(): void {
    this.release();
  }
  protected release(): void {
    this.#released = true;
    for (const released of this.waiting.splice(0)) released();
  }
}

class ReleasedBeforeClosed extends Lingering {
  protected override closed(receiver: TransportReceiver, error: unknown): void {
    this.release();
    super.closed(receiver, error);
  }
}

class ReleasedTwice extends Lingering {
  protected override release(): void {
    const { waiting } = this;
    for (const released of waiting) released();
    super.release();
  }
}

class NeverReleased extends Lingering {
  protected override release(): void {}
}

class NotReleasedByAnAbort extends Lingering {
  #aborted = false;
  override abort(reason?: unknown): void {
    this.#aborted = true;
    super.abort(reason);
  }
  protected override linger(): void {}
  protected override release(): void {
    if (!this.#aborted) super.release();
  }
}

/** Goes on, and nobody hears of what its receiver has thrown. */
class SwallowsThrows extends Wrapper {
  protected override wrap(receiver: TransportReceiver): TransportReceiver {
    const keep = (call: () => void): void => {
      try {
        call();
      } catch {
        // Nobody is told.
      }
    };
    const good = super.wrap(receiver);
    return {
      data: (chunk) => keep(() => good.data(chunk)),
      eof: () => keep(() => good.eof()),
      flushed: () => keep(() => good.flushed()),
      closed: (error) => keep(() => good.closed(error)),
    };
  }
}

/** Its flag against calls from inside stays set when a receiver throws. */
class DeadAfterAThrow extends Wrapper {
  #delivering = false;
  protected override wrap(receiver: TransportReceiver): TransportReceiver {
    const guard =
      (call: (argument: never) => void) =>
      (argument?: unknown): void => {
        if (this.#delivering) return;
        this.#delivering = true;
        call(argument as never);
        this.#delivering = false;
      };
    const good = super.wrap(receiver);
    return {
      data: guard((chunk) => good.data(chunk)),
      eof: guard(() => good.eof()),
      flushed: guard(() => good.flushed()),
      closed: guard((error) => good.closed(error)),
    };
  }
}

class Latin1 extends Wrapper {
  override write(data: Data): void {
    super.write(typeof data === 'string' ? Uint8Array.from(data, (c) => c.charCodeAt(0) & 255) : data);
  }
}

class CannotHalfClose extends Wrapper {
  override get canWriteEof(): boolean {
    return false;
  }
  override writeEof(): void {
    throw new Error('cannot half-close');
  }
}

class KnowsEverything extends Wrapper {
  override getExtraInfo(name: string): unknown {
    return `the ${name}`;
  }
}

class RefusesTheSecondClose extends Wrapper {
  #closed = false;
  override close(): void {
    if (this.#closed) throw new Error('closed twice');
    this.#closed = true;
    super.close();
  }
}

const ClosedTwice = telling((receiver) => ({
  closed(error) {
    receiver.closed(error);
    receiver.closed(error);
  },
}));
const DataAfterClosed = telling((receiver) => ({
  closed(error) {
    receiver.closed(error);
    receiver.data(Uint8Array.of(33));
  },
}));
const EmptyChunks = telling((receiver) => ({
  data(chunk) {
    receiver.data(chunk.subarray(0, 0));
    receiver.data(chunk);
  },
}));
const NeverFlushed = telling(() => ({ flushed: () => undefined }));
const FlushesTooOften = telling((receiver) => ({
  flushed() {
    receiver.flushed();
    receiver.flushed();
  },
}));
const NoEnd = telling(() => ({ eof: () => undefined }));
const EofBeforeTheLastData = telling((receiver) => {
  let last: Uint8Array | undefined;
  return {
    data(chunk) {
      if (last !== undefined) receiver.data(last);
      last = chunk;
    },
    eof() {
      receiver.eof();
      if (last !== undefined) receiver.data(last);
    },
  };
});
const LosesAByte = telling((receiver) => {
  let received = 0;
  return {
    data(chunk) {
      received += chunk.length;
      receiver.data(received > 100_000 && chunk.length > 1 ? chunk.subarray(1) : chunk);
    },
  };
});
const Reorders = telling((receiver) => {
  let kept: Uint8Array | undefined;
  let received = 0;
  return {
    data(chunk) {
      received += chunk.length;
      if (kept === undefined && received > 100_000 && chunk.length > 1) {
        kept = chunk;
      } else {
        receiver.data(chunk);
        if (kept !== undefined) receiver.data(kept);
        kept = undefined;
      }
    },
  };
});
const ReusesItsBuffer = telling((receiver) => {
  const buffer = new Uint8Array(2 ** 23);
  return {
    data(chunk) {
      buffer.set(chunk);
      receiver.data(buffer.subarray(0, chunk.length));
    },
  };
});

const broken: readonly (readonly [sins: string, type: typeof Wrapper, rule: string, says: string])[] = [
  [
    'loses what comes before start',
    DeafBeforeStart,
    'keeps what comes before start, and delivers it then',
    'in vain for the end of the stream',
  ],
  ['is closed twice', ClosedTwice, 'bears a second close', 'how often one end was closed: expected 1, got 2'],
  [
    'tells of data after closed',
    DataAfterClosed,
    'tells of data, then of the end, then of the close, and of nothing after',
    'expected ["answer", "question"], got ["answer!", "question!"]',
  ],
  ['tells of empty chunks', EmptyChunks, 'ends one direction and keeps the other', '"data without a byte"'],
  [
    'tells of the end before the last data',
    EofBeforeTheLastData,
    'ends one direction and keeps the other',
    'the other end was told [eof, data]',
  ],
  [
    'never tells of the end',
    NoEnd,
    'ends one direction and keeps the other',
    'in vain for the end of the stream',
  ],
  ['loses a byte', LosesAByte, 'sends what was written before it closes', 'of seed '],
  ['reorders', Reorders, 'sends what was written before it closes', 'they differ from byte '],
  [
    'ignores pause',
    IgnoresPause,
    'stops delivering when paused but for what was under way, and goes on when resumed',
    'expected at most 256 KiB in spite of the pause, got "4194309 bytes"',
  ],
  [
    'never goes on',
    NeverResumes,
    'stops delivering when paused but for what was under way, and goes on when resumed',
    'in vain for the end of the stream; was told [data]',
  ],
  [
    'never tells of flushes',
    NeverFlushed,
    'counts what it could not hand on, and tells of every decrease',
    'queue at the last flush: expected 0, got undefined',
  ],
  [
    'tells of flushes that are none',
    FlushesTooOften,
    'counts what it could not hand on, and tells of every decrease',
    'every flush is a decrease: expected [0], got [0, 0]',
  ],
  [
    'counts nothing',
    CountsNothing,
    'counts what it could not hand on, and tells of every decrease',
    '64 MiB went out to an end that is paused, with a writeQueueSize of 0',
  ],
  [
    'counts the letters of what is written',
    CountsLetters,
    'counts the bytes that were written, where it counts them',
    'what it has counted: expected 8, got 7',
  ],
  [
    'counts characters',
    CountsCharacters,
    'counts what it could not hand on, and tells of every decrease',
    'writeQueueSize: expected 1049585, got 1049580',
  ],
  [
    'drops at close what is queued',
    CloseDropsTheQueue,
    'goes on sending after close until a peer that had stopped has taken everything',
    'in vain for the end of the stream',
  ],
  [
    'shows no abort to the peer',
    AbortLooksLikeAnEnd,
    'shows an abort to the peer as an error, behind what it had received',
    'in vain for closed; was told [data, eof]',
  ],
  [
    'forgets the reason of an abort',
    ForgetsTheReason,
    'bears a close after an abort',
    '["over"], got [undefined]',
  ],
  ['refuses the second close', RefusesTheSecondClose, 'bears a second close', 'closed twice'],
  [
    'reuses its memory',
    ReusesItsBuffer,
    'delivers chunks that it never touches again',
    'chunk 0, looked at again',
  ],
  [
    'writes strings as Latin-1',
    Latin1,
    'sends strings as UTF-8, in order with the bytes',
    'in vain for 16 bytes',
  ],
  [
    'takes what is written after close',
    SendsAfterClose,
    'drops what is written after close',
    'expected no more in the write queue, got 100004',
  ],
  [
    'hides from its peer an abort that comes after close',
    IgnoresAnAbortAfterClose,
    'drops at an abort after close what is queued, and the peer is told that it is over',
    'expected ["too slow"], got ["too slow", undefined]',
  ],
  [
    'sees only the end of a large write',
    SeesOnlyTheEndOfAWrite,
    'tells of progress inside one large write, step by step as the peer takes it',
    'expected at least 3 flushes in the middle of the write, got 0',
  ],
  [
    'is released before it is closed',
    ReleasedBeforeClosed,
    'is released once, after it was closed',
    'before each release: expected ["closed"], got [undefined]',
  ],
  [
    'is released twice',
    ReleasedTwice,
    'is released once, after it was closed',
    'before each release: expected ["closed"], got ["closed", "closed"]',
  ],
  ['is never released', NeverReleased, 'is released after an abort', 'in vain for the release'],
  [
    'is not released by an abort',
    NotReleasedByAnAbort,
    'is released by an abort after it was closed',
    'in vain for the release',
  ],
  ...(['data', 'eof', 'flushed'] as const).flatMap((call) => [
    [
      `is dead after a throw in ${call}`,
      DeadAfterAThrow,
      `goes on when its receiver throws in ${call}`,
      'in vain for ',
    ] as const,
    [
      `swallows a throw in ${call}`,
      SwallowsThrows,
      `goes on when its receiver throws in ${call}`,
      'in vain for the report of what was thrown',
    ] as const,
  ]),
  [
    'swallows throws in closed',
    SwallowsThrows,
    'tells the other end also when both receivers throw in closed',
    'in vain for the report of what was thrown',
  ],
  [
    'swallows throws of both receivers',
    SwallowsThrows,
    'goes on when both receivers throw in data',
    'in vain for the report of what was thrown',
  ],
  ['cannot half-close', CannotHalfClose, 'ends one direction and keeps the other', 'cannot half-close'],
  ['knows every name', KnowsEverything, 'knows nothing of names it has never heard of', '"the no such name"'],
];

function pairOf(type: typeof Wrapper): () => readonly [Transport, Transport] {
  return () => {
    const [one, other] = MemoryTransport.pair();
    return [new type(one), new type(other)];
  };
}

async function complaint(running: Promise<void>): Promise<string> {
  try {
    await running;
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}

async function complaintOf(rule: string, type: typeof Wrapper, traits?: TransportTraits): Promise<string> {
  const check = transportChecks(pairOf(type), { timeout: 100, reportsThrows: true, ...traits }).find(
    ({ name }) => name === rule,
  );
  return complaint(check!.run());
}

describe('checkTransport', () => {
  it('passes a good transport', async () => {
    expect(await complaint(checkTransport(pairOf(Wrapper)))).toBe('nothing');
  });

  for (const [sin, type, rule, says] of broken) {
    it(`catches a transport that ${sin}`, async () => {
      const message = await complaintOf(rule, type);
      expect(message.startsWith(`${rule}: `))
        .withContext(message)
        .toBeTrue();
      expect(message).toContain(says);
      expect(message).toContain('\n  one end was told [');
      expect(message).toContain('\n  the other end was told [');
      // It is the sin that is caught: without it the rule is kept.
      expect(await complaintOf(rule, Wrapper)).toBe('nothing');
    });
  }

  it('lists every rule that is broken', async () => {
    const message = await complaint(checkTransport(pairOf(KnowsEverything), { timeout: 100 }));
    expect(message).toBe(
      'The transport breaks 1 of 38 rules:\n' +
        '- knows nothing of names it has never heard of: what is known of a name that nobody knows: ' +
        'expected undefined, got "the no such name"\n' +
        '  one end was told [], 0 flushes, 0 bytes\n' +
        '  the other end was told [], 0 flushes, 0 bytes',
    );
    const several = await complaint(checkTransport(pairOf(ForgetsTheReason), { timeout: 100 }));
    expect(several).toMatch(/^The transport breaks [5-9] of 38 rules:\n- bears a second abort/);
  });

  it('knows transports that have no reset, and such as cannot half-close', async () => {
    expect(await complaint(checkTransport(pairOf(CannotHalfClose), { halfCloses: false }))).toBe('nothing');
    const names = (traits: TransportTraits): string[] =>
      transportChecks(pairOf(Wrapper), traits).map(({ name }) => name);
    expect(names({}).length - names({ resets: false }).length).toBe(3);
    expect(names({}).length - names({ reportsProgress: false }).length).toBe(1);
    expect(names({ reportsThrows: true }).length - names({}).length).toBe(5);
    expect(names({ halfCloses: false })).toContain('says that it cannot end one direction alone');
  });

  it('gives every rule a name of its own', () => {
    const names = transportChecks(pairOf(Wrapper)).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('makes a new pair for each check, and aborts both ends behind it, also when it failed', async () => {
    const made: Transport[] = [];
    const aborted = new Set<Transport>();
    class Watched extends KnowsEverything {
      override abort(reason?: unknown): void {
        aborted.add(this);
        super.abort(reason);
      }
    }
    const make = (): readonly [Transport, Transport] => {
      const pair = pairOf(Watched)();
      made.push(...pair);
      return pair;
    };
    await complaint(checkTransport(make, { timeout: 100 }));
    expect(made.length).toBeGreaterThanOrEqual(62);
    expect(aborted.size).toBe(made.length);
  });

  it('names the rule when no pair can be made', async () => {
    const [check] = transportChecks(() => Promise.reject(new Error('no network')));
    expect(await complaint(check!.run())).toBe(
      'keeps what comes before start, and delivers it then: no network',
    );
  });

  it('refuses a timeout that is none', () => {
    for (const timeout of [0, -1, NaN, Infinity, '100' as unknown as number, 5n as unknown as number]) {
      expect(() => transportChecks(pairOf(Wrapper), { timeout })).toThrowError(RangeError, /timeout must be/);
    }
  });

  it('refuses traits that are neither true nor false', () => {
    for (const name of ['resets', 'halfCloses', 'reportsProgress', 'reportsThrows']) {
      expect(() => transportChecks(pairOf(Wrapper), { [name]: 'no' })).toThrowError(
        TypeError,
        `${name} must be true or false, not "no"`,
      );
    }
  });

  it('tells of what cannot be shown: a pair that fails with an object without a text', async () => {
    const nothing: unknown = Object.create(null);
    const [check] = transportChecks(() => Promise.reject(nothing));
    expect(await complaint(check!.run())).toBe('keeps what comes before start, and delivers it then: {}');
  });
});
