import { slip } from '../../src/index.js';
import { checkDecoding, type Expected } from '../decoding.js';
import { Choices, seeded } from '../Choices.js';
import type { FuzzTarget } from '../FuzzTarget.js';

const [END, ESC, ESC_END, ESC_ESC] = [0xc0, 0xdb, 0xdc, 0xdd];
const LIMITS = [1, 2, 5, 300, 70_000];

export const slipTarget: FuzzTarget = {
  name: 'slip',
  dictionary: [
    Uint8Array.of(END),
    Uint8Array.of(ESC),
    Uint8Array.of(ESC, ESC_END),
    Uint8Array.of(ESC, ESC_ESC),
    Uint8Array.of(ESC, ESC),
    Uint8Array.of(0x61, 0x62, END),
  ],
  seeds: seeded(
    [Uint8Array.of(0x61, ESC, ESC_END, 0x62, END, END, 0x63, ESC, ESC_ESC, END, 0x64)],
    [
      [3, 0],
      [1, 1],
    ],
  ),
  stepsPerByte: 2000,
  run(input) {
    const choices = new Choices(input);
    const maxLength = choices.pick(LIMITS);
    const codec = slip({ maxLength, leadingEnd: choices.below(2) === 1 });
    const data = choices.payload;
    checkDecoding(
      { decoder: codec, data, expected: packetsOf(data, maxLength), encode: codec.encode },
      choices,
    );
  },
};

function packetsOf(data: Uint8Array, maxLength: number): Expected<Uint8Array> {
  const frames: Uint8Array[] = [];
  let start = 0;
  let message: number[] = [];
  for (let at = 0; at < data.length; at++) {
    const left = data.length - start;
    if (data[at] === END) {
      if (message.length > 0) frames.push(Uint8Array.from(message));
      message = [];
      start = at + 1;
      continue;
    }
    let byte = data[at]!;
    if (byte === ESC) {
      const escaped = data[++at];
      if (escaped === undefined) break;
      if (escaped !== ESC_END && escaped !== ESC_ESC) return { frames, code: 'ERR_DECODE', left };
      byte = escaped === ESC_END ? END : ESC;
    }
    if (message.length === maxLength) return { frames, code: 'ERR_LIMIT_OVERRUN', left };
    message.push(byte);
  }
  return start === data.length ? { frames, left: 0 } : { frames, code: 'ERR_INCOMPLETE_READ', left: 0 };
}
