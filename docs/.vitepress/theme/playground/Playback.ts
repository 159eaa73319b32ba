/** What is drawn in a row of its own. */
export type Row = 'peer' | 'handler' | 'writer' | 'taken';

/** One marble. Times are milliseconds from the start. */
export interface Happening {
  readonly at: number;
  readonly row: Row;
  readonly kind: 'value' | 'end' | 'error';
  /** The whole of it, as a reader sees it. */
  readonly text: string;
  /** Of what the peer sends: when the reader's end has taken it. */
  arrivesAt?: number;
}

/** The connection at one moment, after all that happened in it. */
export interface Moment {
  readonly at: number;
  /** Bytes that wait in the reader, and whether it has stopped its peer. */
  readonly buffered: number;
  readonly readerPaused: boolean;
  /** Bytes that wait in the writer, and whether it is above its high water mark. */
  readonly queued: number;
  readonly writerPaused: boolean;
  /** What `explainStall` says. */
  readonly says: string;
  /** What `connection.inspect()` gives, as JSON. */
  readonly snapshot: string;
}

/** Where a mistake is to be mended, and what it is. */
export interface Problem {
  readonly where: 'incoming' | 'values' | 'drain' | 'handler';
  readonly message: string;
}

/** A run of a scene: what happened, and what the connection said of itself. */
export interface Playback {
  readonly happenings: readonly Happening[];
  readonly moments: readonly Moment[];
  readonly until: number;
  readonly limit: number;
  readonly highWaterMark: number;
  readonly problem?: Problem;
  /** Something to know that is no mistake. */
  readonly note?: string;
}
