import { delimited } from '../../src/index.js';
import { checkDecoding, type Expected } from '../decoding.js';
import { Choices, seeded } from '../Choices.js';
import { bytesOf, readUntil } from '../naive.js';
import type { FuzzTarget } from '../FuzzTarget.js';

const SEPARATORS = [
  ['\n'],
  ['\r\n'],
  ['\0'],
  ['\r\n', '\n'],
  ['ab', 'b'],
  ['aab', 'ab', 'c'],
  ['aaaa'],
  ['abcabd', 'cab'],
  ['--boundary--', '--'],
];
const LIMITS = [1, 2, 3, 7, 30, 70_000];

export const delimitedTarget: FuzzTarget = {
  name: 'delimited',
  dictionary: [...SEPARATORS.flat(), 'a', 'aa', 'abcab', '--boundary', '\r', 'xxxxxxxx'],
  seeds: seeded(
    [bytesOf('one\r\ntwo\nthree'), bytesOf('aaabcabcabd--boundary--')],
    [
      [3, 4, 0],
      [1, 4, 1],
      [7, 4, 0],
      [5, 2, 0],
    ],
  ),
  stepsPerByte: 2000,
  run(input) {
    const choices = new Choices(input);
    const separators = choices.pick(SEPARATORS);
    const maxLength = choices.pick(LIMITS);
    const keepSeparator = choices.below(2) === 1;
    const codec = delimited(separators, { maxLength, keepSeparator });
    const data = choices.payload;
    const expected = framesOf(data, separators.map(bytesOf), maxLength, keepSeparator);
    // With its separator a frame is no message.
    checkDecoding({ decoder: codec, data, expected, ...(keepSeparator ? {} : codec) }, choices);
  },
};

function framesOf(
  data: Uint8Array,
  separators: readonly Uint8Array[],
  limit: number,
  keeps: boolean,
): Expected<Uint8Array> {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < data.length;) {
    const found = readUntil(data, at, separators, limit);
    if (found === 'overrun') return { frames, code: 'ERR_LIMIT_OVERRUN', left: data.length - at };
    if (found === 'more') return { frames, code: 'ERR_INCOMPLETE_READ', left: 0 };
    frames.push(data.slice(at, keeps ? found.end : Math.max(at, found.end - found.longest)));
    at = found.end;
  }
  return { frames, left: 0 };
}
