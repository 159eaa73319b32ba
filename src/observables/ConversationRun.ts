import type { Subscriber, Unsubscribable } from 'rxjs';
import { forgottenYield } from '../decoders/CurrentTake.js';
import type { Connection } from '../streams/Connection.js';
import type { ActiveRead } from '../streams/FrameRead.js';
import { Conversation } from './Conversation.js';
import { ConversationStep } from './ConversationStep.js';
import type { ConversationGenerator, Spoken } from './ConversationGenerator.js';

const KIND = { verb: 'converse' };

/** So many `yield*` a `finally` block may have that would have to wait: nobody is there any more to wait for them. */
const MOST_RETURNS = 1000;

/**
 * One conversation under way: a read that holds the reader, and goes on with its generator whenever what that waits for
 * is there.
 *
 * | state     | it goes on when                              | unsubscribed                              |
 * | --------- | -------------------------------------------- | ----------------------------------------- |
 * | `waiting` | bytes have come, or what it awaits is there  | the generator returns, by its `finally`   |
 * | `running` | –                                            | the same, once the step under way is over |
 * | `over`    | –                                            | –                                         |
 *
 * @internal
 */
export class ConversationRun<E, R> implements ActiveRead, Unsubscribable {
  readonly once = false;
  readonly readAhead = false;
  // By `io.frame(messages())`.
  readonly messages = true;
  readonly kind = KIND;
  since = 0;
  reader: object | undefined;
  listed = false;
  previous: ActiveRead | undefined;
  next: ActiveRead | undefined;
  /** It waits, but not for bytes. */
  full = false;
  readonly #connection: Connection;
  readonly #generate: ConversationGenerator<E, R>;
  readonly #subscriber: Subscriber<Spoken<E, R>>;
  readonly #step: ConversationStep;
  #generator: Iterator<undefined, R, unknown> | undefined;
  #state: 'waiting' | 'running' | 'over' = 'waiting';
  #armed = false;

  constructor(
    connection: Connection,
    generate: ConversationGenerator<E, R>,
    subscriber: Subscriber<Spoken<E, R>>,
  ) {
    this.#connection = connection;
    this.#generate = generate;
    this.#subscriber = subscriber;
    this.#step = new ConversationStep(connection.core.reads, () => this.wake());
  }

  arm(now: number): void {
    this.since = now;
    if (this.#armed) return;
    this.#armed = true;
    this.#subscriber.add(this);
  }

  fail(error: unknown): void {
    this.#state = 'over';
    this.#subscriber.error(error);
  }

  /** What it waits for is there. */
  wake(): void {
    this.full = false;
    this.#connection.core.reads.serve();
  }

  unsubscribe(): void {
    const source = this.#connection.core.reads;
    if (this.#state === 'running') {
      // What it takes from here on goes back.
      this.#step.unwanted = 'running';
      source.queue.hold();
    }
    if (this.#state === 'waiting') this.#return();
    source.cancel(this);
  }

  /** Goes on as far as it can now. True: it is over. */
  advance(): boolean {
    if (this.#isOver) return true;
    if (this.full) return false;
    if (this.#generator === undefined) this.arm(this.#connection.core.reads.now());
    this.#step.ended = this.#connection.core.reads.state === 'ended';
    this.#state = 'running';
    this.#run();
    return this.#rest();
  }

  #rest(): boolean {
    if (this.#isOver) this.#return();
    else this.#state = 'waiting';
    return this.#isOver;
  }

  get #isOver(): boolean {
    return this.#state === 'over' || this.#subscriber.closed;
  }

  #run(): void {
    let result: IteratorResult<unknown, R>;
    try {
      // The bytes are the conversation's as it takes them: a read before it may have left a hold on them.
      if (this.#generator === undefined) this.#connection.core.reads.queue.rollback();
      this.#generator ??= this.#generate(new Conversation<E>(this.#connection, this.#step, this.#emit));
      result = this.#generator.next();
      // A step that was forgotten is told of at the place where it was.
      if (!this.#subscriber.closed && this.#forgotten(result)) {
        this.#step.cancel();
        result = this.#generator.throw!(forgottenYield());
      }
    } catch (error) {
      this.#generator = undefined;
      this.#step.cancel();
      this.#state = 'over';
      if (this.#subscriber.closed) this.#connection.core.report(error);
      else this.#subscriber.error(error);
      return;
    }
    if (result.done !== true) {
      this.full = !this.#step.waitsForBytes;
      if (this.full) this.since = this.#connection.core.reads.now();
      return;
    }
    this.#generator = undefined;
    this.#state = 'over';
    if (result.value !== undefined) this.#subscriber.next(result.value as Spoken<E, R>);
    this.#subscriber.complete();
  }

  // What a teardown throws is not for the generator to hear.
  readonly #emit = (value: E): void => {
    try {
      this.#subscriber.next(value as Spoken<E, R>);
    } catch (error) {
      this.#connection.core.report(error);
    }
  };

  #forgotten(result: IteratorResult<unknown, unknown>): boolean {
    if (result.done === true) return this.#step.pending;
    return result.value !== undefined || !this.#step.waiting;
  }

  // Nobody wants it any more: its `finally` blocks run, and what they would wait for they do without.
  #return(): void {
    const generator = this.#generator;
    this.#generator = undefined;
    this.#state = 'over';
    this.#step.cancel();
    const { queue } = this.#connection.core.reads;
    this.#step.unwanted = 'returning';
    queue.hold();
    try {
      for (let returns = 0; generator?.return?.().done === false; returns++) {
        this.#step.cancel();
        if (returns === MOST_RETURNS)
          throw new Error('The conversation does not end: a finally block goes on');
      }
    } catch (error) {
      this.#connection.core.report(error);
    }
    queue.rollback();
  }
}
