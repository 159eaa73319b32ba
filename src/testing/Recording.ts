import type { Data } from '../bytes/Separator.js';
import { decodeText, encodeText } from '../bytes/text.js';
import type { ScriptStep } from './ScriptStep.js';
import { showBytes } from './showBytes.js';
import { messageOf } from './showValue.js';

const TYPES = ['received', 'sent', 'eof', 'writeEof', 'close', 'abort', 'closed', 'pause', 'resume'] as const;

/**
 * What a wiretap tells of: something that crossed the wire, or that the connection asked of its transport.
 * See {@link Recording}.
 */
export interface WireEvent {
  /** Milliseconds since the start of the connection. */
  at: number;
  /**
   * From the transport: `received`, `eof`, `closed`. To the transport: `sent`, `writeEof`, `close`, `abort`, `pause`,
   * `resume`.
   */
  type: (typeof TYPES)[number];
  /** The bytes of `received` and `sent`. */
  data?: Uint8Array;
  /** In message mode: `data` is one message, of this kind. */
  message?: 'text' | 'binary';
  /** The reason of an `abort`; why the connection `closed`, if it broke. */
  error?: unknown;
}

/** A recording as JSON: bytes as `text` where they are readable UTF-8, else as `hex`. See {@link Recording.toJSON}. */
export interface RecordingJson {
  /** The version of this form. */
  version: 1;
  /** What crossed the wire, in order: as in `WireEvent`, but for the bytes and the errors. */
  events: {
    at: number;
    type: WireEvent['type'];
    text?: string;
    hex?: string;
    message?: 'text' | 'binary';
    error?: string | { name: string; message: string; code?: string };
  }[];
}

/** What `marbleConnection` takes. See {@link Recording.toMarbles}. */
export interface RecordedMarbles {
  /** What arrived were messages. */
  mode?: 'messages';
  /** What arrived, in the marble syntax of `TestScheduler.run`. */
  incoming: string;
  /** The chunks of the letters: a string where they are readable UTF-8. */
  values: Record<string, Data>;
  /** The error of a `#`. */
  error?: unknown;
}

/**
 * What crossed a connection, with times: recorded by a wiretap, kept as JSON, played again as a script or as marbles.
 *
 * @example
 * ```ts
 * import { manualConnection, Recording, scriptedConnection, wiretap } from 'rxjs-net/testing';
 *
 * const recording = new Recording();
 * const { writer, transport } = manualConnection({ wrap: wiretap(recording) });
 * writer.write('PING\n');
 * transport.receive('PONG\n');
 *
 * const stored = JSON.stringify(recording);
 * const again = scriptedConnection(Recording.fromJSON(stored).toScript({ waits: false }));
 * again.writer.write('PING\n');
 * again.reader.lines().subscribe(console.log); // PONG
 * again.done();
 * ```
 */
export class Recording {
  /** In the order in which they took place. */
  readonly events: readonly WireEvent[];
  readonly #events: WireEvent[];

  constructor(events: Iterable<WireEvent> = []) {
    this.#events = [...events];
    this.events = this.#events;
  }

  /**
   * Reads what `toJSON` made, from text or parsed.
   *
   * @throws `TypeError` when it is not a recording, `SyntaxError` when the text is not JSON
   */
  static fromJSON(json: string | object): Recording {
    const { version, events } = (
      typeof json === 'string' ? JSON.parse(json) : json
    ) as Partial<RecordingJson>;
    if (version !== 1 || !Array.isArray(events)) throw new TypeError('This is not a recording of version 1');
    return new Recording(events.map(readEvent));
  }

  /** Puts an event at the end: what a wiretap does. */
  add(event: WireEvent): void {
    this.#events.push(event);
  }

