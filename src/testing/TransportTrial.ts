import { firstValueFrom, throwError, timeout, type Observable } from 'rxjs';
import { mulberry32 } from './mulberry32.js';
import type { Transport } from '../streams/Transport.js';
import { RecordingReceiver } from './RecordingReceiver.js';
import { showBytes } from './showBytes.js';
import { showValue } from './showValue.js';

export const MEBIBYTE = 2 ** 20;
/** All random data is made from it: the same bytes, cut at the same places, in every run. */
const SEED = 20_240_607;
const CONTEXT = 8;

/** A fresh pair of ends for one check, with what the check needs to look at it. @internal */
export class TransportTrial {
  readonly one: Transport;
  readonly other: Transport;
  readonly toOne: RecordingReceiver;
  readonly toOther: RecordingReceiver;
  readonly #patience: number;
  readonly #make: () => Promise<TransportTrial>;
  readonly #random = mulberry32(SEED);
  #usedRandom = false;

  constructor(
    [one, other]: readonly [Transport, Transport],
    patience: number,
    make: () => Promise<TransportTrial>,
  ) {
    this.one = one;
    this.other = other;
    this.toOne = new RecordingReceiver(one, patience);
    this.toOther = new RecordingReceiver(other, patience);
    this.#patience = patience;
    this.#make = make;
  }

  start(): void {
    this.one.start(this.toOne);
    this.other.start(this.toOther);
  }

  end(): void {
    for (const end of [this.one, this.other]) {
      try {
        end.abort();
      } catch {
        // What was found before says more than that a broken transport cannot be aborted either.
      }
    }
  }

  /** The first time that something is told. */
  async first(what: string, source: Observable<unknown>): Promise<void> {
    const patience = this.#patience;
    const inVain = (): Error => new Error(`waited ${patience} ms in vain for ${what}`);
    await firstValueFrom(source.pipe(timeout({ first: patience, with: () => throwError(inVain) })));
  }

  /** Bytes that go the other way show that there was time for those that must not come. */
  async letTimePass(): Promise<void> {
    for (let i = 0; i < 20; i++) {
      const before = this.toOne.length;
      this.other.write('.');
      await this.toOne.untilReceived(before + 1);
    }
  }

  /** The same on a pair of its own, for when this one is closed or stuck. */
  async letTimePassElsewhere(): Promise<void> {
    const elsewhere = await this.#make();
    try {
      elsewhere.start();
      await elsewhere.letTimePass();
    } finally {
      elsewhere.end();
    }
  }

  /** Returns how many bytes it took until the pause had worked its way back to here. */
  async writeUntilStuck(): Promise<number> {
    const megabyte = new Uint8Array(MEBIBYTE);
    for (let written = MEBIBYTE; written <= 64 * MEBIBYTE; written += MEBIBYTE) {
      this.one.write(megabyte);
      await this.letTimePass();
      if (this.one.writeQueueSize > 0) return written;
    }
    throw new Error('64 MiB went out to an end that is paused, with a writeQueueSize of 0');
  }

  randomBytes(length: number): Uint8Array {
    this.#usedRandom = true;
    return Uint8Array.from({ length }, () => Math.floor(this.#random() * 256));
  }

  /** Cuts bytes into chunks of 1 to `longest` bytes. */
  randomChunks(whole: Uint8Array, longest: number): Uint8Array[] {
    this.#usedRandom = true;
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < whole.length;) {
      const length = 1 + Math.floor(this.#random() * longest);
      chunks.push(whole.slice(at, at + length));
      at += length;
    }
    return chunks;
  }

  /** Compares numbers, strings, `undefined`, and arrays of them. */
  equal(what: string, actual: unknown, expected: unknown): void {
    const [found, wanted] = [show(actual), show(expected)];
    if (found !== wanted) throw new Error(`${what}: expected ${wanted}, got ${found}`);
  }

  true(what: string, condition: boolean, found: unknown): void {
    if (!condition) throw new Error(`expected ${what}, got ${show(found)}`);
  }

  sameBytes(what: string, actual: Uint8Array, expected: Uint8Array): void {
    const at = firstDifference(actual, expected);
    if (at === -1) return;
    const around = (bytes: Uint8Array): string =>
      showBytes(bytes.subarray(Math.max(0, at - CONTEXT), at + CONTEXT));
    throw new Error(
      `${what}: expected ${expected.length} bytes, got ${actual.length}; they differ from byte ${at} on: ` +
        `expected … ${around(expected)} …, got … ${around(actual)} …`,
    );
  }

  /** That the error is one, whatever its class: it may come from another realm. */
  isError(what: string, error: unknown): void {
    const isOne = typeof error === 'object' && error !== null && 'message' in error;
    if (!isOne) throw new Error(`${what}: expected an Error, got ${show(error)}`);
  }

  /** Rules that hold in every check. */
  checkOrder(): void {
    this.equal('told to one end against the order data, eof, closed', this.toOne.violations, []);
    this.equal('told to the other end against the order data, eof, closed', this.toOther.violations, []);
  }

  report(): string {
    const seed = this.#usedRandom ? `\n  the random data is of seed ${SEED}` : '';
    return `\n  one end was told ${this.toOne.report()}\n  the other end was told ${this.toOther.report()}${seed}`;
  }
}

function firstDifference(actual: Uint8Array, expected: Uint8Array): number {
  const at = expected.findIndex((byte, i) => byte !== actual[i]);
  if (at !== -1) return at;
  return actual.length === expected.length ? -1 : expected.length;
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  return value instanceof Error ? String(value) : showValue(value);
}
