import { ReplaySubject, type Observable } from 'rxjs';
import type { Transport } from '../../streams/Transport.js';
import type { RecordingReceiver } from '../RecordingReceiver.js';
import { rule, type Rule } from './Rule.js';

/** What stays after `closed`; nothing to check where a transport has no `onReleased`. @internal */
export const releaseRules: readonly Rule[] = [
  rule('is released once, after it was closed', async (trial, { one, other, toOne, toOther }) => {
    trial.start();
    const release = watchRelease(one, toOne);
    if (release === undefined) return;
    one.close();
    await toOther.untilEof();
    other.close();
    await toOne.untilClosed();
    await toOther.untilClosed();
    await trial.first('the release', release.released$);
    await trial.letTimePassElsewhere();
    trial.equal('what one end was told last before each release', release.last, ['closed']);
    let atOnce = false;
    one.onReleased?.(() => (atOnce = true));
    trial.equal('whether onReleased calls at once when it is released', atOnce, true);
  }),
  rule('is released by an abort after it was closed', async (trial, { one, toOne }) => {
    trial.start();
    const release = watchRelease(one, toOne);
    if (release === undefined) return;
    one.close();
    await toOne.untilClosed();
    one.abort();
    await trial.first('the release', release.released$);
    one.abort();
    await trial.letTimePassElsewhere();
    trial.equal('what one end was told last before each release', release.last, ['closed']);
  }),
  rule('is released after an abort', async (trial, { one, toOne }) => {
    trial.start();
    const release = watchRelease(one, toOne);
    if (release === undefined) return;
    one.abort('over');
    await toOne.untilClosed();
    await trial.first('the release', release.released$);
    await trial.letTimePassElsewhere();
    trial.equal('what one end was told last before each release', release.last, ['closed']);
  }),
];

interface Release {
  readonly released$: Observable<unknown>;
  /** For each release: what the receiver had been told last. */
  readonly last: (string | undefined)[];
}

function watchRelease(transport: Transport, receiver: RecordingReceiver): Release | undefined {
  if (transport.onReleased === undefined) return undefined;
  const released = new ReplaySubject<void>(1);
  const last: (string | undefined)[] = [];
  transport.onReleased(() => {
    last.push(receiver.order.at(-1));
    released.next();
  });
  return { released$: released, last };
}
