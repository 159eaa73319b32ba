import { rule, type Rule } from './Rule.js';

/** The end by the other side, without a warning. @internal */
export const lossRules: readonly Rule[] = [
  rule(
    'shows an abort to the peer as an error, behind what it had received',
    async (trial, { one, toOne, toOther }) => {
      trial.start();
      one.write('hello');
      await toOther.untilReceived(5);
      one.abort();
      await toOther.untilClosed();
      await toOne.untilClosed();
      trial.equal('what the other end received', toOther.text, 'hello');
      trial.equal('what the other end was told', toOther.order, ['data', 'closed']);
      trial.isError('what the other end was closed with', toOther.errors[0]);
      trial.equal('the error that one end was closed with', toOne.errors, [undefined]);
    },
    'reset',
  ),
  rule(
    'drops what is written after the connection was lost',
    async (trial, { one, other, toOne }) => {
      trial.start();
      other.abort();
      await toOne.untilClosed();
      const calls = toOne.calls;
      one.write('too late');
      one.write(new Uint8Array(100_000));
      await trial.letTimePassElsewhere();
      trial.equal('calls after closed', toOne.calls, calls);
      trial.isError('what one end was closed with', toOne.errors[0]);
    },
    'reset',
  ),
];
