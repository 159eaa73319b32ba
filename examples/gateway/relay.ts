import type { Connection } from 'rxjs-net';
import { catchError, concat, defer, EMPTY, ignoreElements, merge, throwError, type Observable } from 'rxjs';

/** One side has broken off; `cause` is what its reader or its writer says of it. */
export class SideLost extends Error {
  override readonly name = 'SideLost';

  constructor(
    readonly side: 'client' | 'target',
    cause: unknown,
  ) {
    super(`The ${side} was lost`, { cause });
  }
}

/**
 * Carries the bytes of each side to the other one, at the pace of who takes them, and the end of each direction by itself
 * where the writer can end one.
 *
 * | what happens            | what becomes of it                                                                  |
 * | ----------------------- | ----------------------------------------------------------------------------------- |
 * | a side ends a direction | the other one sees the end; the other direction goes on                             |
 * | the client closes       | what it sent goes to the target; what comes for it is dropped; then it completes    |
 * | the client is lost      | errors at once                                                                      |
 * | the target is lost      | errors when the client has taken all that had come of it: that may say why          |
 *
 * - **Completes** when both directions have ended. **Errors** with `SideLost`. Leaves both connections as they are.
 */
export function relay(client: Connection, target: Connection): Observable<never> {
  const up$ = client.reader.pipeTo(target.writer).pipe(
    catchError((error: unknown) => {
      // Of the loss of the target its reader tells, behind all that it has received.
      const isTold = fateOf(client) === 'closed' || (fateOf(client) === 'open' && fateOf(target) !== 'open');
      return isTold ? EMPTY : throwError(() => error);
    }),
  );
  const down$ = target.reader
    .pipeTo(client.writer)
    .pipe(catchError((error: unknown) => (fateOf(client) === 'closed' ? EMPTY : throwError(() => error))));
  return concat(
    merge(up$, down$),
    // The target may be lost after the end of its direction.
    defer(() => (fateOf(target) === 'lost' ? target.writer.waitClosed().pipe(ignoreElements()) : EMPTY)),
  ).pipe(
    catchError((cause: unknown) =>
      throwError(() => new SideLost(fateOf(client) === 'lost' ? 'client' : 'target', cause)),
    ),
  );
}

/** A peer of WebSocket that gives one of these codes has sent all that it had, also where it does not take all. */
const GOODBYES: readonly unknown[] = [1000, 1001, 1005];

/** What has become of a connection by now. */
function fateOf({ writer }: Connection): 'open' | 'closed' | 'lost' {
  let fate: 'open' | 'closed' | 'lost' = 'open';
  const hasSaidGoodbye = GOODBYES.includes(writer.getExtraInfo('closeCode'));
  writer
    .waitClosed()
    .subscribe({ next: () => (fate = 'closed'), error: () => (fate = hasSaidGoodbye ? 'closed' : 'lost') })
    .unsubscribe();
  return fate;
}
