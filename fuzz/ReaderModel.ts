import { bytesOf, readUntil, textOf } from './naive.js';

/** What a read is, as the script of the target `reader` has chosen it. */
export type ReadCall =
  | { readonly verb: 'read'; readonly n: number; readonly ascii: boolean }
  | { readonly verb: 'readExactly'; readonly n: number; readonly ascii: boolean }
  | { readonly verb: 'readUntil'; readonly separators: readonly string[]; readonly ascii: boolean }
  | { readonly verb: 'readLine'; readonly ascii: boolean }
  | { readonly verb: 'readFrame' }
  | { readonly verb: 'lines'; readonly limit: number }
  | { readonly verb: 'frames' }
  | { readonly verb: 'consume'; readonly concurrency: number }
  | { readonly verb: 'chunks' };

/** What a subscriber hears. */
export type Heard =
  | readonly [id: number, kind: 'next', value: unknown]
  | readonly [id: number, kind: 'error', code: string]
  | readonly [id: number, kind: 'complete'];

interface Read {
  readonly id: number;
  readonly call: ReadCall;
  closed: boolean;
  emitted: boolean;
  settled: boolean;
  /** Of `consume`: pieces of work under way, and whether it has ended apart from them. */
  working: number;
  ended: boolean;
}

/** A value, the code of an error, or nothing yet. */
type Taken = { readonly value: unknown } | { readonly code: string } | undefined;

/** A frame of the decoder in this target: a digit, then as many bytes. Anything else is a `DecodeError`. */
export const DIGIT_0 = 0x30;

/**
 * asyncio's `StreamReader`, with reads that queue up and can be given up: an array of bytes, a list of reads, and each
 * step anew from the beginning.
 */
export class ReaderModel {
  readonly heard: Heard[] = [];
  buffer = new Uint8Array(0);
  paused = false;
  /** What is done at the first thing that a read tells, by the read's number. */
  readonly thenDo = new Map<number, () => void>();
  // Or the code of the error that it has failed with.
  #state = 'open';
  #lost = false;
  #eof = false;
  #waiting: (Uint8Array | 'eof')[] = [];
  #reads: Read[] = [];
  readonly #all: Read[] = [];
  #serving = false;
  #delivering = false;

  constructor(readonly limit: number) {}

  get atEof(): boolean {
    return this.#state === 'ended' && this.buffer.length === 0;
  }

  /** How many bytes the transport holds back. */
  get heldBack(): number {
    return this.#waiting.reduce((sum, chunk) => sum + (chunk === 'eof' ? 0 : chunk.length), 0);
  }

  /** The numbers of reads that go on. */
  get going(): readonly number[] {
    return this.#reads.filter(({ closed }) => !closed).map(({ id }) => id);
  }

  /** The numbers of `consume`s with work under way. */
  get working(): readonly number[] {
    return this.#all.filter(({ working, closed }) => working > 0 && !closed).map(({ id }) => id);
  }

  receive(chunk: Uint8Array | 'eof'): void {
    if (this.#lost || this.#eof) return;
    this.#eof = chunk === 'eof';
    this.#waiting.push(chunk);
    this.#deliver();
  }

  fail(code: string): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#waiting = [];
    if (this.#state === 'open') this.#state = code;
    this.#serve();
  }

  subscribe(id: number, call: ReadCall): void {
    const read = { id, call, closed: false, emitted: false, settled: false, working: 0, ended: false };
    this.#reads.push(read);
    this.#all.push(read);
    this.#serve();
  }

  unsubscribe(id: number): void {
    const read = this.#all.find((one) => one.id === id);
    if (read === undefined || read.closed) return;
    read.closed = true;
    const first = this.#reads[0] === read;
    // The one that is being served is taken off the list when that is over.
    if (first && this.#serving) return;
    this.#reads = this.#reads.filter((one) => one !== read);
    if (first) this.#serve();
  }

  workDone(id: number): void {
    const read = this.#all.find((one) => one.id === id)!;
    if (read.working === 0) return;
    read.working--;
    if (read.closed) return;
    if (!read.ended) this.#serve();
    else if (read.working === 0) this.#finish(read, [id, 'complete']);
  }

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    while (!this.paused && this.#waiting.length > 0) {
      const next = this.#waiting.shift()!;
      if (next === 'eof') this.#state = 'ended';
      else this.buffer = Uint8Array.from([...this.buffer, ...next]);
      this.#serve();
    }
    this.#delivering = false;
  }

  #serve(): void {
    if (this.#serving) return;
    this.#serving = true;
    for (;;) {
      const first = this.#reads[0];
      if (first !== undefined && this.#advance(first))
        this.#reads = this.#reads.filter((one) => one !== first);
      else if (!this.#settleOne()) break;
    }
    this.#serving = false;
    this.#controlFlow();
  }

  // A read is refused once it is its turn to be looked at, if one that goes on is before it.
  #settleOne(): boolean {
    const at = this.#reads.findIndex(({ settled }) => !settled);
    const read = this.#reads[at];
    if (read === undefined) return false;
    read.settled = true;
    if (this.#reads.slice(0, at).some((other) => goesOn(other.call))) {
      this.#reads.splice(at, 1);
      this.#finish(read, [read.id, 'error', 'ERR_READER_BUSY']);
    }
    return true;
  }

  #controlFlow(): void {
    if (this.#state !== 'open') return;
    const first = this.#reads[0];
    const needsMore = first !== undefined && !isFull(first);
    if (this.paused && (needsMore || this.buffer.length <= this.limit)) {
      this.paused = false;
      this.#deliver();
    } else if (!this.paused && !needsMore && this.buffer.length > 2 * this.limit) {
      this.paused = true;
    }
  }

  // True: it is over.
  #advance(read: Read): boolean {
    const { id, call } = read;
    while (!read.closed) {
      if (read.emitted && !goesOn(call)) {
        this.#finish(read, [id, 'complete']);
        return true;
      }
      if (isFull(read)) return false;
      const taken = this.#take(call);
      if (taken === undefined && this.#state === 'open') return false;
      if (taken === undefined && this.#state === 'ended') {
        this.#end(read);
        return true;
      }
      if (taken === undefined) {
        this.#finish(read, [id, 'error', this.#state]);
        return true;
      }
      if ('code' in taken) {
        this.#finish(read, [id, 'error', taken.code]);
        return true;
      }
      read.emitted = true;
      if (call.verb === 'consume') read.working++;
      this.#tell([id, 'next', taken.value]);
    }
    return true;
  }

  #end(read: Read): void {
    const { id, call } = read;
    // All of them have taken a value for the end, but these.
    if (call.verb !== 'consume') this.#finish(read, [id, 'complete']);
    else if (read.working === 0) this.#finish(read, [id, 'complete']);
    else read.ended = true;
  }

  #finish(read: Read, heard: Heard): void {
    read.closed = true;
    this.#tell(heard);
  }

