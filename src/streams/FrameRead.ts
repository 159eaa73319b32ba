import type { Subscriber, Unsubscribable } from 'rxjs';
import type { ByteQueue } from '../bytes/ByteQueue.js';
import type { Decoder } from '../bytes/Decoder.js';
import { IncompleteReadError } from '../bytes/errors.js';

/** Where bytes come from, as a read sees it: what has arrived, and whether more can. @internal */
export interface ByteSource {
  readonly queue: ByteQueue;
  /** Once it has ended or failed, no more bytes come. */
  readonly state: 'open' | 'ended' | 'failed';
  /** What it failed with. */
  readonly error: unknown;
  /** Whether a read has been told of that. */
  told?: boolean;
  /** A read of it was unsubscribed before its end. */
  cancel?(read: ActiveRead): void;
}

/**
 * A decoder that can emit many frames in one go, for those where a call for each would cost more than the frame.
 * It takes whole frames only, each before it emits it, and stops, returning true, when the subscriber is closed;
 * what it leaves is for `decode`.
 *
 * @internal
 */
export interface BatchDecoder<T> extends Decoder<T> {
  decodeBatch(bytes: ByteQueue, subscriber: FrameSubscriber<T>): boolean;
}

/** What a read tells of its frames: RxJS's own subscriber, or one that stands between. @internal */
export type FrameSubscriber<T> = Pick<Subscriber<T>, 'closed' | 'next' | 'error' | 'complete' | 'add'>;

/**
 * How far a read may go beyond the message that its subscriber works on: not at all (one frame, or the next one only
 * after the work), by further frames, or by bytes, as a chunk may hold several messages.
 *
 * @internal
 */
export type Reach = 'message' | 'frames' | 'bytes';

/** What a read is: one object for all subscriptions to it, as each field costs every read. @internal */
export interface ReadKind<T> {
  /** The method that it is of, and what that was given, where this says what it waits for. */
  readonly verb: string;
  readonly argument?: unknown;
  /** One frame and complete, or all of them? */
  readonly once: boolean;
  readonly reach: Reach;
  /** For a read that has to emit: what it emits, or throws, at a clean end of the stream. */
  readonly atEnd?: () => T;
}

/** A `FrameRead` as the reader's queue sees it, whatever it emits. @internal */
export interface ActiveRead {
  /** Whether it can read a connection in message mode. */
  readonly messages: boolean;
  readonly once: boolean;
  readonly full: boolean;
  /** Whether it has delivered something from beyond its first message. */
  readonly readAhead: boolean;
  /** Its place among the reads of a reader. */
  listed: boolean;
  previous: ActiveRead | undefined;
  next: ActiveRead | undefined;
  /** What it was asked of: kept as long as it goes on. */
  reader?: object | undefined;
  readonly kind: Pick<ReadKind<unknown>, 'verb' | 'argument'>;
  /** Since when it waits, by the scheduler's clock. */
  readonly since: number;
  /** Whom it tells of its frames. */
  readonly subscriber?: unknown;
  advance(): boolean;
  /** From now on it waits, and its unsubscription is reported to the source. */
  arm(now: number): void;
  fail(error: unknown): void;
}

/**
 * One subscriber reading frames from a source: the single mechanism of every reader method and every operator.
 * Nothing else turns bytes into frames, so all of them agree on order, end, errors and what is put back.
 *
 * What it calls may throw: a teardown of its subscriber, a stack that is full. It has settled with the queue by
 * then, so calling `advance` once more goes on after it.
 *
 * @internal
 */
export class FrameRead<T> implements ActiveRead, Unsubscribable {
  /** Its subscriber has no room for another frame: it waits, but not for bytes. */
  full = false;
  reader: object | undefined;
  listed = false;
  previous: ActiveRead | undefined;
  next: ActiveRead | undefined;
  since = 0;
  // Not private to the engine, which makes such fields at twice the cost, for each read anew.
  private armed = false;
  // Where its first message ended, in bytes of the stream, -1 before; what is beyond it has been read ahead.
  private firstEnd = -1;

  constructor(
    readonly source: ByteSource,
    readonly decoder: Decoder<T> & Partial<BatchDecoder<T>>,
    readonly subscriber: FrameSubscriber<T>,
    readonly kind: ReadKind<T>,
  ) {}

  get once(): boolean {
    return this.kind.once;
  }

  get messages(): boolean {
    return this.decoder.messages === true;
  }

  get readAhead(): boolean {
    if (this.kind.reach === 'message' || this.firstEnd < 0) return false;
    const { queue } = this.source;
    return queue.position - queue.held > this.firstEnd;
  }

  // A teardown costs as much as the rest of a short read, so only a read that has to wait gets one; and the read is
  // its own, which saves the closure.
  arm(now: number): void {
    if (this.armed) return;
    this.armed = true;
    this.since = now;
    this.subscriber.add(this);
  }

  unsubscribe(): void {
    this.source.cancel?.(this);
  }

  fail(error: unknown): void {
    this.subscriber.error(error);
  }

  /** Emits what can be read now. True: this read is over, false: it waits for bytes, or for room. */
  advance(): boolean {
    const { source, decoder, subscriber } = this;
    const { once, reach } = this.kind;
    const { queue } = source;
    while (!subscriber.closed && !(once && this.firstEnd >= 0)) {
      if (this.full) return false;
      let frame: T | undefined;
      const start = queue.position;
      try {
        // Not the first frame: only one that is taken by itself shows where it ends.
        if (decoder.decodeBatch !== undefined && this.firstEnd >= 0) {
          // Nothing is held back here, so that what it emits does not come again with a later rollback.
          queue.rollback();
          if (decoder.decodeBatch(queue, subscriber)) return true;
        }
        queue.hold();
        let from: number;
        do {
          from = queue.position;
          frame = decoder.decode(queue);
          // It may have skipped something, and what comes after that may be a frame: asked once more, it takes nothing if
          // it does need more bytes.
        } while (frame === undefined && queue.position !== from && queue.length > 0);
        if (frame === undefined && source.state === 'ended') frame = this.#end();
      } catch (error) {
        this.#checkOwn(error);
        // The bytes of an incomplete read leave with the error; those of a bad frame stay for whoever reads next.
        if (error instanceof IncompleteReadError) queue.commit();
        else queue.rollback();
        subscriber.error(error);
        return true;
      }
      if (frame === undefined) {
        if (source.state === 'open') return false;
        queue.rollback();
        this.#finish();
        return true;
      }
      // Before the subscriber sees the frame, as it may read on from inside its `next`.
      queue.commit();
      // Of a chunk nobody knows where its first message ends.
      if (this.firstEnd < 0) this.firstEnd = reach === 'bytes' ? start : queue.position;
      subscriber.next(frame);
    }
    if (!subscriber.closed) subscriber.complete();
    return true;
  }

  // A decoder is called for a subscriber that wants more: so what it throws then is not its own, but comes from whoever
  // it emitted to.
  #checkOwn(error: unknown): void {
    if (!this.subscriber.closed) return;
    this.source.queue.rollback();
    throw error;
  }

  #finish(): void {
    const { source, subscriber } = this;
    if (source.state === 'ended') {
      subscriber.complete();
    } else {
      source.told = true;
      subscriber.error(source.error);
    }
  }

  #end(): T | undefined {
    const { queue } = this.source;
    const frame = this.decoder.end?.(queue);
    if (frame !== undefined) return frame;
    queue.rollback();
    if (queue.length > 0) throw new IncompleteReadError(queue.takeExactly(queue.length)!, null);
    return this.kind.atEnd?.();
  }
}
