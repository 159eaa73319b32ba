import { StreamError } from '../bytes/errors.js';

/**
 * A consumer of JetStream gives no more messages. What was not acknowledged is delivered again, if there is a consumer.
 *
 * @experimental
 *
 * @example
 * ```ts no-run
 * import { jetstream } from '@nats-io/jetstream';
 * import { connect } from '@nats-io/transport-node';
 * import { ConsumerLostError, fromConsumer } from 'rxjs-net/nats';
 *
 * const consumer = await jetstream(await connect()).consumers.get('FRAMES', 'workers');
 * fromConsumer(consumer, (message) => console.log(message.seq)).subscribe({
 *   error: (error: unknown) => {
 *     if (error instanceof ConsumerLostError) console.log(`${error.consumer}: ${error.reason}`);
 *   },
 * });
 * ```
 */
export class ConsumerLostError extends StreamError {
  override readonly name = 'ConsumerLostError';
  readonly code = 'ERR_CONSUMER_LOST';

  constructor(
    /** The name of the stream. */
    readonly stream: string,
    /** The name of the consumer. */
    readonly consumer: string,
    /** `deleted`: the consumer or its stream is no more. `closed`: the connection to NATS is closed, by whichever side. */
    readonly reason: 'deleted' | 'closed',
    cause?: unknown,
  ) {
    const why = reason === 'deleted' ? 'it was deleted' : 'the connection to NATS is closed';
    super(`The consumer ${consumer} of the stream ${stream} is lost: ${why}`, { cause });
  }
}

/**
 * JetStream has not confirmed an ack in time: the work is done, but its message may be delivered again.
 *
 * @experimental
 *
 * @example
 * ```ts no-run
 * import { jetstream } from '@nats-io/jetstream';
 * import { connect } from '@nats-io/transport-node';
 * import { AckLostError, fromConsumer } from 'rxjs-net/nats';
 *
 * const consumer = await jetstream(await connect()).consumers.get('FRAMES', 'workers');
 * fromConsumer(consumer, (message) => console.log(message.seq), {
 *   onError: (error) => {
 *     if (error instanceof AckLostError) console.log(`${error.stream} ${error.sequence} may come again`);
 *   },
 * }).subscribe();
 * ```
 */
export class AckLostError extends StreamError {
  override readonly name = 'AckLostError';
  readonly code = 'ERR_ACK_LOST';

  constructor(
    /** The name of the stream. */
    readonly stream: string,
    /** The number of the message in the stream. */
    readonly sequence: number,
    cause: unknown,
  ) {
    super(
      `The ack of message ${sequence} of the stream ${stream} was not confirmed: it may be delivered again`,
      { cause },
    );
  }
}

/**
 * JetStream has not taken a message, and it makes no sense to go on trying. `cause` says why.
 *
 * @experimental
 *
 * @example
 * ```ts no-run
 * import { jetstream } from '@nats-io/jetstream';
 * import { connect } from '@nats-io/transport-node';
 * import { jetStreamWriter, PublishError } from 'rxjs-net/nats';
 *
 * const bus = jetStreamWriter(jetstream(await connect()), { retryFor: 10_000 });
 * bus.send('frames.in', 'hello').subscribe({
 *   error: (error: unknown) => {
 *     if (error instanceof PublishError) console.log(`${error.subject}: ${error.attempts} attempts`, error.cause);
 *   },
 * });
 * ```
 */
export class PublishError extends StreamError {
  override readonly name = 'PublishError';
  readonly code = 'ERR_PUBLISH';

  constructor(
    /** What it was published to. */
    readonly subject: string,
    /** Its id, by which a stream knows it again. */
    readonly msgID: string,
    /** How many times it was published. After a timeout JetStream may have it all the same. */
    readonly attempts: number,
    cause: unknown,
  ) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`JetStream has not taken a message for ${subject} at attempt ${attempts}: ${why}`, { cause });
  }
}

/** What an error of the client of NATS is, by name and number: there may be two copies of its classes. @internal */
export interface NatsError {
  readonly name?: unknown;
  /** The number of an error of JetStream. */
  readonly code?: unknown;
  /** As of HTTP. */
  readonly status?: unknown;
}

/** @internal */
export function isClosed(error: unknown): boolean {
  const { name } = (error ?? {}) as NatsError;
  return name === 'ClosedConnectionError' || name === 'DrainingConnectionError';
}

/** The consumer, or the stream, is not there. @internal */
export function isNotFound(error: unknown): boolean {
  const { code } = (error ?? {}) as NatsError;
  return code === 10014 || code === 10059;
}

/**
 * JetStream has not stored a message because there is no room: 10077 of the stream (`discard: 'new'`); the others of the
 * account or the server.
 *
 * @internal
 */
export function isFull(error: unknown): boolean {
  const { code } = (error ?? {}) as NatsError;
  return code === 10077 || code === 10002 || code === 10028 || code === 10047;
}

/** It is not known whether JetStream has a message, or it will take it later: it restarts, or elects a leader. @internal */
export function isTemporary(error: unknown): boolean {
  const { name, status } = (error ?? {}) as NatsError;
  return name === 'TimeoutError' || name === 'RequestError' || status === 503 || hasNoResponders(error);
}

/** No stream has the subject, none has at the moment, or there is no JetStream at all. @internal */
export function hasNoResponders(error: unknown): boolean {
  return ((error ?? {}) as NatsError).name === 'JetStreamNotEnabled';
}
