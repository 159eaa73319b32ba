import { duration } from './layOut.js';
import type { Playback } from './Playback.js';

const WHO = { peer: 'the peer', handler: 'the handler', writer: 'the handler', taken: 'the peer' } as const;
const DOES = { peer: 'sends', handler: 'emits', writer: 'writes', taken: 'takes' } as const;

/** What a picture shows, a line for each thing that happens, in their order. */
export function inWords({ happenings, moments }: Playback): string[] {
  const lines: [at: number, text: string][] = happenings.map(({ at, row, kind, text, arrivesAt }) => {
    const late =
      arrivesAt !== undefined && arrivesAt > at ? `, which is taken at ${duration(arrivesAt)}` : '';
    const does =
      kind === 'value'
        ? `${DOES[row]} ${text}`
        : row === 'handler' && kind === 'error'
          ? `fails: ${text}`
          : text;
    return [at, `${WHO[row]} ${does}${late}`];
  });
  for (const [i, { at, readerPaused, writerPaused, buffered, queued }] of moments.entries()) {
    const before = moments[i - 1];
    if (readerPaused !== (before?.readerPaused ?? false))
      lines.push([
        at,
        readerPaused ? `the reader stops its peer: ${buffered} bytes wait` : 'the reader lets its peer go on',
      ]);
    if (writerPaused !== (before?.writerPaused ?? false))
      lines.push([at, writerPaused ? `the writer is paused: ${queued} bytes wait` : 'the writer goes on']);
  }
  return lines.sort(([a], [b]) => a - b).map(([at, text]) => `${duration(at)}: ${text}`);
}
