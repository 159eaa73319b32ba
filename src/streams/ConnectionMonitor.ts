/** The two halves of a connection that can stand still by themselves. @inline */
export type Side = 'read' | 'write';

/**
 * Who is told what becomes of connections, one for many of them: the statistics of their server, and diagnostics. None of
 * its calls throws.
 *
 * @internal
 */
export interface ConnectionMonitor<Core> {
  /** The reader has stopped the transport, or the writer is above its high water mark. */
  paused(core: Core, side: Side): void;
  /** It goes on, after so many milliseconds. */
  resumed(core: Core, side: Side, milliseconds: number): void;
  /** It waits for somebody to take or to serve it, or does so no more. */
  waiting?(core: Core, waits: boolean): void;
  /** `serve` does not take it. */
  refused(core: Core, error: unknown): void;
  /** Its handler has failed. */
  handlerFailed(core: Core, error: unknown): void;
  /** It is encrypted from here on, by `startTls`. */
  secured(core: Core): void;
  /** It is gone, however. Its reads know, and nobody else does yet. */
  gone(core: Core): void;
}
