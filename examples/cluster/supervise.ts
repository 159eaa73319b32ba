import { filter, map, merge, Observable, Subject, type SchedulerLike } from 'rxjs';
import { forkWorker } from './forkWorker.js';
import type { Order, Report, WorkerSettings } from './messages.js';
import { rolling, type RollingEvent } from './rolling.js';
import { excesses } from './excesses.js';

export interface SuperviseOptions extends WorkerSettings {
  /** How many workers there are. */
  readonly workers: number;
  /** Each value replaces them, one by one. */
  readonly roll$: Observable<unknown>;
  readonly stop$: Observable<unknown>;
  readonly scheduler?: SchedulerLike;
}

export type SuperviseEvent = RollingEvent<Report>;

/** How much longer than the grace of its clients a worker may take to end. */
const TO_END = 5000;

/**
 * Runs the workers, and keeps the connections of the keep-alive protocol spread evenly: those that a new worker lacks are
 * told to reconnect by the others.
 */
export function supervise(options: SuperviseOptions): Observable<SuperviseEvent> {
  const { workers, roll$, stop$, scheduler, ...settings } = options;
  return new Observable((subscriber) => {
    const shed$ = new Subject<{ id: number; count: number }>();
    const kept = new Map<number, number>();

    function worker(id: number, stopped$: Observable<void>): Observable<Report> {
      const shedding$ = shed$.pipe(
        filter((order) => order.id === id),
        map(({ count }): Order => ({ type: 'shed', count })),
      );
      return forkWorker(settings, merge(stopped$.pipe(map((): Order => ({ type: 'stop' }))), shedding$));
    }

    /** Once all have told of theirs: those of one are spread over all of them, so that one alone may not go by old numbers. */
    function balance(): void {
      if (kept.size < workers || [...kept.values()].some(Number.isNaN)) return;
      for (const [id, count] of excesses(kept)) shed$.next({ id, count });
      for (const id of kept.keys()) kept.set(id, NaN);
    }

    return rolling<Report>({
      count: workers,
      worker,
      roll$,
      stop$,
      stopTimeout: settings.grace + TO_END,
      ...(scheduler === undefined ? {} : { scheduler }),
    }).subscribe({
      next: (event) => {
        subscriber.next(event);
        if (event.type === 'worker') {
          if (event.phase === 'serving') kept.set(event.id, NaN);
          else kept.delete(event.id);
        } else if (event.type === 'report' && event.report.type === 'stats' && kept.has(event.id)) {
          kept.set(event.id, event.report.kept);
          balance();
        }
      },
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
  });
}
