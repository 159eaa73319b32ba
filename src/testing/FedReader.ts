import { ReadQueue } from '../streams/ReadQueue.js';
import { StreamReader } from '../streams/StreamReader.js';

/** A reader that is fed by calls. @internal */
export class FedReader extends StreamReader {
  readonly #fed: ReadQueue;

  constructor() {
    const fed = new ReadQueue({ pause: () => undefined, resume: () => undefined }, 2 ** 30);
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
