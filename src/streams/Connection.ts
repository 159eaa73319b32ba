/// <reference lib="esnext.disposable" preserve="true" />
import { firstValueFrom } from 'rxjs';
import { ConnectionCore } from './ConnectionCore.js';
import { ConnectionSettings, type ConnectionOptions } from './ConnectionSettings.js';
import { StreamReader } from './StreamReader.js';
import { StreamWriter } from './StreamWriter.js';
import type { Transport } from './Transport.js';

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

  constructor(transport: Transport, options?: ConnectionOptions) {
    const settings = ConnectionSettings.of(options);
    const core = new ConnectionCore(settings.wrapped(transport), settings);
    this.#core = core;
    this.reader = new StreamReader(core.reads, settings.limit);
    this.writer = new StreamWriter(core);
    core.start();
  }

  /** @internal What the transport holds of it. */
  get core(): ConnectionCore {
    return this.#core;
  }

  /** @internal Closes gracefully, and aborts when nothing could be sent for `closeTimeout`. */
  release(): void {
    this.#core.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    await firstValueFrom(this.writer.waitClosed());
  }
}
