import { setTimeout } from 'node:timers/promises';
import { jetStreamWriter } from 'rxjs-net/nats';
import type { Server } from 'rxjs-net/node';
import { defer, endWith, finalize, from, map, merge, mergeMap, Subject, type Observable } from 'rxjs';
import { openFrames } from './frames.js';
import { ingest } from './ingest.js';
import { work } from './work.js';

/** Frames from TCP to JetStream, and a line each time that JetStream takes no more. */
export function startIngest(
  port: number,
  server: string | undefined,
  onListening: (server: Server) => void,
): Observable<string> {
  return defer(() => from(openFrames(server))).pipe(
    mergeMap(({ nc, js }) => {
      const waits$ = new Subject<string>();
      const onRetry = (error: unknown, delay: number): void =>
        waits$.next(`JetStream takes no more: ${String(error)}; again in ${delay} ms`);
      const bus = jetStreamWriter(js, { onRetry });
      return merge(waits$, ingest(bus, port, onListening)).pipe(finalize(() => void nc.close()));
    }),
  );
}

/** Works on frames, a second each, until it is told to stop: then it finishes those that it has. */
export function startWorker(server: string | undefined, stop$: Observable<unknown>): Observable<string> {
  return defer(() => from(openFrames(server))).pipe(
    mergeMap((frames) =>
      work(frames, () => setTimeout(1000), { until: stop$ }).pipe(
        map((line) => `Done: ${line}`),
        endWith('Stopped, with nothing under way'),
        finalize(() => void frames.nc.close()),
      ),
    ),
  );
}
