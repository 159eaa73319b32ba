import { Observable } from 'rxjs';
import { described } from '../bytes/check.js';
import type { Connection } from '../streams/Connection.js';
import type { Conversation } from './Conversation.js';
import type { ConversationGenerator, Spoken } from './ConversationGenerator.js';
import { ConversationRun } from './ConversationRun.js';

/**
 * Makes of a generator function a conversation on a connection: a protocol written as it is spoken, one line after the
 * other, as with asyncio's `await reader.readline()` and `await writer.drain()`. It is a handler for `serve` and
 * `useConnection`, or an Observable on any connection.
 *
 * ```text
 * received                   --a\n------b\n------|
 * yield* io.line()             x         y         x = a, y = b
 * yield* io.send(reply)        A         B
 * io.emit(value)             --v---------w---------
 * ```
 *
 * From the byte that was missing to the statement after `yield*` it is one call stack. A conversation holds the reader;
 * others may write meanwhile. It reads on only when it asks for more: so a slow one slows its peer down.
 *
 * - **Emits** what `io.emit` is given, and at its end what it returns, if that is not `undefined`. **Completes** when it
 *   returns.
 * - **Errors** with what it throws. What goes wrong is thrown into it, at the line that waits: so `try`, `catch` and
 *   `finally` work as in any function. At the end of the stream that is `IncompleteReadError`, after a loss
 *   `ConnectionLostError`; `ReaderBusyError` when something else holds the reader.
 * - **Unsubscribe** runs its `finally` blocks, which have nobody to wait for any more, and leaves in the reader all that it
 *   has not taken.
 *
 * What else the generator takes, its handler takes after the connection: `function* (io, { stopping$ }: ServeContext)` under
 * `serve`.
 *
 * Each subscription runs it anew. A `yield*` that was forgotten is a `TypeError` at the next step.
 *
 * @example
 * ```ts
 * import { connectionPair, converse, useConnection } from 'rxjs-net';
 * import { of } from 'rxjs';
 *
 * const [client, server] = connectionPair();
 *
 * const greet = converse(function* (io) {
 *   yield* io.send('who are you?\n');
 *   const name = yield* io.line();
 *   yield* io.send(`hello, ${name}\n`);
 * });
 * of(server).pipe(useConnection(greet)).subscribe();
 *
 * const ask = converse(function* (io) {
 *   yield* io.line();
 *   yield* io.send('rxjs\n');
 *   return yield* io.line();
 * });
 * ask(client).subscribe(console.log); // hello, rxjs
 * ```
 */
export function converse<E = unknown, R = void, C extends unknown[] = []>(
  generate: ConversationGenerator<E, R, C>,
): (connection: Connection, ...context: C) => Observable<Spoken<E, R>> {
  if (typeof generate !== 'function')
    throw new TypeError(`converse() takes a generator function, not ${described(generate)}`);
  return (connection, ...context) =>
    new Observable((subscriber) => {
      const begin = (io: Conversation<E>): Iterator<undefined, R, unknown> => generate(io, ...context);
      const run = new ConversationRun(connection, begin, subscriber);
      connection.core.reads.start(run, connection.reader);
    });
}
