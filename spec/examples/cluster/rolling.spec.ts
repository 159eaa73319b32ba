import { delay, filter, ignoreElements, map, shareReplay, takeUntil, type Observable } from 'rxjs';
import { marbles, type Context } from 'rxjs-marbles/jasmine/index.js';
import {
  rolling,
  type RollingEvent,
  type RollingOptions,
  type WorkerPhase,
  type WorkerReport,
} from '../../../examples/cluster/rolling.js';

/** The letter of a phase in the life of a worker. */
const LETTERS: Record<WorkerPhase, string> = {
  starting: 's',
  serving: 'v',
  stopping: 't',
  ended: 'e',
  crashed: 'c',
  killed: 'k',
};
const LISTENING = { l: { type: 'listening' } };

interface Story extends Partial<Omit<RollingOptions<WorkerReport>, 'roll$' | 'stop$'>> {
  /** What each worker does by itself, in the order of their start: `l` when it listens, `|` when it ends. The last one is repeated. */
  workers: string[];
  /** How long one that is stopped takes to end. Default: 2. */
  ending?: number;
  roll?: string;
  stop?: string;
}

function tell(m: Context, { workers, ending = 2, roll = '-', stop = '-', ...options }: Story) {
  const events$ = rolling<WorkerReport>({
    count: 1,
    roll$: m.hot(roll),
    stop$: m.hot(stop),
    worker: (id, stop$) =>
      m.cold(workers[id - 1] ?? workers.at(-1)!, LISTENING).pipe(takeUntil(stop$.pipe(delay(ending)))),
    ...options,
  }).pipe(shareReplay({ bufferSize: Infinity, refCount: true }));
  return {
    /** One letter for each phase of a worker. */
    life: (id: number) =>
      events$.pipe(
        filter((event) => event.type === 'worker'),
        filter((event) => event.id === id),
        map(({ phase }) => LETTERS[phase]),
      ),
    rounds: only(events$, 'roll').pipe(map(({ state }) => state[0]!)),
    restarts: only(events$, 'restart').pipe(map(({ delay: milliseconds }) => milliseconds)),
  };
}

function only<T extends RollingEvent<unknown>['type']>(
  events$: Observable<RollingEvent<WorkerReport>>,
  type: T,
): Observable<Extract<RollingEvent<WorkerReport>, { type: T }>> {
  return events$.pipe(
    filter((event): event is Extract<RollingEvent<WorkerReport>, { type: T }> => event.type === type),
  );
}

