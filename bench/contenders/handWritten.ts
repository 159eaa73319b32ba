/** Each job as one would write it by hand on `node:net`, for speed and for just that job. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { answerJobs, expectCount, type JobOptions } from '../answerJobs.js';
import { handWrittenGateway } from './handWrittenGateway.js';
import { handWrittenRedis } from './handWrittenRedis.js';
import { listen } from './listen.js';
import { memory } from './memory.js';
import { REST_MS, SlowWork } from './slowWork.js';
import { TripTimer } from './TripTimer.js';

function open(port: number): Socket {
  return connect({ host: '127.0.0.1', port, noDelay: true });
}

function pipe(from: Socket, to: Socket): void {
  from
    .on('data', (chunk) => to.write(chunk) || from.pause())
    .on('end', () => to.end())
    .on('error', () => to.destroy());
  to.on('drain', () => from.resume());
}

answerJobs({
  async chunks({ port, amount, size }: JobOptions) {
    let received = 0;
    await once(
      open(port).on('data', (chunk) => (received += chunk.length)),
      'end',
    );
    expectCount(received, amount * size);
  },

  async lines({ port, amount, size }: JobOptions) {
    let received = 0;
    const onLine = (line: string): void => {
      received += line.length + 1;
    };
    let rest = '';
    const socket = open(port).setEncoding('utf8');
    socket.on('data', (text: string) => {
      let from = 0;
      let end = text.indexOf('\n');
      if (end !== -1 && rest !== '') {
        onLine(rest + text.slice(0, end));
        rest = '';
        from = end + 1;
        end = text.indexOf('\n', from);
      }
      for (; end !== -1; end = text.indexOf('\n', from)) {
        onLine(text.slice(from, end));
        from = end + 1;
      }
      rest += text.slice(from);
    });
    await once(socket, 'end');
    expectCount(received, amount * size);
  },

  async readUntil({ port, amount, size }: JobOptions) {
    let received = 0;
    let rest: Buffer | undefined;
    const socket = open(port).on('data', (chunk: Buffer) => {
      const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
        received += bytes.subarray(from, end + 1).length;
        from = end + 1;
      }
      rest = from === bytes.length ? undefined : bytes.subarray(from);
    });
    await once(socket, 'end');
    expectCount(received, amount * size);
  },

  async frames({ port, amount, size }: JobOptions) {
    let received = 0;
    const onFrame = (frame: Uint8Array): void => {
      received += frame.length;
    };
    let rest: Buffer | undefined;
    const socket = open(port).on('data', (chunk: Buffer) => {
      const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      while (bytes.length - from >= 4) {
        const end = from + 4 + bytes.readUInt32BE(from);
        if (end > bytes.length) break;
        onFrame(bytes.subarray(from + 4, end));
        from = end;
      }
      rest = from === bytes.length ? undefined : bytes.subarray(from);
    });
    await once(socket, 'end');
    expectCount(received, amount * size);
  },

  async roundTrips({ port, amount, size }: JobOptions) {
    const message = new Uint8Array(size).fill(0x78);
    const timer = new TripTimer(amount);
    let missing = size;
    const socket = open(port);
    const ask = (): void => {
      timer.start();
      socket.write(message);
    };
    socket.on('connect', ask).on('data', (chunk) => {
      missing -= chunk.length;
      if (missing > 0) return;
      missing = size;
      timer.stop();
      if (timer.trips === amount) socket.end();
      else ask();
    });
    await once(socket, 'close');
    return timer.percentiles();
  },

  proxy({ port }: JobOptions) {
    return listen(
      createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
        const upstream = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
        pipe(client, upstream);
        pipe(upstream, client);
      }),
    );
  },

  async slowConsumer({ port, amount, size }: JobOptions) {
    const work = new SlowWork();
    const socket = open(port);
    socket.on('data', (chunk) => {
      if (!work.take(chunk)) return;
      socket.pause();
      setTimeout(() => socket.resume(), REST_MS);
    });
    await once(socket, 'end');
    expectCount(work.received, amount * size);
  },

  redis: handWrittenRedis,

  gateway: handWrittenGateway,

  shortConnections() {
    return listen(
      createServer({ noDelay: true }, (socket) => {
        socket.on('data', (chunk) => socket.end(chunk)).on('error', () => socket.destroy());
      }),
    );
  },

  idleSockets() {
    return listen(
      createServer({ noDelay: true }, (socket) => {
        socket.on('data', (chunk) => socket.write(chunk)).on('error', () => socket.destroy());
      }),
    );
  },

  memory,
});
