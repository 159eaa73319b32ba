/** Servers whose connections count, more than what they carry. */
import { converse, encodeProxyHeader, type Connection, type Decoder } from 'rxjs-net';
import { concatMap, type Observable } from 'rxjs';
import { serveClients } from './serveClients.js';

const chunk = (): Decoder<Uint8Array> => ({ decode: (bytes) => bytes.takeChunk() });

const returnByte$ = ({ reader, writer }: Connection): Observable<never> =>
  reader.read(1).pipe(concatMap((byte) => writer.send(byte)));

export function shortConnections(): Promise<{ port: number }> {
  return serveClients(returnByte$);
}

/** The same behind a proxy: with what its clients send, a header before the byte. */
export async function proxiedConnections(version: 1 | 2): Promise<{ port: number; first: string }> {
  const header = encodeProxyHeader({
    version,
    source: { address: '192.0.2.7', family: 'IPv4', port: 51234 },
    destination: { address: '198.51.100.1', family: 'IPv4', port: 443 },
  });
  const proxyProtocol = { trusted: ['10.0.0.0/8', '127.0.0.1'] };
  const server = await serveClients(returnByte$, { proxyProtocol });
  return { ...server, first: `${Buffer.from(header).toString('latin1')}x` };
}

export function idleConnections(): Promise<{ port: number }> {
  return serveClients(({ reader, writer }) => reader.pipeTo(writer));
}

export function idleConsumers(): Promise<{ port: number }> {
  return serveClients(({ reader, writer }) =>
    reader.consume(chunk, (bytes) => {
      writer.write(bytes);
      return writer.paused ? writer.drain() : undefined;
    }),
  );
}

export function idleConversations(): Promise<{ port: number }> {
  return serveClients(
    converse(function* (io) {
      while (!(yield* io.atEof())) yield* io.send(yield* io.chunk());
    }),
  );
}
