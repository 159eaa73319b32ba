import { ReplaySubject, type Observable } from 'rxjs';
import { Queue } from '../bytes/Queue.js';
import type { Data } from '../bytes/Separator.js';
import { Reentrant } from '../streams/Reentrant.js';
import type { ExtraInfo, Transport, TransportReceiver } from '../streams/Transport.js';
import { GuardedReceiver } from '../transports/GuardedReceiver.js';
import { checkedBytes, checkedMode, checkFlag } from './check.js';
import { receivedMessage } from './receivedMessage.js';
import { showBytes, showMessage } from './showBytes.js';
import { showValue } from './showValue.js';

/**
 * What the code under test asked of its connection, besides writing. After `closeWebSocket`: `close 4001 reason`.
 * See {@link ManualTransport}.
 */
export type TransportEvent = 'pause' | 'resume' | 'writeEof' | 'close' | `close ${string}` | 'abort';

/** Options of {@link ManualTransport}. */
export interface ManualTransportOptions {
  /**
   * `messages`: as a WebSocket in message mode. Each chunk that arrives is one message, text or binary, and so is each write:
   * text is shown as it is, binary always as hex. Default: `bytes`.
   */
  mode?: 'bytes' | 'messages';
  /** Written bytes wait in the queue until `drain()` takes them. Default: false, they are handed on at once. */
  holdWrites?: boolean;
  /** Whether one direction can be ended alone. Default: true; in message mode false, and the peer's end closes. */
  canWriteEof?: boolean;
  /** What `getExtraInfo` knows. */
  extraInfo?: Partial<ExtraInfo> & Record<string, unknown>;
}

/**
 * A transport played by hand: the test says what arrives and what has been sent, and sees what the code under test
 * wrote and asked for. Everything takes place within the call; what is asked for from inside a call of the receiver
 * takes place when that is over, in order.
 *
 * | sending   | what arrives             | `write`       | `writeEof` | `close`        | `abort`, `lose` | `drain` of the last  |
 * | --------- | ------------------------ | ------------- | ---------- | -------------- | --------------- | -------------------- |
 * | `open`    | is told, or waits        | queues        | → `ended`  | → `closing`    | → `closed`      |                      |
 * | `ended`   | is told, or waits        | does nothing  | nothing    | → `closing`    | → `closed`      | → `closed` after eof |
 * | `closing` | waits and is dropped     | does nothing  | nothing    | nothing        | → `closed`      | → `closed`           |
 * | `closed`  | is dropped               | does nothing  | nothing    | nothing        | nothing         | nothing              |
 *
 * @example
 * ```ts
 * import { Connection } from 'rxjs-net';
 * import { ManualTransport } from 'rxjs-net/testing';
 *
 * const transport = new ManualTransport();
 * const { reader } = new Connection(transport, { limit: 2 });
 * transport.receive('hello', 'world');
 * console.log(transport.calls, transport.waiting); // [ 'pause' ] 5
 * reader.readExactly(10, 'ascii').subscribe(console.log); // helloworld
 * ```
 */
export class ManualTransport implements Transport {
  /** What was written, asked for and ended, in order: `write PING`, `pause`, `close` … */
  readonly calls: string[] = [];
  readonly canWriteEof: boolean;
  declare readonly messages?: boolean;
  readonly #options: ManualTransportOptions;
  readonly #outgoing = new ReplaySubject<string>(Infinity);
  readonly #events = new ReplaySubject<TransportEvent>(Infinity);
  // What arrives while the reader has paused: bytes, or the end.
  #arrived = new Queue<Uint8Array | 'eof'>();
  #waiting = 0;
  #receiver: TransportReceiver | undefined;
  #paused = false;
  #queued = 0;
  #receiving: 'open' | 'ending' | 'ended' = 'open';
  #sending: 'open' | 'ended' | 'closing' | 'closed' = 'open';
  #error: unknown;
  #closeEvent: TransportEvent = 'close';
  readonly #delivery = new Reentrant(() => this.#deliver());

  constructor(options: ManualTransportOptions = {}) {
    const { mode, holdWrites, canWriteEof, extraInfo } = options;
    const hasMessages = checkedMode(mode);
    checkFlag('holdWrites', holdWrites);
    checkFlag('canWriteEof', canWriteEof);
    if (extraInfo !== undefined && (typeof extraInfo !== 'object' || (extraInfo as unknown) === null)) {
      throw new TypeError(`extraInfo must be an object, not ${showValue(extraInfo)}`);
    }
    this.#options = options;
    this.canWriteEof = canWriteEof ?? !hasMessages;
    if (hasMessages) this.messages = true;
  }

  /**
   * What was written, as `showBytes` shows it, but binary messages as hex, in the notation of the incoming side: completes at `writeEof()` and
   * `close()`, errors with the reason at `abort()`. A late subscriber sees everything from the beginning.
   */
  get outgoing$(): Observable<string> {
    return this.#outgoing.asObservable();
  }

