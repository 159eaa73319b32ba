import type { Duplex } from 'node:stream';
import { Connection } from '../streams/Connection.js';
import type { ConnectionOptions } from '../streams/ConnectionSettings.js';
import type { DuplexTransport } from '../transports/node/DuplexTransport.js';

/**
 * A connection on a transport of Node's. Where it cannot be made, as with a `wrap` that throws, the socket is destroyed:
 * nobody else would.
 *
 * @internal
 */
export function connectionOn(transport: DuplexTransport, options: ConnectionOptions): Connection {
  try {
    return new Connection(transport, options);
  } catch (error) {
    (transport.getExtraInfo('socket') as Duplex).on('error', () => undefined).destroy();
    throw error;
  }
}
