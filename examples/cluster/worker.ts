/**
 * The program of a worker: two servers, on ports that all workers share. At the order to stop, or at SIGTERM, it accepts no
 * more connections, tells its clients to go, and ends when the last one has gone.
 */
import { serve, type ServeHandler } from 'rxjs-net';
import { fromServer, type ListenTarget, type Server } from 'rxjs-net/node';
import cluster from 'node:cluster';
import {
  combineLatest,
  finalize,
  interval,
  merge,
  mergeMap,
  ReplaySubject,
  Subject,
  takeUntil,
  withLatestFrom,
  type Observable,
} from 'rxjs';
import { Goodbyes } from './Goodbyes.js';
import type { Order, Report, WorkerSettings } from './messages.js';
import { answerLines, answerOnce } from './protocols.js';

const STATS_INTERVAL = 1000;

const { host, shortPort, linesPort, fds, trusted, reusePort, grace } = JSON.parse(
  process.argv[2]!,
) as WorkerSettings;

const stop$ = new ReplaySubject<void>(1);
const goodbyes = new Goodbyes();
const shortServer$ = new Subject<Server>();
const linesServer$ = new Subject<Server>();
let answers = 0;

// Of the terminal, which tells the whole group of processes: the primary has a better word for it.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('SIGTERM', () => stop$.next());
process.on('message', (order: Order) => {
  if (order.type === 'stop') stop$.next();
  else goodbyes.tell(order.count);
});

tell({ type: 'ready' });

function tell(report: Report): void {
  // A primary that is gone takes its workers with it.
  process.send!(report, () => undefined);
}

function server(
  target: ListenTarget,
  told: Subject<Server>,
  handler: ServeHandler<never>,
): Observable<never> {
  return fromServer({ ...target, ...(trusted && { proxyProtocol: { trusted } }) }).pipe(
    mergeMap((listens) => {
      told.next(listens);
      // Before the goodbyes: whoever is just being accepted is still served.
      const stopped$ = stop$.pipe(mergeMap(() => listens.stopListening()));
      return listens.connections$.pipe(serve(handler, { stop: stopped$, grace, onError: () => undefined }));
    }),
  );
}

const onAnswer = (): number => ++answers;
const done$ = new Subject<void>();

combineLatest([shortServer$, linesServer$])
  .pipe(
    mergeMap(([short, lines]) => {
      tell({ type: 'listening', shortPort: portOf(short), linesPort: portOf(lines) });
      return interval(STATS_INTERVAL).pipe(withLatestFrom(short.active$, lines.active$));
    }),
    takeUntil(done$),
  )
  .subscribe(([, short, lines]) => {
    const { rss } = process.memoryUsage();
    tell({ type: 'stats', connections: short + lines, kept: goodbyes.count, answers, rss });
  });

merge(
  server(targetOf(shortPort, fds?.[0]), shortServer$, answerOnce(onAnswer)),
  server(targetOf(linesPort, fds?.[1]), linesServer$, answerLines(onAnswer, goodbyes.goodbye$)),
)
  .pipe(finalize(() => done$.next()))
  .subscribe({
    // Not before the primary has agreed: until then it may hand over a connection, which goes back to it.
    complete: () => cluster.worker!.disconnect(),
  });

function targetOf(port: number, fd?: number): ListenTarget {
  if (fd !== undefined) return { fd };
  return { host, port, ...(reusePort === undefined ? {} : { reusePort }) };
}

function portOf({ addresses }: Server): number {
  return addresses[0]!.port;
}
