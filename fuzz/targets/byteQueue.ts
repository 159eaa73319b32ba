import { ByteQueue, StreamError, takeBigInteger, takeTextUntil, takeVarint } from '../../src/index.js';
import { bytesOf, findSeparator, readUntil, textOf } from '../naive.js';
import { mustBeSame } from '../show.js';
import type { FuzzTarget } from '../FuzzTarget.js';

const SEPARATORS = [['\n'], ['\r\n', '\n'], ['ab', 'b'], ['aab', 'ab', 'c'], ['abcabd'], ['aaaa', 'b']];
const LIMITS = [0, 1, 3, 10, 1000];

/** The input is a list of operations: a byte that says which, then what that needs. */
export const byteQueueTarget: FuzzTarget = {
  name: 'byteQueue',
  dictionary: [
    ...['ab', 'aab', 'abcab', 'aaa', '\r\n', '\n', '12\n', '-5\n'],
    Uint8Array.of(0, 5),
    Uint8Array.of(1, 200),
    Uint8Array.of(14, 14, 16),
  ],
  seeds: [
    Uint8Array.of(0, 4, 0x61, 0x62, 0x0a, 0x63, 4, 1, 0, 2, 0x62, 0x0a, 4, 1, 0, 3, 2),
    Uint8Array.of(1, 250, 14, 2, 20, 0, 1, 5, 16, 2, 9, 15, 1, 90, 3, 30, 7, 8, 9, 10),
    // Looks for what begins where an earlier search has not looked.
    Uint8Array.of(0, 7, ...bytesOf('abcabdx'), 6, 4, 1, 6, 4, 0, 14, 2, 2, 6, 4, 0, 16, 6, 4, 0),
    Uint8Array.of(0, 6, 0x31, 0x32, 0x0a, 0x2d, 0x35, 0x0a, 11, 12, 0, 2, 0xac, 2, 13),
  ],
  stepsPerByte: 2000,
  run(input) {
    new Run(input).run();
  },
};

class Run {
  readonly #queue = new ByteQueue();
  #data: number[] = [];
  #at = 0;
  #held = -1;
  #next = 0;
  // What was given out, with a copy made at that time: it must stay as it was.
  readonly #given: [given: Uint8Array, copy: Uint8Array][] = [];

  constructor(readonly input: Uint8Array) {}

