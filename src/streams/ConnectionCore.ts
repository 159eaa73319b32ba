import type { SchedulerLike } from 'rxjs';
import type { ConnectionMonitor, Side } from './ConnectionMonitor.js';
import type { ConnectionSettings } from './ConnectionSettings.js';
import { IdleTimeoutError } from './errors.js';
import { Lifecycle } from './Lifecycle.js';
import { Listeners } from './Listeners.js';
import { ReadQueue, type ReadConnection } from './ReadQueue.js';
import { reportError } from './reportError.js';
import { Standstill } from './Standstill.js';
import type { Transport } from './Transport.js';
import { WriteFlow, type Written } from './WriteFlow.js';

/** How often idleness is looked at, in parts of the timeout: cheaper than a timer set anew with every byte. */
const LOOKS = 4;

/**
 * What a transport holds of a connection. It knows nothing of the `Connection`, the reader and the writer, its faces
 * to the user: so it shows when the user has lost all of them and can never close it any more.
 *
 * @internal
 */
export class ConnectionCore implements ReadConnection, Written {
  readonly lifecycle = new Lifecycle();
  readonly reads: ReadQueue;
  readonly writes: WriteFlow;
  /** Who hears of what code that is not ours throws at the connection: whoever runs a handler on it, or RxJS. */
  report: (error: unknown) => void = reportError;
  /** Who is told what becomes of it. */
  monitor: ConnectionMonitor<ConnectionCore> | undefined;
  /** What identifies it in messages of diagnostics: made when somebody listens. */
  identity: object | undefined;
  /** Who has to take it before anything happens on it, and since when. */
  waitsFor: { readonly what: string; readonly since: number } | undefined;
  /** By the scheduler's clock. */
  readonly since: number;
  /** Since when it is closing, by the same clock; 0 if it is not. */
  closingSince = 0;
  // Made when they are needed: most connections never stand still.
  #standstills: Partial<Record<Side, Standstill>> | undefined;
  #gone: Listeners | undefined;
  #abandoned: Listeners | undefined;
  #goneTold = false;
  // While it closes: what is handed on puts the end of its time off.
  #progressed: (() => void) | undefined;

  constructor(
    readonly transport: Transport,
    readonly settings: ConnectionSettings,
  ) {
    this.since = settings.scheduler.now();
    this.reads = new ReadQueue(this);
    this.writes = new WriteFlow(this);
  }

  start(): void {
    const { reads } = this;
    // Functions of their own: a transport may take them apart (`socket.on('data', receiver.data)`).
    this.transport.start({
      data: (chunk) => reads.data(chunk),
      eof: () => reads.end(),
      flushed: () => this.#flushed(),
      closed: (error) => this.#closed(error),
    });
    const { idleTimeout, scheduler } = this.settings;
    if (idleTimeout !== undefined) this.watchIdle(idleTimeout, scheduler);
  }

