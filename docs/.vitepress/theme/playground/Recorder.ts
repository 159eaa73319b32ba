import { of, type SchedulerLike, type Subscription } from 'rxjs';
import { explainStall, useConnection, type Connection, type Transport } from 'rxjs-net';
import { wiretap, type WireEvent } from 'rxjs-net/testing';
import { shown } from './escapes.js';
import type { Handler } from './evaluateHandler.js';
import type { Happening, Moment, Row } from './Playback.js';

/** Writes down what happens at one end of a connection, by the clock of its scheduler. */
export class Recorder {
  readonly happenings: Happening[] = [];
  readonly moments: Moment[] = [];
  /** Listens in at the end that the handler is on: for the option `wrap`. */
  readonly wrap: (transport: Transport) => Transport;
  readonly #scheduler: SchedulerLike;
  readonly #step: number;
  readonly #start: number;
  readonly #heardSomething: (() => void) | undefined;
  #connection: Connection | undefined;

  /** Times are rounded to `step` milliseconds. `heard` is called in the middle of whatever happens. */
  constructor(scheduler: SchedulerLike, step: number, heard?: () => void) {
    this.#heardSomething = heard;
    this.#scheduler = scheduler;
    this.#step = step;
    this.#start = scheduler.now();
    this.wrap = wiretap((event) => this.#heard(event), { scheduler });
  }

  get now(): number {
    return Math.round((this.#scheduler.now() - this.#start) / this.#step) * this.#step;
  }

  /** Runs the handler on the connection, which is closed when it ends, as programs do. */
  run(connection: Connection, handler: Handler): Subscription {
    this.#connection = connection;
    const subscription = of(connection)
      .pipe(useConnection((taken) => handler(taken)))
      .subscribe({
        next: (value) => this.note('handler', 'value', shown(value)),
        error: (error: unknown) => this.note('handler', 'error', shown(error)),
        complete: () => this.note('handler', 'end', 'completes'),
      });
    this.look();
    return subscription;
  }

  note(row: Row, kind: Happening['kind'], text: string): void {
    this.happenings.push({ at: this.now, row, kind, text });
    this.look();
    this.#heardSomething?.();
  }

  /** The peer is about to take all that waits to be sent. */
  noteTaken(): void {
    const queued = this.#connection?.inspect().write.queued ?? 0;
    if (queued > 0) this.note('taken', 'value', `${queued} bytes`);
  }

  /** How the connection is now: of one moment the last look counts. */
  look(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const { read, write, ...rest } = connection.inspect();
    const at = this.now;
    if (this.moments.at(-1)?.at === at) this.moments.pop();
    this.moments.push({
      at,
      buffered: read.buffered,
      readerPaused: read.paused,
      queued: write.queued,
      writerPaused: write.paused,
      says: stall(connection),
      snapshot: JSON.stringify({ ...rest, since: undefined, read, write }, plain, 2),
    });
  }

  #heard({ type, data, error }: WireEvent): void {
    if (type === 'received' || type === 'eof') {
      const next = this.happenings.find(
        ({ row, kind, arrivesAt }) =>
          row === 'peer' && arrivesAt === undefined && (kind === 'value') === (type === 'received'),
      );
      if (next !== undefined) next.arrivesAt = this.now;
    } else if (type === 'sent') {
      this.note('writer', 'value', shown(data));
    } else if (type === 'writeEof' || type === 'close') {
      this.note('writer', 'end', type === 'close' ? 'closes' : 'ends its direction');
    } else if (type === 'abort') {
      this.note('writer', 'error', error === undefined ? 'aborts' : `aborts: ${shown(error)}`);
    }
    this.#heardSomething?.();
  }
}

/** Virtual time is milliseconds, where the sentence has tenths of a second. */
function stall(connection: Connection): string {
  const { message, for: milliseconds } = explainStall(connection, { after: 0 });
  return message.replace(/\b0\.0 s/, `${milliseconds} ms`);
}

function plain(_: string, value: unknown): unknown {
  if (value instanceof Error) return shown(value);
  return ArrayBuffer.isView(value) || typeof value === 'bigint' ? shown(value) : value;
}
