import { ByteQueue } from '../bytes/ByteQueue.js';
import { ReaderBusyError } from './errors.js';
import type { ActiveRead, ByteSource } from './FrameRead.js';
import type { Transport } from './Transport.js';

/**
 * The reads of a connection, in the order of their subscription, and the bytes they read: what stands between the
 * transport and `StreamReader`, which is only the face of it.
 *
 * @internal
 */
export class ReadQueue {
  readonly source = {
    queue: new ByteQueue(),
    state: 'open' as ByteSource['state'],
    error: undefined as unknown,
    cancel: (read: ActiveRead): void => this.#cancel(read),
  };
  readonly #transport: Pick<Transport, 'pause' | 'resume'>;
  readonly #limit: number;
  // The first one is being served; a continuous one keeps that place.
  readonly #reads: ActiveRead[] = [];
  #serving = false;
  #paused = false;

  constructor(transport: Pick<Transport, 'pause' | 'resume'>, limit: number) {
    this.#transport = transport;
    this.#limit = limit;
  }

  /** Bytes received and not yet read. */
  get length(): number {
    return this.source.queue.length + this.source.queue.held;
  }

  /** Changes with everything that is read, and with every KiB that arrives. */
  get activity(): number {
    const { queue } = this.source;
    const read = queue.position - queue.held;
    return read + Math.floor((queue.position + queue.length) / 1024);
  }

  /** Bytes arrived. */
  data(chunk: Uint8Array): void {
    if (this.source.state !== 'open') return;
    this.source.queue.push(chunk);
    this.serve();
  }

  /** No more bytes will arrive; with an error, because the connection broke. The first call counts. */
  end(error?: Error): void {
    if (this.source.state !== 'open') return;
    this.source.state = error === undefined ? 'ended' : 'failed';
    this.source.error = error;
    this.serve();
  }

  /** As long as it goes on, the reader it was asked of is in use, even if nobody else knows of it any more. */
  start(read: ActiveRead, reader: object): void {
    read.reader = reader;
    this.#reads.push(read);
    this.serve();
  }

  // Serves the reads in their order. A read that is subscribed, and bytes that arrive, while a subscriber is being
  // told of a frame wait until that call has returned: so values never overtake each other and the stack stays flat.
  serve(): void {
    if (this.#serving) return;
    this.#serving = true;
    const reads = this.#reads;
    while (reads.length > 0 && reads[0]!.advance()) reads.shift();
    this.#serving = false;
    if (reads.length > 0) reads[0]!.arm();
    if (reads.length > 1) this.#settleWaiting();
    this.#controlFlow();
  }

  // Reads behind a continuous one fail; only now, as the one that was in front may just have given way.
  #settleWaiting(): void {
    const reads = this.#reads;
    const holder = reads.findIndex((read) => !read.once);
    const refused = holder === -1 ? [] : reads.splice(holder + 1);
    // A copy, as one that is unsubscribed already leaves the list when it is armed.
    for (const read of [...reads]) read.arm();
    for (const read of refused) read.fail(new ReaderBusyError());
  }

  #cancel(read: ActiveRead): void {
    const at = this.#reads.indexOf(read);
    // While it is being served it sees for itself that it is closed.
    if (at === -1 || (at === 0 && this.#serving)) return;
    this.#reads.splice(at, 1);
    if (at > 0) return;
    this.source.queue.rollback();
    this.serve();
  }

  #controlFlow(): void {
    if (this.source.state !== 'open') return;
    const { length } = this.source.queue;
    const needsMore = this.#reads.length > 0 && !this.#reads[0]!.full;
    if (this.#paused) {
      // A read that cannot be met must not wait for bytes that are not let in.
      if (!needsMore && length > this.#limit) return;
      this.#paused = false;
      this.#transport.resume();
    } else if (!needsMore && length > 2 * this.#limit) {
      this.#paused = true;
      this.#transport.pause();
    }
  }
}
