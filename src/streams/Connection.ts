/// <reference lib="esnext.disposable" preserve="true" />
import { firstValueFrom } from 'rxjs';
import { ConnectionCore } from './ConnectionCore.js';
import { inspectConnection, snapshotLine, type ConnectionSnapshot } from './ConnectionSnapshot.js';
import { ConnectionSettings, type ConnectionOptions } from './ConnectionSettings.js';
import { StreamReader } from './StreamReader.js';
import { StreamWriter } from './StreamWriter.js';
import type { Transport } from './Transport.js';

/**
 * A reader and a writer on one transport: what every source emits, and how a transport of your own becomes usable.
 *
 * Making one starts the transport. `await using` closes it at the end of its scope. What goes wrong later is an error of the
 * reader's and the writer's observables: `ConnectionLostError` when it broke, `ConnectionClosedError` when this side has
 * aborted it.
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
  /** What the peer sends. */
  readonly reader: StreamReader;
  /** What is sent to the peer, and the ways to end the connection. */
  readonly writer: StreamWriter;
  readonly #core: ConnectionCore;

  constructor(transport: Transport, options?: ConnectionOptions) {
    const settings = ConnectionSettings.of(options);
    const core = new ConnectionCore(settings.wrapped(transport), settings);
    this.#core = core;
    this.reader = new StreamReader(core.reads, settings.limit);
    this.writer = new StreamWriter(core);
    core.start();
  }

  /**
   * What is going on at this moment, as plain data: bytes in and out, what is buffered and queued, pauses, which read waits
   * for what, and what has ended it. `console.log(connection)` shows it in one line; `explainStall` says who holds
   * everything up.
   *
   * @example
   * ```ts
   * import { connectionPair } from 'rxjs-net';
   *
   * const [client, server] = connectionPair();
   * server.reader.readUntil('\n').subscribe();
   * client.writer.write('half a line');
   *
   * const { bytesRead, read } = server.inspect();
   * console.log(bytesRead, read.buffered, read.reads[0]?.verb, read.reads[0]?.waitsFor); // 11 11 readUntil bytes
   * ```
   */
  inspect(): ConnectionSnapshot {
    return inspectConnection(this.#core);
  }

  /** @internal Node's `console.log` asks for it. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return snapshotLine(this.inspect());
  }

  /** @internal What the transport holds of it. */
  get core(): ConnectionCore {
    return this.#core;
  }

  /** @internal Closes gracefully, and aborts when nothing could be sent for `closeTimeout`. */
  release(): void {
    this.#core.release();
  }

  /**
   * Closes the connection, as `writer.close()`, and waits until it is gone; past `closeTimeout` it is aborted. `await using`
   * calls it.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    await firstValueFrom(this.writer.waitClosed());
  }
}
