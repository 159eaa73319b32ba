import type { Observable } from 'rxjs';
import { Connection } from '../streams/Connection.js';
import type { ConnectionOptions } from '../streams/ConnectionSettings.js';
import { ManualTransport, type ManualTransportOptions, type TransportEvent } from './ManualTransport.js';

/**
 * A connection in a test: a real reader and a real writer, on a transport that the test plays.
 *
 * @example
 * ```ts
 * import { manualConnection } from 'rxjs-net/testing';
 *
 * const { writer, transport, outgoing$, events$ } = manualConnection();
 * outgoing$.subscribe(console.log); // PING
 * events$.subscribe(console.log); // close
 * writer.write('PING');
 * writer.close();
 * console.log(transport.calls); // [ 'write PING', 'close' ]
 * ```
 */
export class ManualConnection extends Connection {
  /** The other end: what arrives, and what has been sent. */
  readonly transport: ManualTransport;

  constructor(options: ConnectionOptions & ManualTransportOptions = {}) {
    const transport = new ManualTransport(options);
    super(transport, options);
    this.transport = transport;
  }

  /**
   * What the code under test wrote, each write as `showBytes` shows it; binary messages as hex. Completes at `writeEof()` and `close()`, errors
   * with the reason at `abort()`.
   */
  get outgoing$(): Observable<string> {
    return this.transport.outgoing$;
  }

  /** What it asked for besides: `pause`, `resume`, `writeEof`, `close`, `abort`. */
  get events$(): Observable<TransportEvent> {
    return this.transport.events$;
  }
}

/**
 * A connection whose other end is the test, call by call: `transport.receive('PONG\r\n')`, `transport.drain()`,
 * `transport.lose(error)`. For a whole dialogue in one string see `marbleConnection`.
 *
 * @throws `TypeError` or `RangeError` when an option is none
 *
 * @example
 * ```ts
 * import { manualConnection } from 'rxjs-net/testing';
 *
 * const { reader, writer, transport } = manualConnection({ holdWrites: true, highWaterMark: 4 });
 * reader.readLine().subscribe((line) => console.log(new TextDecoder().decode(line))); // hello
 * transport.receive('hel', 'lo\n');
 *
 * writer.paused$.subscribe(console.log); // false, true, false
 * writer.write('12345');
 * transport.drain();
 * console.log(transport.calls); // [ 'write 12345' ]
 * ```
 */
export function manualConnection(options?: ConnectionOptions & ManualTransportOptions): ManualConnection {
  return new ManualConnection(options);
}
