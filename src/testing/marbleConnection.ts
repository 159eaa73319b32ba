import type { Observable } from 'rxjs';
import type { ConnectionOptions } from '../streams/ConnectionSettings.js';
import { connectionReset } from '../streams/errors.js';
import type { Data } from '../bytes/Separator.js';
import { checkedBytes } from './check.js';
import { manualConnection, type ManualConnection } from './manualConnection.js';
import type { ManualTransportOptions } from './ManualTransport.js';
import { showValue } from './showValue.js';

/**
 * What is needed of `TestScheduler.run`'s helpers, or of rxjs-marbles' context: both have it.
 * See {@link marbleConnection}.
 */
export interface MarbleHelpers {
  /** An Observable of these marbles. */
  hot<T>(marbles: string, values?: Record<string, T>, error?: unknown): Observable<T>;
}

/** Options of {@link marbleConnection}. */
export interface MarbleConnectionOptions
  extends ConnectionOptions, Omit<ManualTransportOptions, 'holdWrites'> {
  /**
   * What arrives, as a marble string: a chunk, or a message, for each letter, `|` the end of the stream, `#` a reset.
   * Default: nothing.
   */
  incoming?: string;
  /** The chunks, or messages, of the letters in `incoming`; a letter that is not here is itself, as text. */
  values?: Readonly<Record<string, Data>>;
  /** What `#` breaks the connection with. Default: an error with the code `ECONNRESET`. */
  error?: unknown;
  /**
   * When what was written leaves the write queue, as a marble string: at each letter all of it, or as many bytes as
   * `drainValues` says. Default: at once.
   */
  drain?: string;
  /** Bytes for the letters in `drain`. */
  drainValues?: Readonly<Record<string, number>>;
}

/**
 * A connection whose other end is a marble string, in virtual time.
 *
 * ```text
 * incoming     --a-b-|       a = 220 hel, b = lo\r\n
 * your code    reader.readLine(), then writer.write('EHLO me\r\n')
 * outgoing$    ----w--       w = EHLO me\r\n
 * ```
 *
 * What the code under test wrote is `outgoing$`, what it asked for besides (`pause`, `resume`, `close` …) is `events$`:
 * both can be compared with a marble string in turn. Works with the helpers of `TestScheduler.run` and with the context
 * of rxjs-marbles, in every test framework.
 *
 * @throws `TypeError` or `RangeError` when an option is none, or a marble string cannot be
 *
 * @example
 * ```ts
 * import { lines } from 'rxjs-net';
 * import { marbleConnection } from 'rxjs-net/testing';
 * import { map } from 'rxjs';
 * import { TestScheduler } from 'rxjs/testing';
 * import { deepStrictEqual } from 'node:assert';
 *
 * new TestScheduler(deepStrictEqual).run((helpers) => {
 *   const { reader, writer, outgoing$ } = marbleConnection(helpers, {
 *     incoming: '  --a-b---|',
 *     values: { a: 'na', b: 'me?\n' },
 *   });
 *   const dialogue$ = reader.consume(lines(), (question) => writer.send(`I heard ${question}\n`));
 *   helpers.expectObservable(dialogue$).toBe('--------|');
 *   helpers.expectObservable(outgoing$.pipe(map((text) => text.trim()))).toBe('----w', { w: 'I heard name?' });
 * });
 * ```
 */
export function marbleConnection(
  helpers: MarbleHelpers,
  options: MarbleConnectionOptions = {},
): ManualConnection {
  const { incoming = '', values = {}, error = connectionReset(), drain, drainValues = {}, ...rest } = options;
  checkMarbles('incoming', incoming);
  if (drain !== undefined) checkMarbles('drain', drain);
  for (const [letter, chunk] of Object.entries(values)) checkedBytes(`values.${letter}`, chunk);
  for (const [letter, bytes] of Object.entries(drainValues)) {
    if (typeof bytes === 'number' && bytes >= 0) continue;
    throw new RangeError(`drainValues.${letter} must be a number of bytes, not ${showValue(bytes)}`);
  }
  // Marbles that cannot be read throw here, before there is a connection.
  const incoming$ = helpers.hot(incoming, withLetters(incoming, values), error);
  const amounts: Record<string, string | number> = withLetters(drain ?? '', drainValues);
  const drain$ = drain === undefined ? undefined : helpers.hot(drain, amounts);
  const connection = manualConnection({ ...rest, holdWrites: drain$ !== undefined });
  const { transport } = connection;
  incoming$.subscribe({
    next: (chunk) => transport.receive(chunk),
    error: (reason: unknown) => transport.lose(reason),
    complete: () => transport.receiveEof(),
  });
  drain$?.subscribe({
    next: (amount) => transport.drain(typeof amount === 'number' ? amount : undefined),
    error: (reason: unknown) => transport.lose(reason),
  });
  return connection;
}

function checkMarbles(name: string, marbles: string): void {
  if (typeof marbles === 'string') return;
  throw new TypeError(`${name} must be a marble string, not ${showValue(marbles)}`);
}

// With a dictionary RxJS gives undefined for the letters that are not in it, without one the letters themselves.
function withLetters<T>(marbles: string, values: Readonly<Record<string, T>>): Record<string, T | string> {
  const letters = Object.fromEntries(Array.from(marbles, (letter) => [letter, letter]));
  return { ...letters, ...values };
}
