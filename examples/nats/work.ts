import { fromConsumer, type ConsumerOptions } from 'rxjs-net/nats';
import { from, map, type Observable } from 'rxjs';
import type { Frames } from './frames.js';

/** Works on the frames of the stream, and emits the line of each that is done. Any number of processes may do so. */
export function work(
  { js, consumer }: Frames,
  frame: (line: string) => Promise<unknown>,
  options: ConsumerOptions = {},
): Observable<string> {
  return fromConsumer(
    consumer,
    (message) => {
      const line = message.string();
      return from(frame(line)).pipe(map(() => line));
    },
    { concurrency: 16, deadLetter: { js, subject: 'frames.dead' }, ...options },
  );
}
