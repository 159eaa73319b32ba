import { ConnectionSettings } from '../streams/ConnectionSettings.js';
import { reportError } from '../streams/reportError.js';
import { ReadQueue } from '../streams/ReadQueue.js';
import { StreamReader } from '../streams/StreamReader.js';

/** A reader that is fed by calls. @internal */
export class ManualReader extends StreamReader {
  readonly #fed: ReadQueue;

  constructor() {
    const fed = new ReadQueue({
      transport: { pause: () => undefined, resume: () => undefined },
      settings: ConnectionSettings.of({ limit: 2 ** 30 }),
      report: reportError,
      readsSettled: () => undefined,
      standsStill: () => undefined,
      goesOn: () => undefined,
    });
    super(fed, 2 ** 30);
    this.#fed = fed;
  }

  feed(chunk: Uint8Array): void {
    this.#fed.data(chunk);
  }

  end(): void {
    this.#fed.end();
  }
}
