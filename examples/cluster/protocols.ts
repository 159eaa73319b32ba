/** Two protocols of lines. A reply has the request, the process that answers, and who it takes the client for. */
import { converse, type Connection, type Conversation, type ServeContext, type ServeHandler } from 'rxjs-net';
import { merge, take, type Observable } from 'rxjs';

/** Said to a client of the keep-alive protocol: no more requests here, please; those that are sent are still answered. */
export const RECONNECT = 'reconnect';

/** One request, one reply, and the end. */
export function answerOnce(onAnswer: () => void): ServeHandler<never> {
  return converse(function* (io: Conversation<never>) {
    const request = yield* io.line();
    yield* io.send(reply(request, io.connection));
    onAnswer();
  });
}

/**
 * Any number of requests, until the client ends its direction. When serving stops, or at `goodbye$`, it is told to reconnect,
 * and answered on: a request may be on its way, and only the client knows which one is its last.
 */
export function answerLines(onAnswer: () => void, goodbye$: Observable<void>): ServeHandler<never> {
  return converse(function* (io: Conversation<never>, { stopping$ }: ServeContext) {
    const telling = merge(stopping$, goodbye$)
      .pipe(take(1))
      .subscribe(() => io.write(`${RECONNECT}\n`));
    try {
      while (!(yield* io.atEof())) {
        const request = yield* io.line();
        yield* io.send(reply(request, io.connection));
        onAnswer();
      }
    } finally {
      telling.unsubscribe();
    }
  });
}

function reply(request: string, { writer }: Connection): string {
  const { address, port } = writer.getExtraInfo('peername')!;
  return `${request} ${process.pid} ${address} ${port}\n`;
}

export interface Reply {
  /** The process that answers. */
  readonly worker: number;
}

/** What a line says, if it is the reply to this request, for a client with this port; throws what is wrong with it. */
export function replyFrom(line: string, request: string, port: number): Reply {
  const [id, worker, , seen] = line.trimEnd().split(' ');
  if (id !== request) throw new Error(`The reply to ${request} is ${JSON.stringify(line)}`);
  if (seen !== String(port))
    throw new Error(`The client on port ${port} was taken for ${JSON.stringify(line)}`);
  return { worker: Number(worker) };
}
