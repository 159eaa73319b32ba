import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { asyncScheduler, from, Subscription, take, type SchedulerLike, type Subscriber } from 'rxjs';
import { reportFailure } from '../operators/reportFailure.js';
import { attemptCallback } from '../streams/attemptCallback.js';
import { attempt } from '../streams/reportError.js';
import {
  readSettings,
  type ConsumerOptions,
  type ConsumerSettings,
  type MessageConsumer,
  type PullConsumer,
} from './ConsumerOptions.js';
import { Delivery } from './Delivery.js';
import { ConsumerLostError, isClosed, isNotFound } from './errors.js';

/** Milliseconds until it is asked again after an error: at first, and at most. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 5000;
/**
 * So often the server says that it still knows of a request: one that was lost, or that was for a consumer that is no more,
 * is noticed after two that are missing.
 */
const HEARTBEAT_MS = 2000;

/**
 * One subscription to `fromConsumer`: asks for as many messages as there is room for, by one request at a time.
 *
 * | phase      | a message comes     | the request is over          | it fails      | there is room | `until` emits | unsubscribed |
 * | ---------- | ------------------- | ---------------------------- | ------------- | ------------- | ------------- | ------------ |
 * | `starting` |                     |                              |               |               | → `ending`    | → `over`     |
 * | `asking`   | it is worked on     | asks again; no room: → `full` | → `waiting`   |               | → `ending`    | → `over`     |
 * | `full`     |                     |                              |               | → `asking`    | → `ending`    | → `over`     |
 * | `waiting`  |                     |                              |               |               | → `ending`    | → `over`     |
 * | `ending`   | it is given back    | completes after the last work | the same      |               |               | → `over`     |
 * | `over`     | it is given back    |                              |               |               |               |              |
 *
 * From `waiting` it is `asking` again after a time, if the consumer is still there.
 *
 * @internal
 */
export class ConsumerRun<R> {
  readonly output: Subscriber<R>;
  readonly project: MessageConsumer<R>;
  readonly options: ConsumerOptions;
  readonly #consumer: PullConsumer;
  readonly #scheduler: SchedulerLike;
  readonly #concurrency: number;
  readonly #deliveries = new Set<Delivery<R>>();
  #settings!: ConsumerSettings;
  #phase: 'starting' | 'asking' | 'full' | 'waiting' | 'ending' | 'over' = 'starting';
  /** The request that is open, also while it comes to its end. */
  #request: { messages?: ConsumerMessages } | undefined;
  #wait = FIRST_WAIT;
  #waiting = Subscription.EMPTY;
  #ticker = Subscription.EMPTY;
  #ticking = false;

  constructor(
    consumer: PullConsumer,
    project: MessageConsumer<R>,
    options: ConsumerOptions,
    output: Subscriber<R>,
  ) {
    this.#consumer = consumer;
    this.project = project;
    this.options = options;
    this.output = output;
    this.#scheduler = options.scheduler ?? asyncScheduler;
    this.#concurrency = options.concurrency ?? 1;
  }

