import { checkFunction, checkLimit, checkOptions, described } from '../bytes/check.js';
import type { Data } from '../bytes/Separator.js';
import type { StreamWriter } from '../streams/StreamWriter.js';

const POLICIES = ['wait', 'drop', 'disconnect'] as const;

/**
 * What becomes of a member that does not keep up: see `BroadcastOptions`. See {@link broadcast}.
 *
 * @useDeclaredType
 * @experimental
 */
export type SlowPolicy = (typeof POLICIES)[number];

/**
 * Options of {@link broadcast}.
 *
 * @experimental
 */
export interface BroadcastOptions<T> {
  /** Makes bytes or text of a value, once for all members. Default: the value is written as it is. */
  encode?: (value: T) => Data;
  /**
   * What becomes of a member that does not keep up, unless it joins with a policy of its own. Default: `disconnect`.
   *
   * - `wait`: it gets every value. `send` completes when its writer is not paused, so who sends one value after the other is
   *   slowed down by the slowest of these members.
   * - `drop`: of the values that come while its writer is paused only the last one is kept, and written when it has drained;
   *   the others are dropped, for this member.
   * - `disconnect`: when a value comes and more than `limit` bytes wait to be sent, its connection is aborted, and what it
   *   joined with errors with a `SlowConsumerError`.
   */
  slow?: SlowPolicy;
  /** Bytes that may wait for a member with `disconnect`: a positive integer. Default: 1 MiB. */
  limit?: number;
}

/**
 * Options of {@link Broadcast.join}.
 *
 * @experimental
 */
export interface JoinOptions {
  /** Its own policy. Default: that of the broadcast. */
  slow?: SlowPolicy;
}

/**
 * Options of {@link Broadcast.send}.
 *
 * @experimental
 */
export interface BroadcastSendOptions {
  /** A writer that is not to get it: that of the connection it came from. */
  except?: StreamWriter;
}

/** @internal */
export function checkBroadcastOptions<T>(options: BroadcastOptions<T>): void {
  checkOptions(options);
  const { encode, slow, limit } = options;
  if (encode !== undefined) checkFunction('encode', encode);
  if (slow !== undefined) checkSlow(slow);
  if (limit !== undefined) checkLimit(limit);
}

/** @internal */
export function checkSlow(slow: string): void {
  if (!(POLICIES as readonly string[]).includes(slow))
    throw new RangeError(`slow must be one of ${POLICIES.join(', ')}, not ${described(slow)}`);
}
