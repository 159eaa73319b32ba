import { serve, type ConnectionHandler } from 'rxjs-net';
import { serverConnections$, type AcceptOptions } from 'rxjs-net/node';

/** A server with rxjs-net on a port that is free. */
export function serveClients(
  handler: ConnectionHandler<unknown>,
  options: AcceptOptions = {},
): Promise<{ port: number }> {
  return new Promise((resolve) => {
    serverConnections$({
      ...options,
      host: '127.0.0.1',
      port: 0,
      onListening: ({ addresses: [address] }) => resolve({ port: address!.port }),
    })
      // A client that leaves in the middle of a read is not worth a word.
      .pipe(serve(handler, { onError: () => {} }))
      .subscribe();
  });
}
