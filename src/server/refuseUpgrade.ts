import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Answers a request to upgrade that is refused, and closes its connection. @internal */
export function refuseUpgrade(socket: Duplex, status: number, headers: readonly string[] = []): void {
  const reason = STATUS_CODES[status] ?? '';
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(
    [
      `HTTP/1.1 ${status} ${reason}`,
      'Connection: close',
      'Content-Type: text/plain',
      `Content-Length: ${reason.length}`,
      ...headers,
      '',
      reason,
    ].join('\r\n'),
  );
}
