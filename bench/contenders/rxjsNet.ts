/** The jobs with rxjs-net. */
import { fromConnection, openConnection, serverConnections$ } from 'rxjs-net/node';
import { decoder, lengthPrefixed, serve, useConnection, type Connection, type Decoder } from 'rxjs-net';
import { defer, lastValueFrom, merge, repeat, takeWhile, tap, timer, type Observable } from 'rxjs';
import { answerJobs, expectCount, type JobOptions } from '../answerJobs.js';
import { memory } from './memory.js';
import { rxjsNetGateway } from './rxjsNetGateway.js';
import { redisByConversation, redisByGenerator, redisByObject, redisByReads } from './rxjsNetRedis.js';
import {
  idleConnections,
  idleConsumers,
  idleConversations,
  proxiedConnections,
  shortConnections,
} from './rxjsNetServers.js';
import { REST_MS, SlowWork } from './slowWork.js';
import { TripTimer } from './TripTimer.js';

/** One subscription, whose subscriber stands where the callback of the hand-written one stands. */
async function subscribeTo<T>(
  port: number,
  read: (connection: Connection) => Observable<T>,
  next: (value: T) => void,
): Promise<void> {
  await using connection = await openConnection({ host: '127.0.0.1', port });
  await new Promise<void>((resolve, reject) => {
    read(connection).subscribe({ next, error: reject, complete: resolve });
  });
}

/** As a client is usually written. */
function use(port: number, job: (connection: Connection) => Observable<unknown>): Promise<unknown> {
  return lastValueFrom(fromConnection({ host: '127.0.0.1', port }).pipe(useConnection(job)), {
    defaultValue: undefined,
  });
}

const generatedFrame = decoder(function* (bytes) {
  return yield* bytes.exactly(yield* bytes.uint32());
});

const chunk = (): Decoder<Uint8Array> => ({ decode: (bytes) => bytes.takeChunk() });

async function bytesIn(
  { port, amount, size }: JobOptions,
  read: (connection: Connection) => Observable<Uint8Array>,
): Promise<void> {
  let received = 0;
  await subscribeTo(port, read, (bytes) => (received += bytes.length));
  expectCount(received, amount * size);
}

answerJobs({
  chunks: (options) => bytesIn(options, ({ reader }) => reader.chunks()),
  frames: (options) => bytesIn(options, ({ reader }) => reader.frames(lengthPrefixed({ width: 4 }))),
  framesByGenerator: (options) => bytesIn(options, ({ reader }) => reader.frames(generatedFrame)),

  async lines({ port, amount, size }: JobOptions) {
    let received = 0;
    await subscribeTo(
      port,
      ({ reader }) => reader.lines(),
      (line) => (received += line.length + 1),
    );
    expectCount(received, amount * size);
  },

  async readUntil({ port, amount, size }: JobOptions) {
    let left = amount * size;
    await use(port, ({ reader }) =>
      reader.readUntil().pipe(
        repeat(),
        takeWhile((line) => (left -= line.length) > 0),
      ),
    );
    expectCount(left, 0);
  },

  async roundTrips({ port, amount, size }: JobOptions) {
    const message = new Uint8Array(size).fill(0x78);
    const timer = new TripTimer(amount);
    await use(port, ({ reader, writer }) =>
      defer(() => {
        timer.start();
        writer.write(message);
        return reader.readExactly(size);
      }).pipe(
        tap(() => timer.stop()),
        repeat(amount),
      ),
    );
    return timer.percentiles();
  },

  proxy({ port }: JobOptions) {
    return new Promise((resolve) => {
      serverConnections$({
        host: '127.0.0.1',
        port: 0,
        onListening: ({ addresses: [address] }) => resolve({ port: address!.port }),
      })
        .pipe(
          serve((client) =>
            fromConnection({ host: '127.0.0.1', port }).pipe(
              useConnection((upstream) =>
                merge(client.reader.pipeTo(upstream.writer), upstream.reader.pipeTo(client.writer)),
              ),
            ),
          ),
        )
        .subscribe();
    });
  },

  gateway: rxjsNetGateway,

  async slowConsumer({ port, amount, size }: JobOptions) {
    const work = new SlowWork();
    await use(port, ({ reader }) =>
      reader.consume(chunk, (bytes) => (work.take(bytes) ? timer(REST_MS) : undefined)),
    );
    expectCount(work.received, amount * size);
  },

  redisByObject,
  redisByConversation,
  redisByGenerator,
  redisByReads,
  shortConnections,
  proxiedByLine: () => proxiedConnections(1),
  proxiedByBlock: () => proxiedConnections(2),
  idleConnections,
  idleConsumers,
  idleConversations,
  memory,
});
