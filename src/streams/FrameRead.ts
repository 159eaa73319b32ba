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

/** What a read tells of its frames: RxJS's own subscriber, or one that stands in front of it. @internal */
export type FrameSubscriber<T> = Pick<Subscriber<T>, 'closed' | 'next' | 'error' | 'complete' | 'add'>;

/** A `FrameRead` as the reader's queue sees it, whatever it emits. @internal */
export interface ActiveRead {
  readonly once: boolean;
  readonly full: boolean;
  /** What it was asked of: kept as long as it goes on. */
  reader?: object | undefined;
  advance(): boolean;
  /** From now on its unsubscription is reported to the source. */
  arm(): void;
  fail(error: unknown): void;
}

/**
 * One subscriber reading frames from a source: the single mechanism behind every reader method and every operator.
 * Nothing else turns bytes into frames, so all of them agree on order, end, errors and what is put back.
 *
 * @internal
 */
export class FrameRead<T> implements ActiveRead, Unsubscribable {
  /** Its subscriber has no room for another frame: it waits, but not for bytes. */
  full = false;
  reader: object | undefined;
  #armed = false;

  constructor(
    readonly source: ByteSource,
    readonly decoder: Decoder<T> & Partial<BatchDecoder<T>>,
    readonly subscriber: FrameSubscriber<T>,
    /** One frame and complete, or all of them? */
    readonly once: boolean,
    /** For a read that has to emit: what it emits, or throws, at a clean end of the stream. */
    readonly atEnd?: () => T,
  ) {}

  // A teardown costs as much as the rest of a short read, so only a read that has to wait gets one; and the read is
  // its own, which saves the closure.
  arm(): void {
    if (this.#armed) return;
    this.#armed = true;
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
    const { queue } = source;
    while (!subscriber.closed) {
      if (this.full) return false;
      let frame: T | undefined;
      try {
        if (!this.once && decoder.decodeBatch !== undefined) {
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
        // The bytes of an incomplete read leave with the error; those of a bad frame stay for whoever reads next.
        if (error instanceof IncompleteReadError) queue.commit();
        else queue.rollback();
        subscriber.error(error);
        return true;
      }
      if (frame === undefined) {
        if (source.state === 'open') return false;
        queue.rollback();
        if (source.state === 'ended') subscriber.complete();
        else subscriber.error(source.error);
        return true;
      }
      // Before the subscriber sees the frame, as it may read on from inside its `next`.
      queue.commit();
      if (this.once) {
        subscriber.next(frame);
        subscriber.complete();
        return true;
      }
      subscriber.next(frame);
    }
    return true;
  }

  #end(): T | undefined {
    const { queue } = this.source;
    const frame = this.decoder.end?.(queue);
    if (frame !== undefined) return frame;
    queue.rollback();
    if (queue.length > 0) throw new IncompleteReadError(queue.takeExactly(queue.length)!, null);
    return this.atEnd?.();
  }
}
