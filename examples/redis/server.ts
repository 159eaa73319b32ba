/** A small server that Redis's own clients can talk to: `redis-cli`, `redis-benchmark`. */
import {
  ConnectionLostError,
  converse,
  DecodeError,
  IncompleteReadError,
  LimitOverrunError,
  serve,
  type ConnectionHandler,
  type Conversation,
} from 'rxjs-net';
import { serverConnections$, type Server } from 'rxjs-net/node';
import { asyncScheduler, defer, finalize, type Observable } from 'rxjs';
import { Channels } from './Channels.js';
import { encodeAnswer, fastCommands, RedisError } from './resp.js';
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
  const commands = fastCommands({ encoding: 'latin1' });
  return converse(function* (io: Conversation<never>) {
    const { writer } = io.connection;
    const session = new Session(store, channels, (push) => {
      io.write(encodeAnswer(push, session.protocol));
      // Whoever publishes is not made to wait for the slowest of those who listen.
      if (writer.transport.writeQueueSize <= maxPending) return;
      session.end();
      writer.abort(new Error(`A client that listens has left more than ${maxPending} bytes unread`));
    });
    try {
      while (!session.hasQuit && !(yield* io.atEof())) {
        const command = yield* io.frame(commands);
        const answer = command.length === 0 ? undefined : session.answer(command);
        if (answer !== undefined) yield* io.send(encodeAnswer(answer, session.protocol));
      }
    } catch (error) {
      if (error instanceof DecodeError || error instanceof LimitOverrunError) {
        io.write(encodeAnswer(new RedisError(`ERR Protocol error: ${error.message}`)));
      } else if (!(error instanceof IncompleteReadError || error instanceof ConnectionLostError)) {
        throw error;
      }
      // A client that breaks off has left, and nothing else has happened.
    } finally {
      session.end();
    }
  });
}
