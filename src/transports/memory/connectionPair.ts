import { Connection } from '../../streams/Connection.js';
import type { ConnectionOptions } from '../../streams/ConnectionSettings.js';
import { MemoryTransport } from './MemoryTransport.js';

/**
 * Two connections joined in memory: what one writes the other reads, within the same call, with the backpressure,
 * half-close, close and reset of a socket. As `socketpair()`; for tests, and for two parts of one program.
 *
 * @throws `TypeError` or `RangeError` when an option is none
 *
 * @example
 * ```ts
 * import { connectionPair } from 'rxjs-net';
 *
 * const [client, server] = connectionPair({ limit: 1024 });
 * server.reader.readUntil('!').subscribe((bytes) => server.writer.write(bytes));
 * client.reader.readExactly(6).subscribe((bytes) => console.log(bytes.length)); // 6
 * client.writer.write('hello!');
 * ```
 */
export function connectionPair(options?: ConnectionOptions): [Connection, Connection] {
  const [one, other] = MemoryTransport.pair();
  return [new Connection(one, options), new Connection(other, options)];
}
