import { filter, startWith, Subject } from 'rxjs';
import type { Transport, TransportReceiver } from '../../src/streams/Transport.js';
import { joined, text } from './bytes.js';
import { eventually } from './eventually.js';

/** Writes down what a transport tells, and waits for it. */
export class RecordingReceiver implements TransportReceiver {
  /** The order of what was told, data that follows on data and flushes left out. */
  readonly order: string[] = [];
  readonly chunks: Uint8Array[] = [];
  /** What the queue had come down to, flush by flush. */
  readonly queueSizes: number[] = [];
  readonly errors: unknown[] = [];
  length = 0;
  /** What else is to be done inside the calls. */
  onData: (chunk: Uint8Array) => void = () => undefined;
  onEof: () => void = () => undefined;
  readonly #transport: Transport;
  readonly #told = new Subject<void>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get bytes(): Uint8Array {
    return joined(this.chunks);
  }

  get text(): string {
    return text(this.bytes);
  }

  /** How often the transport called, flushes included. */
  get calls(): number {
    return this.chunks.length + this.queueSizes.length + this.order.filter((name) => name !== 'data').length;
  }

  data(chunk: Uint8Array): void {
    if (this.order.at(-1) !== 'data') this.order.push('data');
    this.chunks.push(chunk);
    this.length += chunk.length;
    this.onData(chunk);
    this.#told.next();
  }

  eof(): void {
    this.order.push('eof');
    this.onEof();
    this.#told.next();
  }

  flushed(): void {
    this.queueSizes.push(this.#transport.writeQueueSize);
    this.#told.next();
  }

  closed(error?: unknown): void {
    this.order.push('closed');
    this.errors.push(error);
    this.#told.next();
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    await eventually(what, this.#told.pipe(startWith(undefined), filter(condition))).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}; was told [${this.order.join(', ')}] and ${this.length} bytes`);
      },
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
    return this.until('the write queue to be empty', () => this.#transport.writeQueueSize === 0);
  }
}
