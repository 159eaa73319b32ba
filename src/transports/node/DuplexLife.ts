import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { SchedulerLike, Subscription } from 'rxjs';
import { reportError } from '../../streams/reportError.js';
import type { TransportReceiver } from '../../streams/Transport.js';
import { duplexEvents, setListener, type DuplexListener } from './DuplexListener.js';
import { JoinedStreams } from './joinStreams.js';
import { onceDestroyed } from './onceDestroyed.js';
import type { OutgoingQueue } from './OutgoingQueue.js';
import { readableTlsError } from './readableTlsError.js';
import { unrefTimer } from './unrefTimer.js';

type Phase = 'open' | 'securing' | 'closing' | 'lingering' | 'aborted' | 'gone';

/**
 * The life of the duplex below a transport. Each phase leads only to ones after it, but `securing`, which ends in `open`.
 *
 * | phase     | write, writeEof | pause, resume | data, end | close   | abort     | the duplex is gone     |
 * | --------- | --------------- | ------------- | --------- | ------- | --------- | ---------------------- |
 * | open      | queued, sent    | done          | delivered | closing | aborted   | `closed`               |
 * | securing  | queued          | –             | left      | aborted | aborted   | `closed`               |
 * | closing   | –               | –             | dropped   | –       | aborted   | `closed`               |
 * | lingering | –               | –             | dropped   | –       | destroyed | has been told before   |
 * | aborted   | –               | –             | dropped   | –       | –         | `closed`, with reason  |
 * | gone      | –               | –             | –         | –       | –         |                        |
 *
 * TLS lingers: everything is sent and `closed` told, but the socket stays until the peer has ended it as well.
 *
 * Any call of the duplex may throw, as it may be anybody's: then the connection is aborted with the error.
 *
 * @internal
 */
export class DuplexLife implements DuplexListener {
  phase: Phase = 'open';
  duplex: Duplex;
  /** Why it ends, once that is known. */
  error: unknown;
  /** Told when it is gone, or when all that is left of it is lingering; known from the start on. */
  receiver: TransportReceiver | undefined;
  // What can be reset: a TLS socket itself cannot.
  #raw: Duplex;
  readonly #queue: OutgoingQueue;
  readonly #transport: Pick<DuplexListener, 'onData' | 'onEnd'>;
  #onReleased: (() => void)[] | undefined;
  #shutdown: Subscription | undefined;
  /** While TLS is closing: told when the system has taken something. */
  taken: (() => void) | undefined;

  constructor(
    duplex: Duplex,
    raw: Duplex,
    queue: OutgoingQueue,
    transport: Pick<DuplexListener, 'onData' | 'onEnd'>,
  ) {
    this.duplex = duplex;
    this.#raw = raw;
    this.#queue = queue;
    this.#transport = transport;
  }

  /** Whether what is written will be sent. */
  get takesData(): boolean {
    return (this.phase === 'open' || this.phase === 'securing') && !this.duplex.destroyed;
  }

  attempt(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.abort(error);
      // Nothing that such a duplex does can be waited for.
      process.nextTick(DuplexLife.#tellGone, this);
    }
  }

  watch(): void {
    const { duplex } = this;
    const { error, finish, close } = duplexEvents;
    setListener(duplex, this);
    duplex.on('error', error).on('finish', finish).on('close', close);
    // A socket always emits.
    if (!(duplex instanceof Socket)) onceDestroyed(duplex, () => this.onClose());
    // What is destroyed already may never tell of it.
    if (duplex.destroyed || this.phase === 'aborted') this.onClose();
  }

  receive(): void {
    const { duplex } = this;
    duplex.on('data', duplexEvents.data).on('end', duplexEvents.end);
    // It may come paused, as from a server with `pauseOnConnect`.
    if (!duplex.destroyed) duplex.resume();
  }

  /** Goes on with the encrypted socket. */
  secure(socket: TLSSocket): void {
    const { end, finish, close } = duplexEvents;
    this.duplex.off('end', end).off('finish', finish).off('close', close);
    this.phase = 'open';
    this.duplex = socket;
    this.watch();
  }

  /** Closes when all that was queued has been sent. */
  close(shutdownTimeout: number, scheduler: SchedulerLike): void {
    const { duplex } = this;
    this.phase = 'closing';
    if (duplex instanceof TLSSocket) this.#boundShutdown(shutdownTimeout, scheduler);
    // What still comes is dropped; left unread it would turn our FIN into a reset.
    duplex.resume();
    if (duplex instanceof JoinedStreams) duplex.dropReceived();
    this.#queue.end();
    if (duplex.writableFinished) this.onFinish();
  }

