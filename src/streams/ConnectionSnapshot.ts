import type { ConnectionCore } from './ConnectionCore.js';
import type { Side } from './ConnectionMonitor.js';
import { Consumption } from './Consumption.js';
import type { ActiveRead } from './FrameRead.js';
import type { Phase } from './Lifecycle.js';

/** So many reads of those that wait are shown. */
const MOST_READS = 10;

/**
 * How often, and for how long, one side of a connection has stood still. In milliseconds.
 * See {@link Connection.inspect}.
 */
export interface PauseSnapshot {
  /** Whether the reader has stopped the transport, or the writer is above its high water mark. */
  readonly paused: boolean;
  /** Milliseconds that it is paused by now; 0 if it is not. */
  readonly pausedFor: number;
  /** How many times it was, this one included. */
  readonly pauses: number;
  /** Milliseconds in all. */
  readonly pausedInAll: number;
}

/** A read that is subscribed to and has not ended. See {@link Connection.inspect}. */
export interface PendingRead {
  /** The method: `readUntil`, `consume`; or `converse`, `framed`. */
  readonly verb: string;
  /** What it was given, where that says what it waits for: the count of bytes, the separator. */
  readonly argument?: unknown;
  /**
   * What it waits for: `bytes`; its `work` on frames, of which as much is under way as may be; room in the `writer` that
   * `pipeTo` writes to; or its `turn`, as a read before it goes on.
   */
  readonly waitsFor: 'bytes' | 'work' | 'writer' | 'turn';
  /** For how long it has waited, in milliseconds: in all, and of `converse` for what it waits for now. */
  readonly for: number;
  /** Of `consume`: the work under way, the oldest first; on which frame, the first being 1, and for how long. */
  readonly work?: readonly { readonly frame: number; readonly for: number }[];
  /** Of `pipeTo`: the writer. */
  readonly writer?: WriteSnapshot;
}

/** The reading half of a connection. See {@link Connection.inspect}. */
export interface ReadSnapshot extends PauseSnapshot {
  /** `ended`: the peer sends no more; `failed`: the connection was lost or aborted. What is buffered can still be read. */
  readonly state: 'open' | 'ended' | 'failed';
  /** Bytes received and not yet read. */
  readonly buffered: number;
  /** Bytes: the reader pauses above twice as many. */
  readonly limit: number;
  /** How many reads have not ended. */
  readonly pendingReads: number;
  /** The first ten of them, in their order: the first is being served, or holds the reader. */
  readonly reads: readonly PendingRead[];
}

/** The writing half of a connection. See {@link Connection.inspect}. */
export interface WriteSnapshot extends PauseSnapshot {
  /** Bytes written that the system has not taken yet. */
  readonly queued: number;
  /** Bytes: the writer is paused above it. */
  readonly highWaterMark: number;
  /** Bytes: the writer goes on at or below it. */
  readonly lowWaterMark: number;
}

/**
 * What `connection.inspect()` gives: plain data, of one moment. Bytes and milliseconds.
 * See {@link Connection.inspect}.
 */
export interface ConnectionSnapshot {
  /**
   * `open`; `ended` after `writeEof()`; `closing` after `close()`, until everything is sent; `aborted`; `gone`, whatever
   * has ended it.
   */
  readonly phase: Phase;
  /** When it was opened, by the clock of its scheduler: milliseconds since 1970. */
  readonly since: number;
  /** Milliseconds that it has been there. */
  readonly age: number;
  /** Bytes received so far; in message mode with 5 bytes for each message. */
  readonly bytesRead: number;
  /** Bytes written so far, what is queued included. */
  readonly bytesWritten: number;
  /** Its reading half. */
  readonly read: ReadSnapshot;
  /** Its writing half. */
  readonly write: WriteSnapshot;
  /** Who has to take it before anything happens on it: a place of `serve`, a subscriber of the server. */
  readonly waitsFor?: string;
  /** What has ended it: a loss, an abort, or that it was closed. */
  readonly error?: Error;
}

/** @internal */
export function inspectConnection(core: ConnectionCore): ConnectionSnapshot {
  const { lifecycle, reads, settings, since, waitsFor } = core;
  const now = reads.now();
  const active = reads.active;
  return {
    phase: lifecycle.phase,
    since,
    age: now - since,
    bytesRead: core.bytesRead,
    bytesWritten: core.bytesWritten,
    read: {
      state: reads.state,
      buffered: reads.length,
      limit: settings.limit,
      ...pausesOf(core, 'read', now),
      pendingReads: active.length,
      reads: active.slice(0, MOST_READS).map((read, i) => pendingRead(read, i > 0, now)),
    },
    write: writeSnapshot(core, now),
    ...(waitsFor && { waitsFor: waitsFor.what }),
    ...(lifecycle.error && { error: lifecycle.error }),
  };
}

function pausesOf(core: ConnectionCore, side: Side, now: number): PauseSnapshot {
  const standstill = core.standstill(side);
  return {
    paused: standstill?.isNow ?? false,
    pausedFor: standstill?.current(now) ?? 0,
    pauses: standstill?.count ?? 0,
    pausedInAll: standstill?.total(now) ?? 0,
  };
}

function writeSnapshot(core: ConnectionCore, now: number): WriteSnapshot {
  const { highWaterMark, lowWaterMark } = core.settings;
  return {
    queued: core.transport.writeQueueSize,
    highWaterMark,
    lowWaterMark,
    ...pausesOf(core, 'write', now),
  };
}

function pendingRead(read: ActiveRead, waitsForTurn: boolean, now: number): PendingRead {
  const { subscriber, full } = read;
  const { verb, argument } = read.kind;
  const consumption = subscriber instanceof Consumption ? subscriber : undefined;
  const writer = consumption?.writer;
  const waitsFor = waitsForTurn ? 'turn' : !full ? 'bytes' : writer === undefined ? 'work' : 'writer';
  return {
    verb,
    ...(argument !== undefined && { argument }),
    waitsFor,
    for: now - read.since,
    ...(writer !== undefined && { writer: writeSnapshot(writer.core, now) }),
    ...(consumption !== undefined &&
      writer === undefined && {
        work: consumption.works.map(({ frame, since }) => ({ frame, for: now - since })),
      }),
  };
}

/** The snapshot in a line. @internal */
export function snapshotLine({
  phase,
  age,
  bytesRead,
  bytesWritten,
  read,
  write,
  ...rest
}: ConnectionSnapshot): string {
  const parts = [
    `${phase}, ${age / 1000} s old`,
    `${bytesRead} bytes read (${read.buffered} buffered${read.paused ? `, paused for ${read.pausedFor / 1000} s` : ''})`,
    `${bytesWritten} written (${write.queued} queued${write.paused ? `, paused for ${write.pausedFor / 1000} s` : ''})`,
    ...read.reads.slice(0, 1).map((first) => `${first.verb} waits for ${first.waitsFor}`),
    ...(rest.waitsFor === undefined ? [] : [`waits for ${rest.waitsFor}`]),
    ...(rest.error === undefined ? [] : [rest.error.message]),
  ];
  return `Connection { ${parts.join('; ')} }`;
}
