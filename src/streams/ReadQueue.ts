import { ByteQueue } from '../bytes/ByteQueue.js';
import type { ConnectionSettings } from './ConnectionSettings.js';
import type { Reporter } from './Listeners.js';
import { ReaderBusyError } from './errors.js';
import type { ActiveRead, ByteSource } from './FrameRead.js';
import { ReentrantWork } from './Reentrant.js';
import { stackIsDeep } from './stackIsDeep.js';
import type { Transport } from './Transport.js';

/**
 * After so many reads that ended within their subscription it is looked at whether they pile up on the stack: RxJS's
 * `repeat` and `retry` subscribe anew on top of a source that ends there, and some thousands of them fill it. Then the
 * next one waits for a step of the scheduler.
 */
const LOOK_AT_STACK = 100;

/** The connection that is read from. @internal */
export interface ReadConnection extends Reporter {
  readonly transport: Pick<Transport, 'pause' | 'resume' | 'messages'>;
  readonly settings: ConnectionSettings;
  /** Called whenever the reads have come to rest. */
  readsSettled(): void;
  /** The transport is about to be told to stop, or to go on. */
  standsStill(side: 'read'): void;
  goesOn(side: 'read'): void;
}

/**
 * The reads of a connection, in the order of their subscription, and the bytes they read: what stands between the
 * transport and `StreamReader`, which is only the face of it.
 *
 * The first read is being served. Reads that overlap wait in a list of their own links, so that each costs the same
 * to queue, to cancel and to fail, however many wait. A continuous read keeps its place at the front; reads that come
 * after it fail.
 *
 * @internal
 */
export class ReadQueue extends ReentrantWork implements ByteSource {
  readonly queue = new ByteQueue();
  state: ByteSource['state'] = 'open';
  error: unknown;
  told = false;
  /** When the reads last came to rest with bytes left over, by the scheduler's clock. */
  leftSince = 0;
  readonly connection: ReadConnection;
  #first: ActiveRead | undefined;
  #last: ActiveRead | undefined;
  // The first that has not been looked at since it was subscribed.
  #unsettled: ActiveRead | undefined;
  #holder: ActiveRead | undefined;
  #paused = false;
  #atOnce = 0;
  // A read that took more than one message is over, and nothing has come since.
  #readAhead = false;

  constructor(connection: ReadConnection) {
    super();
    this.connection = connection;
  }

  /** All the reads, in their order. */
  get active(): readonly ActiveRead[] {
    const all = [];
    for (let read = this.#first; read !== undefined; read = read.next) all.push(read);
    return all;
  }

  /** Bytes received so far. */
  get received(): number {
    return this.queue.position + this.queue.length;
  }

  /** Bytes received and not yet read. */
  get length(): number {
    return this.queue.length + this.queue.held;
  }

  /** Changes with everything that is read, and with every KiB that arrives. */
  get activity(): number {
    const { queue } = this;
    const read = queue.position - queue.held;
    return read + Math.floor((queue.position + queue.length) / 1024);
  }

  /** No more bytes come, all have been taken, and there is no read that was told or will be. */
  get abandoned(): boolean {
    return this.#first === undefined && this.length === 0 && !this.told;
  }

  /** Whether the user may have been given bytes from beyond the message that is worked on. */
  get readAhead(): boolean {
    return this.#readAhead || (this.#first?.readAhead ?? false);
  }

  now(): number {
    return this.connection.settings.scheduler.now();
  }

  /** Bytes arrived. */
  data(chunk: Uint8Array): void {
    if (this.state !== 'open') return;
    this.queue.push(chunk);
    // What a read that is over has taken beyond its message was there before these.
    this.#readAhead = false;
    this.serve();
  }

  /** No more bytes will arrive; with an error, because the connection broke. The first call counts. */
  end(error?: Error): void {
    if (this.state !== 'open') return;
    this.state = error === undefined ? 'ended' : 'failed';
    this.error = error;
    this.serve();
  }

  /** As long as it goes on, the reader it was asked of is in use, even if nobody else knows of it any more. */
  start(read: ActiveRead, reader: object): void {
    if (this.connection.transport.messages && !read.messages) {
      read.fail(
        new TypeError('This connection is in message mode: read it with messages() or jsonMessages()'),
      );
      return;
    }
    read.reader = reader;
    const last = this.#last;
    this.#last = read;
    if (last === undefined) this.#first = read;
    else last.next = read;
    read.previous = last;
    read.listed = true;
    this.#unsettled ??= read;
    // From inside the call that serves the reads: it comes to this one too.
    if (this.running) return;
    if (this.#first !== read) {
      this.serve();
    } else if (this.#pilesUp()) {
      read.arm(this.now());
      this.connection.settings.scheduler.schedule(() => this.serve());
    } else {
      this.serve();
      if (this.#first !== read) this.#atOnce++;
    }
  }

  // Serves the reads in their order. A read that is subscribed, and bytes that arrive, while a subscriber is being
  // told of a frame wait until that call has returned: so values never overtake each other and the stack stays flat.
  serve(): void {
    this.run();
    if (this.running) return;
    // Work that is under way has a time of its own.
    if (this.length > 0 && this.#first?.full !== true) this.leftSince = this.now();
    // Not while reads are served: what a transport delivers when it resumes has to be stopped again in time.
    this.#controlFlow();
    this.connection.readsSettled();
  }

  protected work(): void {
    let read: ActiveRead | undefined;
    do {
      for (read = this.#first; read?.advance(); read = this.#first) {
        this.#remove(read);
        // It may have been unsubscribed while it waited.
        this.queue.rollback();
      }
      this.#settleNew();
    } while (this.#first !== read);
  }

  protected report(error: unknown): void {
    this.connection.report(error);
  }

  // Only now is it known who holds the reader, as the one that did may just have given way.
  #settleNew(): void {
    for (let read = this.#unsettled; read !== undefined; read = this.#unsettled) {
      this.#unsettled = read.next;
      if (this.#holder !== undefined) {
        this.#remove(read);
        read.fail(new ReaderBusyError());
      } else {
        if (!read.once) this.#holder = read;
        read.arm(this.now());
      }
    }
  }

  /** @internal It was unsubscribed before its end. */
  cancel(read: ActiveRead): void {
    if (!read.listed) return;
    const first = read === this.#first;
    if (first && this.running) {
      // It sees for itself that it is closed, once it is looked at again: most often it is being served.
      this.run();
      return;
    }
    this.#remove(read);
    if (!first) return;
    this.queue.rollback();
    this.serve();
  }

  #remove(read: ActiveRead): void {
    if (!read.listed) return;
    const { previous, next } = read;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    if (read === this.#unsettled) this.#unsettled = next;
    if (read === this.#holder) this.#holder = undefined;
    read.listed = false;
    read.previous = read.next = undefined;
    if (read.readAhead) this.#readAhead = true;
  }

  #pilesUp(): boolean {
    if (this.#atOnce < LOOK_AT_STACK) return false;
    this.#atOnce = 0;
    return stackIsDeep();
  }

  #controlFlow(): void {
    if (this.state !== 'open') return;
    const { length } = this.queue;
    const { settings, transport } = this.connection;
    const { limit } = settings;
    const needsMore = this.#first !== undefined && !this.#first.full;
    if (this.#paused) {
      // A read that cannot be met must not wait for bytes that are not let in.
      if (!needsMore && length > limit) return;
      this.#paused = false;
      this.connection.goesOn('read');
      transport.resume();
    } else if (!needsMore && length > 2 * limit) {
      this.#paused = true;
      this.connection.standsStill('read');
      transport.pause();
    }
  }
}