  abort(reason: unknown): void {
    const { phase } = this;
    if (phase === 'lingering') this.#destroy();
    if (phase === 'lingering' || phase === 'aborted' || phase === 'gone') return;
    this.phase = 'aborted';
    this.#queue.clear();
    this.error ??= reason;
    if (this.duplex === this.#raw && phase !== 'securing') {
      this.#reset();
    } else {
      // Not within a callback of the TLS above it: Node 20 crashes when its socket vanishes while it decrypts.
      setImmediate(() => this.#reset());
    }
  }

  onReleased(released: () => void): void {
    if (this.phase === 'gone') released();
    else if (this.#onReleased === undefined) this.#onReleased = [released];
    else this.#onReleased.push(released);
  }

  /** A duplex without `autoDestroy` goes when both of its directions have ended, like the others. */
  settle(): void {
    this.attempt(() => {
      const { readableEnded, writableFinished, destroyed } = this.duplex;
      if (readableEnded && writableFinished && !destroyed) this.#destroy();
    });
  }

  onData(chunk: Uint8Array): void {
    this.#transport.onData(chunk);
  }

  onEnd(): void {
    this.#transport.onEnd();
  }

  onError(error: Error): void {
    this.error ??= readableTlsError(error);
    // Node tells of a broken record of TLS, and leaves it at that.
    this.#destroy();
  }

  onFinish(): void {
    const { duplex, phase } = this;
    if (phase !== 'closing') {
      this.settle();
    } else if (!(duplex instanceof TLSSocket) || duplex.readableEnded) {
      this.#destroy();
    } else {
      // A server's session tickets may still be under way: were they to find the socket closed, the kernel would reset
      // the connection, and the peer lose what it has not read yet. So it stays for as long as the peer needs to end
      // it as well, as TCP does below; nobody has to wait for that, and no process.
      this.phase = 'lingering';
      duplex.unref();
      (this.#raw as { unref?: () => void }).unref?.();
      this.receiver!.closed();
    }
  }

  onClose(): void {
    const { phase } = this;
    // Before the start there is nobody to be told.
    if (phase === 'gone' || this.receiver === undefined) return;
    this.phase = 'gone';
    this.#queue.clear();
    this.#shutdown?.unsubscribe();
    if (phase !== 'lingering') this.receiver.closed(this.error ?? lossOf(this.duplex, phase));
    for (const released of this.#onReleased?.splice(0) ?? []) {
      try {
        released();
      } catch (error) {
        reportError(error);
      }
    }
  }

  static #tellGone(this: void, life: DuplexLife): void {
    life.onClose();
  }

  // From when the system last took something: a large answer on a slow link is not cut off while it goes on.
  #boundShutdown(timeout: number, scheduler: SchedulerLike): void {
    let last = scheduler.now();
    this.taken = () => (last = scheduler.now());
    const wait = (milliseconds: number): void => {
      const timer = (this.#shutdown = scheduler.schedule(look, milliseconds));
      // The process waits for the data, not for the timer.
      unrefTimer(timer);
    };
    const look = (): void => {
      const left = last + timeout - scheduler.now();
      if (left > 0) wait(left);
      else this.abort(new Error(`TLS could not be shut down within ${timeout} ms`));
    };
    wait(timeout);
  }

  #reset(): void {
    const raw = this.#raw;
    try {
      // Only TCP knows a reset, and only TCP sockets have a family. After a FIN libuv refuses to send one.
      const { writableEnded, writableLength } = this.duplex;
      const sentFin = writableEnded && writableLength === 0;
      const canReset = raw instanceof Socket && !(raw instanceof TLSSocket) && raw.remoteFamily !== undefined;
      if (!canReset || sentFin) {
        this.#destroy();
      } else {
        raw.once('close', () => this.onClose()).resetAndDestroy();
      }
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #destroy(): void {
    try {
      this.duplex.destroy();
      // One that does not know how will not tell either.
      if (!this.duplex.destroyed) this.#giveUp(undefined);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #giveUp(error: unknown): void {
    this.error ??= error;
    process.nextTick(DuplexLife.#tellGone, this);
  }
}

function lossOf(duplex: Duplex, phase: Phase): unknown {
  try {
    const { errored, readableEnded, writableFinished } = duplex;
    if (errored || phase === 'aborted') return readableTlsError(errored ?? undefined);
    // Streams of other makers do not always know.
    const allSent = (writableFinished as boolean | undefined) !== false;
    const isWhole = phase === 'closing' ? allSent : readableEnded && writableFinished;
    return isWhole ? undefined : new Error('The stream was destroyed');
  } catch (error) {
    return error;
  }
}
