import { filter, firstValueFrom, startWith, Subject, throwError, timeout } from 'rxjs';
import type { Transport, TransportReceiver } from '../streams/Transport.js';
import { showBytes } from './showBytes.js';
import { showValue } from './showValue.js';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** How much of what was received a report shows. */
const SHOWN = 64;

/** Writes down what a transport tells, and waits for it. @internal */
export class RecordingReceiver implements TransportReceiver {
  /** The order of what was told, data that follows on data and flushes left out. */
  readonly order: string[] = [];
  readonly chunks: Uint8Array[] = [];
  /** What the queue had come down to, flush by flush. */
  readonly queueSizes: number[] = [];
  readonly errors: unknown[] = [];
  /** What no transport may ever do: told after the end, without a byte, twice. */
  readonly violations: string[] = [];
  length = 0;
  /** What else is to be done inside the calls. */
  onData: (chunk: Uint8Array) => void = () => undefined;
  onEof: () => void = () => undefined;
  onFlushed: () => void = () => undefined;
  onClosed: () => void = () => undefined;
  readonly #transport: Transport;
  readonly #patience: number;
  readonly #told = new Subject<void>();

  /** @param patience milliseconds that a wait may take */
  constructor(transport: Transport, patience = 3000) {
    this.#transport = transport;
    this.#patience = patience;
  }

  get bytes(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }

  get text(): string {
    return decoder.decode(this.bytes);
  }

  /** How often the transport called, flushes included. */
  get calls(): number {
    return this.chunks.length + this.queueSizes.length + this.order.filter((name) => name !== 'data').length;
  }

  data(chunk: Uint8Array): void {
    this.#check('data');
    if (chunk.length === 0) this.violations.push('data without a byte');
    if (this.order.at(-1) !== 'data') this.order.push('data');
    this.chunks.push(chunk);
    this.length += chunk.length;
    this.#answer(() => this.onData(chunk));
  }

  eof(): void {
    this.#check('eof');
    this.order.push('eof');
    this.#answer(() => this.onEof());
  }

  flushed(): void {
    this.#check('flushed');
    this.queueSizes.push(this.#transport.writeQueueSize);
    this.#answer(() => this.onFlushed());
  }

  closed(error?: unknown): void {
    this.#check('closed');
    this.order.push('closed');
    this.errors.push(error);
    this.#answer(() => this.onClosed());
  }

  // Whoever waits is told also when the answer throws.
  #answer(answer: () => void): void {
    try {
      answer();
    } finally {
      this.#told.next();
    }
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const inVain = (): Error =>
      new Error(`waited ${this.#patience} ms in vain for ${what}; was told ${this.report()}`);
    await firstValueFrom(
      this.#told.pipe(
        startWith(undefined),
        filter(condition),
        timeout({ first: this.#patience, with: () => throwError(inVain) }),
      ),
    );
  }

  untilReceived(count: number): Promise<void> {
    return this.until(`${count} bytes`, () => this.length >= count);
  }

  untilEof(): Promise<void> {
    return this.until('the end of the stream', () => this.order.includes('eof'));
  }

  untilClosed(): Promise<void> {
    return this.until('closed', () => this.order.includes('closed'));
  }

  untilFlushed(): Promise<void> {
    return this.until('the write queue to be empty', () => {
      return this.#transport.writeQueueSize === 0;
    });
  }

  /** Everything it was told, in a line. */
  report(): string {
    const { bytes } = this;
    const shown = showBytes(bytes.length > SHOWN ? bytes.subarray(0, SHOWN) : bytes);
    const received = bytes.length === 0 ? '' : `: ${shown}${bytes.length > SHOWN ? ' …' : ''}`;
    const errors = this.errors
      .filter((error) => error !== undefined)
      .map((error) => `, closed with ${error instanceof Error ? String(error) : showValue(error)}`);
    return `[${this.order.join(', ')}], ${this.queueSizes.length} flushes, ${bytes.length} bytes${received}${errors.join('')}`;
  }

  #check(event: string): void {
    const { order } = this;
    if (order.includes('closed')) this.violations.push(`${event} after closed`);
    else if (order.includes('eof') && (event === 'data' || event === 'eof'))
      this.violations.push(`${event} after eof`);
  }
}
