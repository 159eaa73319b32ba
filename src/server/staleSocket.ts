import { lstatSync } from 'node:fs';
import { connect } from 'node:net';
import { Observable } from 'rxjs';

/** Whether a socket file is a left-over: there, and nobody listens. Emits once. @internal */
export function isStaleSocket(path: string): Observable<boolean> {
  return new Observable((subscriber) => {
    const answer = (stale: boolean): void => {
      subscriber.next(stale);
      subscriber.complete();
    };
    // A file of another kind refuses connections as well, and is nobody's left-over.
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === false) {
      answer(false);
      return undefined;
    }
    const socket = connect({ path })
      .on('connect', () => answer(false))
      .on('error', (error: NodeJS.ErrnoException) => answer(error.code === 'ECONNREFUSED'));
    return () => socket.destroy();
  });
}
