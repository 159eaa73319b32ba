import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/** Listens on a port that is free. */
export async function listen(server: Server): Promise<{ port: number }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port };
}