  /** The recording as a plain object; `JSON.stringify(recording)` calls it. Bytes lose nothing, errors all but name, message and code. */
  toJSON(): RecordingJson {
    const events = this.#events.map(({ at, type, data, message, error }) => ({
      at,
      type,
      ...(data !== undefined && writeBytes(data)),
      ...(message !== undefined && { message }),
      ...(error !== undefined && { error: writeError(error) }),
    }));
    return { version: 1, events };
  }

  /**
   * The peer's side of the dialogue, for `scriptedConnection`: what was received becomes `reply`, `eof` and `reset`,
   * what was sent `expect`, `expectEof` and `expectClose`.
   *
   * A `wait` stands before what the peer did some time after the event before; the time that the recorded side
   * took for itself is left to the code under test. `waits: false` leaves them all out. Default: true.
   *
   * A recording of messages is a script for `mode: 'messages'`.
   */
  toScript({ waits = true }: { waits?: boolean } = {}): ScriptStep[] {
    const steps: ScriptStep[] = [];
    let last = 0;
    for (const event of this.#wireEvents()) {
      const gap = event.at - last;
      last = event.at;
      if (waits && gap > 0 && !OWN.has(event.type)) steps.push({ wait: gap });
      steps.push(toStep(event));
    }
    return steps;
  }

  /**
   * What arrived, as a marble string for `TestScheduler.run`'s `hot` and for `marbleConnection`.
   *
   * ```text
   * recorded     0 ms: "220 ", "hi\n"   20 ms: "250 ok\n"   21 ms: eof
   * incoming     (ab) 16ms c|
   * ```
   *
   * The same bytes have the same letter. In marble syntax a letter takes one millisecond, a group one for each of its
   * characters: an event that was recorded inside of that comes right after it.
   *
   * @param frame milliseconds, a positive integer: events within one frame count as simultaneous, at its beginning
   */
  toMarbles(frame = 1): RecordedMarbles {
    if (!(Number.isInteger(frame) && frame > 0)) {
      throw new RangeError(`frame must be a positive integer of milliseconds, not ${String(frame)}`);
    }
    const values: Record<string, Data> = {};
    const letters = new Map<string, string>();
    const groups = new Map<number, string>();
    let error: unknown;
    let time = 0;
    let mode: 'messages' | undefined;
    for (const { at, type, data, message, error: reason } of this.#wireEvents()) {
      if (message !== undefined) mode = 'messages';
      if (OWN.has(type)) continue;
      // A system clock may be set back.
      time = Math.max(time, Math.floor(at / frame) * frame);
      let marble = type === 'eof' ? '|' : '#';
      if (data !== undefined) {
        const value = readable(data, message);
        const key = typeof value === 'string' ? `text ${value}` : `bytes ${value.join(' ')}`;
        marble = letters.get(key) ?? letterOf(letters.size);
        letters.set(key, marble);
        values[marble] = value;
      }
      groups.set(time, (groups.get(time) ?? '') + marble);
      if (type === 'closed') error = reason;
      if (data === undefined) break;
    }
    let incoming = '';
    let now = 0;
    for (const [start, marbles] of groups) {
      const group = marbles.length > 1 ? `(${marbles})` : marbles;
      incoming += progress(start - now) + group;
      now = Math.max(now, start) + group.length;
    }
    return {
      ...(mode && { mode }),
      incoming: incoming.trimStart(),
      values,
      ...(error !== undefined && { error }),
    };
  }

  // Without what does not cross the wire, and without an end that was this side's own doing.
  *#wireEvents(): Iterable<WireEvent> {
    let aborted = false;
    for (const event of this.#events) {
      const { type } = event;
      if (type === 'abort') aborted = true;
      if (type === 'pause' || type === 'resume' || type === 'abort') continue;
      if (type === 'closed' && (aborted || event.error === undefined)) continue;
      yield event;
    }
  }
}

const OWN: ReadonlySet<WireEvent['type']> = new Set(['sent', 'writeEof', 'close']);

function toStep({ type, data = new Uint8Array(0), message, error }: WireEvent): ScriptStep {
  switch (type) {
    case 'received':
      return { reply: readable(data, message) };
    case 'sent':
      return { expect: readable(data, message) };
    case 'eof':
      return { eof: true };
    case 'writeEof':
      return { expectEof: true };
    case 'close':
      return { expectClose: true };
    default:
      return { reset: error instanceof Error ? error : true };
  }
}

function readable(data: Uint8Array, message: WireEvent['message']): Data {
  if (message === undefined) return writeBytes(data).text ?? data;
  return message === 'text' ? decodeText(data, 'utf-8') : data;
}

function writeBytes(data: Uint8Array): { text?: string; hex?: string } {
  const shown = showBytes(data);
  const encoded = encodeText(shown);
  if (encoded.length === data.length && encoded.every((byte, i) => byte === data[i])) return { text: shown };
  return { hex: shown.slice(1, -1) };
}

function writeError(error: unknown): string | { name: string; message: string; code?: string } {
  if (!(error instanceof Error)) return messageOf(error);
  const { name, message } = error;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? { name, message, code } : { name, message };
}

function readEvent({ at, type, text, hex, message, error }: RecordingJson['events'][number]): WireEvent {
  if (typeof at !== 'number' || !TYPES.includes(type)) {
    throw new TypeError(`This is not an event of a recording: ${JSON.stringify({ at, type })}`);
  }
  const event: WireEvent = { at, type };
  if (text !== undefined) event.data = encodeText(text);
  if (hex !== undefined)
    event.data = Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (byte) => parseInt(byte, 16));
  if (message !== undefined) event.message = message;
  if (typeof error === 'string') event.error = error;
  else if (error !== undefined) event.error = Object.assign(new Error(error.message), error);
  return event;
}

// Digits could be taken for a time, and signs mean something in marble syntax: after z and Z come Chinese characters.
function letterOf(index: number): string {
  return 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'[index] ?? String.fromCharCode(0x4e00 + index);
}

function progress(ms: number): string {
  return ms > 4 ? ` ${ms}ms ` : '-'.repeat(Math.max(0, ms));
}
