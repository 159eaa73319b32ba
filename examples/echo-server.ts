/** Answers every client with what it sent, up to 100 bytes, and closes the connection. */
import { serve, type Connection } from 'rxjs-net';
import { serverConnections$, type Server } from 'rxjs-net/node';
import { concatMap, endWith, startWith, type Observable } from 'rxjs';

/** Emits the lines to print. Listens until it is unsubscribed, or `server.close()` is called. */
export function echoServer(port: number, onListening: (server: Server) => void): Observable<string> {
  return serverConnections$({ host: '127.0.0.1', port, onListening }).pipe(serve(echo));
}

/** Emits the lines to print for one client. */
export function echo({ reader, writer }: Connection): Observable<string> {
  const peer = writer.getExtraInfo('peername')!;
  return reader
    .read(100)
    .pipe(
      concatMap((data) =>
        writer
          .send(data)
          .pipe(
            startWith(`Received "${new TextDecoder().decode(data)}" from ${peer.address}:${peer.port}`),
            endWith('Close the connection'),
          ),
      ),
    );
}
