import type { Connection } from '../streams/Connection.js';
import { noSilence } from '../streams/noSilence.js';
import { Silence } from '../streams/Silence.js';
import type { Take } from '../decoders/CurrentTake.js';
import type { ConversationStep } from './ConversationStep.js';

/** Takes what comes until it has been silent for so long. @internal */
export function takeUntilSilence(
  connection: Connection,
  step: ConversationStep,
  milliseconds: number,
  limit: number,
): Take<Uint8Array> {
  const { source, silence } = pauseOf(connection, step, milliseconds);
  const { queue } = source;
  const poll = (): Uint8Array | undefined => {
    const { length } = queue;
    if (length > limit) {
      silence.stop();
      throw noSilence(milliseconds, length, limit);
    }
    const isOpen = source.state === 'open';
    if (isOpen && (length === 0 || !silence.after(queue.position + length))) return undefined;
    silence.stop();
    return source.state === 'failed' || length === 0 ? undefined : queue.takeExactly(length);
  };
  return step.take<Uint8Array>(undefined, poll, () => silence.stop());
}

/** Drops what comes until it has been silent for so long. @internal */
export function discardUntilSilence(
  connection: Connection,
  step: ConversationStep,
  milliseconds: number,
): Take<true> {
  const { source, silence } = pauseOf(connection, step, milliseconds);
  const { queue } = source;
  const poll = (): true | undefined => {
    queue.skip(queue.length);
    if (source.state === 'open' && !silence.after(queue.position)) return undefined;
    silence.stop();
    return source.state === 'failed' ? undefined : true;
  };
  return step.take<true>(undefined, poll, () => silence.stop());
}

function pauseOf(connection: Connection, step: ConversationStep, milliseconds: number) {
  const { reads, settings } = connection.core;
  return { source: reads, silence: new Silence(milliseconds, settings.scheduler, step.wake) };
}
