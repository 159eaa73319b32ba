import { Observable, Subject, takeUntil, type Subscriber } from 'rxjs';
import type { Codec } from '../decoders/codec.js';
import type { Connection } from '../streams/Connection.js';
import { Consumption, type FrameConsumer } from '../streams/Consumption.js';
import { ConnectionLostError } from '../streams/errors.js';
import type { FrameSubscriber } from '../streams/FrameRead.js';
import { Reentrant } from '../streams/Reentrant.js';
import { attempt } from '../streams/reportError.js';
import { LinkedList } from '../bytes/LinkedList.js';
import { Audience } from './Audience.js';
import { Requests, type Request } from './Requests.js';

type Listener<In> = FrameSubscriber<In>;
/** It has no read of its own: only whether it has room counts. */
type Consumer<In> = Listener<In> & { readonly room: { full: boolean } };

/** How many messages wait for work, at the most, while the reply to a request is read on for. @internal */
export const MAX_HELD = 1024;

/**
 * One reading of the frames for many, until the stream ends: for subscribers, who see every message, for requests, which
 * wait for a reply, and for consumers, who work on what is no reply.
 *
 * | phase     | somebody comes | the last one goes | the stream ends                                  |
 * | --------- | -------------- | ----------------- | ------------------------------------------------ |
 * | `free`    | `reading`      |                   | is not seen                                      |
 * | `reading` | joins          | `free`            | `over`: all are told, consumers after what waits |
 * | `over`    | begins another |                   |                                                  |
 *
 * A message is offered to the requests, then told to the subscribers, then to the request whose reply it is, or else to
 * the consumers: it waits until all of them have room. The next one is decoded when there is room, or a request in
 * flight, which may be what the work waits for.
 *
 * @internal
 */
export class SharedFrames<In, Out> {
  #phase: 'free' | 'reading' | 'over' = 'free';
  /** Decoded, and not yet offered to the requests. */
  #arrived: In | undefined;
  // What is told, to whom, and who is next; and the request whose reply it is.
  #message: In | undefined;
  #audience: readonly Listener<In>[] = [];
  #next = 0;
  #request: Subscriber<In> | undefined;
  /** What waits for work. */
  readonly #held = new LinkedList<In>();
  #users = 0;
  readonly #subscribers = new Audience<Subscriber<In>>();
  readonly #consumers = new Audience<Consumer<In>>();
  readonly #requests: Requests<In, Out>;
  readonly #stop = new Subject<void>();
  /** Lets the reader go on, which waits for it. */
  #readOn: (() => void) | undefined;
  /** Tells a consumer of the end. */
  #finish: ((consumer: Consumer<In>) => void) | undefined;
  readonly #report = (error: unknown): void => this.connection.core.report(error);
  readonly #telling = new Reentrant(() => this.#tell(), this.#report);

  constructor(
    readonly connection: Connection,
    readonly codec: Codec<In, Out>,
  ) {
    this.#requests = new Requests(connection, codec);
  }

  get isOver(): boolean {
    return this.#phase === 'over';
  }

  /** Gives every message. Does not hold the reader: that is for `hold`. */
  listen(subscriber: Subscriber<In>): void {
    this.#subscribers.add(subscriber);
  }

  /** Works on each message that is no reply. */
  consume<R>(subscriber: Subscriber<R>, project: FrameConsumer<In, R>, concurrency: number): void {
    const room = { full: false };
    const consumption = new Consumption(project, subscriber, concurrency);
    consumption.start(room, {
      serve: () => this.#advance(),
      now: () => this.connection.core.reads.now(),
    });
    this.#consumers.add(Object.assign(consumption, { room }));
    this.hold(subscriber);
  }

  /** Writes a request, as soon as it may be. Its reply comes while the reader is held. */
  request(request: Request<In, Out>): void {
    this.#requests.add(request);
    this.hold(request.subscriber);
  }

  /** Holds the reader as long as this subscriber lives. */
  hold(subscriber: Pick<Subscriber<unknown>, 'closed' | 'add'>): void {
    if (subscriber.closed) return;
    this.#users++;
    subscriber.add(() => {
      this.#users--;
      this.#advance();
    });
    this.#advance();
  }

