import type { Decoder } from '../../src/index.js';
import { text } from '../streams/record.js';

/** Frames that end with `!`. */
export const shouts = (): Decoder<string> => ({
  decode(queue) {
    const frame = queue.takeUntil('!');
    return frame && text(frame);
  },
});
