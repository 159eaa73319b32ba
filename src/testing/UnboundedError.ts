import { StreamError } from '../bytes/errors.js';

/**
 * Bytes of all connections together, when the pressure was taken off the pipeline. See {@link UnboundedError}.
 *
 * @experimental
 */
export interface UnboundedBytes {
  /** Bytes taken off the transports. */
  readonly taken: number;
  /** Bytes that may be taken at most: what readers and writers hold, and `allowed`. */
  readonly bound: number;
  /** Bytes in the buffers of the readers. */
  readonly reader: number;
  /** Bytes in the queues of the writers. */
  readonly writer: number;
  /** Bytes handed on to the peers. */
  readonly left: number;
  /** Bytes in an operator, or in the program, as far as it can be told: neither in a reader nor in what was written. */
  readonly between: number;
}

/**
 * The pipeline queues without a bound: the message has how much was taken, where it waits, and what reads and writes with
 * backpressure.
 *
 * @experimental
 *
 * @example
 * ```ts
 * import { expectBounded, UnboundedError } from 'rxjs-net/testing';
 * import { concatMap } from 'rxjs';
 *
 * try {
 *   expectBounded(({ reader, writer }) => reader.lines().pipe(concatMap((line) => writer.send(line))));
 * } catch (error) {
 *   if (error instanceof UnboundedError) console.log(error.code, error.bytes.reader); // ERR_UNBOUNDED 0
 * }
 * ```
 */
export class UnboundedError extends StreamError {
  override readonly name = 'UnboundedError';
  readonly code = 'ERR_UNBOUNDED';

  constructor(
    message: string,
    /** How many bytes there were, and where. */
    readonly bytes: UnboundedBytes,
  ) {
    super(message);
  }
}

/**
 * - `reads-nothing`, `stands-still`, `failed`: though all that it writes is taken.
 * - `left-subscribed`: after it was unsubscribed from, a read or a timer of it goes on, or it writes.
 *
 * See {@link PipelineCheckError}.
 *
 * @experimental
 */
export type PipelineProblem = 'reads-nothing' | 'stands-still' | 'failed' | 'left-subscribed';

const PROBLEMS: Readonly<Record<PipelineProblem, string>> = {
  'reads-nothing': 'The pipeline reads nothing, so there is nothing to check',
  'stands-still':
    'The pipeline stands still though all that it writes is taken, so there is nothing to check',
  failed: 'The pipeline failed though all that it writes is taken: it may need an `input` of its own',
  'left-subscribed': 'The pipeline was unsubscribed, and is not over',
};

/**
 * The pipeline could not be checked, or went on after it had been unsubscribed from. `problem` says which; what the
 * pipeline failed with is the `cause`.
 *
 * @experimental
 *
 * @example
 * ```ts
 * import { expectBounded, PipelineCheckError } from 'rxjs-net/testing';
 * import { NEVER } from 'rxjs';
 *
 * try {
 *   expectBounded(() => NEVER);
 * } catch (error) {
 *   if (error instanceof PipelineCheckError) console.log(error.code, error.problem); // ERR_PIPELINE_CHECK reads-nothing
 * }
 * ```
 */
export class PipelineCheckError extends StreamError {
  override readonly name = 'PipelineCheckError';
  readonly code = 'ERR_PIPELINE_CHECK';

  constructor(
    /** What went wrong. */
    readonly problem: PipelineProblem,
    details: string,
    cause?: unknown,
  ) {
    super(`${PROBLEMS[problem]}: ${details}`, cause === undefined ? undefined : { cause });
  }
}