  get #hasRoom(): boolean {
    for (const { room } of this.#consumers.all) if (room.full) return false;
    return true;
  }

  get #mayReadOn(): boolean {
    if (this.#arrived !== undefined) return false;
    return this.#hasRoom || (this.#requests.inFlight > 0 && this.#held.length < MAX_HELD);
  }

  /** Does what has become possible. From inside somebody who is told, the call under way does it. */
  #advance(): void {
    try {
      this.#telling.run();
    } finally {
      if (!this.#telling.running) this.#control();
    }
  }

  #control(): void {
    if (this.#users === 0) {
      if (this.#phase === 'reading') this.#release();
    } else if (this.#phase === 'free') {
      this.#begin();
    } else if (this.#mayReadOn) {
      const readOn = this.#readOn;
      this.#readOn = undefined;
      readOn?.();
    }
  }

  #release(): void {
    this.#phase = 'free';
    this.#readOn = undefined;
    this.#stop.next();
  }

  #begin(): void {
    this.#phase = 'reading';
    const { reader, writer } = this.connection;
    reader
      .consumeAhead(this.codec, (message) => this.#receive(message))
      // What waits in the reader is emitted inside `subscribe`, and has to stop there if nobody wants more.
      .pipe(takeUntil(this.#stop))
      .subscribe({
        error: (error: unknown) => this.#end(error, (listener) => listener.error(error)),
        complete: () => {
          if (this.#phase !== 'reading') return;
          const error = writer.goneError ?? new ConnectionLostError(new Error('the peer ended the stream'));
          this.#end(error, (listener) => listener.complete());
        },
      });
  }

  #receive(message: In): Observable<never> | undefined {
    this.#arrived = message;
    this.#advance();
    if (this.#mayReadOn) return undefined;
    return new Observable((room) => {
      this.#readOn = () => room.complete();
    });
  }

  // Called again after an error of somebody who is told: it goes on with whoever is next.
  #tell(): void {
    this.#tellRest();
    if (this.#arrived !== undefined) this.#offer(this.#arrived);
    const request = this.#request;
    this.#request = undefined;
    if (request !== undefined) reply(request, this.#message!);
    while (this.#held.length > 0 && this.#consumers.all.length > 0 && this.#hasRoom)
      this.#tellAll(this.#held.shift()!, this.#consumers);
    if (this.#held.length === 0 && this.#finish !== undefined) this.#finishConsumers(this.#finish);
    this.#requests.advance();
  }

  #offer(message: In): void {
    this.#arrived = undefined;
    // Before anybody is told: a request that is made inside `next` is not answered by this message.
    this.#request = this.#requests.take(message);
    if (this.#request === undefined) {
      // What waits for a consumer to come is over when others have gone past it.
      if (this.#consumers.all.length === 0) this.#held.clear();
      else this.#held.push(message);
    }
    this.#tellAll(message, this.#subscribers);
  }

  #tellAll(message: In, { all }: Audience<Listener<In>>): void {
    this.#message = message;
    this.#audience = all;
    this.#next = 0;
    this.#tellRest();
  }

  #tellRest(): void {
    while (this.#next < this.#audience.length) {
      const listener = this.#audience[this.#next++]!;
      if (!listener.closed) listener.next(this.#message!);
    }
  }

  #end(error: unknown, tell: (listener: Listener<In>) => void): void {
    this.#phase = 'over';
    this.#requests.fail(error);
    for (const subscriber of this.#subscribers.all) attempt(() => tell(subscriber), this.#report);
    this.#finish = tell;
    this.#advance();
  }

  #finishConsumers(tell: (consumer: Consumer<In>) => void): void {
    this.#finish = undefined;
    for (const consumer of this.#consumers.all) attempt(() => tell(consumer), this.#report);
  }
}

function reply<In>(request: Subscriber<In>, message: In): void {
  try {
    request.next(message);
  } finally {
    request.complete();
  }
}
