import { MEBIBYTE } from '../TransportTrial.js';
import { rule, type Rule } from './Rule.js';

/** The graceful end of both directions. @internal */
export const closeRules: readonly Rule[] = [
  rule('bears a second close', async (trial, { one, other, toOne, toOther }) => {
    trial.start();
    one.close();
    one.close();
    await toOne.untilClosed();
    one.close();
    await toOther.untilEof();
    other.close();
    await toOther.untilClosed();
    trial.equal('how often one end was closed', toOne.order.filter((event) => event === 'closed').length, 1);
    trial.equal('the error that one end was closed with', toOne.errors, [undefined]);
  }),
  rule('sends what was written before it closes', async (trial, { one, toOne, toOther }) => {
    const sent = trial.randomBytes(2 * MEBIBYTE);
    trial.start();
    for (const chunk of trial.randomChunks(sent, 100_000)) one.write(chunk);
    one.close();
    await toOther.untilEof();
    await toOne.untilClosed();
    trial.sameBytes('what the other end received', toOther.bytes, sent);
    // One that cannot close one direction alone is closed by then, without an error.
    const told = toOther.order.filter((event) => event !== 'closed');
    trial.equal('what the other end was told', told, ['data', 'eof']);
    trial.equal('errors told to the other end', toOther.errors.filter(Boolean), []);
    trial.equal('the error that one end was closed with', toOne.errors, [undefined]);
  }),
  rule(
    'goes on sending after close until a peer that had stopped has taken everything',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      other.pause();
      const written = await trial.writeUntilStuck();
      one.close();
      other.resume();
      await toOther.untilEof();
      await toOne.untilClosed();
      trial.equal('bytes that the other end received', toOther.length, written);
      trial.equal('the error that one end was closed with', toOne.errors, [undefined]);
    },
    'slowsPeer',
  ),
  rule(
    'tells of no data and no end any more while it is closing',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      other.pause();
      const written = await trial.writeUntilStuck();
      const before = toOne.length;
      one.close();
      other.write('late');
      other.writeEof();
      await trial.letTimePassElsewhere();
      other.resume();
      await toOne.untilClosed();
      trial.equal('bytes told', toOne.length, before);
      trial.equal('what one end was told', toOne.order, ['data', 'closed']);
      await toOther.untilReceived(written);
      trial.equal('bytes that the other end received', toOther.length, written);
    },
    'halfClose',
    'slowsPeer',
  ),
  rule('closes also while it is paused with bytes waiting', async (trial, { one, other, toOne }) => {
    trial.start();
    one.pause();
    other.write('nobody reads this');
    one.close();
    await toOne.untilClosed();
    trial.equal('the error that one end was closed with', toOne.errors, [undefined]);
    trial.equal('bytes delivered after close', toOne.length, 0);
  }),
  rule(
    'drops what is written after close',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      other.pause();
      const written = await trial.writeUntilStuck();
      one.close();
      const left = one.writeQueueSize;
      one.write('late');
      one.write(new Uint8Array(100_000));
      trial.true('no more in the write queue', one.writeQueueSize <= left, one.writeQueueSize - left);
      other.resume();
      await toOther.untilEof();
      await toOne.untilClosed();
      one.write('too late');
      trial.equal('bytes that the other end received', toOther.length, written);
      trial.equal('the error that one end was closed with', toOne.errors, [undefined]);
    },
    'slowsPeer',
  ),
];
