/**
 * The other end of every measurement, hand-written on `node:net`, in a process of its own so that its cost is not
 * measured. The first line on a connection says what it does: `send BYTES PATTERN` or `echo`.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';

function send(socket: Socket, bytes: number, pattern: string): void {
  const block = Buffer.alloc(65536 - (65536 % (pattern.length + 1)), `${pattern}\n`);
  let left = bytes;
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

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', (command) => {
    const end = command.indexOf('\n');
    const [verb, bytes, pattern] = command.toString('latin1', 0, end).split(' ');
    if (verb === 'send') {
      send(socket, Number(bytes), pattern!);
    } else {
      socket.on('data', (chunk) => socket.write(chunk));
      // The first message may have come with the command.
      if (end + 1 < command.length) socket.write(command.subarray(end + 1));
    }
  });
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
