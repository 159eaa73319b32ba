/** A small server that Redis's own clients can talk to: `redis-cli`, `redis-benchmark`. */
import {
  DecodeError,
  IncompleteReadError,
  ConnectionLostError,
  LimitOverrunError,
  serve,
  type ConnectionHandler,
} from 'rxjs-net';
import { serverConnections$, type Server } from 'rxjs-net/node';
import {
  asyncScheduler,
  catchError,
  defer,
  EMPTY,
  finalize,
  ignoreElements,
  Subject,
  takeUntil,
  type Observable,
} from 'rxjs';
import { Channels } from './Channels.js';
import { encodeAnswer, fastCommands, RedisError, type Answer } from './resp.js';
import { Session } from './Session.js';
import { Store } from './Store.js';

/** Listens until it is unsubscribed. Emits nothing. */
export function redisServer(
  port: number,
  onListening: (server: Server) => void,
  scheduler = asyncScheduler,
): Observable<never> {
  return defer(() => {
    const store = new Store(scheduler);
    return serverConnections$({ host: '127.0.0.1', port, onListening }).pipe(
      serve(redisHandler(store)),
      // No timer of a key is left behind.
      finalize(() => store.clear()),
    );
  });
}

/** Bytes that may wait for a client that listens and does not read: Redis, too, ends its connection then. */
const MAX_PENDING = 8 * 2 ** 20;

/** Answers the commands of one client, as fast as it takes the answers, and passes on what others publish. */
export function redisHandler(
  store: Store,
  channels = new Channels(),
  maxPending = MAX_PENDING,
): ConnectionHandler<never> {
  return ({ reader, writer }) => {
    const quit$ = new Subject<void>();
    const send = (answer: Answer): void => writer.write(encodeAnswer(answer, session.protocol));
    const session = new Session(store, channels, (push) => {
      send(push);
      // Whoever publishes is not made to wait for the slowest of those who listen.
      if (writer.transport.writeQueueSize <= maxPending) return;
      session.end();
      writer.abort(new Error(`A client that listens has left more than ${maxPending} bytes unread`));
    });
    return reader
      .consume(fastCommands({ encoding: 'latin1' }), (command) => {
        if (command.length === 0) return undefined;
        const answer = session.answer(command);
        if (answer !== undefined) send(answer);
        if (session.hasQuit) quit$.next();
        return writer.paused ? writer.drain().pipe(ignoreElements()) : undefined;
      })
      .pipe(
        catchError((error: unknown) => {
          if (error instanceof DecodeError || error instanceof LimitOverrunError) {
            writer.write(encodeAnswer(new RedisError(`ERR Protocol error: ${error.message}`)));
          } else if (!(error instanceof IncompleteReadError || error instanceof ConnectionLostError)) {
            throw error;
          }
          // A client that breaks off has left, and nothing else has happened.
          return EMPTY;
        }),
        takeUntil(quit$),
        finalize(() => session.end()),
      );
  };
}
