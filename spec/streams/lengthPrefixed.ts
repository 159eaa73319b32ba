import type { Decoder } from '../../src/index.js';

/** A length byte, then that many bytes; it takes the length first and remembers it. */
export const lengthPrefixed = (): Decoder<string> => {
  let length: number | undefined;
  return {
    decode(queue) {
      length ??= queue.takeUint8();
      if (length === undefined) return undefined;
      const frame = queue.takeText(length);
      if (frame !== undefined) length = undefined;
      return frame;
    },
  };
};
