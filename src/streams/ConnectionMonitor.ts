/** The two halves of a connection that can stand still by themselves. */
export type Side = 'read' | 'write';

/**
 * Who is told what becomes of one connection: the statistics of its server, and diagnostics. None of its calls throws.
 *
 * @internal
 */
export interface ConnectionMonitor {
  /** The reader has stopped the transport, or the writer is above its high water mark. */
  paused(side: Side): void;
  /** It goes on, after so many milliseconds. */
  resumed(side: Side, milliseconds: number): void;
  /** It waits for somebody to take or to serve it, or does so no more. */
  waiting(waits: boolean): void;
  /** `serve` does not take it. */
  refused(error: unknown): void;
  /** Its handler has failed. */
  handlerFailed(error: unknown): void;
}
