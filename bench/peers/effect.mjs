/** The jobs with Effect's sockets and streams. */
import { makeNet } from '@effect/platform-node-shared/NodeSocket';
import { Effect, Stream } from 'effect';
import { toStream } from 'effect/socket/Socket';
import { answerJobs, expectCount } from '../../build/bench/answerJobs.js';
import { TripTimer } from '../../build/bench/contenders/TripTimer.js';

function open(port) {
  return makeNet({ host: '127.0.0.1', port, noDelay: true });
}

answerJobs({
  async lines({ port, amount, size }) {
    const received = await Effect.runPromise(
      Effect.gen(function* () {
        const socket = yield* open(port);
        return yield* toStream(socket).pipe(
          // The peer's end is an error there.
          Stream.catchIf(
            (error) => error.reason.code === 1000,
            () => Stream.empty,
          ),
          Stream.decodeText(),
          Stream.splitLines,
          Stream.runFold(
            () => 0,
            (sum, line) => sum + line.length + 1,
          ),
        );
      }),
    );
    expectCount(received, amount * size);
  },

  async roundTrips({ port, amount, size }) {
    const message = new Uint8Array(size).fill(0x78);
    const timer = new TripTimer(amount);
    await Effect.runPromise(
      Effect.gen(function* () {
        const socket = yield* open(port);
        const reader = yield* socket.reader;
        const writer = yield* socket.writer;
        while (timer.trips < amount) {
          timer.start();
          yield* writer.write(message);
          for (let missing = size; missing > 0;) {
            for (const chunk of yield* reader.pull) missing -= chunk.length;
          }
          timer.stop();
        }
      }).pipe(Effect.scoped),
    );
    return timer.percentiles();
  },
});
