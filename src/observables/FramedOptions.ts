import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { checkTimeout } from '../streams/check.js';

/** What `framed` gives all of its requests, and `request` one of them. */
export interface FramedOptions {
  /**
   * Milliseconds, more than 0, from the subscription on: a request without a reply by then errors with
   * `RequestTimeoutError`. The others go on. Default: no such limit.
   */
  timeout?: number;
  /**
   * How many requests may be written and not answered, a positive integer: one more waits, and is written, in its turn,
   * when a reply has come. One that was given up counts until its reply has come. Default: no such limit.
   */
  maxInFlight?: number;
  /** Where time comes from. Default: RxJS's `asyncScheduler`. */
  scheduler?: SchedulerLike;
}

export interface RequestOptions<In> extends FramedOptions {
  /** Whether a message is the reply to this request. Default: the next one is, when all before it have their replies. */
  isReply?: (message: In) => boolean;
}

/** @internal */
export function checkFramedOptions(options: FramedOptions): void {
  const value: unknown = options;
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`options must be an object, not ${String(value)}`);
  const { timeout, maxInFlight } = options;
  if (timeout !== undefined) checkTimeout('timeout', timeout);
  if (maxInFlight !== undefined) checkAtLeastOne('maxInFlight', maxInFlight);
}

/** What `request` is given, checked, over what `framed` was given. @internal */
export function requestSettings<In>(
  options: RequestOptions<In> | ((message: In) => boolean),
  defaults: FramedOptions,
) {
  const own = typeof options === 'function' ? { isReply: options } : options;
  checkFramedOptions(own);
  const {
    isReply,
    timeout = defaults.timeout,
    maxInFlight = defaults.maxInFlight ?? Infinity,
  }: RequestOptions<In> = own;
  const { scheduler = defaults.scheduler ?? asyncScheduler } = own;
  if (isReply !== undefined && typeof isReply !== 'function')
    throw new TypeError(`isReply must be a function, not ${String(isReply)}`);
  return { isReply, timeout, maxInFlight, scheduler };
}

/** @internal */
export function checkAtLeastOne(name: string, count: number): void {
  if (!(count === Infinity || (Number.isInteger(count) && count >= 1)))
    throw new RangeError(`${name} must be a positive integer, or Infinity, not ${String(count)}`);
}
