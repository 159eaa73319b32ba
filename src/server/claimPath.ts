import { connect } from 'node:net';
import { constants } from 'node:os';
import { defer, map, Observable } from 'rxjs';
import { StaleSocketError } from '../streams/errors.js';
import { displace, identityOf } from './SocketFile.js';

type Answer = 'lives' | 'stale' | 'gone';

/**
 * What to do about a path of a Unix socket on which there is something.
 *
 * | there is                            | then                                                        |
 * | ----------------------------------- | ----------------------------------------------------------- |
 * | nothing any more                    | emits: it may be tried again                                |
 * | no socket, or one that is listened on | errors as Node: `EADDRINUSE`                              |
 * | a socket that nobody listens on     | errors with `StaleSocketError`; with `replaceStale` it is removed, and this emits |
 *
 * @internal
 */
export function claimPath(path: string, replaceStale: boolean): Observable<void> {
  return defer(() => {
    const file = identityOf(path);
    // A file of another kind refuses connections as well, and is nobody's left-over.
    if (file?.isSocket === false) throw addressInUse(path);
    return ask(path).pipe(
      map((answer) => {
        if (answer === 'gone' || file === undefined) return;
        if (answer === 'lives') throw addressInUse(path);
        if (!replaceStale) throw new StaleSocketError(path, addressInUse(path));
        displace(path, file);
      }),
    );
  });
}

function ask(path: string): Observable<Answer> {
  return new Observable((subscriber) => {
    const answer = (value: Answer): void => {
      subscriber.next(value);
      subscriber.complete();
    };
    const socket = connect({ path })
      .on('connect', () => answer('lives'))
      .on('error', ({ code }: NodeJS.ErrnoException) => {
        answer(code === 'ECONNREFUSED' ? 'stale' : code === 'ENOENT' ? 'gone' : 'lives');
      });
    return () => socket.destroy();
  });
}

/** As Node's own. @internal */
export function addressInUse(path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`listen EADDRINUSE: address already in use ${path}`), {
    code: 'EADDRINUSE',
    errno: -constants.errno.EADDRINUSE,
    syscall: 'listen',
    address: path,
    port: -1,
  });
}
