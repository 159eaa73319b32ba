import type { Consumer, ConsumerInfo, JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { from, type ObservableInput, type SchedulerLike } from 'rxjs';
import { checkBoolean, checkFunction, checkOptions, described } from '../bytes/check.js';
import { checkMethod, checkMilliseconds, checkTimeout } from '../streams/check.js';

/**
 * What is needed of a pull consumer of JetStream: `js.consumers.get(stream, name)`. See {@link fromConsumer}.
 *
 * @experimental
 */
export type PullConsumer = Pick<Consumer, 'fetch' | 'info'>;

/**
 * What is done with a message: something to wait for, or nothing, when it is done already.
 * See {@link fromConsumer}.
 *
 * @experimental
 */
export type MessageConsumer<R> = (message: JsMsg) => ObservableInput<R> | void;

/**
 * Where messages go that nobody can work on. See {@link fromConsumer}.
 *
 * @experimental
 */
export interface DeadLetterOptions {
  /** Publishes them. */
  js: Pick<JetStreamClient, 'publish'>;
  /** Not one of the subjects of the consumer itself: a stream has to have it. */
  subject: string | ((message: JsMsg, error: unknown) => string);
  /** How often a message is tried, 1 or more; less than `max_deliver` of the consumer, if that has one. Default: 5. */
  maxDeliveries?: number;
}

/**
 * Why nothing comes although there are messages: so many are delivered already, here and elsewhere, and not acknowledged.
 * See {@link fromConsumer}.
 *
 * @experimental
 */
export interface ConsumerStall {
  /** Messages delivered and not acknowledged yet. */
  readonly ackPending: number;
  /** How many messages may be: `max_ack_pending` of the consumer. */
  readonly maxAckPending: number;
  /** Messages that wait in the stream. */
  readonly pending: number;
}

/**
 * Options of {@link fromConsumer}.
 *
 * @experimental
 */
export interface ConsumerOptions {
  /** Messages that are here at the same time, an integer of 1 or more. Default: 1, so the work keeps the order. */
  concurrency?: number;
  /**
   * Whether an ack is confirmed by JetStream before the next message takes the place of its own. It costs a round trip,
   * which `concurrency` hides. Without it an ack that is lost with the connection is told to nobody. Default: true.
   */
  confirmAcks?: boolean;
  /**
   * Milliseconds, more than 0 and less than `ack_wait` of the consumer: so often JetStream hears that the work goes on.
   * Default: a third of `ack_wait`, or of the shortest `backoff`.
   */
  workingInterval?: number;
  /**
   * Milliseconds until a message whose work has failed is delivered again, 0 or more, or what says so. Default: 1 s,
   * doubled each time, up to 1 min.
   */
  retryDelay?: number | ((error: unknown, deliveryCount: number) => number);
  /** Where a message goes that has failed too often. Default: nowhere, it is tried for ever, or as `max_deliver` says. */
  deadLetter?: DeadLetterOptions;
  /**
   * Told of every error that the stream survives: of the work, with its message; of an ack (`AckLostError`); of asking, which
   * goes on. What it throws harms nobody. Default: a process warning, in browsers `reportError`.
   */
  onError?: (error: unknown, message: JsMsg | undefined) => void;
  /** Told when nothing has come for `expires`, although messages wait: the window of the consumer is full. */
  onStall?: (stall: ConsumerStall) => void;
  /** When it emits, nothing more is asked for; the work under way goes on, then the result completes. Default: never. */
  until?: ObservableInput<unknown>;
  /** Milliseconds, 1000 or more, that a request for messages waits at the server; then it is made anew. Default: 30 s. */
  expires?: number;
  /** Where time comes from. Default: RxJS's `asyncScheduler`. */
  scheduler?: SchedulerLike;
}

/** @internal */
export const MAX_DELIVERIES = 5;
/** @internal */
export const EXPIRES_MS = 30_000;

/** @internal */
export function checkConsumerOptions(options: ConsumerOptions): void {
  checkOptions(options);
  const { concurrency = 1, confirmAcks = true, expires = EXPIRES_MS, deadLetter, until, scheduler } = options;
  checkInteger('concurrency', concurrency);
  checkBoolean('confirmAcks', confirmAcks);
  checkMilliseconds('expires', expires);
  if (expires < 1000) throw new RangeError(`expires must be 1000 milliseconds or more, not ${expires}`);
  if (options.workingInterval !== undefined) checkTimeout('workingInterval', options.workingInterval);
  if (options.retryDelay !== undefined && typeof options.retryDelay !== 'function')
    checkMilliseconds('retryDelay', options.retryDelay);
  if (options.onError !== undefined) checkFunction('onError', options.onError);
  if (options.onStall !== undefined) checkFunction('onStall', options.onStall);
  // Throws where it is no input of an Observable.
  if (until !== undefined) void from(until);
  if (scheduler !== undefined) checkMethod('scheduler must have a method schedule', scheduler, 'schedule');
  if (deadLetter !== undefined) checkDeadLetter(deadLetter);
}

function checkDeadLetter(deadLetter: DeadLetterOptions): void {
  checkOptions(deadLetter);
  const { js, subject, maxDeliveries = MAX_DELIVERIES } = deadLetter;
  checkMethod('deadLetter.js must be a JetStreamClient', js, 'publish');
  if (typeof subject !== 'function' && (typeof subject !== 'string' || subject === ''))
    throw new TypeError(`deadLetter.subject must be a subject or a function, not ${described(subject)}`);
  checkInteger('deadLetter.maxDeliveries', maxDeliveries);
}

/** @internal */
export function checkInteger(name: string, value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 1))
    throw new RangeError(`${name} must be an integer of 1 or more, not ${described(value)}`);
}

/** What of the consumer's own settings matters here. @internal */
export interface ConsumerSettings {
  readonly stream: string;
  readonly name: string;
  readonly workingInterval: number;
  readonly expires: number;
  readonly maxBatch: number;
}

/** Refuses a consumer with which messages would be lost, or be delivered while the work on them goes on. @internal */
export function readSettings(info: ConsumerInfo, options: ConsumerOptions): ConsumerSettings {
  const { config, stream_name: stream, name } = info;
  const { ack_policy, ack_wait = 30e9, backoff = [], max_deliver = -1 } = config;
  if (ack_policy !== 'explicit') {
    throw new TypeError(
      `The consumer must have ack_policy explicit, not ${described(ack_policy)}: each message is acknowledged by itself`,
    );
  }
  const ackWait = Math.min(ack_wait, ...backoff) / 1e6;
  const { workingInterval = ackWait / 3, deadLetter } = options;
  if (workingInterval >= ackWait) {
    throw new RangeError(
      `workingInterval must be less than ack_wait of the consumer, ${ackWait} ms, not ${workingInterval}`,
    );
  }
  const maxDeliveries = deadLetter?.maxDeliveries ?? MAX_DELIVERIES;
  if (deadLetter !== undefined && max_deliver > 0 && max_deliver <= maxDeliveries) {
    throw new RangeError(
      `deadLetter.maxDeliveries, ${maxDeliveries}, must be less than max_deliver of the consumer, ${max_deliver}: after that nothing is delivered any more, and who dies at the last attempt takes the message along`,
    );
  }
  return {
    stream,
    name,
    workingInterval,
    expires: Math.min(options.expires ?? EXPIRES_MS, positive(config.max_expires) / 1e6),
    maxBatch: positive(config.max_batch),
  };
}

/** JetStream says 0 or nothing where there is no bound. */
function positive(value: number | undefined): number {
  return value !== undefined && value > 0 ? value : Infinity;
}
