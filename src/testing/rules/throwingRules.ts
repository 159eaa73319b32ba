import { ReportedThrows } from '../ReportedThrows.js';
import type { TransportTrial } from '../TransportTrial.js';
import { rule, type Need, type Rule } from './Rule.js';

/** Receivers that throw. @internal */
export const throwingRules: readonly Rule[] = [
  throwing('goes on when its receiver throws in data', 1, async (trial, thrown) => {
    const { one, other, toOne, toOther } = trial;
    toOther.onData = thrown;
    one.write('one');
    await toOther.untilReceived(3);
    one.write('two');
    await toOther.untilReceived(6);
    other.write('back');
    await toOne.untilReceived(4);
    await closeBoth(trial);
    trial.equal('what the other end received', toOther.text, 'onetwo');
    trial.equal('what the other end was told', toOther.order, ['data', 'eof', 'closed']);
  }),
  throwing('goes on when both receivers throw in data', 2, async (trial, thrown) => {
    const { one, other, toOne, toOther } = trial;
    toOther.onData = () => {
      other.write('back');
      if (toOther.length === 3) thrown();
    };
    toOne.onData = () => {
      if (toOne.length === 4) thrown();
    };
    one.write('one');
    await toOne.untilReceived(4);
    one.write('two');
    await toOne.untilReceived(8);
    await closeBoth(trial);
    trial.equal('what the two ends received', [toOne.text, toOther.text], ['backback', 'onetwo']);
  }),
  throwing('goes on when its receiver throws in eof', 1, async (trial, thrown) => {
    const { toOne, toOther } = trial;
    toOther.onEof = thrown;
    await closeBoth(trial);
    trial.equal('what one end was told', toOne.order.at(-1), 'closed');
    trial.equal('what the other end was told', toOther.order, ['eof', 'closed']);
  }),
  throwing(
    'goes on when its receiver throws in flushed',
    1,
    async (trial, thrown) => {
      const { one, other, toOne, toOther } = trial;
      other.pause();
      const written = await trial.writeUntilStuck();
      toOne.onFlushed = thrown;
      other.resume();
      await toOther.untilReceived(written);
      await toOne.untilFlushed();
      toOne.onFlushed = () => undefined;
      one.write('more');
      await toOther.untilReceived(written + 4);
      await closeBoth(trial);
      trial.equal('what the other end was told', toOther.order, ['data', 'eof', 'closed']);
    },
    'slowsPeer',
  ),
  throwing('tells the other end also when both receivers throw in closed', 2, async (trial, thrown) => {
    const { one, other, toOne, toOther } = trial;
    toOne.onClosed = thrown;
    toOther.onClosed = thrown;
    one.abort('over');
    await toOne.untilClosed();
    // Where there is no reset it is an end.
    await toOther.until('an end', () => toOther.order.length > 0);
    other.close();
    await toOther.untilClosed();
    one.write('into the void');
    one.abort('again');
    trial.equal('how often one end was closed', toOne.errors, ['over']);
    trial.equal('how often the other end was closed', toOther.errors.length, 1);
  }),
];

/** `thrown` throws, in the first calls only, so many times. */
function throwing(
  name: string,
  times: number,
  check: (trial: TransportTrial, thrown: () => void) => Promise<void>,
  ...needs: readonly Need[]
): Rule {
  return rule(
    name,
    async (trial) => {
      const error = new Error('of the receiver');
      const reported = new ReportedThrows(error);
      let left = times;
      try {
        trial.start();
        await check(trial, () => {
          if (left-- > 0) throw error;
        });
        await trial.first('the report of what was thrown', reported.reported$);
        await reported.settle();
        trial.equal('how often what was thrown was reported', reported.count, times);
      } finally {
        reported.stop();
      }
    },
    'throws',
    ...needs,
  );
}

async function closeBoth({ one, other, toOne, toOther }: TransportTrial): Promise<void> {
  one.close();
  await toOther.untilEof();
  other.close();
  await toOther.untilClosed();
  await toOne.untilClosed();
}
