import { Observable } from 'rxjs';
import { checkFunction } from '../bytes/check.js';
import { checkMethod } from '../streams/check.js';
import {
  checkConsumerOptions,
  type ConsumerOptions,
  type MessageConsumer,
  type PullConsumer,
} from './ConsumerOptions.js';
import { ConsumerRun } from './ConsumerRun.js';

/**
 * The messages of a pull consumer of JetStream, as there is room: `reader.consume` of a stream that many machines share.
 * A message is asked for only when fewer than `concurrency` are here, and acknowledged when the work on it is done.
 *
 * ```text
 * stream                       abc
 * work on a, b, c              --A|-#   --B|        b fails, and comes again
 * told to JetStream            ---a-n-----b         a = ack, n = nak with a delay
 * fromConsumer(consumer, work) --A--------B---
 * ```
 *
 * - `project` gives what is to be waited for, a promise or an Observable; or nothing, when the message is done with. A message
 *   that the work has settled itself (`term()`, `nak()`) is left as it is.
 * - While the work goes on JetStream is told so, at least every `workingInterval`: it is not delivered to somebody else.
 * - **Emits** what the work emits. **Completes** after `until`, and the work that was under way then; else never.
 * - **Errors** with `ConsumerLostError` when the consumer or its stream was deleted, or the connection to NATS is closed; and with
 *   a `TypeError` or `RangeError` for a consumer with which messages would be lost (`ack_policy`, `max_deliver`).
 * - An error of the work ends nothing: `onError` is told, and the message delivered again after `retryDelay`, or by
 *   `deadLetter` published elsewhere. So does a restart of NATS end nothing, as long as the client reconnects.
 * - **Unsubscribe** stops the work and gives the messages back, so that somebody else has them at once.
 *
 * Each message is delivered **at least once**: again, when a process dies in the middle of its work, or the ack is lost.
 *
 * @experimental
 *
 * @example
 * ```ts no-run
 * import { jetstream } from '@nats-io/jetstream';
 * import { connect } from '@nats-io/transport-node';
 * import { fromConsumer } from 'rxjs-net/nats';
 *
 * const js = jetstream(await connect({ maxReconnectAttempts: -1 }));
 * const consumer = await js.consumers.get('FRAMES', 'workers');
 *
 * fromConsumer(consumer, async (message) => `${message.seq}: ${message.string()}`, {
 *   concurrency: 8,
 *   deadLetter: { js, subject: 'dead.frames' },
 *   onError: (error, message) => console.error(message?.seq, error),
 * }).subscribe(console.log);
 * ```
 */
export function fromConsumer<R = never>(
  consumer: PullConsumer,
  project: MessageConsumer<R>,
  options: ConsumerOptions = {},
): Observable<R> {
  checkMethod('consumer must be a pull consumer of JetStream', consumer, 'fetch');
  checkFunction('project', project);
  checkConsumerOptions(options);
  return new Observable((subscriber) => new ConsumerRun(consumer, project, options, subscriber).start());
}
