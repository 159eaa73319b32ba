import { asyncScheduler, type Observable } from 'rxjs';
import { Connection } from '../streams/Connection.js';
import type { ConnectionOptions } from '../streams/ConnectionSettings.js';
import { checkedMode } from './check.js';
import { ScriptedTransport } from './ScriptedTransport.js';
import type { ScriptStep } from './ScriptStep.js';

export { ScriptError, type ScriptStep } from './ScriptStep.js';

/** Options of {@link scriptedConnection}. */
export interface ScriptedConnectionOptions extends ConnectionOptions {
  /**
   * `messages`: as a WebSocket in message mode. Each `expect` is one write, and each `reply` one message: text for a string,
   * binary for bytes. `eof` closes. Default: `bytes`.
   */
  mode?: 'bytes' | 'messages';
}

/**
 * A connection in a test: a real reader and a real writer, whose peer keeps to a script.
 *
 * @example
 * ```ts
 * import { scriptedConnection } from 'rxjs-net/testing';
 *
 * const connection = scriptedConnection([{ expect: 'PING\n' }, { reply: 'PONG\n' }]);
 * connection.reader.lines().subscribe(console.log); // PONG
 * connection.finished$.subscribe({ complete: () => console.log('all steps are played') });
 * connection.writer.write('PING\n');
 * connection.done();
 * ```
 */
export class ScriptedConnection extends Connection {
  /** Completes when the last step has been played; errors with a `ScriptError` when that cannot be any more. */
  readonly finished$: Observable<never>;
  readonly #transport: ScriptedTransport;

  constructor(steps: readonly ScriptStep[], options: ScriptedConnectionOptions = {}) {
    const { mode, scheduler = asyncScheduler } = options;
    const transport = new ScriptedTransport(steps, scheduler, checkedMode(mode));
    super(transport, options);
    this.#transport = transport;
    this.finished$ = transport.finished$;
  }

  /** Throws a `ScriptError` when something else was done than the script says, or when a step is left over. */
  done(): void {
    const { problem } = this.#transport;
    if (problem !== undefined) throw problem;
  }
}

/**
 * A connection whose peer keeps to a script: it expects these bytes, replies with those, waits, ends, breaks.
 *
 * ```text
 * script      reply a, expect x, wait 5, reply b, eof
 * written     --x
 * received    a------(b|)
 * ```
 *
 * - **Replies** that stand first arrive at once; what follows an `expect` arrives within the `write` that fulfils it,
 *   without a promise or a timer. While the reader has paused the transport, what the peer sends waits.
 * - **Expected bytes** are compared as they are written; how they are cut into writes does not matter. The code under
 *   test may be ahead of its peer and write in the middle of a `wait`, or before a `reply` has come.
 * - **Other bytes**, and `writeEof()` where bytes are expected, break the connection: the code under test sees a
 *   `ConnectionLostError` whose `cause` is the `ScriptError`, which `done()` throws and `finished$` errors with.
 *   `close()` and `abort()` are always allowed; `done()` then tells of the steps that are left over.
 * - **At the end** of the script the connection stays open, unless both directions have ended.
 *
 * `options` are those of every connection (`limit` in bytes, water marks in bytes, …); `wait` is measured, in
 * milliseconds, by `options.scheduler` (default: `asyncScheduler`, which is virtual inside `TestScheduler.run`).
 *
 * @throws `RangeError` or `TypeError` when a step is none, or cannot come where it stands
 *
 * @example
 * ```ts
 * import { scriptedConnection } from 'rxjs-net/testing';
 * import { concat, concatMap, map } from 'rxjs';
 *
 * const connection = scriptedConnection([
 *   { reply: '220 ready\r\n' },
 *   { expect: 'EHLO me\r\n' },
 *   { reply: '250 he' },
 *   { reply: 'llo\r\n' },
 *   { expectClose: true },
 * ]);
 *
 * // The code under test.
 * const { reader, writer } = connection;
 * reader
 *   .readLine()
 *   .pipe(
 *     concatMap(() => concat(writer.send('EHLO me\r\n'), reader.readLine())),
 *     map((line) => new TextDecoder().decode(line).trim()),
 *   )
 *   .subscribe({ next: console.log, complete: () => writer.close() }); // 250 hello
 *
 * connection.done();
 * ```
 */
export function scriptedConnection(
  steps: readonly ScriptStep[],
  options?: ScriptedConnectionOptions,
): ScriptedConnection {
  return new ScriptedConnection(steps, options);
}
