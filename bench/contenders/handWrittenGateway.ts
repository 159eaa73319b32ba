/** A gateway from WebSocket to TCP as one would write it on `ws` and `node:net`: for one target, without any checks. */
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { WebSocketServer } from 'ws';
import type { JobOptions } from '../answerJobs.js';
import { listen } from './listen.js';

/** Bytes that may wait for a client before the target is paused. */
const HIGH_WATER_MARK = 65536;

export async function handWrittenGateway({ port }: JobOptions): Promise<{ url: string }> {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 2 ** 20 });
  const server = createServer();
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (client) => {
      const target = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
      client
        .on('message', (message: Buffer) => {
          if (!target.write(message)) client.pause();
        })
        .on('close', () => target.end())
        .on('error', () => target.destroy());
      target
        .on('drain', () => client.resume())
        .on('data', (chunk) => {
          client.send(chunk);
          if (client.bufferedAmount > HIGH_WATER_MARK) target.pause();
        })
        .on('end', () => client.close())
        .on('error', () => client.terminate());
      socket.on('drain', () => target.resume());
    });
  });
  return { url: `ws://127.0.0.1:${(await listen(server)).port}/` };
}
