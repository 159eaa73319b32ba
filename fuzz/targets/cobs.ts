import { cobs } from '../../src/index.js';
import { checkDecoding, type Expected } from '../decoding.js';
import { Choices, seeded } from '../Choices.js';
import type { FuzzTarget } from '../FuzzTarget.js';

const LIMITS = [1, 4, 253, 254, 255, 600, 70_000];

export const cobsTarget: FuzzTarget = {
  name: 'cobs',
  dictionary: [
    Uint8Array.of(0),
    Uint8Array.of(1, 0),
    Uint8Array.of(1, 1, 0),
    Uint8Array.of(3, 0x61, 0x62, 0),
    Uint8Array.of(0xff, ...new Uint8Array(254).fill(0x61), 1, 0),
    Uint8Array.of(0xfe, ...new Uint8Array(253).fill(0x61), 0),
    new Uint8Array(64).fill(1),
  ],
  seeds: seeded([Uint8Array.of(2, 1, 2, 2, 0, 1, 0, 0, 3, 0x61, 0x62, 0)], [[5], [1]]),
  stepsPerByte: 2000,
  run(input) {
    const choices = new Choices(input);
    const maxLength = choices.pick(LIMITS);
    const codec = cobs({ maxLength });
    const data = choices.payload;
    checkDecoding(
      { decoder: codec, data, expected: messagesOf(data, maxLength), encode: codec.encode },
      choices,
    );
  },
};

function messagesOf(data: Uint8Array, maxLength: number): Expected<Uint8Array> {
  const frames: Uint8Array[] = [];
  const most = maxLength + Math.floor(maxLength / 254) + 1;
  for (let at = 0; ;) {
    while (data[at] === 0) at++;
    if (at >= data.length) return { frames, left: 0 };
    const zero = data.indexOf(0, at);
    const length = (zero === -1 ? data.length : zero) - at;
    const left = data.length - at;
    if (length > most) return { frames, code: 'ERR_LIMIT_OVERRUN', left };
    if (zero === -1) return { frames, code: 'ERR_INCOMPLETE_READ', left: 0 };
    const message = unstuffed(data.subarray(at, zero));
    if (message === undefined) return { frames, code: 'ERR_DECODE', left };
    if (message.length > maxLength) return { frames, code: 'ERR_LIMIT_OVERRUN', left };
    frames.push(Uint8Array.from(message));
    at = zero + 1;
  }
}

function unstuffed(frame: Uint8Array): number[] | undefined {
  const message: number[] = [];
  for (let at = 0; at < frame.length;) {
    const group = frame[at]!;
    if (at + group > frame.length) return undefined;
    message.push(...frame.subarray(at + 1, at + group));
    at += group;
    if (group < 255 && at < frame.length) message.push(0);
  }
  return message;
}
