import { ReplaySubject, Subject, takeUntil } from 'rxjs';
import type { ConnectOptions } from '../../src/observables/ConnectOptions.js';
import { openConnection } from '../../src/observables/openConnection.js';
import { fromServer } from '../../src/server/fromServer.js';
import type { Server } from '../../src/server/Server.js';
import type { ServerOptions } from '../../src/server/ServerOptions.js';
import type { Connection } from '../../src/streams/Connection.js';
import { patiently } from './patience.js';

export interface OurServer {
  readonly server: Server;
  readonly port: number;
  /** The next connection that nobody has asked for yet. */
  accepted(): Promise<Connection>;
}

export interface OurConnections {
  connect(options: ConnectOptions): Promise<Connection>;
  /** Default: on a free port of 127.0.0.1. */
  listen(options?: Partial<ServerOptions>): Promise<OurServer>;
}

/** Connections and servers of ours, for a `describe`: they are aborted after each of its specs. */
export function useConnections(): OurConnections {
  const open = new Set<Connection>();
  const over = new Subject<void>();

  afterEach(() => {
    over.next();
    for (const { writer } of open) writer.abort();
    open.clear();
  });

  return {
    async connect(options) {
      const connection = await patiently('the connection', openConnection(options));
      open.add(connection);
      return connection;
    },
    async listen(options = {}) {
      const where = options.path === undefined ? { host: '127.0.0.1', port: 0 } : {};
      const listening = new ReplaySubject<Server>(1);
      fromServer({ ...where, ...options } as ServerOptions)
        .pipe(takeUntil(over))
        .subscribe(listening);
      const server = await patiently('our server to listen', listening);
      const accepted: Connection[] = [];
      const more = new Subject<void>();
      server.connections$.subscribe((connection) => {
        open.add(connection);
        accepted.push(connection);
        more.next();
      });
      return {
        server,
        port: server.addresses[0]?.port ?? 0,
        async accepted() {
          if (accepted.length === 0) await patiently('a connection to our server', more);
          return accepted.shift()!;
        },
      };
    },
  };
}

/** Closes, and waits until the other side has closed as well. */
export async function close({ writer }: Connection): Promise<void> {
  writer.close();
  await patiently('the end of the connection', writer.waitClosed());
}
