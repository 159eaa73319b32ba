/** The jobs with the web's streams, as Node has them. */
import { connect, createServer, type Socket } from 'node:net';
import { Duplex, Writable } from 'node:stream';
import {
  ByteLengthQueuingStrategy,
  ReadableStream,
  TextDecoderStream,
  TransformStream,
  type WritableStream,
} from 'node:stream/web';
import { setTimeout } from 'node:timers/promises';
import { answerJobs, expectCount, type JobOptions } from '../answerJobs.js';
import { listen } from './listen.js';
import { REST_MS, SlowWork } from './slowWork.js';

function open(port: number): ReadableStream<Uint8Array> {
  const { readable } = Duplex.toWeb(connect({ host: '127.0.0.1', port, noDelay: true }));
  return readable as ReadableStream<Uint8Array>;
}

/** The receiving half of a socket, as a stream of its own: Node's toWeb() ends only when both halves have ended. */
function readable(socket: Socket): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        socket.pause();
        socket
          .on('data', (chunk: Buffer) => {
            controller.enqueue(chunk);
            if (controller.desiredSize! <= 0) socket.pause();
          })
          .on('end', () => controller.close())
          .on('error', (error) => controller.error(error));
      },
      pull: () => void socket.resume(),
      cancel: () => void socket.destroy(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 65536 }),
  );
}

function writable(socket: Socket): WritableStream<Uint8Array> {
  return Writable.toWeb(socket) as WritableStream<Uint8Array>;
}

function lineSplitter(): TransformStream<string, string> {
  let rest = '';
  return new TransformStream({
    transform(text, controller) {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) controller.enqueue(line);
    },
    flush(controller) {
      if (rest !== '') controller.enqueue(rest);
    },
  });
}

answerJobs({
  async chunks({ port, amount, size }: JobOptions) {
    let received = 0;
    for await (const chunk of open(port)) received += chunk.length;
    expectCount(received, amount * size);
  },

  async lines({ port, amount, size }: JobOptions) {
    let received = 0;
    const lines = open(port).pipeThrough(new TextDecoderStream()).pipeThrough(lineSplitter());
    for await (const line of lines) received += line.length + 1;
    expectCount(received, amount * size);
  },

  proxy({ port }: JobOptions) {
    return listen(
      createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
        const upstream = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
        void Promise.all([
          readable(client).pipeTo(writable(upstream)),
          readable(upstream).pipeTo(writable(client)),
        ]);
      }),
    );
  },

  async slowConsumer({ port, amount, size }: JobOptions) {
    const work = new SlowWork();
    for await (const chunk of open(port)) if (work.take(chunk)) await setTimeout(REST_MS);
    expectCount(work.received, amount * size);
  },
});
