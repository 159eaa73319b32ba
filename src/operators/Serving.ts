import {
  asyncScheduler,
  from,
  type Observable,
  Subject,
  take,
  takeUntil,
  Subscription,
  type Subscriber,
} from 'rxjs';
import type { Connection } from '../streams/Connection.js';
import { attemptCallback } from '../streams/attemptCallback.js';
import { TooManyConnectionsError } from '../streams/errors.js';
import { Reentrant } from '../streams/Reentrant.js';
import { AddressLimit } from './AddressLimit.js';
import { reportFailure } from './reportFailure.js';
import { runHandler, type ServeHandler } from './runHandler.js';
import { Stopping } from './ServeContext.js';
import type { ServeOptions } from './ServeOptions.js';

/**
 * One subscription to `serve`. A connection passes through these places, in this order:
 *
 * | place   | what it waits for                         | it leaves when                                                      |
 * | ------- | ----------------------------------------- | ------------------------------------------------------------------- |
 * | waiting | one of the places to be served            | there is one, it is gone by itself, or serving stops (it is closed) |
 * | served  | its close, most often after its handler   | nothing of it is left, not even a socket                            |
 * | leaving | its handler, if that goes on; its close,  | both are over                                                       |
 * |         | if it is refused or no longer wanted      |                                                                     |
 *
 * Handlers, their teardowns and `onError` are not ours: what they throw is told, and no other connection notices.
 *
 * @internal
 */
export class Serving<R> {
  readonly #handler: ServeHandler<R>;
  readonly #options: ServeOptions;
  readonly #subscriber: Subscriber<R>;
  // In the order of their arrival; nobody else knows of those that wait.
  readonly #waiting = new Set<Connection>();
  // With their handlers.
  readonly #served = new Map<Connection, Subscription>();
  readonly #leaving = new Map<Connection, Subscription>();
  readonly #addresses: AddressLimit | undefined;
  readonly #context = new Stopping();
  readonly #admitting = new Reentrant(() => this.#admitWaiting());
  readonly #stopped = new Subject<void>();
  // Connections are taken: until the source has completed, serving stops, or all is over.
  #taking = true;

  constructor(handler: ServeHandler<R>, options: ServeOptions, subscriber: Subscriber<R>) {
    this.#handler = handler;
    this.#options = options;
    const { maxPerAddress, addressOf } = options;
    if (maxPerAddress !== undefined) this.#addresses = new AddressLimit(maxPerAddress, addressOf);
    this.#subscriber = subscriber;
  }

  run(source: Observable<Connection>): void {
    const subscriber = this.#subscriber;
    const { stop } = this.#options;
    subscriber.add(() => this.#end());
    if (stop !== undefined) {
      subscriber.add(
        from(stop)
          .pipe(take(1))
          .subscribe({ next: () => this.#stop(), error: (error: unknown) => subscriber.error(error) }),
      );
    }
    if (!this.#taking) return;
    source.pipe(takeUntil(this.#stopped)).subscribe({
      next: (connection) => this.#take(connection),
      error: (error: unknown) => subscriber.error(error),
      complete: () => {
        this.#taking = false;
        this.#settle();
      },
    });
  }

  #take(connection: Connection): void {
    const { concurrency = Infinity, maxPending = Infinity } = this.#options;
    try {
      if (this.#served.size >= concurrency && this.#waiting.size >= maxPending)
        throw new TooManyConnectionsError(concurrency, maxPending);
      this.#addresses?.take(connection);
    } catch (error) {
      this.#refuse(connection, error);
      return;
    }
    // What finds the address may have stopped it.
    if (!this.#taking) {
      this.#dismiss(connection);
      return;
    }
    this.#waiting.add(connection);
    this.#admitting.run();
    if (!this.#waiting.has(connection)) return;
    connection.core.waits(`one of the ${concurrency} places of serve`);
    // One that has gone would keep others out.
    connection.core.onGone(() => this.#waiting.delete(connection));
  }

  // A last reply is still sent; without one the peer sees a reset.
  #refuse(connection: Connection, error: unknown): void {
    const { core } = connection;
    const before = core.writes.activity;
    core.monitor?.refused(core, error);
    this.#tellError(error, connection);
    if (core.writes.activity === before && core.lifecycle.phase !== 'closing') core.abort(error);
    this.#dismiss(connection);
  }

  #dismiss(connection: Connection): void {
    this.#leaving.set(connection, Subscription.EMPTY);
    connection.release();
    connection.core.onReleased(() => {
      this.#leaving.delete(connection);
      this.#settle();
    });
  }

  #admitWaiting(): void {
    const { concurrency = Infinity } = this.#options;
    for (const connection of this.#waiting) {
      if (this.#served.size >= concurrency) break;
      this.#waiting.delete(connection);
      connection.core.waits();
      this.#serve(connection);
    }
  }

  #serve(connection: Connection): void {
    const { core } = connection;
    const { idleTimeout, scheduler = asyncScheduler } = this.#options;
    const place = new Subscription();
    this.#served.set(connection, place);
    core.report = (error) => this.#tellError(error, connection);
    if (idleTimeout !== undefined) core.watchIdle(idleTimeout, scheduler);
    const handling = runHandler(this.#handler, connection, this.#options, this.#context).subscribe({
      next: (value) => this.#subscriber.next(value),
      error: (error: unknown) => {
        core.monitor?.handlerFailed(core, error);
        this.#tellError(error, connection);
        connection.release();
      },
      complete: () => connection.release(),
    });
    // From inside its handler everything may have been stopped.
    place.add(handling);
    core.onReleased(() => {
      this.#served.delete(connection);
      // A handler that goes on keeps nobody out any more, but it is waited for.
      this.#leaving.set(connection, handling);
      handling.add(() => {
        this.#leaving.delete(connection);
        this.#settle();
      });
      this.#admitting.run();
    });
  }

  #stop(): void {
    const { grace = 30_000, scheduler = asyncScheduler } = this.#options;
    this.#taking = false;
    this.#stopped.next();
    this.#releaseWaiting();
    this.#context.begin();
    this.#settle();
    this.#subscriber.add(scheduler.schedule(() => this.#cut(), grace));
  }

  // The grace is over: handlers are unsubscribed, and their peers see a reset, not the end of half an answer.
  #cut(): void {
    for (const [connection, handling] of [...this.#served, ...this.#leaving]) {
      // Until the handler is gone nothing can be written or closed, whatever a teardown tries.
      connection.core.abort(undefined, () => handling.unsubscribe());
    }
  }

  #settle(): void {
    if (!this.#taking && this.#served.size + this.#waiting.size + this.#leaving.size === 0)
      this.#subscriber.complete();
  }

  // Completed, failed or unsubscribed.
  #end(): void {
    this.#taking = false;
    this.#stopped.next();
    this.#releaseWaiting();
    for (const [connection, handling] of [...this.#served, ...this.#leaving]) {
      try {
        handling.unsubscribe();
      } catch (error) {
        this.#tellError(error, connection);
      }
      connection.release();
    }
    this.#context.begin();
  }

  #releaseWaiting(): void {
    for (const connection of this.#waiting) {
      this.#waiting.delete(connection);
      connection.core.waits();
      this.#dismiss(connection);
    }
  }

  #tellError(error: unknown, connection: Connection): void {
    const { onError = reportFailure } = this.#options;
    attemptCallback(() => onError(error, connection), reportFailure);
  }
}
