/** Servers whose connections count, more than what they carry. */
import { converse, type Decoder } from 'rxjs-net';
import { concatMap } from 'rxjs';
import { serveClients } from './serveClients.js';

const chunk = (): Decoder<Uint8Array> => ({ decode: (bytes) => bytes.takeChunk() });

export function shortConnections(): Promise<{ port: number }> {
  return serveClients(({ reader, writer }) => reader.read(1).pipe(concatMap((byte) => writer.send(byte))));
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
