/** The end of a transfer that is a server of TCP, in a process of its own. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { answerJobs } from '../answerJobs.js';
import { listen } from '../contenders/listen.js';
import { Receiving, type EndState, type TransferSize } from './Receiving.js';
import { Sending } from './Sending.js';

export interface ServerJob extends TransferSize {
  readonly direction: 'down' | 'up';
}

let end: Receiving | Sending;

async function send(socket: Socket, sending: Sending): Promise<void> {
  for (const piece of sending.pieces()) if (!socket.write(piece)) await once(socket, 'drain');
  socket.end();
  await once(socket, 'finish');
  sending.complete();
}

async function receive(socket: Socket, receiving: Receiving): Promise<void> {
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    await receiving.take(chunk);
    if (receiving.hasAll) socket.end('all of it');
  }
  receiving.end();
}

answerJobs<ServerJob>({
  serve(job) {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      server.close();
      const lost = once(socket, 'close').then(() => Promise.reject(new Error('The connection has closed')));
      let transferred: Promise<void>;
      if (job.direction === 'up') {
        transferred = receive(socket, (end = new Receiving(job)));
      } else {
        const sending = new Sending(job.bytes, () => socket.writableLength);
        end = sending;
        transferred = send(socket.resume(), sending);
      }
      Promise.race([transferred, lost]).catch((error: unknown) => end.fail(error));
    });
    return listen(server);
  },
  state: (): Promise<EndState> =>
    Promise.resolve((end as typeof end | undefined)?.state ?? { phase: 'waiting', bytes: 0, seconds: 0 }),
  goOn() {
    if (end instanceof Receiving) end.goOn();
    return Promise.resolve();
  },
});
