import { rule, type Rule } from './Rule.js';

/** What comes before `start`. @internal */
export const startRules: readonly Rule[] = [
  rule(
    'keeps what comes before start, and delivers it then',
    async (trial, { one, other, toOne, toOther }) => {
      one.start(toOne);
      one.write('early ');
      one.write('bird');
      one.writeEof();
      trial.equal('calls before start', toOther.calls, 0);
      other.start(toOther);
      await toOther.untilEof();
      trial.equal('what the other end received', toOther.text, 'early bird');
      trial.equal('what the other end was told', toOther.order, ['data', 'eof']);
    },
    'halfClose',
  ),
  rule(
    'delivers at start what a peer sent that has closed since',
    async (trial, { one, other, toOne, toOther }) => {
      one.start(toOne);
      one.write('farewell');
      one.close();
      other.start(toOther);
      await toOther.untilEof();
      trial.equal('what the other end received', toOther.text, 'farewell');
      other.close();
      await toOther.untilClosed();
      trial.equal('what the other end was told', toOther.order, ['data', 'eof', 'closed']);
      trial.equal('the error that the other end was closed with', toOther.errors, [undefined]);
    },
  ),
];
