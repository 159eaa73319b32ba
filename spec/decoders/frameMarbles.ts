import { catchError, map, throwError, type Observable } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { decode, type Data, type DecoderFactory, type StreamError } from '../../src/index.js';
import { copyBytes } from '../../src/bytes/text.js';
import { marbleConnection } from '../../src/testing.js';
import { text } from '../streams/record.js';

export type FrameRow = [name: string, source: string, expected: string, error?: string];

/** When frames come, as marbles, of `decode` and of a reader: a spec for each row. Frames of bytes are shown as text. */
export function frameMarbles<T>(
  decoder: DecoderFactory<T>,
  chunks: Record<string, Data>,
  frames: Record<string, unknown>,
  rows: readonly FrameRow[],
): void {
  for (const [name, source, expected, error] of rows) {
    it(
      name,
      marbles((m) => {
        const operated$ = m.cold(source, chunks).pipe(map(copyBytes), decode(decoder));
        m.expect(shown(operated$)).toBeObservable(expected, frames, error);
        const { reader } = marbleConnection(m, { incoming: source, values: chunks });
        m.expect(shown(reader.frames(decoder))).toBeObservable(expected, frames, error);
      }),
    );
  }
}

function shown(frames$: Observable<unknown>): Observable<unknown> {
  return frames$.pipe(
    map((frame) => (frame instanceof Uint8Array ? text(frame) : frame)),
    catchError((error: StreamError) => throwError(() => error.code)),
  );
}
