import { checkCount, checkOptions } from '../bytes/check.js';
import type { Data } from '../bytes/Separator.js';
import { ConnectionSettings, type ConnectionOptions } from '../streams/ConnectionSettings.js';
import { checkedBytes } from './check.js';
import { ManualTransport, type ManualTransportOptions } from './ManualTransport.js';

/**
 * Of the options of a connection `limit` and the water marks are small here: 4096 and 1024 bytes. So it shows early who
 * queues.
 *
 * See {@link expectBounded}.
 *
 * @experimental
 */
export interface ExpectBoundedOptions
  extends Omit<ConnectionOptions, 'scheduler'>, Omit<ManualTransportOptions, 'holdWrites'> {
  /**
   * What each peer sends, without an end: the n-th frame, from 0 on. It arrives as one chunk, or message. Default: lines of
   * 1 KiB.
   */
  input?: (index: number) => Data;
  /**
   * Bytes of input that the pipeline may hold besides what readers and writers do: in a buffer with a bound of its own, in
   * work that goes on side by side. Default: as much as 1024 frames of `input`, 256 with `expectBoundedAsync`.
   */
  allowed?: number;
}

const LINE = 1024;

function line(index: number): string {
  return `${`line ${index} `.padEnd(LINE - 1, '.')}\n`;
}

/** How long a check goes on; an event is a timer of virtual time, or a turn of the event loop. @internal */
export interface Patience {
  /** What `allowed` is by default. */
  readonly frames: number;
  /** After so many events without anything taken or let out, nothing more is expected. */
  readonly idleEvents: number;
  /** After so many events no more is waited for. */
  readonly events: number;
  /** What comes out for so long is a queue. In virtual time it takes so long that it is something else. */
  readonly isEndlessQueue: boolean;
  /** What to do where a pipeline stands still. */
  readonly advice: string;
}

/** The options of a check, checked and complete. @internal */
export class BoundedSettings {
  readonly connection: ConnectionSettings;
  readonly transport: ManualTransportOptions;
  readonly input: (index: number) => Uint8Array | string;
  /** Bytes of the first frame. */
  readonly frame: number;
  readonly allowed: number;

  constructor(
    options: ExpectBoundedOptions,
    readonly patience: Patience,
  ) {
    checkOptions(options);
    const { input = line, allowed, mode, canWriteEof, extraInfo, ...rest } = options;
    const marks = rest.lowWaterMark === undefined ? { highWaterMark: 1024 } : {};
    this.connection = ConnectionSettings.of({ limit: 4096, ...marks, ...rest });
    this.transport = {
      ...(mode && { mode }),
      ...(canWriteEof !== undefined && { canWriteEof }),
      ...(extraInfo && { extraInfo }),
    };
    // Throws what is wrong with them.
    new ManualTransport(this.transport);
    this.input = (index) => {
      const frame = input(index);
      const bytes = checkedBytes('What input returns', frame);
      if (bytes.length === 0) throw new RangeError(`input(${index}) must have at least one byte`);
      // As a message it is text or not.
      return mode === 'messages' ? frame : bytes;
    };
    this.frame = checkedBytes('What input returns', this.input(0)).length;
    if (allowed !== undefined) checkCount(allowed);
    this.allowed = allowed ?? patience.frames * this.frame;
  }

  /** Bytes that one reader and one writer hold: with the chunk, and the write, that make each of them pause. */
  get held(): number {
    const { limit, highWaterMark } = this.connection;
    return 2 * limit + highWaterMark + 2 * this.frame;
  }

  /** Bytes that are taken off one transport at most. */
  get bound(): number {
    return this.held + this.allowed;
  }
}
