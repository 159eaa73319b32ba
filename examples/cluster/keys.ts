import { Observable, share, type Observer } from 'rxjs';

/**
 * The keys of a terminal, one by one, without Enter. Ctrl+C is a signal, as always.
 *
 * - **Unsubscribe** gives the terminal back as it was.
 */
export function keys(): Observable<string> {
  const { stdin } = process;
  return new Observable((subscriber: Observer<string>) => {
    const onData = (data: Buffer): void => {
      for (const key of String(data)) {
        if (key === '\x03') process.kill(process.pid, 'SIGINT');
        else subscriber.next(key);
      }
    };
    stdin.setRawMode(true);
    stdin.on('data', onData);
    return () => {
      stdin.off('data', onData).pause();
      stdin.setRawMode(false);
    };
  }).pipe(share());
}
