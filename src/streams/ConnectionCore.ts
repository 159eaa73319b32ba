import type { SchedulerLike } from 'rxjs';
import { IdleTimeoutError } from './errors.js';
import { ReadQueue } from './ReadQueue.js';
import type { Transport } from './Transport.js';
import { WriteState, type WaterMarks } from './WriteState.js';

/** How often idleness is looked at, in parts of the timeout: cheaper than a timer set anew with every byte. */
const LOOKS = 4;

/**
 * What a transport holds of a connection. It knows nothing of the `Connection`, the reader and the writer, its faces
 * to the user: so it shows when the user has lost all of them and can never close it any more.
 *
 * @internal
 */
export class ConnectionCore {
  readonly reads: ReadQueue;
  readonly writes: WriteState;
  // Not subscriptions to `waitClosed()`: these cost 2 KB each, for as long as the connection is open.
  readonly #onClosed: (() => void)[] = [];

  constructor(
    readonly transport: Transport,
    limit: number,
    waterMarks: WaterMarks,
    readonly closeTimeout: number,
    readonly scheduler: SchedulerLike,
  ) {
    this.reads = new ReadQueue(transport, limit);
    this.writes = new WriteState(transport, waterMarks);
  }

  start(): void {
    const { reads, writes } = this;
    const whenClosed = (): void => {
      for (const closed of this.#onClosed.splice(0)) closed();
    };
    this.transport.start({
      data: (chunk) => reads.data(chunk),
      eof: () => reads.end(),
      flushed: () => writes.flushed(),
      closed(error) {
        // Whoever is told first may turn to the other half: that has to know by then.
        const loss = writes.lost(error);
        reads.end(loss);
        writes.finish();
        whenClosed();
      },
    });
  }

  /** Closes gracefully, and aborts when that takes longer than `closeTimeout`. */
  release(): void {
    this.writes.close();
    const { closeTimeout, transport } = this;
    // By way of the transport: nobody asked for it, so it has to show as a loss.
    const timeout = this.scheduler.schedule(
      () => transport.abort(new Error(`What was written could not be sent within ${closeTimeout} ms`)),
      closeTimeout,
    );
    this.onClosed(() => timeout.unsubscribe());
  }

  /** Makes it a loss when nothing happens for `timeout` milliseconds. */
  watchIdle(timeout: number, scheduler: SchedulerLike): void {
    const { reads, writes, transport } = this;
    let read = reads.activity;
    let written = writes.activity;
    let idle = 0;
    const look = (): void => {
      const active = reads.activity !== read || writes.activity !== written;
      read = reads.activity;
      written = writes.activity;
      idle = active ? 0 : idle + 1;
      if (idle >= LOOKS) transport.abort(new IdleTimeoutError(timeout));
      else watch = scheduler.schedule(look, timeout / LOOKS);
    };
    // Not one action that schedules itself again: in virtual time those become a chain without an end.
    let watch = scheduler.schedule(look, timeout / LOOKS);
    this.onClosed(() => watch.unsubscribe());
  }

  /** Calls when the connection is gone, however: behind all who subscribed to its end. */
  onClosed(closed: () => void): void {
    if (this.writes.closed) closed();
    else this.#onClosed.push(closed);
  }
}
