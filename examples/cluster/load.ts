/** A load of both protocols at a fixed rate, whatever the server makes of it, which looks at every reply. */
import { useConnection } from 'rxjs-net';
import { fromConnection } from 'rxjs-net/node';
import {
  asyncScheduler,
  catchError,
  finalize,
  interval,
  map,
  merge,
  mergeMap,
  Observable,
  of,
  takeUntil,
  throwIfEmpty,
  timeout,
  type SchedulerLike,
} from 'rxjs';
import { LineClient } from './LineClient.js';
import type { Outcome } from './Outcome.js';
import { replyFrom, type Reply } from './protocols.js';

export interface LoadOptions {
  readonly host: string;
  readonly shortPort: number;
  readonly linesPort: number;
  /** Requests a second, of both protocols together, in turns. */
  readonly rate: number;
  /** Connections of the keep-alive protocol. Default: 100. */
  readonly connections?: number;
  /** Milliseconds that a reply may take. Default: 10 s. */
  readonly timeout?: number;
  /** Ends the load: no more requests; the replies are waited for. */
  readonly stop$: Observable<unknown>;
  readonly scheduler?: SchedulerLike;
}

/** How often the due requests are sent. */
const TICK = 5;

/**
 * Sends so many requests a second, each when it is due and not when the one before is answered, so that a slow server
 * is not spared.
 *
 * - **Emits** what became of each request. **Completes** after `stop$`, with the last reply. **Unsubscribe** lets go of all.
 */
export function load(options: LoadOptions): Observable<Outcome> {
  const { host, shortPort, linesPort, rate, connections = 100, timeout: patience = 10_000 } = options;
  const { stop$, scheduler = asyncScheduler } = options;

  function short(id: number): Observable<Outcome> {
    const begun = scheduler.now();
    const outcome = { protocol: 'short', begun } as const;
    return fromConnection({ host, port: shortPort, scheduler }).pipe(
      useConnection(({ reader, writer }) => {
        writer.write(`${id}\n`);
        const { port } = writer.getExtraInfo('sockname')!;
        // Up to the end: who ends first has its port taken for a minute, and there are 28,000.
        return reader.read('ascii').pipe(map((line) => replyFrom(line, String(id), port)));
      }),
      throwIfEmpty(() => new Error('The connection has ended without a reply')),
      timeout({ first: patience, scheduler }),
      map(({ worker }: Reply): Outcome => ({ ...outcome, ended: scheduler.now(), worker })),
      catchError((error: unknown) =>
        of({ ...outcome, ended: scheduler.now(), worker: undefined, error: error as Error }),
      ),
    );
  }

  return new Observable((subscriber) => {
    const clients = Array.from(
      { length: connections },
      () => new LineClient({ host, port: linesPort, patience, scheduler }),
    );
    const start = scheduler.now();
    let sent = 0;
    const short$ = interval(TICK, scheduler).pipe(
      // Not what is under way.
      // eslint-disable-next-line rxjs-x/no-unsafe-takeuntil
      takeUntil(stop$),
      mergeMap(() => {
        const due = Math.floor(((scheduler.now() - start) * rate) / 1000);
        const shorts: Observable<Outcome>[] = [];
        for (; sent < due; sent++) {
          if (sent % 2 === 0) shorts.push(short(sent));
          else clients[((sent - 1) / 2) % connections]!.request(String(sent));
        }
        return merge(...shorts);
      }),
    );
    return merge(
      ...clients.map(({ outcomes$ }) => outcomes$),
      short$.pipe(finalize(() => clients.forEach((client) => client.end()))),
    ).subscribe(subscriber);
  });
}
