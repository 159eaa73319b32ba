/**
 * The other end of the measurements, in processes of its own so that its cost is not measured: it sends, takes what
 * is sent, or sends it back.
 */
import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { answerJobs, expectCount, type JobOptions } from '../answerJobs.js';
import { connectInTurns, hold, letGo } from './holdConnections.js';
import { listen } from './listen.js';
import { pumpMessages, takeMessages } from './webSocketClients.js';

/** A line of `size` bytes. */
function line(size: number): Buffer {
  return Buffer.from(`${'x'.repeat(size - 1)}\n`);
}

/** A frame: its length in four bytes, and `size` bytes. */
function frame(size: number): Buffer {
  const bytes = Buffer.alloc(4 + size, 'x');
  bytes.writeUInt32BE(size);
  return bytes;
}

/** Sends a unit so many times, as fast as it is taken, and ends. */
function send(socket: Socket, unit: Buffer, times: number): void {
  const inBlock = Math.max(1, Math.floor(262144 / unit.length));
  const block = Buffer.concat(Array.from({ length: Math.min(inBlock, times) }, () => unit));
  let left = times * unit.length;
  const more = (): void => {
    while (left > 0) {
      const chunk = left >= block.length ? block : block.subarray(0, left);
      left -= chunk.length;
      if (!socket.write(chunk)) {
        socket.once('drain', more);
        return;
      }
    }
    socket.end();
  };
  more();
}

/** Sends to the one who connects. */
function sender(unit: Buffer, times: number): Promise<{ port: number }> {
  const server = createServer({ noDelay: true }, (socket) => {
    server.close();
    socket.on('error', () => socket.destroy());
    send(socket, unit, times);
  });
  return listen(server);
}

const sunk = new EventEmitter();

/** Takes whatever comes. */
function sink(): Promise<{ port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.resume();
    socket.on('close', () => sunk.emit('bytes', socket.bytesRead));
  });
  return listen(server);
}

answerJobs({
  sendLines: ({ size, amount }: JobOptions) => sender(line(size), amount),
  sendFrames: ({ size, amount }: JobOptions) => sender(frame(size), amount),
  echo: () =>
    listen(
      createServer({ noDelay: true }, (socket) => {
        socket.on('error', () => socket.destroy());
        socket.on('data', (chunk) => socket.write(chunk));
      }),
    ),
  sink,
  /** Waits for the end of the next connection to the sink. */
  async sunk({ amount, size }: JobOptions) {
    const [bytes] = (await once(sunk, 'bytes')) as [number];
    expectCount(bytes, amount * size);
  },
  /** Sends to a server. */
  async pump({ port, size, amount }: JobOptions) {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true }).resume();
    send(socket, Buffer.alloc(size, 'x'), amount);
    await once(socket, 'close');
  },
  /** Sends as many bytes as the one who connects asks for, in decimal on a line. */
  sendOnDemand: () =>
    listen(
      createServer({ noDelay: true }, (socket) => {
        socket.on('error', () => socket.destroy());
        socket.once('data', (line) => send(socket, Buffer.alloc(65536, 'x'), Number(String(line)) / 65536));
      }),
    ),
  pumpMessages,
  takeMessages,
  connect: connectInTurns,
  hold,
  letGo,
});
