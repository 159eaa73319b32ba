import { MEBIBYTE } from '../TransportTrial.js';
import { rule, type Rule } from './Rule.js';

/** What a transport delivers, and in which order. @internal */
export const receivingRules: readonly Rule[] = [
  rule(
    'tells of data, then of the end, then of the close, and of nothing after',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      one.write('question');
      one.writeEof();
      await toOther.untilEof();
      other.write('answer');
      other.close();
      await toOne.untilEof();
      one.close();
      await toOne.untilClosed();
      await toOther.untilClosed();
      const calls = [toOne.calls, toOther.calls];
      one.pause();
      one.resume();
      one.close();
      one.abort();
      other.abort();
      await trial.letTimePassElsewhere();
      trial.equal('what the two ends received', [toOne.text, toOther.text], ['answer', 'question']);
      trial.equal('what one end was told', toOne.order, ['data', 'eof', 'closed']);
      trial.equal('what the other end was told', toOther.order, ['data', 'eof', 'closed']);
      trial.equal(
        'the errors that they were closed with',
        [toOne.errors, toOther.errors],
        [[undefined], [undefined]],
      );
      trial.equal('calls, also after closed', [toOne.calls, toOther.calls], calls);
    },
    'halfClose',
  ),
  rule(
    'carries a megabyte in random chunks both ways at once',
    async (trial, { one, other, toOne, toOther }) => {
      const forth = trial.randomBytes(MEBIBYTE);
      const back = trial.randomBytes(MEBIBYTE);
      trial.start();
      const forthChunks = trial.randomChunks(forth, 5000);
      const backChunks = trial.randomChunks(back, 5000);
      for (let i = 0; i < Math.max(forthChunks.length, backChunks.length); i++) {
        const [toWrite, toAnswer] = [forthChunks[i], backChunks[i]];
        if (toWrite !== undefined) one.write(toWrite);
        if (toAnswer !== undefined) other.write(toAnswer);
        if (i % 50 === 0) await trial.letTimePassElsewhere();
      }
      await toOther.untilReceived(forth.length);
      await toOne.untilReceived(back.length);
      trial.sameBytes('what the other end received', toOther.bytes, forth);
      trial.sameBytes('what one end received', toOne.bytes, back);
    },
  ),
  rule('delivers chunks that it never touches again', async (trial, { one, toOther }) => {
    trial.start();
    const atDelivery: Uint8Array[] = [];
    toOther.onData = (chunk) => atDelivery.push(chunk.slice());
    let written = 0;
    for (let i = 0; i < 100; i++) {
      const text = `${i} `.repeat(100);
      written += text.length;
      one.write(text);
      if (i % 10 === 0) await trial.letTimePass();
    }
    await toOther.untilReceived(written);
    for (const [i, chunk] of toOther.chunks.entries()) {
      trial.sameBytes(`chunk ${i}, looked at again`, chunk, atDelivery[i]!);
    }
  }),
];
