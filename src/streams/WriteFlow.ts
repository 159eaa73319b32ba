import type { Data } from '../bytes/Separator.js';
import { encodeText } from '../bytes/text.js';
import type { ConnectionSettings } from './ConnectionSettings.js';
import type { Lifecycle } from './Lifecycle.js';
import { Listeners, type Reporter } from './Listeners.js';
import type { ReadQueue } from './ReadQueue.js';
import type { Transport } from './Transport.js';

/** The connection that is written to. @internal */
export interface Written extends Reporter {
  readonly transport: Transport;
  readonly lifecycle: Lifecycle;
  readonly settings: ConnectionSettings;
  standsStill(side: 'write'): void;
  goesOn(side: 'write'): void;
}

/**
 * The writing of a connection, and its water marks, applied here for every transport: what stands between the transport
 * and `StreamWriter`, which is only the face of it.
 *
 * @internal
 */
export class WriteFlow {
  paused = false;
  /** Changes with everything that is written, or handed on. */
  activity = 0;
  /** While it is paused: when the system last took something, by the scheduler's clock. */
  lastTaken = 0;
  /** The reads whose bytes a pipe writes here. */
  sources: Set<ReadQueue> | undefined;
  readonly #connection: Written;
  // Where the transport does not count.
  #counted = 0;
  // Made when they are needed: each connection would keep them for its whole life.
  #drained: Listeners | undefined;
  #pausedChanged: Listeners | undefined;

  constructor(connection: Written) {
    this.#connection = connection;
  }

  get drained(): Listeners {
    return (this.#drained ??= new Listeners());
  }

  get pausedChanged(): Listeners {
    return (this.#pausedChanged ??= new Listeners());
  }

  /** Bytes that were written so far, and not dropped. */
  get bytesWritten(): number {
    return this.#connection.transport.bytesWritten ?? this.#counted;
  }

  write(data: Data): void {
    const { lifecycle, transport, settings } = this.#connection;
    if (lifecycle.phase !== 'open') {
      lifecycle.checkWrite();
      return;
    }
    if (data.length === 0 && !transport.messages) return;
    this.activity++;
    if (transport.bytesWritten === undefined)
      this.#counted += typeof data === 'string' ? encodeText(data).length : data.length;
    transport.write(data);
    if (!this.paused && transport.writeQueueSize > settings.highWaterMark) {
      this.paused = true;
      this.#connection.standsStill('write');
      this.#pausedChanged?.tell(this.#connection);
    }
  }

  /** The transport's queue has become shorter. */
  flushed(): void {
    this.activity++;
    const { transport, settings } = this.#connection;
    if (!this.paused) return;
    this.lastTaken = settings.scheduler.now();
    if (transport.writeQueueSize > settings.lowWaterMark) return;
    this.paused = false;
    this.#connection.goesOn('write');
    this.#pausedChanged?.tell(this.#connection);
    this.#drained?.tell(this.#connection);
  }
}
