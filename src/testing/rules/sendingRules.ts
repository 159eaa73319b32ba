import { encodeText } from '../../bytes/text.js';
import { rule, type Rule } from './Rule.js';

/** What becomes of the data that is written. @internal */
export const sendingRules: readonly Rule[] = [
  rule('sends strings as UTF-8, in order with the bytes', async (trial, { one, toOther }) => {
    trial.start();
    one.write('grün ');
    one.write(Uint8Array.of(0xff, 0x00));
    one.write('€');
    one.write('😀');
    one.write(encodeText('!'));
    const expected = Uint8Array.of(...encodeText('grün '), 0xff, 0x00, ...encodeText('€😀!'));
    await toOther.untilReceived(expected.length);
    trial.sameBytes('what the other end received', toOther.bytes, expected);
  }),
  rule(
    'puts a replacement character for half a surrogate pair, whatever is written next to it',
    async (trial, { one, toOther }) => {
      trial.start();
      one.write('\ud83d');
      one.write('\ude00');
      await toOther.untilReceived(6);
      trial.equal('what the other end received', toOther.text, '\ufffd\ufffd');
    },
  ),
  rule('counts the bytes that were written, where it counts them', async (trial, { one, toOther }) => {
    trial.start();
    const before = one.bytesWritten;
    one.write('grün ');
    one.write(Uint8Array.of(0xff, 0x00));
    if (before !== undefined) trial.equal('what it has counted', one.bytesWritten! - before, 8);
    await toOther.untilReceived(8);
    if (before !== undefined) trial.equal('what it has counted', one.bytesWritten! - before, 8);
  }),
  rule('leaves an array to its owner once it has been flushed', async (trial, { one, toOne, toOther }) => {
    trial.start();
    const array = encodeText('first text');
    one.write(array);
    await toOne.untilFlushed();
    array.set(encodeText('other text'));
    one.write(array);
    await toOne.untilFlushed();
    array.fill(0);
    await toOther.untilReceived(20);
    trial.equal('what the other end received', toOther.text, 'first textother text');
  }),
];
