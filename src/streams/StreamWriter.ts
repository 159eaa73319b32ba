import {
  defer,
  distinctUntilChanged,
  endWith,
  ignoreElements,
  map,
  Observable,
  startWith,
  take,
  throwIfEmpty,
} from 'rxjs';
import { UnreadPlaintextError, WriteAfterEndError } from './errors.js';
import type { ReadQueue } from './ReadQueue.js';
import { checkBytes } from '../bytes/check.js';
import type { Data } from '../bytes/Separator.js';
import type { ExtraInfo, StartTlsOptions, Transport } from './Transport.js';
import type { WriteState } from './WriteState.js';

/**
 * The sending half of a connection: asyncio's `StreamWriter`.
 *
 * `write` takes data at once, whatever the peer does. Who writes much asks for room with `drain()`, `drain$`,
 * `paused$`, or writes with `send`:
 *
 * ```text
 * queued bytes   0---70k----16k---0       high water mark 64k, low 16k
 * paused$        f---t------f------
 * drain$         -----------d------
 * drain()        at t: -----(d|)
 * ```
 *
 * @example
 * ```ts
 * import { connectionPair } from 'rxjs-net';
 * import { concat } from 'rxjs';
 *
 * const [client, server] = connectionPair();
 * server.reader.lines().subscribe(console.log); // one, two, three
 *
 * client.writer.write('one\n');
 * concat(client.writer.send('two\n'), client.writer.send('three\n')).subscribe({
 *   complete: () => client.writer.close(),
 * });
 * ```
 */
export class StreamWriter {
  readonly transport: Transport;
  readonly #state: WriteState;
  readonly #reads: Pick<ReadQueue, 'length'>;

  /** @internal */
  constructor(state: WriteState, reads: Pick<ReadQueue, 'length'>) {
    this.transport = state.transport;
    this.#state = state;
    this.#reads = reads;
  }

  /**
   * The drain signal: emits each time the write queue, having been above the high water mark, has come down to the
   * low one. Completes when the connection is closed or lost.
   */
  get drain$(): Observable<void> {
    return this.#state.drained$;
  }

  /**
   * Whether the writer is paused, the current value first: true from above the high water mark until at or below
   * the low one. Completes when the connection is closed or lost.
   */
  get paused$(): Observable<boolean> {
    // Read anew at each change, not handed on: a subscriber that writes inside `next` must not leave the ones behind
    // it with the value of before.
    return this.#state.pausedChanged$.pipe(
      startWith(undefined),
      map(() => this.#state.paused),
      distinctUntilChanged(),
    );
  }

  /**
   * Whether the writer is paused now. For code that writes much and cheaply, and waits only when it has to:
   * `writer.write(data)`, then `return writer.paused ? writer.drain() : undefined`.
   */
  get paused(): boolean {
    return this.#state.paused;
  }

  /**
   * Sends data, without waiting and without a bound: see `drain()`. Small writes of one tick leave together.
   * Do not change the bytes until they have been sent. An empty write does nothing; after the connection is lost
   * data is dropped, and `drain()`, `send()` and `waitClosed()` tell of the loss.
   *
   * @throws `WriteAfterEndError` after `writeEof()` or `close()`, `ConnectionClosedError` after `abort()`
   */
  write(data: Data): void {
    if (typeof data !== 'string') checkBytes('data must be a string or', data);
    this.#state.write(data);
  }

  /** Writes each of them. */
  writeLines(chunks: Iterable<Data>): void {
    for (const chunk of chunks) this.write(chunk);
  }

