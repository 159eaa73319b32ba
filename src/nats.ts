/**
 * Messages of NATS JetStream with backpressure, on the packages `@nats-io/jetstream` and `@nats-io/nats-core`.
 * The whole entry point is experimental.
 *
 * @packageDocumentation
 */

export { fromConsumer } from './nats/fromConsumer.js';
export type {
  ConsumerOptions,
  ConsumerStall,
  DeadLetterOptions,
  MessageConsumer,
  PullConsumer,
} from './nats/ConsumerOptions.js';
export { AckLostError, ConsumerLostError, PublishError } from './nats/errors.js';
export { jetStreamWriter, type JetStreamWriter } from './nats/JetStreamWriter.js';
export type { JetStreamWriterOptions } from './nats/JetStreamWriterOptions.js';
export type { PublishOptions } from './nats/Publication.js';
