import { described } from '../bytes/check.js';
import { shown } from '../streams/check.js';
import type { Connection } from '../streams/Connection.js';
import { MAX_REASON, mayCloseWith, reasonLength } from '../transports/web/closeCodes.js';

/**
 * Closes a WebSocket connection as `writer.close()` does, after what was written, with a close code and a reason that the
 * peer can see. Without it the code is 1000.
 *
 * @param code 1000, or 3000 to 4999
 * @param reason at most 123 bytes of UTF-8
 *
 * @throws `RangeError` for any other code, and for a longer reason; `TypeError` for a connection that is not a WebSocket
 *
 * @example
 * ```ts no-run
 * import { useConnection } from 'rxjs-net';
 * import { closeWebSocket, fromWebSocket } from 'rxjs-net/web';
 * import { finalize, take } from 'rxjs';
 *
 * fromWebSocket('wss://feed.example/')
 *   .pipe(
 *     useConnection((connection) =>
 *       connection.reader.lines().pipe(
 *         take(10),
 *         finalize(() => closeWebSocket(connection, 4001, 'seen enough')),
 *       ),
 *     ),
 *   )
 *   .subscribe(console.log);
 * ```
 */
export function closeWebSocket(connection: Connection, code: number, reason = ''): void {
  if (!mayCloseWith(code)) {
    throw new RangeError(`A close code must be 1000, or 3000 to 4999, not ${shown(code)}`);
  }
  if (typeof reason !== 'string') throw new TypeError(`reason must be a string, not ${described(reason)}`);
  const length = reasonLength(reason);
  if (length > MAX_REASON) throw new RangeError(`A reason has ${MAX_REASON} bytes at most, not ${length}`);
  const closeWith = connection.writer.getExtraInfo('closeWith') as
    ((code: number, reason: string) => void) | undefined;
  if (typeof closeWith !== 'function') throw new TypeError('This connection is not a WebSocket');
  closeWith(code, reason);
  connection.writer.close();
}
