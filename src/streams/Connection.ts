/// <reference lib="esnext.disposable" preserve="true" />
import { asyncScheduler, firstValueFrom, type SchedulerLike } from 'rxjs';
import { checkLimit } from '../bytes/check.js';
import { checkMilliseconds, checkTimeout } from './check.js';
import { ConnectionCore } from './ConnectionCore.js';
import { DEFAULT_LIMIT, StreamReader } from './StreamReader.js';
import { StreamWriter } from './StreamWriter.js';
import type { Transport } from './Transport.js';
import { checkWaterMarks, type WaterMarks } from './WriteState.js';

export interface ConnectionOptions extends WaterMarks {
  /** Bytes: how far `readUntil`, `readLine` and `lines` look; half of what may wait unread. Default: 64 KiB. */
  limit?: number;
  /**
   * Milliseconds that a graceful close may take before it becomes an abort, where the library closes for you: at
   * unsubscription, at a handler's end, at the end of `await using`. Default: 30 s.
   */
  closeTimeout?: number;
  /**
   * Milliseconds, more than 0: a connection on which nothing of use happens for so long is lost, with an
   * `IdleTimeoutError` as the cause. Of use is what a read takes, what is written, and what the peer takes of that; a
   * peer that trickles counts once it has sent 1 KiB. It may take a quarter longer. Default: no such limit.
   */
  idleTimeout?: number;
  /** Where time comes from. Default: RxJS's `asyncScheduler`. */
  scheduler?: SchedulerLike;
  /** Puts something between the connection and its transport: a wiretap, for example. Default: nothing. */
  wrap?: (transport: Transport) => Transport;
}

/**
 * A reader and a writer on one transport: what every source emits, and how a transport of your own becomes usable.
 *
 * Making one starts the transport. `await using` closes it at the end of its scope.
 *
 * @example
 * ```ts
 * import { connectionPair } from 'rxjs-net';
 *
 * const [client, server] = connectionPair();
 * server.reader.readLine().subscribe((line) => server.writer.write(line));
 *
 * client.writer.write('hello\n');
 * client.reader.lines().subscribe(console.log); // hello
 * ```
 */
export class Connection {
  readonly reader: StreamReader;
  readonly writer: StreamWriter;
  readonly #core: ConnectionCore;

  constructor(transport: Transport, options: ConnectionOptions = {}) {
    checkConnectionOptions(options);
    const { limit = DEFAULT_LIMIT, closeTimeout = 30_000, scheduler = asyncScheduler } = options;
    const { wrap, idleTimeout } = options;
    const wrapped = wrap === undefined ? transport : wrap(transport);
    const core = new ConnectionCore(wrapped, limit, options, closeTimeout, scheduler);
    this.#core = core;
    this.reader = new StreamReader(core.reads, limit);
    this.writer = new StreamWriter(core.writes, core.reads);
    core.start();
    if (idleTimeout !== undefined) core.watchIdle(idleTimeout, scheduler);
  }

  /** @internal What the transport holds of it. */
  get core(): ConnectionCore {
    return this.#core;
  }

  /** @internal Closes gracefully, and aborts when that takes longer than `closeTimeout`. */
  release(): void {
    this.#core.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    await firstValueFrom(this.writer.waitClosed());
  }
}

/** Throws what `new Connection` would, for sources that make their connections later. @internal */
export function checkConnectionOptions(options: ConnectionOptions): void {
  const { limit = DEFAULT_LIMIT, closeTimeout = 0, idleTimeout } = options;
  checkLimit(limit);
  checkWaterMarks(options);
  checkMilliseconds('closeTimeout', closeTimeout);
  if (idleTimeout !== undefined) checkTimeout('idleTimeout', idleTimeout);
}
