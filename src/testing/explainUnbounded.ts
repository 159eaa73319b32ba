import type { BoundedSettings } from './BoundedSettings.js';
import { PUSHING, type ReadName } from './noteReads.js';
import type { TrialReport } from './TrialReport.js';
import { UnboundedError, type UnboundedBytes } from './UnboundedError.js';

/**
 * @param report of the trial that showed it
 * @param flowing of the one in which all was let out: what is written, or emitted, for how much input
 * @internal
 */
export function explainUnbounded(
  report: TrialReport,
  flowing: TrialReport,
  settings: BoundedSettings,
): UnboundedError {
  const bytes = bytesOf(report, flowing, settings);
  const { taken, bound, reader, writer, left, between } = bytes;
  const isFull = taken > bound;
  return new UnboundedError(
    [
      `The pipeline queues without a bound: ${isFull ? 'it reads on while nothing is let out' : 'what it holds grows while little is let out'}`,
      `  taken                            ${taken} bytes${isFull ? `, where a bounded one takes ${bound} at most` : ''}`,
      `  in the reader                    ${reader}`,
      `  in an operator, or the program   ${between}`,
      `  in the writer's queue            ${writer}`,
      `  taken by the peer                ${left}`,
      ...(between <= reader + writer ? WRITER_ADVICE : readAdvice(report.reads)),
      ...(isFull
        ? [`If it has a bound of its own, above ${settings.allowed} bytes, give that as \`allowed\`.`]
        : []),
    ].join('\n'),
    bytes,
  );
}

function bytesOf(
  { mark, connections }: TrialReport,
  { end }: TrialReport,
  settings: BoundedSettings,
): UnboundedBytes {
  // What has gone on, as the input that it was made of.
  const [gone, perInput] = end.written > 0 ? [mark.written, end.written] : [mark.emissions, end.emissions];
  const passed = perInput === 0 ? 0 : Math.round((gone * end.taken) / perInput);
  return {
    taken: mark.taken,
    bound: connections * (settings.bound - settings.allowed) + settings.allowed,
    reader: mark.buffered,
    writer: mark.queued,
    left: mark.written - mark.queued,
    between: Math.max(0, mark.taken - mark.buffered - passed),
  };
}

const WRITER_ADVICE = [
  'It writes without waiting for room. Wait for writer.send(…), or return `writer.paused ? writer.drain() : undefined`',
  'after writer.write(…); for what cannot wait there is writeTo, with a limit.',
];

function readAdvice(reads: ReadonlySet<ReadName>): string[] {
  const pushing = PUSHING.filter((name) => reads.has(name)).map((name) => `reader.${name}()`);
  if (pushing.length > 0) {
    return [
      `${pushing.join(', ')} cannot be told to wait, so an operator behind it that takes its time (concatMap, mergeMap,`,
      'observeOn, delay, buffer …) queues what it is given. Take reader.consume(decoder, work), reader.pipeTo(writer), or',
      'sendAll, which read on when the work is done.',
    ];
  }
  if (reads.has('consumeAhead')) {
    return ['A subscriber of framed() cannot make it wait: give the work to its consume(work).'];
  }
  if (reads.has('consume')) {
    return ['The work of reader.consume() ends before its frame has gone: return what there is to wait for.'];
  }
  return [
    `It reads again, by reader.${[...reads].join('(), reader.')}(), before the work on what it has read is over: repeat() has to`,
    'stand behind the concatMap.',
  ];
}
