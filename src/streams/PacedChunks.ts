import { Observable, type Subscriber } from 'rxjs';
import type { ByteQueue } from '../bytes/ByteQueue.js';
import type { Decoder } from '../bytes/Decoder.js';
import { Turn, type TokenBucket } from './TokenBucket.js';

type Write = (chunk: Uint8Array) => Observable<never> | undefined;

/** In place of a chunk: there is one, and it may not pass yet. */
const WAIT = new Uint8Array(0);

/**
 * The chunks of a pipe, each taken when it may pass, and no more of it than may: the rest stays in the reader.
 *
 * The wait for a turn is a piece of work as the write is: so the reader takes nothing meanwhile, and pauses its transport
 * when it is full.
 *
 * @internal
 */
export class PacedChunks implements Decoder<Uint8Array> {
  readonly #bucket: TokenBucket;
  readonly #write: Write;
  readonly #turn = new Turn((bytes) => this.#go(bytes));
  #granted = 0;
  #wait: Subscriber<never> | undefined;

  constructor(bucket: TokenBucket, write: Write) {
    this.#bucket = bucket;
    this.#write = write;
  }

  decode(bytes: ByteQueue): Uint8Array | undefined {
    if (bytes.length === 0) return undefined;
    const granted = this.#granted || this.#bucket.ask(this.#turn, bytes.front.length - bytes.offset);
    this.#granted = 0;
    return granted === 0 ? WAIT : bytes.takeUpTo(granted);
  }

  /** The work on a chunk. */
  readonly project: Write = (chunk) => {
    if (chunk !== WAIT) return this.#write(chunk);
    return new Observable((subscriber) => {
      this.#wait = subscriber;
      // Its end comes after what it has made possible, which may be the wait for the next turn.
      return () => {
        if (this.#wait === subscriber) this.#bucket.cancel(this.#turn);
      };
    });
  };

  #go(bytes: number): void {
    this.#granted = bytes;
    this.#wait!.complete();
  }
}
