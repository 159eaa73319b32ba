import { firstValueFrom } from 'rxjs';
import type { Connection } from '../streams/Connection.js';
import { checkConnectOptions } from './checkConnectOptions.js';
import type { ConnectOptions } from './ConnectOptions.js';
import { connectSocket } from './connectSocket.js';

/**
 * Connects, for async/await code: the caller owns the connection, and closes it.
 *
 * Rejects only when connecting fails, as `fromConnection` errors.
 *
 * @example
 * ```ts no-run
 * import { openConnection } from 'rxjs-net/node';
 *
 * await using connection = await openConnection({ port: 8888 });
 * connection.writer.write('Hello World!\n');
 * for await (const line of connection.reader) console.log(line);
 * ```
 */
export function openConnection(options: ConnectOptions): Promise<Connection> {
  checkConnectOptions(options);
  return firstValueFrom(connectSocket(options));
}
