/** Waits for data on a socket that is open already. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { useConnection } from 'rxjs-net';
import { fromConnection } from 'rxjs-net/node';
import { finalize, from, map, mergeMap, type Observable } from 'rxjs';

/** Emits the line to print, and closes both sockets. */
export function waitForData(): Observable<string> {
  return from(socketPair()).pipe(
    mergeMap(([socket, other]) => {
      // The data comes later, as from the network.
      setImmediate(() => other.write('abc'));

      return fromConnection({ socket }).pipe(
        useConnection(({ reader }) => reader.read(100)),
        map((data) => `Received: ${new TextDecoder().decode(data)}`),
        finalize(() => other.end()),
      );
    }),
  );
}

/** Two sockets connected with each other, by Node's own means: Python's `socket.socketpair()`. */
async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const one = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[other]] = (await Promise.all([once(server, 'connection'), once(one, 'connect')])) as [
    [Socket],
    unknown,
  ];
  server.close();
  return [one, other];
}
