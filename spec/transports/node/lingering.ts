/**
 * A program for tls.node.spec.ts: closes a TLS connection whose peer never ends its direction, and has nothing else to
 * do. `client <port>` connects, `startTls <port>` encrypts later, `server` prints the port it takes a connection on.
 */
import { openConnection } from '../../../src/observables/openConnection.js';
import { fromServer } from '../../../src/server/fromServer.js';
import type { Connection } from '../../../src/streams/Connection.js';
import { authority, server as certificate } from './certificates.js';

const [, , role, port] = process.argv;

function close({ writer }: Connection): void {
  writer.write('bye');
  writer.close();
  writer.waitClosed().subscribe(() => process.stdout.write('closed'));
}

if (role === 'server') {
  fromServer({ host: '127.0.0.1', port: 0, tls: certificate }).subscribe((server) => {
    process.stdout.write(`${server.addresses[0]!.port}\n`);
    server.connections$.subscribe((connection) => {
      server.close();
      close(connection);
    });
  });
} else {
  const encrypt = role === 'client' ? { tls: { ca: authority } } : {};
  const connection = await openConnection({ host: 'localhost', family: 4, port: Number(port), ...encrypt });
  if (role === 'client') close(connection);
  else connection.writer.startTls({ ca: authority }).subscribe(() => close(connection));
}
