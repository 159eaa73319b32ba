import {
  AckPolicy,
  DiscardPolicy,
  jetstream,
  RetentionPolicy,
  type Consumer,
  type JetStreamClient,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';

/** Nanoseconds, as the settings of JetStream have them. */
const SECONDS = 1e9;

export interface Frames {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly consumer: Consumer;
}

/** Connects to NATS, where the stream of frames is, or will be. */
export async function openFrames(servers = '127.0.0.1:4222'): Promise<Frames> {
  // Without -1 the client gives up after some seconds, and a restart of NATS ends all.
  const nc = await connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 500 });
  const js = jetstream(nc);
  await prepare(await js.jetstreamManager());
  return { nc, js, consumer: await js.consumers.get('FRAMES', 'workers') };
}

/** Makes the streams and the consumer that all workers share, if they are not there. */
export async function prepare(jsm: JetStreamManager): Promise<void> {
  await jsm.streams.add({
    name: 'FRAMES',
    subjects: ['frames.in'],
    // Each frame is for one worker, and gone when that is done.
    retention: RetentionPolicy.Workqueue,
    // Full is full: the publisher waits. The default would drop the oldest frames without a word.
    discard: DiscardPolicy.New,
    max_msgs: 5000,
    // How long a frame that is sent twice is known to be the same.
    duplicate_window: 120 * SECONDS,
  });
  await jsm.streams.add({ name: 'DEAD', subjects: ['frames.dead'], max_msgs: 100_000 });
  await jsm.consumers.add('FRAMES', {
    durable_name: 'workers',
    ack_policy: AckPolicy.Explicit,
    // So soon somebody else has the frames of a worker that died.
    ack_wait: 2 * SECONDS,
    // More than all workers together have under way.
    max_ack_pending: 1000,
  });
}
