import { rule, type Rule } from './Rule.js';

/** What is known of the connection. @internal */
export const extraInfoRules: readonly Rule[] = [
  rule('knows nothing of names it has never heard of', (trial, { one }) => {
    trial.start();
    trial.equal('what is known of a name that nobody knows', one.getExtraInfo('no such name'), undefined);
  }),
];
