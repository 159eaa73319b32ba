import type { Data } from '../bytes/Separator.js';
import type { ConnectionSettings } from './ConnectionSettings.js';
import type { Lifecycle } from './Lifecycle.js';
import { Listeners } from './Listeners.js';
import type { Transport } from './Transport.js';

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
  readonly drained: Listeners;
  readonly pausedChanged: Listeners;
  readonly #transport: Transport;
  readonly #lifecycle: Lifecycle;
  readonly #settings: ConnectionSettings;

  constructor(
    transport: Transport,
    lifecycle: Lifecycle,
    settings: ConnectionSettings,
    report: (error: unknown) => void,
  ) {
    this.#transport = transport;
    this.#lifecycle = lifecycle;
    this.#settings = settings;
    this.drained = new Listeners(report);
    this.pausedChanged = new Listeners(report);
  }

  write(data: Data): void {
    if (this.#lifecycle.phase !== 'open') {
      this.#lifecycle.checkWrite();
      return;
    }
    if (data.length === 0) return;
    this.activity++;
    this.#transport.write(data);
    if (!this.paused && this.#transport.writeQueueSize > this.#settings.highWaterMark) {
      this.paused = true;
      this.pausedChanged.tell();
    }
  }

  /** The transport's queue has become shorter. */
  flushed(): void {
    this.activity++;
    if (!this.paused || this.#transport.writeQueueSize > this.#settings.lowWaterMark) return;
    this.paused = false;
    this.pausedChanged.tell();
    this.drained.tell();
  }
}
