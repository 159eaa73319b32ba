import diagnostics from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** Sees the sockets that the servers of this process accept, in their order. Call it in a `describe`. */
export function acceptedSockets(): Socket[] {
  const sockets: Socket[] = [];
  const onSocket = (message: unknown): void => void sockets.push((message as { socket: Socket }).socket);
  beforeEach(() => {
    sockets.length = 0;
    diagnostics.subscribe('net.server.socket', onSocket);
  });
  afterEach(() => void diagnostics.unsubscribe('net.server.socket', onSocket));
  return sockets;
}

/** Sends each byte when the one before has arrived at the other end, which is in this process. */
export async function sendSlowly(from: Socket, to: Socket, data: Uint8Array): Promise<void> {
  for (const byte of data) {
    const { bytesRead } = to;
    from.write(Uint8Array.of(byte));
    while (to.bytesRead === bytesRead && !to.destroyed) await new Promise(setImmediate);
  }
}

/** A socket seen through `send`, which gets all that is written, in order. */
export function sendingBy(raw: Socket, send: (data: Uint8Array) => Promise<void> | void): Duplex {
  const through = new Duplex({
    read: () => undefined,
    write(chunk: Uint8Array, _encoding, callback) {
      Promise.resolve(send(chunk)).then(() => callback(), callback);
    },
    final(callback) {
      raw.end();
      callback();
    },
  });
  raw.on('data', (chunk) => through.push(chunk)).on('end', () => through.push(null));
  return through;
}
