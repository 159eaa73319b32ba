import type { Subscriber } from 'rxjs';
import type { Codec } from '../decoders/codec.js';
import type { Connection } from '../streams/Connection.js';
import { Reentrant } from '../streams/Reentrant.js';
import { attempt } from '../streams/reportError.js';
import { LinkedList, type Place } from '../bytes/LinkedList.js';

/** @internal */
export interface Request<In, Out> {
  readonly message: Out;
  readonly subscriber: Subscriber<In>;
  /** None: the next message when all before it have their replies. */
  readonly isReply: ((message: In) => boolean) | undefined;
  readonly maxInFlight: number;
}

/**
 * The requests of a `Framed`: which of them are written, and which of them a message is the reply to.
 *
 * | a request is  | unsubscribed, or out of time | a message comes                | the end comes |
 * | ------------- | ---------------------------- | ------------------------------ | ------------- |
 * | waiting       | is never written             | (there may be room after it)   | errors        |
 * | in flight     | keeps its place              | is asked for, and may be gone  | errors        |
 *
 * @internal
 */
export class Requests<In, Out> {
  // Both in the order of the subscriptions.
  readonly #waiting = new LinkedList<Request<In, Out>>();
  readonly #inFlight = new LinkedList<Request<In, Out>>();
  readonly #report = (error: unknown): void => this.connection.core.report(error);
  readonly #writing = new Reentrant(() => this.#writeWaiting(), this.#report);

  constructor(
    readonly connection: Connection,
    readonly codec: Codec<In, Out>,
  ) {}

  /** How many are written and not answered. */
  get inFlight(): number {
    return this.#inFlight.length;
  }

  /** Puts a request after the others, and writes it if there is room. */
  add(request: Request<In, Out>): void {
    const place = this.#waiting.push(request);
    this.#writing.run();
    if (place.list !== undefined) request.subscriber.add(() => this.#waiting.remove(place));
  }

  /** Writes what there is room for. */
  advance(): void {
    if (this.#waiting.length > 0) this.#writing.run();
  }

  #writeWaiting(): void {
    const waiting = this.#waiting;
    const inFlight = this.#inFlight;
    while (waiting.first !== undefined && inFlight.length < waiting.first.item.maxInFlight)
      this.#writeOne(waiting.shift()!);
  }

  #writeOne(request: Request<In, Out>): void {
    const { message, subscriber } = request;
    const { writer } = this.connection;
    let place: Place<Request<In, Out>> | undefined;
    try {
      const data = this.codec.encode(message);
      // A lost connection drops the message: then what waits in the reader must not count as the reply.
      if (writer.goneError !== undefined) throw writer.goneError;
      // Before the write, as the reply may come inside it.
      place = this.#inFlight.push(request);
      writer.write(data);
    } catch (error) {
      if (place !== undefined) this.#inFlight.remove(place);
      subscriber.error(error);
    }
  }

  /** The request that this message is the reply to, which is no longer in flight then. */
  take(message: In): Subscriber<In> | undefined {
    // A request that is made inside a predicate is not asked.
    const { last } = this.#inFlight;
    let failed: Place<Request<In, Out>> | undefined;
    for (let place = this.#inFlight.first; place !== undefined; place = place.next) {
      const { isReply, subscriber } = place.item;
      try {
        if (isReply === undefined ? place === this.#inFlight.first : isReply(message)) {
          this.#inFlight.remove(place);
          return subscriber;
        }
      } catch (error) {
        failed ??= place;
        attempt(() => subscriber.error(error), this.#report);
      }
      if (place === last) break;
    }
    // Nobody else's, so it was the reply that could not be told from others.
    if (failed !== undefined) this.#inFlight.remove(failed);
    return undefined;
  }

  /** Tells all of them. Nothing more is written. */
  fail(error: unknown): void {
    const all: Request<In, Out>[] = [];
    for (const list of [this.#inFlight, this.#waiting]) while (list.length > 0) all.push(list.shift()!);
    for (const { subscriber } of all) attempt(() => subscriber.error(error), this.#report);
  }
}
