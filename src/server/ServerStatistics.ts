import { Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { shown } from '../streams/check.js';
import type { ConnectionCore } from '../streams/ConnectionCore.js';
import type { Side } from '../streams/ConnectionMonitor.js';
import { ConnectionDiagnostics } from '../transports/node/diagnostics.js';
import { unrefTimer } from '../transports/node/unrefTimer.js';

/**
 * What a server has seen so far, as plain data: made anew by each call of `server.stats()`.
 * See {@link Server.stats}.
 */
export interface ServerStats {
  /** Connections that were accepted and set up. */
  readonly accepted: number;
  /** Connections that are open, as `server.active$` counts them. */
  readonly active: number;
  /** Connections of these that wait: nobody has taken them from `connections$`, or `serve` has no place for them yet. */
  readonly waiting: number;
  /** Connections that `serve` has refused. */
  readonly refused: number;
  /** Connections that could not be set up, as `server.handshakeErrors$` tells of them; they are not in `accepted`. */
  readonly handshakeErrors: number;
  /**
   * Errors that handlers of `serve` ended with: by their `code`, or else their `name`. From the hundredth name on new ones
   * count as `other`.
   */
  readonly handlerErrors: Readonly<Record<string, number>>;
  /** Bytes received by all connections so far, those included that are gone. With TLS, what was in it. */
  readonly bytesRead: number;
  /** Bytes written by all connections so far. */
  readonly bytesWritten: number;
  /** How often, and for how long, connections stood still: on their `read` side when their readers were full. */
  readonly pauses: Readonly<Record<Side, PauseStats>>;
  /** Of connections that are gone. */
  readonly durations: DurationStats;
}

/** How often, and how long, one side of connections stood still. See {@link Server.stats}. */
export interface PauseStats {
  /** How many times it has begun to stand still. */
  readonly count: number;
  /** Milliseconds of all of these together, those that go on up to now. */
  readonly milliseconds: number;
  /** How many connections stand still now. */
  readonly now: number;
}

/** How long connections were there. See {@link Server.stats}. */
export interface DurationStats {
  /** How many connections are gone. */
  readonly count: number;
  /** Milliseconds of all of them together. */
  readonly sum: number;
  /** Milliseconds: of the one that was open the longest. */
  readonly max: number;
}

const INTERVAL = 1000;
/** Peers may have a say in what codes there are. */
const MOST_NAMES = 100;

/**
 * The statistics of one server, which are at the same time what its connections tell the channels by. The connections have it
 * in common, and nothing of their own for it.
 *
 * @internal
 */
export class ServerStatistics extends ConnectionDiagnostics {
  readonly #active: ReadonlySet<ConnectionCore>;
  readonly #lingering: ReadonlySet<unknown>;
  readonly #scheduler: SchedulerLike;
  readonly #handlerErrors = new Map<string, number>();
  readonly #pauses = { read: { count: 0, milliseconds: 0 }, write: { count: 0, milliseconds: 0 } };
  readonly #durations = { count: 0, sum: 0, max: 0 };
  #accepted = 0;
  #waiting = 0;
  #refused = 0;
  #handshakeErrors = 0;
  // Of those that are gone.
  #bytesRead = 0;
  #bytesWritten = 0;

  /**
   * @param active the connections that are open
   * @param lingering what else counts as one
   */
  constructor(
    active: ReadonlySet<ConnectionCore>,
    lingering: ReadonlySet<unknown>,
    scheduler: SchedulerLike,
  ) {
    super('server');
    this.#active = active;
    this.#lingering = lingering;
    this.#scheduler = scheduler;
  }

  override opened(core: ConnectionCore): void {
    this.#accepted++;
    super.opened(core);
  }

  override paused(core: ConnectionCore, side: Side): void {
    this.#pauses[side].count++;
    super.paused(core, side);
  }

  override resumed(core: ConnectionCore, side: Side, milliseconds: number): void {
    this.#pauses[side].milliseconds += milliseconds;
    super.resumed(core, side, milliseconds);
  }

  waiting(_core: ConnectionCore, waits: boolean): void {
    this.#waiting += waits ? 1 : -1;
  }

  override refused(core: ConnectionCore, reason: unknown): void {
    this.#refused++;
    super.refused(core, reason);
  }

  /** One could not be set up. Returns the error to be told of. */
  notSetUp(error: unknown): Error {
    this.#handshakeErrors++;
    const known =
      error instanceof Error
        ? error
        : new Error(`A connection could not be set up: ${shown(error)}`, { cause: error });
    this.setupFailed(known);
    return known;
  }

  override handlerFailed(core: ConnectionCore, reason: unknown): void {
    const counts = this.#handlerErrors;
    const name = nameOf(reason);
    const known = counts.has(name) || counts.size < MOST_NAMES ? name : 'other';
    counts.set(known, (counts.get(known) ?? 0) + 1);
    super.handlerFailed(core, reason);
  }

  override gone(core: ConnectionCore): void {
    const durations = this.#durations;
    const milliseconds = core.settings.scheduler.now() - core.since;
    durations.count++;
    durations.sum += milliseconds;
    durations.max = Math.max(durations.max, milliseconds);
    this.#bytesRead += core.bytesRead;
    this.#bytesWritten += core.bytesWritten;
    super.gone(core);
  }

  stats(): ServerStats {
    let bytesRead = this.#bytesRead;
    let bytesWritten = this.#bytesWritten;
    const pauses = {
      read: { ...this.#pauses.read, now: 0 },
      write: { ...this.#pauses.write, now: 0 },
    };
    for (const core of this.#active) {
      // Counted already: those who are told that it is gone may look before it has left.
      if (core.lifecycle.phase === 'gone') continue;
      bytesRead += core.bytesRead;
      bytesWritten += core.bytesWritten;
      for (const side of ['read', 'write'] as const) {
        const standstill = core.standstill(side);
        if (!standstill?.isNow) continue;
        pauses[side].now++;
        pauses[side].milliseconds += standstill.current(core.settings.scheduler.now());
      }
    }
    return {
      accepted: this.#accepted,
      active: this.#active.size + this.#lingering.size,
      waiting: this.#waiting,
      refused: this.#refused,
      handshakeErrors: this.#handshakeErrors,
      handlerErrors: Object.fromEntries(this.#handlerErrors),
      bytesRead,
      bytesWritten,
      pauses,
      durations: { ...this.#durations },
    };
  }

  /** At once, every second, and at the end. */
  stats$(ended$: Observable<unknown>): Observable<ServerStats> {
    return new Observable((subscriber) => {
      let timer: Subscription | undefined;
      const finish = (): void => {
        subscriber.next(this.stats());
        subscriber.complete();
      };
      const look = (): void => {
        subscriber.next(this.stats());
        if (subscriber.closed) return;
        timer = this.#scheduler.schedule(look, INTERVAL);
        // Whoever only looks keeps no process.
        unrefTimer(timer);
      };
      subscriber.add(() => timer?.unsubscribe());
      // It may have ended already.
      subscriber.add(ended$.subscribe({ error: finish, complete: finish }));
      if (!subscriber.closed) look();
    });
  }
}

function nameOf(reason: unknown): string {
  if (typeof reason !== 'object' || reason === null) return typeof reason;
  try {
    const { code, name } = reason as { code?: unknown; name?: unknown };
    if (typeof code === 'string' || typeof code === 'number') return String(code);
    return typeof name === 'string' ? name : 'object';
  } catch {
    // Anything can be thrown, also what cannot be looked at.
    return 'object';
  }
}
