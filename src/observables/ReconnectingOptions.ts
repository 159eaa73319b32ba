import type { ObservableInput, SchedulerLike } from 'rxjs';
import { described } from '../bytes/check.js';
import type { HandlerOptions } from '../operators/runHandler.js';
import { checkMilliseconds } from '../streams/check.js';
import type { Connection } from '../streams/Connection.js';

/** What `reconnecting` is doing. See {@link reconnecting}. */
export type ReconnectingStatus =
  /** The attempt to connect, counted from 1 since the start, or since the last connection that was stable. */
  | { readonly kind: 'connecting'; readonly attempt: number }
  /** The connection is there, and the handler has it. */
  | { readonly kind: 'open'; readonly connection: Connection }
  /**
   * The next attempt comes in `delay` milliseconds. The reason is the error of the last one, of its connection or of its
   * handler; `undefined` after one that completed.
   */
  | { readonly kind: 'waiting'; readonly attempt: number; readonly delay: number; readonly reason: unknown }
  /** Nothing runs: not subscribed to, completed, or failed, with the error as its reason. */
  | { readonly kind: 'closed'; readonly reason?: unknown };

const ON_COMPLETE = ['complete', 'reconnect'] as const;

/** Options of {@link reconnecting}. */
export interface ReconnectingOptions extends HandlerOptions {
  /** Bound of the first wait, in milliseconds, 0 to `maxDelay`. Default: 100, or `maxDelay` if that is less. */
  initialDelay?: number;
  /** Bound of every wait, in milliseconds, 0 or more. Default: 30 s. */
  maxDelay?: number;
  /** How many times as long the bound is after each wait, 1 or more. Default: 2. */
  factor?: number;
  /** Which part of its bound a wait takes: a number of 0 to 1. Default: `Math.random`. */
  random?: () => number;
  /**
   * Attempts to connect, 1 or more, without a connection that was stable: the error of the last one is that of the whole.
   * Default: no bound.
   */
  maxAttempts?: number;
  /**
   * Milliseconds, 0 or more, that a connection has to last to be stable: the next wait is a first one again. Default: 5 s.
   */
  stableAfter?: number;
  /** Whether there is to be another attempt after this error; without one it is the error of the whole. Default: always. */
  shouldRetry?: (error: unknown) => boolean;
  /**
   * What it means that the handler completes. Default: `complete`, its work is done. `reconnect`: it follows a stream
   * without an end, so it is started again on a new connection, after a wait as after an error.
   */
  onComplete?: (typeof ON_COMPLETE)[number];
  /** When it emits, a wait is over at once, and the next one is a first one again. Default: never. */
  retryNow$?: ObservableInput<unknown>;
  /** Where time comes from. Default: RxJS's `asyncScheduler`. */
  scheduler?: SchedulerLike;
}

/** @internal */
export function checkReconnectingOptions(options: ReconnectingOptions): void {
  const { initialDelay = 0, maxDelay = 30_000, factor = 2, maxAttempts = 1, stableAfter = 0 } = options;
  checkMilliseconds('maxDelay', maxDelay);
  checkMilliseconds('initialDelay', initialDelay);
  checkMilliseconds('stableAfter', stableAfter);
  if (initialDelay > maxDelay)
    throw new RangeError(`initialDelay must be at most maxDelay, ${maxDelay}, not ${initialDelay}`);
  if (!(Number.isFinite(factor) && factor >= 1))
    throw new RangeError(`factor must be a number of 1 or more, not ${described(factor)}`);
  if (!(maxAttempts === Infinity || (Number.isInteger(maxAttempts) && maxAttempts >= 1)))
    throw new RangeError(`maxAttempts must be an integer of 1 or more, not ${described(maxAttempts)}`);
  const { onComplete = 'complete', random = Math.random, shouldRetry = Boolean } = options;
  if (!ON_COMPLETE.includes(onComplete))
    throw new RangeError(`onComplete must be one of ${ON_COMPLETE.join(', ')}, not ${described(onComplete)}`);
  for (const [name, value] of Object.entries({ random, shouldRetry })) {
    if (typeof value !== 'function')
      throw new TypeError(`${name} must be a function, not ${described(value)}`);
  }
}
