import { MEBIBYTE } from '../TransportTrial.js';
import { rule, type Rule } from './Rule.js';

/** Pausing, and the count of what waits. @internal */
export const flowControlRules: readonly Rule[] = [
  rule(
    'stops delivering when paused but for what was under way, and goes on when resumed',
    async (trial, { one, other, toOther }) => {
      trial.start();
      one.write('begin');
      await toOther.untilReceived(5);
      other.pause();
      one.write(new Uint8Array(4 * MEBIBYTE));
      one.writeEof();
      await trial.letTimePass();
      trial.true(
        'at most 256 KiB in spite of the pause',
        toOther.length <= 5 + 256 * 1024,
        `${toOther.length} bytes`,
      );
      trial.equal('what the other end was told', toOther.order, ['data']);
      other.resume();
      await toOther.untilEof();
      trial.equal('bytes that the other end received', toOther.length, 5 + 4 * MEBIBYTE);
    },
    'halfClose',
  ),
  rule(
    'counts what it could not hand on, and tells of every decrease',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      other.pause();
      const written = await trial.writeUntilStuck();
      const before = one.writeQueueSize;
      one.write('é€😀');
      one.write(new Uint8Array(1000));
      trial.equal('writeQueueSize', one.writeQueueSize, before + 9 + 1000);
      const flushes = toOne.queueSizes.length;
      other.resume();
      await toOne.untilFlushed();
      await toOther.untilReceived(written + 1009);
      const sizes = toOne.queueSizes.slice(flushes);
      trial.equal('queue at the last flush', sizes.at(-1), 0);
      trial.equal(
        'every flush is a decrease',
        sizes,
        [...new Set(sizes)].sort((a, b) => b - a),
      );
      trial.equal('bytes that the other end received', toOther.length, written + 1009);
    },
    'slowsPeer',
  ),
  rule(
    'tells of progress inside one large write, step by step as the peer takes it',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      // More than the buffers of a kernel hold.
      const size = 16 * MEBIBYTE;
      toOther.onData = () => other.pause();
      one.write(new Uint8Array(size));
      while (toOther.length < size) {
        const before = toOther.length;
        other.resume();
        await toOther.untilReceived(before + 1);
      }
      await toOne.untilFlushed();
      const steps = new Set(toOne.queueSizes.filter((left) => left > 0 && left < size)).size;
      trial.true('at least 3 flushes in the middle of the write', steps >= 3, steps);
      trial.equal('queue at the last flush', toOne.queueSizes.at(-1), 0);
    },
    'progress',
  ),
];
