import type { SchedulerLike } from 'rxjs';
import { checkFunction, checkLimit, checkOptions } from '../bytes/check.js';
import { checkMethod, checkMilliseconds, checkTimeout } from '../streams/check.js';
import { checkInteger } from './ConsumerOptions.js';

/**
 * Options of {@link jetStreamWriter}.
 *
 * @experimental
 */
export interface JetStreamWriterOptions {
  /**
   * Messages that may be published and not acknowledged, an integer of 1 or more; with so many the writer is paused. With 1
   * the stream has them in the order of the writes, also where one had to be tried again. Default: 256.
   */
  maxPending?: number;
  /** Bytes of messages that are not acknowledged, with which the writer is paused, an integer of 1 or more. Default: 1 MiB. */
  maxPendingBytes?: number;
  /** Milliseconds, more than 0, until an ack that does not come is a timeout. Default: that of the JetStreamClient, 5 s. */
  ackTimeout?: number;
  /**
   * Milliseconds, 0 or more, that a message is tried again after it was first not known what became of it: a timeout, a
   * server that restarts. Less than `duplicate_window` of the stream, or it may be stored twice. A full stream is tried again
   * for ever. Default: 30 s.
   */
  retryFor?: number;
  /** Milliseconds, 0 or more, until the first new attempt; doubled each time. Default: 100, or `maxDelay` if that is less. */
  initialDelay?: number;
  /** Milliseconds, 0 or more: the longest wait. Default: 5 s. */
  maxDelay?: number;
  /** Told of a message of `write` that is lost; the writer goes on. Default: the writer has failed. */
  onError?: (error: Error) => void;
  /** Told each time that JetStream takes nothing, why, and in how many milliseconds it is tried again. */
  onRetry?: (error: unknown, delay: number) => void;
  /** Where time comes from. Default: RxJS's `asyncScheduler`. */
  scheduler?: SchedulerLike;
}

/** @internal */
export function checkWriterOptions(options: JetStreamWriterOptions): void {
  checkOptions(options);
  const { maxPending = 1, maxPendingBytes = 1, ackTimeout, retryFor = 0, maxDelay = 5000 } = options;
  const { initialDelay = 0, onError, onRetry, scheduler } = options;
  checkInteger('maxPending', maxPending);
  checkLimit(maxPendingBytes, 'maxPendingBytes');
  if (ackTimeout !== undefined) checkTimeout('ackTimeout', ackTimeout);
  if (retryFor !== Infinity) checkMilliseconds('retryFor', retryFor);
  checkMilliseconds('maxDelay', maxDelay);
  checkMilliseconds('initialDelay', initialDelay);
  if (initialDelay > maxDelay)
    throw new RangeError(`initialDelay must be at most maxDelay, ${maxDelay}, not ${initialDelay}`);
  if (onError !== undefined) checkFunction('onError', onError);
  if (onRetry !== undefined) checkFunction('onRetry', onRetry);
  if (scheduler !== undefined) checkMethod('scheduler must have a method schedule', scheduler, 'schedule');
}
