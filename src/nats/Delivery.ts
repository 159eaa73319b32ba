import type { JsMsg } from '@nats-io/jetstream';
import { from, Observable, Subscription, type Subscriber } from 'rxjs';
import { checkMilliseconds } from '../streams/check.js';
import { attempt } from '../streams/reportError.js';
import { MAX_DELIVERIES, type ConsumerOptions, type MessageConsumer } from './ConsumerOptions.js';
import { publishDeadLetter } from './deadLetter.js';
import { AckLostError } from './errors.js';

/** The run that a delivery belongs to. @internal */
export interface DeliveryRun<R> {
  readonly output: Subscriber<R>;
  readonly project: MessageConsumer<R>;
  readonly options: ConsumerOptions;
  tellError(error: unknown, message: JsMsg): void;
  /** Its place is free. */
  settled(delivery: Delivery<R>): void;
}

/**
 * A message that is here: its work, and what JetStream is told of it.
 *
 * | phase      | the work completes        | the work fails                                           | unsubscribed    | JetStream answers |
 * | ---------- | ------------------------- | -------------------------------------------------------- | --------------- | ----------------- |
 * | `working`  | it is acked: → `settling` | it is nak'ed: → `over`; once too often buried: `settling` | nak'ed: → `over` |                   |
 * | `settling` |                           |                                                          | (it goes on)    | → `over`          |
 * | `over`     |                           |                                                          |                 |                   |
 *
 * @internal
 */
export class Delivery<R> {
  readonly #run: DeliveryRun<R>;
  readonly #message: JsMsg;
  readonly #place = new Subscription();
  #phase: 'working' | 'settling' | 'over' = 'working';

  constructor(run: DeliveryRun<R>, message: JsMsg) {
    this.#run = run;
    this.#message = message;
  }

  start(): void {
    const { output, project } = this.#run;
    output.add(this.#place);
    // Its work has ended with the process that did it: that was never told.
    if (this.#deliveryCount > this.#mostDeliveries) {
      this.#bury(new Error(`Delivered ${this.#deliveryCount} times, and never settled`));
      return;
    }
    let work: Observable<R> | undefined;
    try {
      const input = project(this.#message);
      if (input !== undefined) work = from(input);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (output.closed) this.#giveBack();
    else if (work === undefined) this.#ack();
    else this.#work(work);
  }

  /** Tells JetStream that the work goes on. */
  tellWorking(): void {
    this.#attempt(() => this.#message.working());
  }

  #work(work: Observable<R>): void {
    const { output } = this.#run;
    new Observable<R>((inner) => {
      // Before the work begins: work that emits without end, and synchronously, has to be stoppable. It is stopped before
      // somebody else gets the message.
      this.#place.add(inner);
      this.#place.add(() => this.#giveBack());
      work.subscribe(inner);
    }).subscribe({
      next: (value) => output.next(value),
      error: (error: unknown) => this.#fail(error),
      complete: () => this.#ack(),
    });
  }

  #ack(): void {
    if (this.#phase !== 'working') return;
    this.#phase = 'settling';
    const { confirmAcks = true } = this.#run.options;
    if (!confirmAcks) {
      this.#attempt(() => this.#message.ack());
      this.#end();
      return;
    }
    void this.#confirmAck();
  }

  async #confirmAck(): Promise<void> {
    const message = this.#message;
    try {
      await message.ackAck();
    } catch (error) {
      this.#tell(new AckLostError(message.info.stream, message.seq, error));
    }
    this.#end();
  }

  #fail(error: unknown): void {
    if (this.#phase !== 'working') return;
    this.#tell(error);
    if (this.#run.output.closed) this.#giveBack();
    else if (this.#deliveryCount >= this.#mostDeliveries) this.#bury(error);
    else this.#retry(error);
  }

  #retry(error: unknown): void {
    const delay = this.#retryDelay(error);
    this.#attempt(() => this.#message.nak(delay));
    this.#end();
  }

  #retryDelay(error: unknown): number {
    const { retryDelay = doubled } = this.#run.options;
    if (typeof retryDelay === 'number') return retryDelay;
    try {
      const delay = retryDelay(error, this.#deliveryCount);
      checkMilliseconds('What retryDelay returns', delay);
      return delay;
    } catch (ofRetryDelay) {
      this.#tell(ofRetryDelay);
      return doubled(error, this.#deliveryCount);
    }
  }

  /** Published before it is termed: in between it is in both places, never in none. */
  #bury(error: unknown): void {
    this.#phase = 'settling';
    void this.#publishAndTerm(error);
  }

  async #publishAndTerm(error: unknown): Promise<void> {
    const message = this.#message;
    try {
      await publishDeadLetter(this.#run.options.deadLetter!, message, error);
    } catch (ofPublish) {
      this.#tell(ofPublish);
      this.#retry(error);
      return;
    }
    this.#attempt(() => message.term());
    this.#end();
  }

  #giveBack(): void {
    if (this.#phase !== 'working') return;
    this.#phase = 'over';
    this.#attempt(() => this.#message.nak());
    this.#run.settled(this);
  }

  #end(): void {
    this.#phase = 'over';
    // The work may not have come to its teardown yet, which may throw.
    this.#attempt(() => this.#place.unsubscribe());
    this.#run.settled(this);
  }

  get #deliveryCount(): number {
    return this.#message.info.deliveryCount;
  }

  get #mostDeliveries(): number {
    const { deadLetter } = this.#run.options;
    return deadLetter === undefined ? Infinity : (deadLetter.maxDeliveries ?? MAX_DELIVERIES);
  }

  #attempt(call: () => void): void {
    attempt(call, (error) => this.#tell(error));
  }

  #tell(error: unknown): void {
    this.#run.tellError(error, this.#message);
  }
}

function doubled(_error: unknown, deliveryCount: number): number {
  return Math.min(60_000, 1000 * 2 ** (deliveryCount - 1));
}
