import type { WebStreams } from '../../../src/transports/web/WebStreams.js';

type Bytes = Uint8Array<ArrayBuffer>;

/** Two ends of one connection, each way of it a pipe. */
export function joinedBy(pipe: () => ReadableWritablePair<Bytes, Bytes>): [WebStreams, WebStreams] {
  const [forth, back] = [pipe(), pipe()];
  return [
    { readable: back.readable, writable: forth.writable },
    { readable: forth.readable, writable: back.writable },
  ];
}

/** A pipe whose readable is a byte stream, which fills the memory that a read brings. */
export function bytePipe(): ReadableWritablePair<Bytes, Bytes> {
  let reading!: ReadableByteStreamController;
  let writing!: WritableStreamDefaultController;
  let wanted = (): void => undefined;
  const readable = new ReadableStream({
    type: 'bytes',
    start: (controller) => void (reading = controller),
    pull: () => wanted(),
    cancel: (reason) => {
      wanted();
      writing.error(reason);
    },
  });
  const writable = new WritableStream<Bytes>({
    start: (controller) => {
      writing = controller;
      controller.signal.addEventListener('abort', () => wanted());
    },
    async write(chunk) {
      for (let at = 0; at < chunk.length;) {
        const request = await nextRequest(writing.signal);
        if (request === undefined) return;
        const { buffer, byteOffset, byteLength } = request.view!;
        const piece = chunk.subarray(at, at + byteLength);
        new Uint8Array(buffer, byteOffset, byteLength).set(piece);
        at += piece.length;
        request.respond(piece.length);
      }
    },
    close: () => {
      reading.close();
      // A read that waits is only told by this.
      reading.byobRequest?.respond(0);
    },
    abort: (reason) => reading.error(reason),
  });
  async function nextRequest(signal: AbortSignal): Promise<ReadableStreamBYOBRequest | undefined> {
    while (reading.byobRequest === null && !signal.aborted) {
      await new Promise<void>((resolve) => (wanted = resolve));
    }
    return reading.byobRequest ?? undefined;
  }
  return { readable, writable };
}
