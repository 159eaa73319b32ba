/** Sends a message to an echo server and waits for the answer. */
import { useConnection } from 'rxjs-net';
import { fromConnection } from 'rxjs-net/node';
import { endWith, map, startWith, type Observable } from 'rxjs';

/** Emits the lines to print. The connection is closed when the answer is there, or at the unsubscription. */
export function echoClient(port: number, message = 'Hello World!'): Observable<string> {
  return fromConnection({ host: '127.0.0.1', port }).pipe(
    useConnection(({ reader, writer }) => {
      writer.write(message);
      return reader.read(100).pipe(
        map((data) => `Received: "${new TextDecoder().decode(data)}"`),
        startWith(`Send: "${message}"`),
        endWith('Close the connection'),
      );
    }),
  );
}
