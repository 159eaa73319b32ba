import { Observable, Subject, type Subscription } from 'rxjs';
import { DecodeError, StreamError, type Decoder } from '../../src/index.js';
import { manualConnection } from '../../src/testing.js';
import type { FuzzTarget } from '../FuzzTarget.js';
import { DIGIT_0, ReaderModel, type Heard, type ReadCall } from '../ReaderModel.js';
import { mustBeSame } from '../show.js';

const SEPARATORS = [['\n'], ['\r\n', '\n'], ['ab'], ['b', 'aab']];
const LOST = new Error('lost');

/** The input is a script: a byte that says what happens next, then what that needs. */
export const readerTarget: FuzzTarget = {
  name: 'reader',
  dictionary: [
    ...['\n', '\r\n', 'ab', 'aab', '3abc', '0', '1x2yz'],
    ...[0, 1, 2, 3, 4, 5, 6, 7, 8].map((kind) => Uint8Array.of(1, kind, 2)),
    Uint8Array.of(0, 3, 0x61, 0x62, 0x0a),
    Uint8Array.of(2, 5),
    Uint8Array.of(5, 2, 0),
    Uint8Array.of(6, 0),
  ],
  seeds: [
    ...Array.from({ length: 36 }, (_, kind) => seed(kind % 2, (kind >> 1) % 9, kind < 18 ? 0 : 1)),
    Uint8Array.of(4, 1, 3, 0, 0, 4, 0x61, 0x62, 0x0a, 0x63, 3),
    Uint8Array.of(1, 1, 5, 1, 0, 5, 0x32, 0x61, 0x62, 0x31, 0x63, 1, 0, 2, 2, 0, 3),
    Uint8Array.of(0, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 1, 3, 0, 1, 0, 9, 0, 4),
    Uint8Array.of(9, 1, 7, 1, 0, 6, 0x31, 0x61, 0x31, 0x62, 0x31, 0x63, 5, 0, 5, 0, 3, 5, 0),
    Uint8Array.of(2, 6, 2, 1, 1, 6, 0, 0, 0, 3, 0x61, 0x0a, 0x62, 5, 0, 2),
  ],
  stepsPerByte: 2000,
  run(input) {
    new Script(input).run();
  },
};

// The same read three times over: two are given frames, lines or bytes while the third waits; work ends; then the end.
function seed(ascii: number, verb: number, argument: number): Uint8Array {
  const read = [1, ascii, verb, argument];
  const text = [0, 9, 0x30, 0x31, 0x61, 0x30, 0x30, 0x0a, 0x62, 0x0d, 0x0a];
  return Uint8Array.of(
    6,
    ...read,
    ...text,
    ...read,
    ...text,
    5,
    0,
    5,
    0,
    2,
    1,
    ...read,
    0,
    1,
    0xe9,
    3,
    0,
    5,
    0,
  );
}

const digitFrame = (): Decoder<Uint8Array> => {
  let n: number | undefined;
  return {
    decode(bytes) {
      n ??= bytes.takeUint8();
      if (n === undefined) return undefined;
      const length = n - DIGIT_0;
      if (length < 0 || length > 9) throw new DecodeError(`no digit: ${n}`);
      const frame = bytes.takeExactly(length);
      if (frame !== undefined) n = undefined;
      return frame;
    },
  };
};

class Script {
  #next = 0;
  readonly #limit: number;
  readonly #model: ReaderModel;
  readonly #connection;
  readonly #heard: Heard[] = [];
  readonly #reads: (Subscription | undefined)[] = [];
  readonly #chunks = new Set<number>();
  readonly #works: Subject<never>[][] = [];
  readonly #thenDo = new Map<number, () => void>();

  constructor(readonly input: Uint8Array) {
    this.#limit = 1 + (this.#byte() % 12);
    this.#model = new ReaderModel(this.#limit);
    this.#connection = manualConnection({ limit: this.#limit });
  }

  run(): void {
    const { reader, transport } = this.#connection;
    const model = this.#model;
    while (this.#next < this.input.length) {
      this.#step();
      mustBeSame('what the reads tell', this.#joined(this.#heard), this.#joined(model.heard));
      mustBeSame('bufferedBytes', reader.bufferedBytes, model.buffer.length);
      mustBeSame('atEof()', reader.atEof(), model.atEof);
      mustBeSame('bytes held back by the transport', transport.waiting, model.heldBack);
    }
  }

  #byte(): number {
    return this.input[this.#next++] ?? 0;
  }

  // How received bytes are put together in chunks is not promised.
  #joined(heard: readonly Heard[]): Heard[] {
    const joined: Heard[] = [];
    for (const one of heard) {
      const last = joined.at(-1);
      if (one[1] === 'next' && this.#chunks.has(one[0]) && last?.[1] === 'next' && last[0] === one[0]) {
        const bytes = [last[2], one[2]].flatMap((chunk) => Array.from(chunk as Uint8Array));
        joined[joined.length - 1] = [one[0], 'next', Uint8Array.from(bytes)];
      } else joined.push(one);
    }
    return joined;
  }

