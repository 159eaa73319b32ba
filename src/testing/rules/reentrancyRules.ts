import { rule, type Rule } from './Rule.js';

/** Calls from inside the calls of the receiver. @internal */
export const reentrancyRules: readonly Rule[] = [
  rule(
    'lets its calls be answered from inside: an abort in the middle of the data ends it there',
    async (trial, { one, other, toOther }) => {
      trial.start();
      toOther.onData = () => other.abort('seen enough');
      one.write('one');
      await toOther.untilClosed();
      one.write('two');
      await trial.letTimePassElsewhere();
      trial.equal('what the other end received', toOther.text, 'one');
      trial.equal('what the other end was told', toOther.order, ['data', 'closed']);
      trial.equal('the error that the other end was closed with', toOther.errors, ['seen enough']);
    },
  ),
  rule(
    'lets its calls be answered from inside: a close at the end of the stream',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      toOther.onEof = () => {
        other.write('bye');
        other.close();
      };
      one.writeEof();
      await toOther.untilClosed();
      await toOne.untilEof();
      one.close();
      await toOne.untilClosed();
      trial.equal('what one end received', toOne.text, 'bye');
      trial.equal('what one end was told', toOne.order, ['data', 'eof', 'closed']);
      trial.equal('what the other end was told', toOther.order, ['eof', 'closed']);
    },
    'halfClose',
  ),
  rule(
    'lets its calls be answered from inside: a pause in the middle of the data, and a resume later',
    async (trial, { one, other, toOther }) => {
      trial.start();
      toOther.onData = () => other.pause();
      one.write('one');
      await toOther.untilReceived(3);
      one.write('two');
      await trial.letTimePass();
      trial.equal('what the other end received', toOther.text, 'one');
      toOther.onData = () => undefined;
      other.resume();
      await toOther.untilReceived(6);
      trial.equal('what the other end received', toOther.text, 'onetwo');
    },
  ),
];