  /** Pauses, resumes and the ways to end. A late subscriber sees everything from the beginning. */
  get events$(): Observable<TransportEvent> {
    return this.#events.asObservable();
  }

  /** Bytes written that wait in the queue. */
  get writeQueueSize(): number {
    return this.#queued;
  }

  /** Bytes that have arrived and wait, because the reader has paused, or because the transport has not been started. */
  get waiting(): number {
    return this.#waiting;
  }

  /** These chunks arrive; while the reader has paused they wait. Nothing arrives after the end, or after the loss. */
  receive(...chunks: readonly Data[]): void {
    const bytes = chunks.map((chunk) => this.#arriving(chunk));
    if (this.#receiving !== 'open' || this.#sending === 'closed') return;
    for (const chunk of bytes) {
      if (chunk.length === 0) continue;
      this.#arrived.push(chunk);
      this.#waiting += chunk.length;
    }
    this.#delivery.run();
  }

  /** The peer will send no more. */
  receiveEof(): void {
    if (this.#receiving !== 'open' || this.#sending === 'closed') return;
    this.#receiving = 'ending';
    this.#arrived.push('eof');
    this.#delivery.run();
  }

  /** The connection breaks; without an error the peer has closed it. */
  lose(error?: unknown): void {
    if (this.#sending === 'closed') return;
    this.#setClosed(error);
    this.#receiver?.closed(error);
  }

  /**
   * `bytes` of what waits in the queue have been sent, or all of them.
   *
   * @param bytes a number from 0, `Infinity` as well
   */
  drain(bytes = this.#queued): void {
    if (!(typeof bytes === 'number' && bytes >= 0)) {
      throw new RangeError(`bytes must be a number of 0 or more, not ${showValue(bytes)}`);
    }
    const left = Math.max(0, this.#queued - bytes);
    if (left < this.#queued) {
      this.#queued = left;
      this.#receiver?.flushed();
    }
    this.#closeWhenSent();
  }

  start(receiver: TransportReceiver): void {
    this.#receiver = new GuardedReceiver(receiver);
    if (this.#sending === 'closed') this.#receiver.closed(this.#error);
    else this.#delivery.run();
  }

  write(data: Data): void {
    const { length } = checkedBytes('data', data);
    if (this.#sending !== 'open') return;
    const shown = this.messages ? showMessage(data) : showBytes(data);
    if (this.#options.holdWrites) this.#queued += length;
    this.calls.push(`write ${shown}`);
    this.#outgoing.next(shown);
  }

  writeEof(): void {
    if (this.#sending !== 'open') return;
    this.#sending = 'ended';
    this.#tell('writeEof');
    this.#outgoing.complete();
    this.#closeWhenSent();
  }

  pause(): void {
    this.#paused = true;
    this.#tell('pause');
  }

  resume(): void {
    this.#paused = false;
    this.#tell('resume');
    this.#delivery.run();
  }

  close(): void {
    if (this.#sending === 'closing' || this.#sending === 'closed') return;
    this.#sending = 'closing';
    this.#tell(this.#closeEvent);
    this.#outgoing.complete();
    this.#closeWhenSent();
  }

  abort(reason?: unknown): void {
    if (this.#sending === 'closed') return;
    this.#setClosed(reason);
    this.#tell('abort');
    this.#outgoing.error(reason);
    this.#receiver?.closed(reason);
  }

  getExtraInfo(name: string): unknown {
    const known = this.#options.extraInfo?.[name];
    if (known !== undefined || name !== 'closeWith') return known;
    return (code: number, reason: string) =>
      void (this.#closeEvent = `close ${code} ${reason}`.trimEnd() as TransportEvent);
  }

  #arriving(chunk: Data): Uint8Array {
    const bytes = checkedBytes('A chunk', chunk);
    return this.messages ? receivedMessage(typeof chunk === 'string' ? chunk : bytes) : bytes;
  }

  #tell(event: TransportEvent): void {
    this.calls.push(event);
    this.#events.next(event);
  }

  #deliver(): void {
    const receiver = this.#receiver;
    while (receiver !== undefined && !this.#paused && this.#takes) {
      const next = this.#arrived.shift();
      if (next === undefined) return;
      if (next !== 'eof') {
        this.#waiting -= next.length;
        receiver.data(next);
      } else {
        this.#receiving = 'ended';
        receiver.eof();
        if (this.messages && !this.canWriteEof) this.lose();
        else this.#closeWhenSent();
      }
    }
  }

  get #takes(): boolean {
    return this.#sending === 'open' || this.#sending === 'ended';
  }

  #closeWhenSent(): void {
    const bothEnded = this.#sending === 'ended' && this.#receiving === 'ended';
    if (this.#queued === 0 && (bothEnded || this.#sending === 'closing')) this.lose();
  }

  #setClosed(error: unknown): void {
    this.#sending = 'closed';
    this.#error = error;
    this.#arrived = new Queue();
    this.#waiting = 0;
    this.#queued = 0;
  }
}
