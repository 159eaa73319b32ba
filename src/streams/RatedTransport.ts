import { defer, type Observable } from 'rxjs';
import { ByteQueue } from '../bytes/ByteQueue.js';
import { UnreadPlaintextError } from './errors.js';
import { Turn, type TokenBucket } from './TokenBucket.js';
import type { StartTlsOptions, Transport, TransportReceiver } from './Transport.js';
import { TransportWrapper } from './TransportWrapper.js';

/**
 * A transport whose bytes come no faster than a bucket lets them pass. It holds what has come too early, a chunk or so,
 * and pauses the transport inside meanwhile.
 *
 * This is the one place where the wishes of the reader and those of the rate meet:
 *
 * | phase     | inside | bytes come           | their turn comes        | `pause`   | `resume`                 | closed inside           |
 * | --------- | ------ | -------------------- | ----------------------- | --------- | ------------------------ | ----------------------- |
 * | `flowing` | runs   | pass, or → `limited` |                         | `stopped` | –                        | → `over`                |
 * | `limited` | paused | wait                 | pass; none → `flowing`  | `stopped` | –                        | pass at once, → `over`  |
 * | `stopped` | paused | wait                 |                         | –         | `flowing`, or `limited`  | pass at once, → `over`  |
 * | `over`    |        | are dropped          |                         | –         | –                        | is told                 |
 *
 * `close` and `abort` lead to `over` as well, and drop what waits: after them no more bytes come.
 *
 * @internal
 */
export class RatedTransport extends TransportWrapper {
  readonly #bucket: TokenBucket;
  readonly #turn = new Turn((bytes) => this.#pass(bytes));
  readonly #waiting = new ByteQueue();
  #phase: 'flowing' | 'limited' | 'stopped' | 'over' = 'flowing';
  // The end of the stream comes behind what waits.
  #end: 'open' | 'waits' | 'told' = 'open';
  #receiver!: TransportReceiver;
  // When it began to wait for its next turn.
  #waitsSince = 0;

  constructor(inner: Transport, bucket: TokenBucket) {
    super(inner);
    this.#bucket = bucket;
    const { startTls } = this;
    if (startTls !== undefined)
      Object.assign(this, { startTls: (options?: StartTlsOptions) => this.#secure(startTls(options)) });
  }

  override get limitedFor(): number | undefined {
    return this.#phase === 'limited' ? this.#bucket.now() - this.#waitsSince : super.limitedFor;
  }

  override start(receiver: TransportReceiver): void {
    this.#receiver = receiver;
    super.start({
      data: (chunk) => this.#arrived(chunk),
      eof: () => {
        this.#end = 'waits';
        this.#pass();
      },
      flushed: () => receiver.flushed(),
      closed: (error) => {
        this.#flush();
        receiver.closed(error);
      },
    });
  }

  override pause(): void {
    if (this.#phase === 'over') return;
    const runs = this.#phase === 'flowing';
    this.#phase = 'stopped';
    this.#bucket.cancel(this.#turn);
    if (runs) super.pause();
  }

  override resume(): void {
    if (this.#phase !== 'stopped') return;
    this.#phase = 'limited';
    this.#pass();
  }

  override close(): void {
    this.#stop();
    super.close();
  }

  override abort(reason?: unknown): void {
    this.#stop();
    super.abort(reason);
  }

  #secure(securing: Observable<void>): Observable<void> {
    return defer(() => {
      // It would be taken for what came encrypted.
      if (this.#waiting.length > 0) throw new UnreadPlaintextError(this.#waiting.length);
      return securing;
    });
  }

  #arrived(chunk: Uint8Array): void {
    if (this.#phase === 'over') return;
    this.#waiting.push(chunk);
    this.#pass();
  }

  /** Hands on what may pass: so many bytes now, and what the bucket gives besides. */
  #pass(granted = 0): void {
    const waiting = this.#waiting;
    while (waiting.length > 0 && this.#passes) {
      const bytes = granted || this.#bucket.ask(this.#turn, waiting.front.length - waiting.offset);
      granted = 0;
      if (bytes === 0) {
        this.#waitsSince = this.#bucket.now();
        if (this.#phase === 'flowing') {
          this.#phase = 'limited';
          super.pause();
        }
        return;
      }
      this.#receiver.data(waiting.takeUpTo(bytes)!);
    }
    if (!this.#passes) return;
    this.#tellEnd();
    if (this.#phase !== 'limited') return;
    this.#phase = 'flowing';
    super.resume();
  }

  // Asked anew after each call: whoever is told may pause, close or abort.
  get #passes(): boolean {
    return this.#phase === 'flowing' || this.#phase === 'limited';
  }

  #tellEnd(): void {
    if (this.#end !== 'waits') return;
    this.#end = 'told';
    this.#receiver.eof();
  }

  /** The connection is gone: nobody is slowed down by waiting any longer. */
  #flush(): void {
    if (this.#phase === 'over') return;
    this.#stop();
    for (const waiting = this.#waiting; waiting.length > 0;) this.#receiver.data(waiting.takeChunk()!);
    this.#tellEnd();
  }

  #stop(): void {
    this.#phase = 'over';
    this.#bucket.cancel(this.#turn);
  }
}
