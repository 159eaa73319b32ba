import {
  asyncScheduler,
  concat,
  defer,
  EMPTY,
  merge,
  NEVER,
  Subject,
  take,
  tap,
  throwError,
  timer,
  retry,
  type Observable,
  type ObservableInput,
  type SchedulerLike,
  type Subscriber,
} from 'rxjs';
import { described } from '../bytes/check.js';
import type { ConnectionHandler } from '../operators/runHandler.js';
import { useConnection } from '../operators/useConnection.js';
import type { Connection } from '../streams/Connection.js';
import type { ReconnectingOptions, ReconnectingStatus } from './ReconnectingOptions.js';

/** What an attempt fails with that has completed and is to be repeated. */
const COMPLETED = new Error('The handler has completed');

/**
 * One subscription to `reconnecting`. RxJS's `retry` goes round; here is what it asks, and what is told.
 *
 * | status       | connection     | error                    | complete               | `retryNow$` emits             |
 * | ------------ | -------------- | ------------------------ | ---------------------- | ----------------------------- |
 * | `connecting` | → `open`       | → `waiting`, or `closed` | → `closed`             | the backoff begins again      |
 * | `open`       |                | → `waiting`, or `closed` | as `onComplete` says   | the backoff begins again      |
 * | `waiting`    |                |                          |                        | that, and → `connecting`      |
 * | `closed`     |                |                          |                        |                               |
 *
 * @internal
 */
export class ReconnectingRun<R> {
  readonly #options: ReconnectingOptions;
  readonly #tellStatus: (status: ReconnectingStatus) => void;
  readonly #subscriber: Subscriber<R>;
  readonly #scheduler: SchedulerLike;
  readonly #retryNow = new Subject<void>();
  #closed = false;
  // Since the last connection that was stable.
  #attempt = 0;
  #bound = 0;
  // When the connection of this attempt was made.
  #openedAt = Infinity;

  constructor(
    options: ReconnectingOptions,
    tellStatus: (status: ReconnectingStatus) => void,
    subscriber: Subscriber<R>,
  ) {
    this.#options = options;
    this.#tellStatus = tellStatus;
    this.#subscriber = subscriber;
    this.#scheduler = options.scheduler ?? asyncScheduler;
    this.#startOver();
  }

  run(source$: Observable<Connection>, handler: ConnectionHandler<R>, retryNow$: Observable<unknown>): void {
    const subscriber = this.#subscriber;
    const { onComplete } = this.#options;
    const open = (connection: Connection): ObservableInput<R> => {
      this.#openedAt = this.#scheduler.now();
      this.#tell({ kind: 'open', connection });
      return subscriber.closed ? EMPTY : handler(connection);
    };
    const once$ = defer(() => {
      this.#openedAt = Infinity;
      this.#attempt++;
      this.#tell({ kind: 'connecting', attempt: this.#attempt });
      return subscriber.closed ? EMPTY : source$;
    }).pipe(useConnection(open, this.#options));
    const attempt$ =
      onComplete === 'reconnect'
        ? concat(
            once$,
            throwError(() => COMPLETED),
          )
        : once$;

    const fail = (reason: unknown): void => this.#close({ kind: 'closed', reason });
    subscriber.add(
      retryNow$.subscribe({
        next: () => {
          this.#startOver();
          this.#retryNow.next();
        },
        error: (error: unknown) => {
          fail(error);
          subscriber.error(error);
        },
      }),
    );
    if (subscriber.closed) return;
    attempt$
      .pipe(
        retry({ delay: (error) => this.#wait(error) }),
        // Before whoever subscribed, who finds the status as it is then.
        tap({ error: fail, complete: () => this.#close({ kind: 'closed' }) }),
      )
      .subscribe(subscriber);
    // After the handler's own teardown and the close of its connection.
    subscriber.add(() => this.#close({ kind: 'closed' }));
  }

  /** What the next attempt waits for. */
  #wait(error: unknown): Observable<unknown> {
    const {
      maxAttempts = Infinity,
      stableAfter = 5000,
      shouldRetry = () => true,
      maxDelay = 30_000,
    } = this.#options;
    if (this.#scheduler.now() - this.#openedAt >= stableAfter) this.#startOver();
    const completed = error === COMPLETED;
    if (this.#attempt >= maxAttempts) return completed ? EMPTY : throwError(() => error);
    if (!completed && !shouldRetry(error)) return throwError(() => error);

    const { random = Math.random, factor = 2 } = this.#options;
    const part = random();
    if (!(typeof part === 'number' && part >= 0 && part <= 1))
      throw new RangeError(`random() must return a number of 0 to 1, not ${described(part)}`);
    const delay = Math.round(part * this.#bound);
    this.#bound = Math.min(maxDelay, this.#bound * factor);
    const reason = completed ? undefined : error;
    const told$ = defer(() => {
      this.#tell({ kind: 'waiting', attempt: this.#attempt + 1, delay, reason });
      return NEVER;
    });
    // Told last: whoever is told may ask to have it at once.
    return merge(this.#retryNow, timer(delay, this.#scheduler), told$).pipe(take(1));
  }

  #startOver(): void {
    const { maxDelay = 30_000, initialDelay = Math.min(100, maxDelay) } = this.#options;
    this.#attempt = 0;
    this.#bound = initialDelay;
  }

  #tell(status: ReconnectingStatus): void {
    if (!this.#closed) this.#tellStatus(status);
  }

  #close(status: ReconnectingStatus): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tellStatus(status);
  }
}
