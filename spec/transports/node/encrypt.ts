import type { Socket } from 'node:net';
import type { SecureVersion } from 'node:tls';
import { delay, firstValueFrom, forkJoin, fromEvent, switchMap } from 'rxjs';
import { DuplexTransport } from '../../../src/transports/node/DuplexTransport.js';
import { clientHandshake, serverHandshake } from '../../../src/transports/node/tlsHandshake.js';
import { eventually } from '../../contracts/eventually.js';
import { authority, server } from './certificates.js';

/** The two ends of a connection with TLS on them: transports that have not been started. */
export async function encrypt(
  [client, accepted]: [Socket, Socket],
  maxVersion: SecureVersion = 'TLSv1.3',
): Promise<[DuplexTransport, DuplexTransport]> {
  const secured = forkJoin([
    clientHandshake(client, { host: 'localhost', ca: authority, maxVersion }).pipe(
      switchMap(async (socket) => {
        // With 1.3 the server's session tickets come behind the handshake. Node is still reading when it tells of them.
        if (maxVersion === 'TLSv1.3') await firstValueFrom(fromEvent(socket, 'session').pipe(delay(0)));
        return socket;
      }),
    ),
    serverHandshake(accepted, server),
  ]);
  const [one, other] = await eventually('the TLS handshake', secured);
  return [new DuplexTransport(one, { raw: client }), new DuplexTransport(other, { raw: accepted })];
}
