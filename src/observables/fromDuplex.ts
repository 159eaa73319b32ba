import { Duplex, type Readable, type Writable } from 'node:stream';
import { Observable } from 'rxjs';
import { shown } from '../streams/check.js';
import { type Connection } from '../streams/Connection.js';
import { ConnectionSettings, type ConnectionOptions } from '../streams/ConnectionSettings.js';
import { clientDiagnostics } from '../transports/node/diagnostics.js';
import { checkDuplex, DuplexTransport } from '../transports/node/DuplexTransport.js';
import { joinStreams } from '../transports/node/joinStreams.js';
import { connectionOn } from './connectionOn.js';
import { ownConnection } from './ownConnection.js';

/** Where bytes come from, and where they go: the output and the input of a child process. See {@link fromDuplex}. */
export interface StreamPair {
  /** Where bytes come from. */
  readable: Readable;
  /** Where bytes go. */
  writable: Writable;
}

/** A stream of bytes in both directions, or two of one each. See {@link fromDuplex}. */
export type DuplexSource = Duplex | StreamPair;

// A pair is joined anew by each subscription, so the joined stream does not know.
const inUse = new WeakSet<Readable | Writable>();

/**
 * A connection on any Node.js stream of bytes: a serial port, the two streams of a child process, a socket of your own.
 * With a function, on the one that it makes for each subscription.
 *
 * ```text
 * stream                       ----------closed
 * fromDuplex(() => stream)     c---------|
 * ```
 *
 * - **Emits** one connection, at once. **Completes** when it has closed.
 * - **Errors** with what the function throws, and with a `TypeError` when the stream carries a connection already.
 * - **Unsubscribe** closes gracefully, as `fromConnection`. So with a function `retry()` and `repeat()` reconnect.
 *
 * @throws `TypeError` when the stream is in object mode or has an encoding
 *
 * @example
 * ```ts
 * import { useConnection } from 'rxjs-net';
 * import { fromDuplex } from 'rxjs-net/node';
 * import { spawn } from 'node:child_process';
 *
 * const sorted = fromDuplex(() => {
 *   const { stdin, stdout } = spawn('sort');
 *   return { readable: stdout, writable: stdin };
 * });
 * sorted
 *   .pipe(
 *     useConnection(({ reader, writer }) => {
 *       writer.write('b\na\n');
 *       writer.writeEof();
 *       return reader.lines();
 *     }),
 *   )
 *   .subscribe(console.log); // a, b
 * ```
 */
export function fromDuplex(
  source: DuplexSource | (() => DuplexSource),
  options: ConnectionOptions = {},
): Observable<Connection> {
  ConnectionSettings.of(options);
  const make = typeof source === 'function' ? source : undefined;
  if (typeof source !== 'function') checkSource(source);
  return new Observable((subscriber) => {
    const duplex = make === undefined ? joined(source as DuplexSource) : made(make);
    const connection = connectionOn(new DuplexTransport(duplex), options);
    clientDiagnostics.opened(connection.core);
    ownConnection(subscriber, connection);
  });
}

function checkSource(source: DuplexSource): void {
  if (isDuplex(source)) {
    checkDuplex(source);
  } else if (isPair(source)) {
    const { readable, writable } = source;
    const { readableObjectMode, readableEncoding } = readable;
    const { writableObjectMode } = writable;
    checkDuplex({ readableObjectMode, readableEncoding, writableObjectMode });
  } else {
    throw new TypeError(
      `A connection needs a Duplex of Node.js, or { readable, writable }, or a function that returns one, not ${shown(source)}`,
    );
  }
}

function isDuplex(source: unknown): source is Duplex {
  // Of another copy of streams as well, as `readable-stream` is.
  return source instanceof Duplex || (isStream(source, 'read') && isStream(source, 'write'));
}

function isPair(source: unknown): source is StreamPair {
  const { readable, writable } = (source ?? {}) as Partial<StreamPair>;
  return isStream(readable, 'read') && isStream(writable, 'write');
}

function isStream(source: unknown, verb: 'read' | 'write'): boolean {
  const stream = source as Partial<Record<string, unknown>> | null | undefined;
  return typeof stream?.[verb] === 'function' && typeof stream.on === 'function';
}

function made(make: () => DuplexSource): Duplex {
  const source = make();
  try {
    checkSource(source);
  } catch (error) {
    // It was made for this subscription: nobody else would end it.
    destroyAll(source);
    throw error;
  }
  return joined(source);
}

function joined(source: DuplexSource): Duplex {
  if (isDuplex(source)) return source;
  const { readable, writable } = source;
  if (inUse.has(readable) || inUse.has(writable))
    throw new TypeError('One of these streams carries a connection already');
  inUse.add(readable).add(writable);
  return joinStreams(readable, writable);
}

function destroyAll(source: DuplexSource): void {
  if (isDuplex(source)) source.destroy();
  else if (isPair(source)) for (const stream of [source.readable, source.writable]) stream.destroy();
}
