import { defer, map, Observable } from 'rxjs';
import { checkData } from '../bytes/check.js';
import { checkMethod } from './check.js';
import type { Data } from '../bytes/Separator.js';
import type { ConnectionCore } from './ConnectionCore.js';
import type { ReadQueue } from './ReadQueue.js';
import { ConnectionClosedError, UnreadPlaintextError, WriteAfterEndError } from './errors.js';
import type { ExtraInfo, StartTlsOptions, Transport } from './Transport.js';

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
  /** What carries the connection: for what only that kind of transport can do. */
  readonly transport: Transport;
  readonly #core: ConnectionCore;

  /** @internal */
  constructor(core: ConnectionCore) {
    this.transport = core.transport;
    this.#core = core;
  }

  /**
   * The drain signal: emits each time the write queue, having been above the high water mark, has come down to the
   * low one. Completes when the connection is closed or lost.
   */
  get drain$(): Observable<void> {
    return new Observable((subscriber) => {
      subscriber.add(this.#core.writes.drained.add(() => subscriber.next()));
      subscriber.add(this.onGone(() => subscriber.complete()));
    });
  }

  /**
   * Whether the writer is paused, the current value first: true from above the high water mark until at or below
   * the low one. Completes when the connection is closed or lost.
   */
  get paused$(): Observable<boolean> {
    return new Observable((subscriber) => {
      const { writes } = this.#core;
      let told: boolean | undefined;
      // Read anew at each change, not handed on: a subscriber that writes inside `next` must not leave those that come
      // after it with the value of before.
      const tell = (): void => {
        if (told === writes.paused) return;
        told = writes.paused;
        subscriber.next(told);
      };
      subscriber.add(writes.pausedChanged.add(tell));
      tell();
      subscriber.add(this.onGone(() => subscriber.complete()));
    });
  }

  /**
   * Whether the writer is paused now. For code that writes much and cheaply, and waits only when it has to:
   * `writer.write(data)`, then `return writer.paused ? writer.drain() : undefined`.
   */
  get paused(): boolean {
    return this.#core.writes.paused;
  }

  /**
   * Sends data, without waiting and without a bound: see `drain()`. Small writes of one tick leave together.
   * The bytes are borrowed until they have been sent: do not change them before. Where their memory is transferred or
   * resized before, the connection is lost. An empty write does nothing, but in message mode it is an empty message. After
   * the connection is lost data is dropped, and `drain()`, `send()` and `waitClosed()` tell of the loss.
   *
   * @throws `WriteAfterEndError` after `writeEof()` or `close()`, `ConnectionClosedError` after `abort()`
   */
  write(data: Data): void {
    checkData(data);
    this.#core.writes.write(data);
  }

  /** Writes each of them. */
  writeLines(chunks: Iterable<Data>): void {
    checkMethod('chunks must be an iterable of data', typeof chunks === 'object' && chunks, Symbol.iterator);
    for (const chunk of chunks) this.write(chunk);
  }

  /**
   * Waits for room.
   *
   * - **Emits** one value and completes: at once when not paused, else at the next drain signal.
   * - **Errors** with `ConnectionLostError` when the connection was lost, or is lost while waiting; with
   *   `ConnectionClosedError` once this side has aborted, once its close is over, or once both directions have ended.
   */
  drain(): Observable<void> {
    return new Observable((subscriber) => {
      const { lifecycle, writes } = this.#core;
      const answer = (): void => {
        subscriber.next();
        subscriber.complete();
      };
      if (lifecycle.error !== undefined) subscriber.error(lifecycle.error);
      else if (!writes.paused) answer();
      else {
        subscriber.add(writes.drained.add(answer));
        subscriber.add(this.onGone((error) => subscriber.error(error)));
      }
    });
  }

  /**
   * Writes when subscribed to, completes when there is room again: for `concat`, `concatMap` and their like.
   *
   * - **Errors** as `write` throws and as `drain()` errors.
   */
  send(data: Data): Observable<never> {
    checkData(data);
    return new Observable((subscriber) => {
      this.write(data);
      const { lifecycle, writes } = this.#core;
      // Most often there is nothing to wait for, and the subscription below costs more than the write.
      if (!writes.paused && lifecycle.error === undefined) subscriber.complete();
      else {
        this.drain().subscribe({
          error: (error: unknown) => subscriber.error(error),
          complete: () => subscriber.complete(),
        });
      }
    });
  }

  /** Whether this connection can end the one direction and keep the other. */
  canWriteEof(): boolean {
    return this.transport.canWriteEof;
  }

  /** Ends the sending direction after what was written; reading goes on. A second call does nothing. */
  writeEof(): void {
    this.#core.writeEof();
  }

  /** Sends what was written, then closes both directions. A second call does nothing. */
  close(): void {
    this.#core.close();
  }

  /**
   * Drops what was written and not yet sent, and resets the connection.
   *
   * From then on `write()` throws, and reads (after what was received), `drain()` and `send()` error with
   * `ConnectionClosedError`, `reason` being its `cause`.
   */
  abort(reason?: unknown): void {
    this.#core.abort(reason);
  }

  /** True from `close()`, `abort()` or the loss of the connection on. */
  isClosing(): boolean {
    return this.#core.lifecycle.closing;
  }

  /**
   * Waits until the connection is gone. Closes nothing itself.
   *
   * - **Emits** one value and completes when it has been closed by either side, or aborted by this one.
   * - **Errors** with `ConnectionLostError` when it was lost.
   */
  waitClosed(): Observable<void> {
    return new Observable((subscriber) =>
      this.onGone(() => {
        const { loss } = this.#core.lifecycle;
        if (loss !== undefined) subscriber.error(loss);
        else {
          subscriber.next();
          subscriber.complete();
        }
      }),
    );
  }

  /** @internal */
  get core(): ConnectionCore {
    return this.#core;
  }

  /** @internal From here on a pipe writes to it. Returns what takes it back. */
  fedBy(reads: ReadQueue): () => void {
    const sources = (this.#core.writes.sources ??= new Set());
    sources.add(reads);
    return () => sources.delete(reads);
  }

  /** @internal What `drain()` errors with, once nothing can be sent any more. */
  get goneError(): Error | undefined {
    return this.#core.lifecycle.error;
  }

  /**
   * Calls when the connection is gone, at once if it is, with what `drain()` then errors with. Returns what takes it
   * back. Whoever waits here uses the writer, so it is kept as long as the connection is open.
   *
   * @internal
   */
  onGone(listener: (error: Error) => void): () => void {
    return this.#core.onGone(() => listener(this.goneError!));
  }

  /**
   * Encrypts the connection from here on, on either side: what was written is sent, then comes the handshake. The
   * reader and the writer stay what they are. As asyncio's `StreamWriter.start_tls` (3.11), but that it refuses when
   * there is plaintext left to read: somebody between here and the peer may have put it there (CVE-2011-0411).
   *
   * It also refuses after a read that may have handed over more than the message that asked for it, as what waits in a
   * queue of the program's own cannot be seen: `lines`, `frames`, `chunks`, `read(n)`, `framed`. Read that message with
   * `readLine`, `readUntil`, `readExactly` or `readFrame`, or in the work of `consume`.
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
      const { lifecycle, reads } = this.#core;
      if (lifecycle.error !== undefined) throw lifecycle.error;
      if (lifecycle.closing) throw new ConnectionClosedError('The connection is closed by this side');
      if (lifecycle.phase === 'ended') throw new WriteAfterEndError('startTls() after writeEof()');
      if (reads.length > 0 || reads.readAhead) throw new UnreadPlaintextError(reads.length);
      return securing.pipe(map(() => this.#core.monitor?.secured(this.#core)));
    });
  }

  /**
   * What is known of the connection: `peername`, `sockname`, `socket` and whatever else the transport tells of.
   *
   * @example
   * ```ts
   * import { fromConnection, serverConnections$ } from 'rxjs-net/node';
   * import { take } from 'rxjs';
   *
   * serverConnections$({
   *   host: '127.0.0.1',
   *   port: 0,
   *   onListening: ({ addresses: [address] }) => {
   *     fromConnection({ port: address!.port }).subscribe();
   *   },
   * })
   *   .pipe(take(1))
   *   .subscribe(({ writer }) => {
   *     console.log(writer.getExtraInfo('peername')?.address); // 127.0.0.1
   *     console.log(writer.getExtraInfo('tlsVersion', 'plain')); // plain
   *     writer.close();
   *   });
   * ```
   */
  getExtraInfo<K extends keyof ExtraInfo>(name: K): ExtraInfo[K] | undefined;
  /** What is known of the connection, or else the fallback. */
  getExtraInfo<K extends keyof ExtraInfo, F>(name: K, fallback: F): ExtraInfo[K] | F;
  /** What a transport of your own tells of, or else the fallback. */
  getExtraInfo(name: string, fallback?: unknown): unknown;
  getExtraInfo(name: string, fallback?: unknown): unknown {
    return this.transport.getExtraInfo(name) ?? fallback;
  }
}
