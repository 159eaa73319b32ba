/// <reference lib="esnext.disposable" preserve="true" />
import { asyncScheduler, firstValueFrom, type SchedulerLike } from 'rxjs';
import { checkLimit, checkMilliseconds } from './check.js';
import { DEFAULT_LIMIT, StreamReader } from './StreamReader.js';
import { checkWaterMarks, StreamWriter, type WaterMarks } from './StreamWriter.js';
import type { Transport } from './Transport.js';

export interface ConnectionOptions extends WaterMarks {
  /** Bytes: how far `readUntil`, `readLine` and `lines` look; half of what may wait unread. Default: 64 KiB. */
  limit?: number;
  /**
   * Milliseconds that a graceful close may take before it becomes an abort, where the library closes for you: at
   * unsubscription, at a handler's end, at the end of `await using`. Default: 30 s.
   */
  closeTimeout?: number;
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
  readonly #closeTimeout: number;
  readonly #scheduler: SchedulerLike;

  constructor(transport: Transport, options: ConnectionOptions = {}) {
    checkConnectionOptions(options);
    const { limit = DEFAULT_LIMIT, closeTimeout = 30_000, scheduler = asyncScheduler, wrap } = options;
    const wrapped = wrap === undefined ? transport : wrap(transport);
    const reader = new StreamReader(wrapped, limit);
    const writer = new StreamWriter(wrapped, options);
    this.reader = reader;
    this.writer = writer;
    this.#closeTimeout = closeTimeout;
    this.#scheduler = scheduler;
    wrapped.start({
      data: (chunk) => reader.data(chunk),
      eof: () => reader.end(),
      flushed: () => writer.flushed(),
      closed(error) {
        // Whoever is told first may turn to the other half: that has to know by then.
        const loss = writer.lost(error);
        reader.end(loss);
        writer.finish();
      },
    });
  }

  /** @internal Closes gracefully, and aborts when that takes longer than `closeTimeout`. */
  release(): void {
    this.writer.close();
    const timeout = this.#scheduler.schedule(() => {
      // Not writer.abort: nobody asked for it, so it has to show as a loss.
      this.writer.transport.abort(
        new Error(`What was written could not be sent within ${this.#closeTimeout} ms`),
      );
    }, this.#closeTimeout);
    const closed = (): void => timeout.unsubscribe();
    this.writer.waitClosed().subscribe({ next: closed, error: closed });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    await firstValueFrom(this.writer.waitClosed());
  }
}

/** Throws what `new Connection` would, for sources that make their connections later. @internal */
export function checkConnectionOptions(options: ConnectionOptions): void {
  const { limit = DEFAULT_LIMIT, closeTimeout = 0 } = options;
  checkLimit(limit);
  checkWaterMarks(options);
  checkMilliseconds('closeTimeout', closeTimeout);
}
