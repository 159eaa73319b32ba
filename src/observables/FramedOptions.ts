import { asyncScheduler, type SchedulerLike } from 'rxjs';
import type { Codec } from '../decoders/codec.js';
import type { Connection } from '../streams/Connection.js';
import { checkFunction, checkOptions, checkWhole } from '../bytes/check.js';
import { checkMethod, checkTimeout } from '../streams/check.js';

/** What `framed` gives all of its requests, and `request` one of them. See {@link framed}. */
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

/** Options of {@link Framed.request}. */
export interface RequestOptions<In> extends FramedOptions {
  /** Whether a message is the reply to this request. Default: the next one is, when all before it have their replies. */
  isReply?: (message: In) => boolean;
}

/** @internal */
export function checkFramed(connection: Partial<Connection> | null | undefined, codec: unknown): void {
  checkMethod('connection must be a Connection', connection?.writer, 'drain');
  if (typeof codec !== 'function' || typeof (codec as Partial<Codec<unknown>>).encode !== 'function')
    throw new TypeError('codec must be a Codec, which codec(decoder, encode), or a call as lines(), makes');
}

/** @internal */
export function checkFramedOptions(options: FramedOptions): void {
  checkOptions(options);
  const { timeout, maxInFlight, scheduler } = options;
  if (timeout !== undefined) checkTimeout('timeout', timeout);
  if (maxInFlight !== undefined) checkWhole('maxInFlight', maxInFlight, 1);
  if (scheduler !== undefined) checkMethod('scheduler must have a method schedule', scheduler, 'schedule');
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
  if (isReply !== undefined) checkFunction('isReply', isReply);
  return { isReply, timeout, maxInFlight, scheduler };
}
