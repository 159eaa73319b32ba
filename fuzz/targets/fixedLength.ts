import { fixedLength } from '../../src/index.js';
import { checkDecoding } from '../decoding.js';
import { Choices, seeded } from '../Choices.js';
import { bytesOf } from '../naive.js';
import type { FuzzTarget } from '../FuzzTarget.js';

export const fixedLengthTarget: FuzzTarget = {
  name: 'fixedLength',
  dictionary: ['a', 'abcdefgh'],
  seeds: seeded([bytesOf('abcdefghijklmnopqrstuvwxyz')], [[0], [3]]),
  stepsPerByte: 2000,
  run(input) {
    const choices = new Choices(input);
    const n = choices.pick([1, 2, 3, 7, 64, 1000]);
    const codec = fixedLength(n);
    const data = choices.payload;
    const whole = data.length - (data.length % n);
    const frames = Array.from({ length: whole / n }, (_, i) => data.slice(i * n, (i + 1) * n));
    const code = whole < data.length ? 'ERR_INCOMPLETE_READ' : undefined;
    checkDecoding(
      { decoder: codec, data, expected: { frames, code, left: 0 }, encode: codec.encode },
      choices,
    );
  },
};
