import type { Duplex } from 'node:stream';
import { Observable } from 'rxjs';
import { Connection } from '../streams/Connection.js';
import { ConnectionSettings, type ConnectionOptions } from '../streams/ConnectionSettings.js';
import { checkDuplex, DuplexTransport } from '../transports/node/DuplexTransport.js';
import { ownConnection } from './ownConnection.js';

/**
 * A connection on any Node.js `Duplex` of bytes: a serial port, a child process (`Duplex.from`), a socket of your own.
 *
 * - **Emits** one connection, at once. **Completes** when it has closed.
 * - **Errors** with a `TypeError` when the duplex carries a connection already.
 * - **Unsubscribe** closes gracefully, as `fromConnection`.
 *
 * @throws `TypeError` when the duplex is in object mode or has an encoding
 *
 * @example
 * ```ts
 * import { useConnection } from 'rxjs-net';
 * import { fromDuplex } from 'rxjs-net/node';
 * import { spawn } from 'node:child_process';
 * import { Duplex } from 'node:stream';
 *
 * const { stdin, stdout } = spawn('sort');
 * fromDuplex(Duplex.from({ writable: stdin, readable: stdout }))
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
export function fromDuplex(duplex: Duplex, options: ConnectionOptions = {}): Observable<Connection> {
  ConnectionSettings.of(options);
  checkDuplex(duplex);
  return new Observable((subscriber) => {
    ownConnection(subscriber, new Connection(new DuplexTransport(duplex), options));
  });
}