  run(): void {
    while (this.#next < this.input.length) {
      this.#step(this.#byte() % 20);
      mustBeSame('length', this.#queue.length, this.#rest.length);
      mustBeSame('held', this.#queue.held, this.#held === -1 ? 0 : this.#at - this.#held);
    }
    mustBeSame('all that is left', this.#queue.takeExactly(this.#queue.length), this.#rest);
    for (const [given, copy] of this.#given) mustBeSame('bytes given out before', given, copy);
  }

  get #rest(): Uint8Array {
    return Uint8Array.from(this.#data.slice(this.#at));
  }

  #byte(): number {
    return this.input[this.#next++] ?? 0;
  }

  #step(kind: number): void {
    const queue = this.#queue;
    const rest = this.#rest;
    switch (kind) {
      case 0: {
        const n = this.#byte() % 40;
        this.#push(this.input.slice(this.#next, this.#next + n));
        this.#next += n;
        return;
      }
      case 1: {
        const n = this.#byte();
        // Beyond what is copied together, and not one byte like the next.
        this.#push(Uint8Array.from({ length: n * 3 }, (_, i) => 0x61 + ((n + i) % 5)));
        return;
      }
      case 2: {
        const n = this.#byte();
        this.#took(queue.takeExactly(n), n <= rest.length ? rest.slice(0, n) : undefined);
        return;
      }
      case 3: {
        const n = this.#byte();
        this.#took(queue.takeText(n), n <= rest.length ? textOf(rest.slice(0, n)) : undefined, n);
        return;
      }
      case 4: {
        const [separators, limit] = [this.#separators(), this.#limit()];
        const found = readUntil(rest, 0, separators.map(bytesOf), limit);
        const taken = attempt(() => queue.takeUntil(separators, limit));
        if (found === 'overrun') {
          mustBeSame('takeUntil', taken, 'ERR_LIMIT_OVERRUN');
          return;
        }
        this.#took(taken, found === 'more' ? undefined : rest.slice(0, found.end));
        return;
      }
      case 5: {
        const [separators, limit] = [this.#separators(), this.#limit()];
        const found = readUntil(rest, 0, separators.map(bytesOf), limit);
        const taken = attempt(() => takeTextUntil(queue, separators, limit));
        if (found === 'overrun') {
          mustBeSame('takeTextUntil', taken, 'ERR_LIMIT_OVERRUN');
          return;
        }
        if (found === 'more') {
          this.#took(taken, undefined);
          return;
        }
        this.#took(taken, textOf(rest.slice(0, found.end - found.longest)), found.end);
        return;
      }
      case 6: {
        const [separators, from] = [this.#separators(), this.#byte() % 64];
        const found = findSeparator(rest, from, separators.map(bytesOf));
        const expected = found === undefined ? -1 : found.end - found.shortest;
        mustBeSame('indexOf', queue.indexOf(separators, from), expected);
        return;
      }
      case 7: {
        this.#took(queue.takeUint8(), rest[0], 1);
        return;
      }
      case 8: {
        this.#number(2, queue.takeInt16(true), (view) => view.getInt16(0, true));
        return;
      }
      case 9: {
        this.#number(4, queue.takeUint32(), (view) => view.getUint32(0));
        return;
      }
      case 10: {
        this.#number(8, queue.takeBigUint64(), (view) => view.getBigUint64(0));
        return;
      }
      case 11: {
        this.#integer(rest);
        return;
      }
      case 12: {
        const end = /^([-+]?)(\d{1,18})\n/.exec(textOf(rest, 'latin1'));
        if (end === null) return;
        const [all, sign, digits] = end as unknown as [string, string, string];
        this.#took(takeBigInteger(queue, '\n'), BigInt(digits) * (sign === '-' ? -1n : 1n), all.length);
        return;
      }
      case 13: {
        const last = rest.slice(0, 7).findIndex((byte) => byte < 128);
        if (last === -1) return;
        const value = rest.slice(0, last + 1).reduceRight((sum, byte) => sum * 128 + (byte & 127), 0);
        this.#took(takeVarint(queue), value, last + 1);
        return;
      }
      case 14:
        queue.hold();
        if (this.#held === -1) this.#held = this.#at;
        return;
      case 15:
        queue.commit();
        if (this.#held !== -1) this.#held = this.#at;
        return;
      case 16:
        queue.rollback();
        if (this.#held !== -1) this.#at = this.#held;
        this.#held = -1;
        return;
      case 17: {
        const offset = this.#byte();
        mustBeSame('peek', queue.peek(offset), rest[offset]);
        return;
      }
      case 18: {
        const n = this.#byte();
        const skipped = n <= rest.length;
        mustBeSame('skip', queue.skip(n), skipped);
        this.#at += skipped ? n : 0;
        return;
      }
      default: {
        // How many is the queue's own affair.
        const n = 1 + this.#byte();
        const taken = queue.takeUpTo(n);
        if (taken !== undefined && (taken.length === 0 || taken.length > n))
          throw new Error(`takeUpTo(${n})`);
        this.#took(taken, rest.length === 0 ? undefined : rest.slice(0, taken?.length));
        return;
      }
    }
  }

  #separators(): string[] {
    return SEPARATORS[this.#byte() % SEPARATORS.length]!;
  }

  #limit(): number {
    return LIMITS[this.#byte() % LIMITS.length]!;
  }

  #push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#data = this.#data.concat(Array.from(bytes));
  }

  #number(n: number, found: unknown, get: (view: DataView) => unknown): void {
    const bytes = this.#rest.slice(0, n);
    this.#took(found, bytes.length < n ? undefined : get(new DataView(bytes.buffer)), n);
  }

  #integer(rest: Uint8Array): void {
    const found = /^([-+]?)(\d{1,15})\n/.exec(textOf(rest, 'latin1'));
    if (found === null) {
      const taken = attempt(() => this.#queue.takeInteger('\n'));
      // 16 digits may be one, or beyond the safe ones.
      if (/^[-+]?\d{16}/.test(textOf(rest, 'latin1'))) {
        if (typeof taken === 'number') this.#at += textOf(rest, 'latin1').indexOf('\n') + 1;
        return;
      }
      const mayGoOn = /^[-+]?\d*$/.test(textOf(rest, 'latin1'));
      mustBeSame('takeInteger', taken, mayGoOn ? undefined : 'ERR_DECODE');
      return;
    }
    this.#took(this.#queue.takeInteger('\n'), Number(found[0]) || 0, found[0].length);
  }

  #took(found: unknown, expected: unknown, n = (expected as Uint8Array | undefined)?.length ?? 0): void {
    mustBeSame('what was taken', found, expected);
    if (found === undefined) return;
    this.#at += n;
    if (found instanceof Uint8Array) this.#given.push([found, found.slice()]);
  }
}

function attempt<T>(take: () => T): T | string {
  try {
    return take();
  } catch (error) {
    if (error instanceof StreamError) return error.code;
    throw error;
  }
}
