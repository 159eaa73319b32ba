import type { ReadName } from './noteReads.js';

/** All numbers of a trial that only grow. @internal */
export interface Totals {
  taken: number;
  frames: number;
  written: number;
  writes: number;
  emissions: number;
  /** Of what was emitted after the release. */
  weight: number;
  works: number;
}

/** Where a trial stood when the pressure was taken off it. @internal */
export interface TrialMark extends Totals {
  /** Bytes in the readers, bytes in the queues of the writers, pieces of work under way. */
  readonly buffered: number;
  readonly queued: number;
  readonly working: number;
}

/** @internal */
export interface TrialReport {
  readonly mark: TrialMark;
  readonly end: Totals;
  readonly largestWrite: number;
  /** Whether some reader took all that was offered, and whether the pipeline had ended by then. */
  readonly tookAll: boolean;
  readonly isOver: boolean;
  /** Whether things still came out when it was given up. */
  readonly isEndless: boolean;
  readonly error: { readonly reason: unknown } | undefined;
  readonly reads: ReadonlySet<ReadName>;
  readonly connections: number;
}
