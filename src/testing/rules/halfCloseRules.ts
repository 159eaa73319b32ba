import { rule, type Rule } from './Rule.js';

/** The end of one direction. @internal */
export const halfCloseRules: readonly Rule[] = [
  rule(
    'is closed when both directions have ended',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      one.writeEof();
      await toOther.untilEof();
      other.writeEof();
      await toOther.untilClosed();
      await toOne.untilClosed();
      trial.equal('what one end was told', toOne.order, ['eof', 'closed']);
      trial.equal('what the other end was told', toOther.order, ['eof', 'closed']);
      trial.equal(
        'the errors that they were closed with',
        [...toOne.errors, ...toOther.errors],
        [undefined, undefined],
      );
    },
    'halfClose',
  ),
  rule(
    'ends one direction and keeps the other',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      one.write('all I have to say');
      one.writeEof();
      await toOther.untilEof();
      trial.equal('what the other end received', toOther.text, 'all I have to say');
      other.write('a long ');
      await toOne.untilReceived(7);
      other.write('answer');
      await toOne.untilReceived(13);
      trial.equal('what one end received', toOne.text, 'a long answer');
      trial.equal('what one end was told', toOne.order, ['data']);
      trial.equal('what the other end was told', toOther.order, ['data', 'eof']);
      trial.equal('canWriteEof', one.canWriteEof, true);
    },
    'halfClose',
  ),
  rule(
    'says that it cannot end one direction alone',
    (trial, { one }) => {
      trial.equal('canWriteEof', one.canWriteEof, false);
    },
    'noHalfClose',
  ),
];
