/** What became of a request. */
export interface Outcome {
  readonly protocol: 'short' | 'lines';
  /** Milliseconds, by the scheduler. */
  readonly begun: number;
  readonly ended: number;
  /** The process that has answered; of a lost reply the one that had answered on the connection before. */
  readonly worker: number | undefined;
  /** Why there is no reply, or not the right one. */
  readonly error?: Error;
}
