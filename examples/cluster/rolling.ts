/** Workers that are kept alive, and replaced one by one. It knows no processes: whoever uses it says how to start one. */
import { asyncScheduler, Observable, Subject, Subscription, type SchedulerLike, type Subscriber } from 'rxjs';

/** What a worker tells: that it accepts connections, and whatever else. */
export interface WorkerReport {
  readonly type: string;
}

/**
 * A worker while it is subscribed to: subscribing starts it, it emits what it reports, and completes when it has ended,
 * however that came. When `stop$` emits it accepts no more, finishes what is under way, and ends. Unsubscribing kills it.
 */
export type Worker<R> = (id: number, stop$: Observable<void>) => Observable<R>;

export interface RollingOptions<R extends WorkerReport> {
  /** How many workers there are, 1 or more. */
  readonly count: number;
  readonly worker: Worker<R>;
  /** Each value replaces all workers, one after the other. During such a round it asks for one more. */
  readonly roll$: Observable<unknown>;
  /** Stops all workers. */
  readonly stop$: Observable<unknown>;
  /** Milliseconds that a worker may take until it accepts connections; then it is killed. Default: 10 s. */
  readonly startTimeout?: number;
  /** Milliseconds that a worker may take to end; then it is killed. Longer than its own grace. Default: 40 s. */
  readonly stopTimeout?: number;
  /** Milliseconds before a worker that crashed is started again; twice as many each further time. Default: 100. */
  readonly firstDelay?: number;
  /** The most that this becomes. Default: 10 s. */
  readonly longestDelay?: number;
  /** Milliseconds that a worker has to serve before a crash counts as its first. Default: 10 s. */
  readonly stableAfter?: number;
  readonly scheduler?: SchedulerLike;
}

export type WorkerPhase = 'starting' | 'serving' | 'stopping' | 'ended' | 'crashed' | 'killed';

export type RollingEvent<R> =
  | { readonly type: 'worker'; readonly id: number; readonly place: number; readonly phase: WorkerPhase }
  /** A crashed worker's place is filled again after so many milliseconds. */
  | { readonly type: 'restart'; readonly place: number; readonly delay: number }
  /** A round begins, is over, or was given up: a new worker did not come to serve, and the old ones go on. */
  | { readonly type: 'roll'; readonly state: 'begun' | 'done' | 'failed' }
  | { readonly type: 'report'; readonly id: number; readonly report: R };

/**
 * Keeps `count` workers alive, and replaces them one by one: the new one serves before the old one is told to stop, and
 * the next one has its turn when that has ended. So there is one more than `count` at most.
 *
 * ```text
 * roll$        ------r-------------
 * worker 1     -s------x            s: serves   x: stopped, and ended
 * worker 2           --s-----------
 * ```
 *
 * - **Emits** what happens, and what the workers report. **Completes** when `stop$` has emitted and all have ended.
 * - **Errors** with an error of `roll$`, of `stop$` or of a worker.
 * - **Unsubscribe** kills all of them.
 */
export function rolling<R extends WorkerReport>(options: RollingOptions<R>): Observable<RollingEvent<R>> {
  return new Observable((subscriber) => {
    new Rolling(options, subscriber).run();
  });
}

interface Running {
  readonly id: number;
  readonly place: Place;
  readonly stop$: Subject<void>;
  readonly process: Subscription;
  /** What is done when it has taken too long to start, or to end. */
  limit: Subscription;
  phase: 'starting' | 'serving' | 'stopping';
  servesSince: number;
}

interface Place {
  readonly number: number;
  /** The one that serves here, or is to. */
  worker: Running | undefined;
  /** The one that is to take its place. */
  successor: Running | undefined;
  /** Waits until the place is filled again. */
  restart: Subscription | undefined;
  /** Since a worker was last stable. */
  crashes: number;
}

/**
 * One subscription to `rolling`.
 *
 * | phase    | `roll$`   | a successor serves         | a worker ends                                            |
 * | -------- | --------- | -------------------------- | -------------------------------------------------------- |
 * | steady   | `rolling` | there is none              | it is started again, after a delay                       |
 * | rolling  | `again`   | its predecessor is stopped | a predecessor: the next place has its turn               |
 * |          |           |                            | a successor: the round is given up; another one: as above |
 * | again    | nothing   | as above                   | as above, and after the round there is another one       |
 * | stopping | nothing   | nothing: it is stopping    | the last one: all is over                                |
 */
class Rolling<R extends WorkerReport> {
  readonly #options: RollingOptions<R>;
  readonly #subscriber: Subscriber<RollingEvent<R>>;
  readonly #places: Place[];
  readonly #running = new Set<Running>();
  /** The places that are still to come in this round. */
  #round: Place[] = [];
  /** The predecessor that the round waits for. */
  #leaving: Running | undefined;
  #phase: 'steady' | 'rolling' | 'again' | 'stopping' = 'steady';
  #lastId = 0;

