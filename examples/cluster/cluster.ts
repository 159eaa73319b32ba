/** Workers in processes of their own, replaced one by one without loss, with a load to see it by. */
import {
  auditTime,
  connect,
  endWith,
  filter,
  finalize,
  ignoreElements,
  interval,
  map,
  merge,
  mergeMap,
  NEVER,
  Observable,
  share,
  Subject,
  take,
  takeUntil,
  tap,
} from 'rxjs';
import type { ClusterArguments } from './arguments.js';
import { ClusterState } from './ClusterState.js';
import { load } from './load.js';
import type { Report } from './messages.js';
import { screen, summary } from './screen.js';
import { supervise, type SuperviseEvent } from './supervise.js';

export interface ClusterOptions extends ClusterArguments {
  /** Each value replaces the workers. */
  readonly roll$: Observable<unknown>;
  /** Each value kills one of them, as a crash would. */
  readonly kill$: Observable<unknown>;
  /** Stops the load and, when its last reply is there, all workers. */
  readonly stop$: Observable<unknown>;
  /** Whether to draw one screen again and again, instead of printing one line after the other. */
  readonly isScreen: boolean;
}

const SUMMARY_INTERVAL = 5000;
const DRAW_INTERVAL = 200;

/** Emits what is to be printed. Completes when it was stopped, and the last worker has ended. Unsubscribe kills them. */
export function cluster(options: ClusterOptions): Observable<string> {
  const { rate, rollEvery, roll$, kill$, isScreen, ...settings } = options;
  return new Observable((subscriber) => {
    const state = new ClusterState();
    const said: string[] = [];
    const stop$ = options.stop$.pipe(take(1), share());
    const loadIsOver$ = new Subject<void>();
    let isLoaded = false;

    function startLoad(shortPort: number, linesPort: number): Observable<never> {
      isLoaded = true;
      return load({ host: settings.host, shortPort, linesPort, rate, stop$ }).pipe(
        tap((outcome) => state.count(outcome)),
        finalize(() => loadIsOver$.next()),
        ignoreElements(),
      );
    }

    function killOne(): void {
      const pid = state.workers.find(({ phase }) => phase === 'serving')?.pid;
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    }

    function printed(events$: Observable<SuperviseEvent>): Observable<string> {
      const lines$ = events$.pipe(
        map((event) => state.take(event)),
        filter((line) => line !== undefined),
        tap((line) => {
          said.push(line);
          // As many as the screen has room for.
          if (said.length > 8) said.shift();
        }),
      );
      if (isScreen) {
        return merge(lines$, interval(DRAW_INTERVAL)).pipe(
          auditTime(DRAW_INTERVAL),
          map(() => screen(state, said)),
        );
      }
      return merge(lines$, interval(SUMMARY_INTERVAL).pipe(map(() => summary(state))));
    }

    const everySoOften$ = rollEvery === 0 ? NEVER : interval(rollEvery * 1000);
    return supervise({
      ...settings,
      roll$: merge(roll$, everySoOften$),
      stop$: merge(stop$.pipe(filter(() => !isLoaded)), loadIsOver$),
    })
      .pipe(
        connect((events$) => {
          const load$ = events$.pipe(
            filter(isListening),
            take(rate === 0 ? 0 : 1),
            mergeMap(({ report }) => startLoad(report.shortPort, report.linesPort)),
          );
          const killed$ = kill$.pipe(tap(killOne), ignoreElements());
          const over$ = events$.pipe(ignoreElements(), endWith(true));
          return merge(printed(events$), load$, killed$).pipe(takeUntil(over$));
        }),
      )
      .subscribe(subscriber);
  });
}

function isListening(
  event: SuperviseEvent,
): event is Extract<SuperviseEvent, { type: 'report' }> & { report: Extract<Report, { type: 'listening' }> } {
  return event.type === 'report' && event.report.type === 'listening';
}