  /**
   * Waits for room.
   *
   * - **Emits** one value and completes: at once when not paused, else at the next drain signal.
   * - **Errors** with `ConnectionLostError` when the connection was lost, or is lost while waiting; with
   *   `ConnectionClosedError` once a close, or an abort, of this side is over.
   */
  drain(): Observable<void> {
    return new Observable((subscriber) => {
      if (this.#state.closed) {
        subscriber.error(this.#state.closedError());
      } else if (this.#state.paused) {
        return this.#state.drained$
          .pipe(
            take(1),
            throwIfEmpty(() => this.#state.closedError()),
          )
          .subscribe(subscriber);
      } else {
        subscriber.next();
        subscriber.complete();
      }
      return undefined;
    });
  }

  /**
   * Writes when subscribed to, completes when there is room again: for `concat`, `concatMap` and their like.
   *
   * - **Errors** as `write` throws and as `drain()` errors.
   */
  send(data: Data): Observable<never> {
    return new Observable((subscriber) => {
      this.write(data);
      const { paused, closed } = this.#state;
      // Most often there is nothing to wait for, and the subscriptions below cost more than the write.
      if (!paused && !closed) subscriber.complete();
      else this.drain().pipe(ignoreElements()).subscribe(subscriber);
    });
  }

  /** Whether this connection can end the one direction and keep the other. */
  canWriteEof(): boolean {
    return this.transport.canWriteEof;
  }

  /** Ends the sending direction behind what was written; reading goes on. A second call does nothing. */
  writeEof(): void {
    this.#state.writeEof();
  }

  /** Sends what was written, then closes both directions. A second call does nothing. */
  close(): void {
    this.#state.close();
  }

  /**
   * Drops what was written and not yet sent, and resets the connection.
   *
   * From then on `write()` throws, and reads (behind what was received), `drain()` and `send()` error with
   * `ConnectionClosedError`, `reason` being its `cause`.
   */
  abort(reason?: unknown): void {
    this.#state.abort(reason);
  }

  /** True from `close()`, `abort()` or the loss of the connection on. */
  isClosing(): boolean {
    return this.#state.closing || this.#state.closed;
  }

  /**
   * Waits until the connection is gone. Closes nothing itself.
   *
   * - **Emits** one value and completes when it has been closed by either side, or aborted by this one.
   * - **Errors** with `ConnectionLostError` when it was lost.
   */
  waitClosed(): Observable<void> {
    return this.#state.waitClosed();
  }

  /** @internal Errors when the connection is lost or closed, with what `drain()` then errors with. */
  failure(): Observable<never> {
    return this.#state.drained$.pipe(
      ignoreElements(),
      endWith(undefined),
      map(() => {
        throw this.#state.closedError();
      }),
    );
  }

  /**
   * Encrypts the connection from here on, on either side: what was written is sent, then comes the handshake. The
   * reader and the writer stay what they are. As asyncio's `StreamWriter.start_tls` (3.11), but that it refuses when
   * there is plaintext left to read: somebody between here and the peer may have put it there (CVE-2011-0411).
   *
   * - **Emits** one value and completes when the handshake is over.
   * - **Errors** with `UnreadPlaintextError`, and the connection goes on in plain; with `ConnectionLostError` when the
   *   handshake fails, the connection being lost with it; with `ConnectionClosedError` or `WriteAfterEndError` when this
   *   side has closed it, or ended its direction.
   * - **Unsubscribe** in the middle aborts the connection.
   *
   * Call it in the same step as the `write` that the peer starts on, so that nothing of the handshake is taken for
   * plaintext. What is written until it has emitted is sent encrypted.
   *
   * @throws `TypeError` where the transport cannot encrypt, or no `servername` says who the server has to be
   *
   * @param options as a client Node's options of `tls.connect`; with `isServer: true` those of `tls.createServer`
   */
  startTls(options?: StartTlsOptions): Observable<void> {
    if (this.transport.startTls === undefined) throw new TypeError('This transport cannot start TLS');
    const securing = this.transport.startTls(options);
    return defer(() => {
      if (this.isClosing()) throw this.#state.closedError();
      if (this.#state.ended) throw new WriteAfterEndError('startTls() after writeEof()');
      const unread = this.#reads.length;
      if (unread > 0) throw new UnreadPlaintextError(unread);
      return securing;
    });
  }

  /** What is known of the connection: `peername`, `sockname`, `socket` and whatever else the transport tells of. */
  getExtraInfo<K extends keyof ExtraInfo>(name: K): ExtraInfo[K] | undefined;
  getExtraInfo<K extends keyof ExtraInfo, F>(name: K, fallback: F): ExtraInfo[K] | F;
  getExtraInfo(name: string, fallback?: unknown): unknown;
  getExtraInfo(name: string, fallback?: unknown): unknown {
    return this.transport.getExtraInfo(name) ?? fallback;
  }
}
