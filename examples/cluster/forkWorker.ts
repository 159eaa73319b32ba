import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { delayWhen, Observable, ReplaySubject } from 'rxjs';
import type { Order, Report, WorkerSettings } from './messages.js';

const PROGRAM = fileURLToPath(new URL('./worker.js', import.meta.url));

/**
 * A process of `node:cluster`, anew for each subscription.
 *
 * - **Emits** what it reports. **Completes** when it has ended, or could not be started.
 * - **Unsubscribe** kills it.
 */
export function forkWorker(settings: WorkerSettings, orders$: Observable<Order>): Observable<Report> {
  return new Observable((subscriber) => {
    cluster.setupPrimary({ exec: PROGRAM, args: [JSON.stringify(settings)] });
    const worker: Worker = cluster.fork();
    worker.on('error', (error) => {
      subscriber.next({ type: 'error', error });
      if (worker.process.pid === undefined) subscriber.complete();
    });
    const ready$ = new ReplaySubject<void>(1);
    worker.on('message', (report: Report) => {
      if (report.type === 'ready') ready$.next();
      subscriber.next(report);
    });
    worker.on('exit', (code: number | null, signal: string | null) => {
      subscriber.next({ type: 'exit', code, signal });
      subscriber.complete();
    });
    subscriber.add(() => worker.process.kill('SIGKILL'));
    if (worker.process.pid !== undefined) subscriber.next({ type: 'started', pid: worker.process.pid });
    // Node drops what is sent to a worker before that listens. One that has just gone cannot be told, and need not be.
    subscriber.add(
      orders$
        .pipe(delayWhen(() => ready$))
        .subscribe((order) => worker.isConnected() && worker.send(order, () => undefined)),
    );
  });
}