  #step(): void {
    const action = this.#action();
    action.real();
    action.model();
  }

  #action(): { real: () => void; model: () => void } {
    const { transport } = this.#connection;
    const model = this.#model;
    switch (this.#byte() % 8) {
      case 0: {
        const n = this.#byte() % 24;
        const chunk = this.input.slice(this.#next, this.#next + n);
        this.#next += n;
        if (chunk.length === 0) return NOTHING;
        return { real: () => transport.receive(chunk), model: () => model.receive(chunk) };
      }
      case 1: {
        const id = this.#reads.length;
        const call = this.#call();
        this.#reads.push(undefined);
        return { real: () => this.#subscribe(id, call), model: () => model.subscribe(id, call) };
      }
      case 2: {
        const id = this.#pick(model.going);
        return { real: () => this.#reads[id]?.unsubscribe(), model: () => model.unsubscribe(id) };
      }
      case 3:
        if (this.#byte() % 4 !== 0) return NOTHING;
        return { real: () => transport.receiveEof(), model: () => model.receive('eof') };
      case 4: {
        const kind = this.#byte();
        if (kind % 8 === 0)
          return { real: () => transport.lose(LOST), model: () => model.fail('ERR_CONNECTION_LOST') };
        if (kind % 8 === 1)
          return {
            real: () => this.#connection.writer.abort(),
            model: () => model.fail('ERR_CONNECTION_CLOSED'),
          };
        return NOTHING;
      }
      case 5: {
        const id = this.#pick(model.working);
        if (id === -1) return NOTHING;
        return { real: () => this.#works[id]!.shift()?.complete(), model: () => model.workDone(id) };
      }
      default: {
        // Something that is done while the next read tells of its first value, its error or its end.
        const id = this.#reads.length;
        const call = this.#call();
        this.#reads.push(undefined);
        // Where a chunk ends is the reader's own affair, so nothing may depend on it.
        if (call.verb !== 'chunks') {
          const nested = this.#action();
          this.#thenDo.set(id, nested.real);
          model.thenDo.set(id, nested.model);
        }
        return { real: () => this.#subscribe(id, call), model: () => model.subscribe(id, call) };
      }
    }
  }

  #pick(from: readonly number[]): number {
    return from[this.#byte() % Math.max(1, from.length)] ?? -1;
  }

  #call(): ReadCall {
    const ascii = this.#byte() % 2 === 1;
    switch (this.#byte() % 9) {
      case 0:
        return { verb: 'read', n: this.#byte() % 8, ascii: false };
      case 1:
        return { verb: 'read', n: -1, ascii };
      case 2:
        return { verb: 'readExactly', n: this.#byte() % 30, ascii };
      case 3:
        return { verb: 'readUntil', separators: SEPARATORS[this.#byte() % SEPARATORS.length]!, ascii };
      case 4:
        return { verb: 'readLine', ascii };
      case 5:
        return { verb: 'readFrame' };
      case 6:
        return { verb: 'lines', limit: 1 + (this.#byte() % 12) };
      case 7:
        return ascii ? { verb: 'chunks' } : { verb: 'frames' };
      default:
        return { verb: 'consume', concurrency: 1 + (this.#byte() % 3) };
    }
  }

  #subscribe(id: number, call: ReadCall): void {
    const hear = (...heard: Heard): void => {
      this.#heard.push(heard);
      const action = this.#thenDo.get(id);
      this.#thenDo.delete(id);
      action?.();
    };
    this.#works[id] = [];
    if (call.verb === 'chunks') this.#chunks.add(id);
    new Observable<unknown>((subscriber) => {
      // Known before anything comes: a read may be given up from inside its own value.
      this.#reads[id] = subscriber;
      this.#observable(call, id, (value) => hear(id, 'next', value)).subscribe(subscriber);
    }).subscribe({
      next: (value) => hear(id, 'next', value),
      error: (error: unknown) => hear(id, 'error', error instanceof StreamError ? error.code : String(error)),
      complete: () => hear(id, 'complete'),
    });
  }

  #observable(call: ReadCall, id: number, next: (value: unknown) => void): Observable<unknown> {
    const { reader } = this.#connection;
    switch (call.verb) {
      case 'read':
        return call.n === -1 && call.ascii ? reader.read('ascii') : reader.read(call.n);
      case 'readExactly':
        return call.ascii ? reader.readExactly(call.n, 'ascii') : reader.readExactly(call.n);
      case 'readUntil':
        return call.ascii ? reader.readUntil(call.separators, 'ascii') : reader.readUntil(call.separators);
      case 'readLine':
        return call.ascii ? reader.readLine('ascii') : reader.readLine();
      case 'readFrame':
        return reader.readFrame(digitFrame);
      case 'frames':
        return reader.frames(digitFrame);
      case 'chunks':
        return reader.chunks();
      case 'lines':
        return reader.lines({ limit: call.limit });
      case 'consume':
        return reader.consume(
          digitFrame,
          (frame) => {
            const work = new Subject<never>();
            this.#works[id]!.push(work);
            next(frame);
            return work;
          },
          call.concurrency,
        );
    }
  }
}

const NOTHING = { real: (): void => undefined, model: (): void => undefined };