  #flushed(): void {
    this.#progressed?.();
    this.writes.flushed();
  }

  #closed(error: unknown): void {
    // Whoever is told first may turn to the other half: that has to know by then.
    if (!this.lifecycle.go(error)) return;
    this.goesOn('read');
    this.goesOn('write');
    this.waits();
    this.reads.end(this.lifecycle.failure);
    this.monitor?.gone(this);
    this.#gone?.tell(this);
    this.#goneTold = true;
    this.readsSettled();
  }

  readsSettled(): void {
    if (this.#goneTold && this.lifecycle.failure !== undefined && this.reads.abandoned)
      this.#abandoned?.tell(this);
  }

  get bytesRead(): number {
    return this.reads.received;
  }

  get bytesWritten(): number {
    return this.writes.bytesWritten;
  }

  standstill(side: Side): Standstill | undefined {
    return this.#standstills?.[side];
  }

  /** A side is paused. */
  standsStill(side: Side): void {
    ((this.#standstills ??= {})[side] ??= new Standstill()).begin(this.settings.scheduler.now());
    this.monitor?.paused(this, side);
  }

  goesOn(side: Side): void {
    const standstill = this.#standstills?.[side];
    if (!standstill?.isNow) return;
    const milliseconds = standstill.end(this.settings.scheduler.now());
    this.monitor?.resumed(this, side, milliseconds);
  }

  /** It waits for somebody, not for bytes; without `what` no more. */
  waits(what?: string): void {
    if ((what === undefined) === (this.waitsFor === undefined)) return;
    this.waitsFor = what === undefined ? undefined : { what, since: this.settings.scheduler.now() };
    this.monitor?.waiting?.(this, what !== undefined);
  }

  writeEof(): void {
    if (this.lifecycle.phase !== 'open') return;
    if (!this.transport.canWriteEof)
      throw new TypeError('This transport cannot end one direction: use close()');
    this.lifecycle.end();
    this.transport.writeEof();
  }

  close(): void {
    if (!this.lifecycle.close()) return;
    this.closingSince = this.reads.now();
    this.transport.close();
  }

  /**
   * Resets the connection, also what is left of one that has closed. `meanwhile` runs when nothing can be written or
   * closed any more, and the peer has not been told yet.
   */
  abort(reason?: unknown, meanwhile?: () => void): void {
    const { transport } = this;
    const aborts = this.lifecycle.abort(reason);
    try {
      meanwhile?.();
    } catch (error) {
      this.report(error);
    }
    if (aborts || transport.onReleased !== undefined) transport.abort(reason);
  }

  /** Closes gracefully, and aborts when nothing has been handed on for `closeTimeout`. */
  release(): void {
    const { lifecycle, settings, transport } = this;
    if (this.#progressed !== undefined || lifecycle.phase === 'aborted' || lifecycle.phase === 'gone') return;
    const { closeTimeout, scheduler } = settings;
    let last = scheduler.now();
    this.#progressed = () => (last = scheduler.now());
    this.close();
    const expire = (): void => {
      const left = last + closeTimeout - scheduler.now();
      // By way of the transport: nobody asked for it, so it has to show as a loss.
      if (left <= 0) transport.abort(new Error(unsent(closeTimeout, transport.writeQueueSize)));
      else timeout = scheduler.schedule(expire, left);
    };
    let timeout = scheduler.schedule(expire, closeTimeout);
    this.onGone(() => timeout.unsubscribe());
  }

  /** Makes it a loss when nothing happens for `timeout` milliseconds. */
  watchIdle(timeout: number, scheduler: SchedulerLike): void {
    const { reads, writes, transport } = this;
    let read = reads.activity;
    let written = writes.activity;
    let idle = 0;
    const look = (): void => {
      const active =
        transport.limitedFor !== undefined || reads.activity !== read || writes.activity !== written;
      read = reads.activity;
      written = writes.activity;
      idle = active ? 0 : idle + 1;
      if (idle >= LOOKS) transport.abort(new IdleTimeoutError(timeout));
      else watch = scheduler.schedule(look, timeout / LOOKS);
    };
    // Not one action that schedules itself again: in virtual time those become a chain without an end.
    let watch = scheduler.schedule(look, timeout / LOOKS);
    this.onGone(() => watch.unsubscribe());
  }

  /** Calls when the connection is gone, however, at once if it is. Returns what takes it back. */
  onGone(listener: () => void): () => void {
    if (this.lifecycle.phase !== 'gone') return (this.#gone ??= new Listeners()).add(listener);
    listener();
    return () => undefined;
  }

  /** As `onGone`, but when the transport has let go of everything: with TLS that may be later. */
  onReleased(listener: () => void): void {
    const { transport } = this;
    this.onGone(() => {
      if (transport.onReleased === undefined) listener();
      else transport.onReleased(listener);
    });
  }

  /**
   * Calls when reads would fail and nobody is there to hear of it: the connection was lost or aborted, everything
   * received has been taken, and no read waits or was told. Returns what takes it back.
   */
  onAbandoned(listener: () => void): () => void {
    const remove = (this.#abandoned ??= new Listeners()).add(listener);
    this.readsSettled();
    return remove;
  }
}

function unsent(timeout: number, bytes: number): string {
  return `Closing made no progress for ${timeout} ms; ${bytes} bytes could not be sent`;
}