describe('examples: rolling', () => {
  it(
    'replaces the workers one by one: the new one serves before the old one is stopped, and has ended before the next',
    marbles((m) => {
      const { life, rounds } = tell(m, { count: 2, workers: ['--l'], roll: '----r' });
      m.expect(life(1)).toBeObservable('s-v---t-e----');
      m.expect(life(3)).toBeObservable('----s-v------');
      m.expect(life(2)).toBeObservable('s-v-------t-e');
      m.expect(life(4)).toBeObservable('--------s-v--');
      m.expect(rounds).toBeObservable(' ----b-------d');
    }),
  );

  it(
    'asked again in the middle of a round it makes one more, however often it was asked',
    marbles((m) => {
      const { life, rounds } = tell(m, { workers: ['l'], roll: '-rrrr', ending: 5 });
      m.expect(rounds).toBeObservable(' -b----(db)-d');
      m.expect(life(3)).toBeObservable('------(sv)--');
      m.expect(life(4)).toBeObservable('-');
    }),
  );

  it(
    'a new worker that does not come to serve ends the round: the old ones go on',
    marbles((m) => {
      const { life, rounds, restarts } = tell(m, {
        count: 2,
        workers: ['l', 'l', '--|', 'l'],
        roll: '--r----r-----',
      });
      m.expect(rounds).toBeObservable(' --b-f--b---d');
      m.expect(life(3)).toBeObservable('--s-c');
      m.expect(life(1)).toBeObservable('(sv)---t-e');
      m.expect(life(2)).toBeObservable('(sv)-----t-e');
      m.expect(restarts).toBeObservable('-');
    }),
  );

  it(
    'one that is too slow to start is killed, and so is one that is too slow to end',
    marbles((m) => {
      const { life, rounds } = tell(m, {
        workers: ['l', '----l', '-l'],
        startTimeout: 3,
        stopTimeout: 4,
        ending: 9,
        roll: '-r-----r',
      });
      m.expect(rounds).toBeObservable(' -b--f--b----d');
      m.expect(life(2)).toBeObservable('-s--k');
      m.expect(life(1)).toBeObservable('(sv)----t---k');
      m.expect(life(3)).toBeObservable('-------sv');
    }),
  );

  it(
    'a crashed worker is started again, each time after twice the delay, up to the longest',
    marbles((m) => {
      const { life, restarts } = tell(m, {
        workers: ['-l-|'],
        firstDelay: 1,
        longestDelay: 4,
        stop: '------------------------------s',
      });
      m.expect(life(1)).toBeObservable('sv-c--------------------------|');
      m.expect(life(2)).toBeObservable('----sv-c----------------------|');
      m.expect(restarts).toBeObservable('---a---b----c------c------c---|', { a: 1, b: 2, c: 4 });
    }),
  );

  it(
    'the delay begins anew when a worker has been stable',
    marbles((m) => {
      const { restarts } = tell(m, {
        workers: ['l-|', 'l-|', 'l-----|', 'l'],
        firstDelay: 1,
        stableAfter: 5,
      });
      m.expect(restarts).toBeObservable('--a--b-------a', { a: 1, b: 2 });
    }),
  );

  it(
    'a crash costs the others nothing, and a round comes to that place as well',
    marbles((m) => {
      const { life, rounds } = tell(m, {
        count: 2,
        workers: ['l', '--l--|', 'l', 'l'],
        firstDelay: 20,
        roll: '------r',
      });
      m.expect(life(2)).toBeObservable('s-v--c');
      m.expect(life(1)).toBeObservable('(sv)--t-e');
      m.expect(life(4)).toBeObservable('--------(sv)');
      m.expect(rounds).toBeObservable('------b-d');
    }),
  );

  it(
    'a predecessor that crashes while its successor starts is not started again, unless that fails, too',
    marbles((m) => {
      const { life, rounds, restarts } = tell(m, { workers: ['l---|', '---l', 'l'], roll: '--r' });
      m.expect(rounds).toBeObservable('--b--d');
      m.expect(life(2)).toBeObservable('--s--v');
      m.expect(restarts).toBeObservable('-');
    }),
  );

  it(
    'where both are gone the place is filled after the delay',
    marbles((m) => {
      const { life, rounds } = tell(m, { workers: ['l---|', '---|', 'l'], roll: '--r', firstDelay: 3 });
      m.expect(rounds).toBeObservable('--b--f');
      m.expect(life(3)).toBeObservable('--------(sv)');
    }),
  );

  it(
    'stopped, it stops all, those that start as well, starts none, and completes when the last has ended',
    marbles((m) => {
      const { life, restarts } = tell(m, {
        count: 2,
        workers: ['l', 'l|', '-----l'],
        roll: '---r',
        stop: '----s--s',
        firstDelay: 9,
      });
      m.expect(restarts).toBeObservable('-r----|', { r: 9 });
      m.expect(life(1)).toBeObservable('(sv)t-(e|)');
      m.expect(life(3)).toBeObservable('---st-(e|)');
    }),
  );

  it(
    'unsubscribed, it kills all of them',
    marbles((m) => {
      const worker = m.cold('-l', LISTENING);
      const roll$ = m.hot('--r');
      const killed$ = rolling<WorkerReport>({ count: 1, roll$, stop$: m.cold('-'), worker: () => worker });
      m.expect(killed$.pipe(ignoreElements()), '---!').toBeObservable('-');
      m.expect(worker).toHaveSubscriptions(['^--!', '--^!']);
    }),
  );

  it(
    'fails with the error of a worker',
    marbles((m) => {
      const { life } = tell(m, { workers: ['--l#'] });
      m.expect(life(1)).toBeObservable('s-v#');
    }),
  );
});