  constructor(options: RollingOptions<R>, subscriber: Subscriber<RollingEvent<R>>) {
    this.#options = options;
    this.#subscriber = subscriber;
    this.#places = Array.from({ length: options.count }, (_, index) => ({
      number: index + 1,
      worker: undefined,
      successor: undefined,
      restart: undefined,
      crashes: 0,
    }));
  }

  run(): void {
    const { roll$, stop$ } = this.#options;
    const subscriber = this.#subscriber;
    for (const place of this.#places) this.#start(place, 'worker');
    subscriber.add(
      roll$.subscribe({ next: () => this.#roll(), error: (error: unknown) => subscriber.error(error) }),
    );
    subscriber.add(
      stop$.subscribe({ next: () => this.#stop(), error: (error: unknown) => subscriber.error(error) }),
    );
  }

  #start(place: Place, role: 'worker' | 'successor'): void {
    const { worker, startTimeout = 10_000 } = this.#options;
    const running: Running = {
      id: ++this.#lastId,
      place,
      stop$: new Subject(),
      process: new Subscription(),
      limit: new Subscription(),
      phase: 'starting',
      servesSince: NaN,
    };
    // Before it is subscribed to: it may end at once.
    place[role] = running;
    this.#running.add(running);
    this.#subscriber.add(running.process);
    this.#tell(running, 'starting');
    running.limit = this.#after(startTimeout, () => this.#kill(running));
    running.process.add(
      worker(running.id, running.stop$).subscribe({
        next: (report) => {
          if (report.type === 'listening') this.#serves(running);
          this.#subscriber.next({ type: 'report', id: running.id, report });
        },
        error: (error: unknown) => this.#subscriber.error(error),
        complete: () => this.#ended(running, running.phase === 'stopping' ? 'ended' : 'crashed'),
      }),
    );
  }

  #serves(running: Running): void {
    if (running.phase !== 'starting') return;
    const { place } = running;
    running.limit.unsubscribe();
    running.phase = 'serving';
    running.servesSince = this.#now();
    this.#tell(running, 'serving');
    if (place.successor !== running) return;
    const predecessor = place.worker;
    place.worker = running;
    place.successor = undefined;
    place.crashes = 0;
    if (predecessor === undefined) this.#rollNext();
    else {
      this.#leaving = predecessor;
      this.#stopOne(predecessor);
    }
  }

  #stopOne(running: Running): void {
    if (running.phase === 'stopping') return;
    const { stopTimeout = 40_000 } = this.#options;
    running.limit.unsubscribe();
    running.phase = 'stopping';
    this.#tell(running, 'stopping');
    running.limit = this.#after(stopTimeout, () => this.#kill(running));
    running.stop$.next();
  }

  #kill(running: Running): void {
    running.process.unsubscribe();
    this.#ended(running, 'killed');
  }

  #ended(running: Running, how: 'ended' | 'crashed' | 'killed'): void {
    if (!this.#running.delete(running)) return;
    running.limit.unsubscribe();
    this.#subscriber.remove(running.process);
    this.#tell(running, how);
    const { place } = running;
    if (place.worker === running) place.worker = undefined;
    if (this.#phase === 'stopping') {
      if (this.#running.size === 0) this.#subscriber.complete();
    } else if (place.successor === running) {
      place.successor = undefined;
      this.#giveUp();
      // Its predecessor has crashed meanwhile.
      if (place.worker === undefined) this.#startAgain(running);
    } else if (this.#leaving === running) {
      this.#leaving = undefined;
      this.#rollNext();
    } else if (place.worker === undefined && place.successor === undefined) {
      this.#startAgain(running);
    }
  }

  #startAgain({ place, servesSince }: Running): void {
    const { firstDelay = 100, longestDelay = 10_000, stableAfter = 10_000 } = this.#options;
    if (this.#now() - servesSince >= stableAfter) place.crashes = 0;
    const delay = Math.min(longestDelay, firstDelay * 2 ** place.crashes++);
    this.#subscriber.next({ type: 'restart', place: place.number, delay });
    place.restart = this.#after(delay, () => this.#start(place, 'worker'));
  }

  #roll(): void {
    if (this.#phase === 'rolling') this.#phase = 'again';
    if (this.#phase !== 'steady') return;
    this.#phase = 'rolling';
    this.#round = [...this.#places];
    this.#subscriber.next({ type: 'roll', state: 'begun' });
    this.#rollNext();
  }

  #rollNext(): void {
    const place = this.#round.shift();
    if (place === undefined) this.#rolled('done');
    else {
      place.restart?.unsubscribe();
      this.#start(place, 'successor');
    }
  }

  #giveUp(): void {
    this.#round = [];
    this.#rolled('failed');
  }

  #rolled(state: 'done' | 'failed'): void {
    const again = this.#phase === 'again';
    this.#phase = 'steady';
    this.#subscriber.next({ type: 'roll', state });
    if (again) this.#roll();
  }

  #stop(): void {
    if (this.#phase === 'stopping') return;
    this.#phase = 'stopping';
    for (const { restart } of this.#places) restart?.unsubscribe();
    for (const running of [...this.#running]) this.#stopOne(running);
    if (this.#running.size === 0) this.#subscriber.complete();
  }

  #tell({ id, place }: Running, phase: WorkerPhase): void {
    this.#subscriber.next({ type: 'worker', id, place: place.number, phase });
  }

  #now(): number {
    return (this.#options.scheduler ?? asyncScheduler).now();
  }

  #after(milliseconds: number, work: () => void): Subscription {
    const scheduled = (this.#options.scheduler ?? asyncScheduler).schedule(() => {
      this.#subscriber.remove(scheduled);
      work();
    }, milliseconds);
    this.#subscriber.add(scheduled);
    return scheduled;
  }
}
