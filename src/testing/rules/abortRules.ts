import { rule, type Rule } from './Rule.js';

/** The end by an abort, in every state. @internal */
export const abortRules: readonly Rule[] = [
  rule('bears a second abort, whose reason does not count', async (trial, { one, toOne }) => {
    trial.start();
    one.abort('first');
    one.abort('second');
    await toOne.untilClosed();
    one.abort('third');
    await trial.letTimePassElsewhere();
    trial.equal('what one end was told', toOne.order, ['closed']);
    trial.equal('the error that one end was closed with', toOne.errors, ['first']);
  }),
  rule(
    'can be aborted while it is closing',
    async (trial, { one, other, toOne }) => {
      trial.start();
      other.pause();
      await trial.writeUntilStuck();
      one.close();
      await trial.letTimePassElsewhere();
      trial.equal('closed already', toOne.order.includes('closed'), false);
      trial.true(
        'bytes in the write queue that a stopped peer cannot have taken',
        one.writeQueueSize > 0,
        one.writeQueueSize,
      );
      one.abort('enough');
      await toOne.untilClosed();
      trial.equal('the error that one end was closed with', toOne.errors, ['enough']);
      trial.equal('the last that one end was told', toOne.order.at(-1), 'closed');
    },
    'slowsPeer',
  ),
  rule('can be aborted right after close', async (trial, { one, toOne }) => {
    trial.start();
    one.close();
    one.abort('at once');
    await toOne.untilClosed();
    trial.equal('what one end was told', toOne.order, ['closed']);
    trial.equal('how often one end was closed', toOne.errors.length, 1);
  }),
  rule(
    'can be aborted right after the end of its own direction',
    async (trial, { one, toOne }) => {
      trial.start();
      one.write('the last word');
      one.writeEof();
      one.abort('at once');
      await toOne.untilClosed();
      trial.equal('what one end was told', toOne.order, ['closed']);
      trial.equal('the error that one end was closed with', toOne.errors, ['at once']);
    },
    'halfClose',
  ),
  rule(
    'can be aborted when the peer has seen the end of its direction',
    async (trial, { one, toOne, toOther }) => {
      trial.start();
      one.writeEof();
      await toOther.untilEof();
      one.abort('later');
      await toOne.untilClosed();
      trial.equal('what one end was told', toOne.order, ['closed']);
      trial.equal('the error that one end was closed with', toOne.errors, ['later']);
    },
    'halfClose',
  ),
  rule('bears a close after an abort', async (trial, { one, toOne }) => {
    trial.start();
    one.abort('over');
    one.close();
    await toOne.untilClosed();
    trial.equal('what one end was told', toOne.order, ['closed']);
    trial.equal('the error that one end was closed with', toOne.errors, ['over']);
  }),
  rule('drops what is written after it was aborted', async (trial, { one, toOne, toOther }) => {
    trial.start();
    one.abort('over');
    one.write('into the void');
    await toOne.untilClosed();
    const calls = toOne.calls;
    one.write('into the void');
    one.write(new Uint8Array(100_000));
    await trial.letTimePassElsewhere();
    trial.equal('calls after closed', toOne.calls, calls);
    trial.equal('bytes that the other end received', toOther.length, 0);
  }),
  rule(
    'drops at an abort what a peer that does not read had not taken',
    async (trial, { one, other, toOne }) => {
      trial.start();
      other.pause();
      await trial.writeUntilStuck();
      const flushes = toOne.queueSizes.length;
      one.abort('too slow');
      await toOne.untilClosed();
      trial.equal('flushes, which would say that it was sent', toOne.queueSizes.length, flushes);
      trial.equal('the error that one end was closed with', toOne.errors, ['too slow']);
      trial.equal('the last that one end was told', toOne.order.at(-1), 'closed');
    },
    'slowsPeer',
  ),
  rule(
    'drops at an abort after close what is queued, and the peer is told that it is over',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      other.pause();
      const written = await trial.writeUntilStuck();
      one.close();
      one.abort('too slow');
      await toOne.untilClosed();
      other.resume();
      // Not a reset in every case: Node takes one that comes after bytes that it has not read yet for an end.
      const over = (): boolean => toOther.order.some((event) => event !== 'data');
      await toOther.until('an end or a reset', over);
      trial.equal('the error that one end was closed with', toOne.errors, ['too slow']);
      trial.true('less than what was written', toOther.length < written, toOther.length);
    },
    'reset',
    'slowsPeer',
  ),
];
