import { ReplaySubject, type Observable } from 'rxjs';
import type { Data } from '../bytes/Separator.js';
import { copyBytes, encodeText } from '../bytes/text.js';
import type { ExtraInfo, Transport, TransportReceiver } from '../streams/Transport.js';
import { showBytes } from './showBytes.js';

/** What the code under test asked of its connection, besides writing. */
export type TransportEvent = 'pause' | 'resume' | 'writeEof' | 'close' | 'abort';

export interface ManualTransportOptions {
  /** Written bytes wait in the queue until `drain()` takes them. Default: false, they are handed on at once. */
  holdWrites?: boolean;
  /** Whether one direction can be ended alone. Default: true. */
  canWriteEof?: boolean;
  /** What `getExtraInfo` knows. */
  extraInfo?: Partial<ExtraInfo> & Record<string, unknown>;
}

/**
 * A transport played by hand: the test says what arrives and what has been sent, and sees what the code under test
 * wrote and asked for. Everything takes place within the call, as it does on any transport.
 */
export class ManualTransport implements Transport {
  /** What was written, asked for and ended, in order: `write PING`, `pause`, `close` … */
  readonly calls: string[] = [];
  readonly canWriteEof: boolean;
  readonly #options: ManualTransportOptions;
  readonly #outgoing = new ReplaySubject<string>(Infinity);
  readonly #events = new ReplaySubject<TransportEvent>(Infinity);
  // What arrives while the reader has paused: bytes, or the end.
  #arrived: (Uint8Array | 'eof')[] = [];
  #receiver: TransportReceiver | undefined;
  #paused = false;
  #queued = 0;
  #received: 'open' | 'eof' = 'open';
  #sending: 'open' | 'eof' | 'closing' = 'open';
  #closed = false;
  #error: unknown;

  constructor(options: ManualTransportOptions = {}) {
    this.#options = options;
    this.canWriteEof = options.canWriteEof ?? true;
  }

  /**
   * What was written, as `showBytes` shows it, in the notation of the incoming side: completes at `writeEof()` and
   * `close()`, errors with the reason at `abort()`. A late subscriber sees everything from the beginning.
   */
  get outgoing$(): Observable<string> {
    return this.#outgoing.asObservable();
  }

  /** Pauses, resumes and the ways to end. A late subscriber sees everything from the beginning. */
  get events$(): Observable<TransportEvent> {
    return this.#events.asObservable();
  }

  get writeQueueSize(): number {
    return this.#queued;
  }

  /** Bytes that have arrived and wait, because the reader has paused, or because the transport has not been started. */
  get waiting(): number {
    return this.#arrived.reduce((sum, chunk) => sum + (chunk === 'eof' ? 0 : chunk.length), 0);
  }

  /** These chunks arrive; while the reader has paused they wait. */
  receive(...chunks: readonly Data[]): void {
    for (const chunk of chunks) {
      this.#arrived.push(copyBytes(chunk));
    }
    this.#deliver();
  }

  /** The peer will send no more. */
  receiveEof(): void {
    this.#arrived.push('eof');
    this.#deliver();
  }

  /** The connection breaks; without an error the peer has closed it. */
  lose(error?: unknown): void {
    this.#close(error);
  }

  /** `bytes` of what waits in the queue have been sent, or all of them. */
  drain(bytes = this.#queued): void {
    if (this.#closed) return;
    this.#queued = Math.max(0, this.#queued - bytes);
    this.#receiver?.flushed();
    this.#closeWhenSent();
  }

  start(receiver: TransportReceiver): void {
    this.#receiver = receiver;
    if (this.#closed) receiver.closed(this.#error);
    else this.#deliver();
  }

  write(data: Data): void {
    if (this.#closed) return;
    const shown = showBytes(data);
    if (this.#options.holdWrites)
      this.#queued += typeof data === 'string' ? encodeText(data).length : data.length;
    this.calls.push(`write ${shown}`);
    this.#outgoing.next(shown);
  }

  writeEof(): void {
    this.#tell('writeEof');
    this.#sending = 'eof';
    this.#outgoing.complete();
    this.#closeWhenSent();
  }

  pause(): void {
    this.#tell('pause');
    this.#paused = true;
  }

  resume(): void {
    this.#tell('resume');
    this.#paused = false;
    this.#deliver();
  }

  close(): void {
    if (this.#closed || this.#sending === 'closing') return;
    this.#tell('close');
    this.#sending = 'closing';
    this.#outgoing.complete();
    this.#closeWhenSent();
  }

  abort(reason?: unknown): void {
    if (this.#closed) return;
    this.#tell('abort');
    this.#outgoing.error(reason);
    this.#close(reason);
  }

  getExtraInfo(name: string): unknown {
    return this.#options.extraInfo?.[name];
  }

  #tell(event: TransportEvent): void {
    this.calls.push(event);
    this.#events.next(event);
  }

  #deliver(): void {
    while (this.#receiver !== undefined && !this.#paused && !this.#closed && this.#sending !== 'closing') {
      const next = this.#arrived.shift();
      if (next === undefined || this.#received === 'eof') return;
      if (next !== 'eof') {
        if (next.length > 0) this.#receiver.data(next);
      } else {
        this.#received = 'eof';
        this.#receiver.eof();
        this.#closeWhenSent();
      }
    }
  }

  #closeWhenSent(): void {
    const bothEnded = this.#sending === 'eof' && this.#received === 'eof';
    if (this.#queued === 0 && (bothEnded || this.#sending === 'closing')) this.#close();
  }

  #close(error?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#arrived = [];
    this.#queued = 0;
    this.#receiver?.closed(error);
  }
}
