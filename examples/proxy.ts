/** A TCP proxy: what comes on the one connection goes out on the other, both ways, as fast as it is taken there. */
import { serve, useConnection, type Connection } from 'rxjs-net';
import { fromConnection, serverConnections$, type ConnectTarget, type Server } from 'rxjs-net/node';
import { merge, type Observable } from 'rxjs';

/** Listens until it is unsubscribed. A connection that breaks, or finds no target, ends its pair and no other. */
export function proxy(
  port: number,
  target: ConnectTarget,
  onListening: (server: Server) => void,
): Observable<never> {
  return serverConnections$({ host: '127.0.0.1', port, onListening }).pipe(
    serve((client) => fromConnection(target).pipe(useConnection((server) => carry(client, server)))),
  );
}

/** Either way at the pace of who takes it. */
export function carry(client: Connection, server: Connection): Observable<never> {
  return merge(client.reader.pipeTo(server.writer), server.reader.pipeTo(client.writer));
}
