import { Subject, takeUntil } from 'rxjs';
import { fromConnection } from '../../src/observables/fromConnection.js';
import type { ConnectOptions } from '../../src/observables/ConnectOptions.js';
import type { Connection } from '../../src/streams/Connection.js';
import { eventually } from '../contracts/eventually.js';

/** Gives what connects by `fromConnection`. Its subscriptions, and with them the connections, end with the spec. */
export function ownedClients(): (options: ConnectOptions) => Promise<Connection> {
  const finish = new Subject<void>();
  afterEach(() => finish.next());
  return (options) => {
    const connected = new Promise<Connection>((resolve, reject) => {
      fromConnection(options).pipe(takeUntil(finish)).subscribe({ next: resolve, error: reject });
    });
    return eventually('the connection', connected);
  };
}