  #tell(heard: Heard): void {
    this.heard.push(heard);
    const action = this.thenDo.get(heard[0]);
    this.thenDo.delete(heard[0]);
    action?.();
  }

  #take(call: ReadCall): Taken {
    const { buffer } = this;
    const ended = this.#state === 'ended';
    switch (call.verb) {
      case 'read':
        if (call.n === -1) return ended ? this.#text(buffer.length, call.ascii) : undefined;
        return buffer.length > 0 || call.n === 0 || ended
          ? this.#text(Math.min(call.n, buffer.length), false)
          : undefined;
      case 'readExactly':
        if (buffer.length >= call.n) return this.#text(call.n, call.ascii);
        return ended ? this.#incomplete() : undefined;
      case 'readUntil': {
        const found = readUntil(buffer, 0, call.separators.map(bytesOf), this.limit);
        if (found === 'overrun') return this.#error('ERR_LIMIT_OVERRUN');
        if (found !== 'more') return this.#text(found.end, call.ascii);
        return ended ? this.#incomplete() : undefined;
      }
      case 'readLine': {
        const found = readUntil(buffer, 0, [bytesOf('\n')], this.limit);
        if (found === 'overrun') {
          const newline = buffer.indexOf(10);
          this.#drop(newline === -1 ? buffer.length : newline + 1);
          return this.#error('ERR_LIMIT_OVERRUN');
        }
        if (found !== 'more') return this.#text(found.end, call.ascii);
        return ended ? this.#text(buffer.length, call.ascii) : undefined;
      }
      case 'lines': {
        const newline = buffer.indexOf(10);
        const length = newline === -1 ? buffer.length : newline;
        if (length > call.limit) return this.#error('ERR_LIMIT_OVERRUN');
        if (newline === -1 && (!ended || length === 0)) return undefined;
        const line = textOf(this.#drop(newline === -1 ? length : length + 1));
        return { value: line.replace(/\r?\n$/, '') };
      }
      case 'chunks':
        return buffer.length === 0 ? undefined : { value: this.#drop(buffer.length) };
      default: {
        if (buffer.length === 0) return undefined;
        const n = buffer[0]! - DIGIT_0;
        if (n < 0 || n > 9) return this.#error('ERR_DECODE');
        if (buffer.length > n) return { value: this.#drop(n + 1).slice(1) };
        return ended ? this.#incomplete() : undefined;
      }
    }
  }

  #text(n: number, ascii: boolean): Taken {
    const bytes = this.buffer.slice(0, n);
    if (ascii && bytes.some((byte) => byte > 127)) return this.#error('ERR_DECODE');
    this.#drop(n);
    return { value: ascii ? textOf(bytes) : bytes };
  }

  #incomplete(): Taken {
    this.#drop(this.buffer.length);
    return this.#error('ERR_INCOMPLETE_READ');
  }

  #error(code: string): Taken {
    return { code };
  }

  #drop(n: number): Uint8Array {
    const dropped = this.buffer.slice(0, n);
    this.buffer = this.buffer.slice(n);
    return dropped;
  }
}

function goesOn({ verb }: ReadCall): boolean {
  return verb === 'lines' || verb === 'frames' || verb === 'consume' || verb === 'chunks';
}

function isFull({ call, working }: Read): boolean {
  return call.verb === 'consume' && working >= call.concurrency;
}
