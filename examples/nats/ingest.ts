import { lines, serve } from 'rxjs-net';
import type { JetStreamWriter } from 'rxjs-net/nats';
import { serverConnections$, type Server } from 'rxjs-net/node';
import { concat, defer, type Observable } from 'rxjs';

/** Frames of one connection that are on their way to JetStream at the same time. */
const AT_ONCE = 64;

/**
 * Takes frames from TCP to JetStream. A frame is a line: an id, a space, and what it carries. The id is the answer, once the
 * stream has it; who has not seen it sends the frame again, and it is stored once all the same.
 *
 * When the workers fall behind the stream gets full, then nothing is read here, and the peer's TCP window closes.
 */
export function ingest(
  bus: JetStreamWriter,
  port: number,
  onListening: (server: Server) => void,
): Observable<never> {
  return serverConnections$({ port, host: '127.0.0.1', onListening }).pipe(
    serve(({ reader, writer }) =>
      reader.consume(
        lines(),
        (line) => {
          const [id = ''] = line.split(' ', 1);
          return concat(
            bus.send('frames.in', line, { msgID: id }),
            defer(() => writer.send(`${id}\n`)),
          );
        },
        AT_ONCE,
      ),
    ),
  );
}