  start(): void {
    const { output } = this;
    const { until } = this.options;
    output.add(() => this.#end());
    if (until !== undefined) {
      output.add(
        from(until)
          .pipe(take(1))
          .subscribe({ next: () => this.#finish(), error: (error: unknown) => output.error(error) }),
      );
    }
    void this.#begin();
  }

  settled(delivery: Delivery<R>): void {
    this.#deliveries.delete(delivery);
    if (this.#phase === 'ending') this.#completeIfDone();
    else this.#ask();
  }

  tellError(error: unknown, message?: JsMsg): void {
    const { onError = reportFailure } = this.options;
    attemptCallback(() => onError(error, message), reportFailure);
  }

  async #begin(): Promise<void> {
    try {
      // As it was when the consumer was got: no request.
      this.#settings = readSettings(await this.#consumer.info(true), this.options);
    } catch (error) {
      this.output.error(error);
      return;
    }
    if (this.#phase !== 'starting') return;
    this.#phase = 'full';
    this.#ask();
  }

  #ask(): void {
    const room = this.#concurrency - this.#deliveries.size;
    if (this.#phase !== 'full' || room <= 0) return;
    this.#phase = 'asking';
    void this.#pull(Math.min(room, this.#settings.maxBatch));
  }

  async #pull(count: number): Promise<void> {
    const { expires } = this.#settings;
    const request: { messages?: ConsumerMessages } = {};
    this.#request = request;
    let received = 0;
    const askedAt = this.#scheduler.now();
    let failure: { error: unknown } | undefined;
    try {
      // bind: after a reconnect the request is made again at once, without a look at the consumer, which could hang.
      const messages = await this.#consumer.fetch({
        max_messages: count,
        expires,
        idle_heartbeat: Math.min(HEARTBEAT_MS, expires / 2),
        bind: true,
      });
      request.messages = messages;
      if (this.#phase !== 'asking') this.#closeRequest();
      for await (const message of messages) {
        // After a reconnect there may come more than was asked for.
        if (this.#phase !== 'asking' || received === count) {
          attempt(
            () => message.nak(),
            (error) => this.tellError(error, message),
          );
          continue;
        }
        received++;
        if (received === count) this.#closeRequest();
        this.#take(message);
      }
    } catch (error) {
      failure = { error };
    }
    this.#request = undefined;
    if (this.#phase === 'ending') this.#completeIfDone();
    if (this.#phase !== 'asking') return;
    if (failure !== undefined) {
      this.#phase = 'waiting';
      void this.#recover(failure.error);
      return;
    }
    const inVain = received === 0;
    if (!inVain) this.#wait = FIRST_WAIT;
    if (inVain && this.options.onStall !== undefined) void this.#lookForStall(this.options.onStall);
    // A request that is answered with nothing at once, as that of a connection that closes, must not go round and round.
    if (inVain && this.#scheduler.now() - askedAt < expires / 2) {
      this.#phase = 'waiting';
      this.#askLater();
    } else {
      this.#phase = 'full';
      this.#ask();
    }
  }

  #take(message: JsMsg): void {
    const delivery = new Delivery(this, message);
    this.#deliveries.add(delivery);
    if (!this.#ticking) this.#tick();
    delivery.start();
  }

  /** One clock for all the work, which runs on from one message to the next. */
  #tick(): void {
    this.#ticking = true;
    this.#ticker = this.#scheduler.schedule(() => {
      this.#ticking = false;
      for (const delivery of this.#deliveries) delivery.tellWorking();
      if (this.#deliveries.size > 0 && !this.output.closed) this.#tick();
    }, this.#settings.workingInterval);
  }

  /** A request has failed: that may be a restart of the server, or the end. */
  async #recover(error: unknown): Promise<void> {
    let reason: ConsumerLostError | undefined;
    try {
      await this.#consumer.info();
      reason = this.#lossOf(error);
    } catch (ofInfo) {
      reason = isNotFound(ofInfo) ? this.#loss('deleted', ofInfo) : this.#lossOf(ofInfo);
    }
    if (this.#phase !== 'waiting') return;
    if (reason !== undefined) {
      this.output.error(reason);
      return;
    }
    this.tellError(error);
    this.#askLater();
  }

  #askLater(): void {
    if (this.#phase !== 'waiting') return;
    this.#waiting = this.#scheduler.schedule(() => {
      this.#phase = 'full';
      this.#ask();
    }, this.#wait);
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
  }

  #lossOf(error: unknown): ConsumerLostError | undefined {
    return isClosed(error) ? this.#loss('closed', error) : undefined;
  }

  #loss(reason: 'deleted' | 'closed', cause: unknown): ConsumerLostError {
    return new ConsumerLostError(this.#settings.stream, this.#settings.name, reason, cause);
  }

  async #lookForStall(onStall: NonNullable<ConsumerOptions['onStall']>): Promise<void> {
    try {
      const { config, num_ack_pending: ackPending, num_pending: pending } = await this.#consumer.info();
      const maxAckPending = config.max_ack_pending ?? -1;
      if (this.#phase === 'over' || maxAckPending <= 0 || ackPending < maxAckPending || pending === 0) return;
      onStall({ ackPending, maxAckPending, pending });
    } catch (error) {
      this.tellError(error);
    }
  }

  #finish(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'ending';
    this.#waiting.unsubscribe();
    this.#closeRequest();
    this.#completeIfDone();
  }

  #completeIfDone(): void {
    if (this.#deliveries.size === 0 && this.#request === undefined) this.output.complete();
  }

  /** What has come by it already is still iterated over, and so given back. */
  #closeRequest(): void {
    const messages = this.#request?.messages;
    if (messages === undefined) return;
    attempt(
      () => void messages.close(),
      (error) => this.tellError(error),
    );
  }

  // Completed, failed or unsubscribed.
  #end(): void {
    this.#phase = 'over';
    this.#waiting.unsubscribe();
    this.#ticker.unsubscribe();
    this.#closeRequest();
  }
}
